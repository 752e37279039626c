package http

import (
	"github.com/paceboard/paceboard/competition"
	"github.com/paceboard/paceboard/competition/calendar"
	"github.com/paceboard/paceboard/competition/ledger"
)

// Engine is what the routes need of the actors. All calls are safe for
// concurrent use, wait for a bounded time, and keep none of their arguments'
// memory once they return; strings they are given must not change afterwards.
//
// Besides the refusals of package competition, every call may return
// competition.ErrUnavailable, ErrOverloaded, ErrInternal or ErrCorrupt.
type Engine interface {
	// Run has a competition carry out a command that has no method of its own below,
	// and returns what the command answers; see [run].
	Run(competitionID string, c competition.Command) (answer any, err error)

	// SubmitSync returns once the sync is durable.
	SubmitSync(competitionID string, s *competition.SubmitSync) (competition.SyncReply, error)
	// SubmitEverywhere submits to every competition that the user has joined and
	// that takes the day.
	SubmitEverywhere(s *competition.SubmitSync, pay competition.Pay) ([]competition.JoinedReply, error)
	// SubmitBatch fills in Replies or Err of each item, unless pay refuses the batch, whose
	// error it then returns.
	SubmitBatch(items []competition.BatchItem, pay competition.Pay) error
	// Stats is a user's part in one competition.
	Stats(competitionID string, caller competition.Caller, userID string, span competition.Span) (competition.Stats, error)
	// Lifetime is a user's days in all competitions together; it includes every sync
	// acknowledged before the call.
	Lifetime(caller competition.Caller, userID string) (*competition.Lifetime, error)

	// Top is the published top of the board; it includes every sync acknowledged
	// before the call.
	Top(competitionID string, caller competition.Caller) (*competition.Published, error)

	// Page and Around have the entries in room if they fit. After an error room must
	// not be used any more.
	Page(competitionID string, caller competition.Caller, offset, limit int, room []competition.Entry) (competition.Board, error)
	Around(competitionID string, caller competition.Caller, userID string, radius int, room []competition.Entry) (competition.Board, error)

	// Create returns created false if the same competition existed already.
	Create(c *competition.CreateCompetition) (s competition.Summary, created bool, err error)
	// Join returns the participant's own entry.
	Join(competitionID string, j *competition.JoinCompetition) (competition.Entry, error)
	Remove(competitionID string, r *competition.RemoveParticipant) error
	Competition(competitionID string, caller competition.Caller) (competition.Summary, error)
	// Created returns when each of the competitions was created, in their order; 0 if
	// that is not known.
	Created(competitionIDs []string) []calendar.Millis
	// Competitions lists those that the caller may see; next is the zero value at the
	// end. The caller takes the place of the listing's reader.
	Competitions(caller competition.Caller, l competition.Listing) (list []competition.Summary, next competition.ListPlace, err error)
	// OwnFirst lists those that are not over, the caller's own before the others.
	OwnFirst(caller competition.Caller, l competition.Listing) (competition.ListedPage, error)
	// CompetitionsOf lists those that a user takes part in.
	CompetitionsOf(userID, after string, limit int) (list []competition.Summary, next string, err error)
	// CompetitionsMadeBy lists those that a user made.
	CompetitionsMadeBy(userID, after string, limit int) (list []competition.Summary, next string, err error)
	// Participants lists who is on the board, by enrolment; after and next are
	// participant numbers, next is 0 at the end. A search, if not empty, finds some of
	// them by name or id.
	Participants(competitionID string, caller competition.Caller, after uint32, limit int, search string) (entries []competition.Entry, next uint32, err error)

	// Invite returns an invitation for each user, in order.
	Invite(competitionID string, caller competition.Caller, users []string) ([]competition.Invitation, error)
	// MakeJoinCode makes a code that is good until a time (0: as long as possible). The
	// text of the code cannot be had again.
	MakeJoinCode(competitionID string, caller competition.Caller, uses int, until calendar.Millis) (code string, c competition.JoinCode, err error)
	// Invitations lists a competition's, beginning after an id, and its join codes;
	// next is empty at the end.
	Invitations(competitionID string, caller competition.Caller, after string, limit int) (list []competition.Invitation, codes []competition.JoinCode, next string, err error)
	// WithdrawInvitation takes an invitation back, or ends a join code.
	WithdrawInvitation(competitionID string, caller competition.Caller, id string) (competition.Invitation, error)
	// InvitationsTo lists a user's; next is the zero value at the end.
	InvitationsTo(userID string, after competition.InvitationPlace, limit int) (list []competition.Offer, next competition.InvitationPlace, err error)
	// AcceptInvitation and JoinByCode are joins of the caller, who is j's user.
	// JoinByCode joins the competition of the code if competitionID is empty.
	AcceptInvitation(id string, j *competition.JoinCompetition) (competitionID string, entry competition.Entry, err error)
	DeclineInvitation(id, userID string) (competition.Invitation, error)
	JoinByCode(competitionID, code string, j *competition.JoinCompetition) (id string, entry competition.Entry, err error)
	// PreviewCode is the competition that JoinByCode would join.
	PreviewCode(code string, j *competition.JoinCompetition) (competition.Summary, error)

	// MakeBoardLink makes a link that is good until a time (0: as long as is usual). The
	// text of its code cannot be had again. BoardLinks lists a competition's that have
	// not ended; RevokeBoardLink ends one.
	MakeBoardLink(competitionID string, caller competition.Caller, names competition.NamePrivacy, until calendar.Millis) (code string, l competition.BoardLink, err error)
	BoardLinks(competitionID string, caller competition.Caller) ([]competition.BoardLink, error)
	RevokeBoardLink(competitionID string, caller competition.Caller, id string) (competition.BoardLink, error)
	// LinksTo is BoardLinks for whoever may read the competition, which the caller has
	// made sure of. BoardLink finds one, expired or not, by the hash of its code.
	LinksTo(competitionID string) ([]competition.BoardLink, error)
	BoardLink(hash competition.CodeHash) (competition.BoardLink, error)

	// Flags lists the flagged syncs, newest first, beginning after the flag with
	// the seq before (0: with the newest); next is 0 at the end.
	Flags(competitionID string, caller competition.Caller, before uint64, limit int) (list []competition.FlaggedEntry, next uint64, err error)
	// Exclusions lists who was taken off the board, as Participants lists who is on it.
	Exclusions(competitionID string, caller competition.Caller, after uint32, limit int) (list []competition.Exclusion, next uint32, err error)
	// Explain explains a participant's score.
	Explain(competitionID string, caller competition.Caller, userID string, span competition.Span) (competition.Explanation, error)

	// Events returns what the competition's operators, or its creator, are told of, after
	// a place, limit at most; see competition.EventsPage.
	Events(competitionID string, caller competition.Caller, after competition.FeedPlace, limit int) (competition.EventsPage, error)

	// CalculatePrizes works out the prizes, DistributePrizes pays them.
	CalculatePrizes(competitionID string, caller competition.Caller, poolMinor int64) (competition.PrizesReply, error)
	DistributePrizes(competitionID string, d *competition.DistributePrizes) (competition.PrizesReply, error)
	// SettledPrizes are those of a settled competition, without what is between their
	// winners and operators.
	SettledPrizes(competitionID string, caller competition.Caller) (competition.SettledPrizes, error)
	ConfirmPrize(id ledger.PrizeID, caller competition.Caller) (ledger.Prize, error)
	FailPrize(id ledger.PrizeID, caller competition.Caller, reason string) (ledger.Prize, error)
	// PrizesOf and TransactionsOf list a user's, newest first, beginning after a
	// place; next is the zero value at the end.
	PrizesOf(userID string, after ledger.Place, limit int) (list []ledger.Prize, next ledger.Place, err error)
	TransactionsOf(userID string, after ledger.Place, limit int) (list []ledger.UserTransaction, next ledger.Place, err error)
	// Payouts lists pending prizes, of one status or of all (nil); RetryPayout has
	// one handed over again.
	Payouts(status *ledger.HandoverStatus, after ledger.PrizeID, limit int) (list []ledger.PayoutReply, next ledger.PrizeID, err error)
	RetryPayout(id ledger.PrizeID) (ledger.PayoutReply, error)

	// EraseUser erases a person everywhere. It may be repeated, and takes up to a minute.
	EraseUser(userID string) (competition.Erased, error)
	// Ties lists the competitions that a user is or was tied to, in the order of ids,
	// beginning after one, limit at most. Person returns what one of them knows of the user.
	Ties(userID, after string, limit int) (competitionIDs []string, err error)
	Person(competitionID, userID string, span competition.Span) (competition.Person, error)

	// Subscribe begins a subscription, which has its first update when this
	// returns, and lasts until Unsubscribe.
	Subscribe(s *competition.Subscription, caller competition.Caller) error
	Unsubscribe(s *competition.Subscription)

	// What concerns no single competition; see competition.AdministrationStore and
	// AuditLogStore.
	PutAPIKey(k competition.APIKey) error
	APIKeys() ([]competition.APIKey, error)
	Note(e competition.AuditEntry) error
	AuditLog(before uint64, limit int) ([]competition.AuditEntry, error)
	AuditLogOf(userID string, before uint64, limit int) ([]competition.AuditEntry, error)

	Health() competition.Health

	// Loaded lists the competitions that this process has in memory, in no order.
	Loaded() []competition.Loaded
	// Journal returns a page of a competition's journal, after a seq.
	Journal(competitionID string, caller competition.Caller, after uint64, limit int) (competition.JournalPage, error)
	// Amendments lists what operators have changed after the competition was made, the
	// earliest first.
	Amendments(competitionID string, caller competition.Caller) ([]competition.Amendment, error)
	// RetryPayouts has dead payouts of one competition, or of all (""), handed over again,
	// limit at most; more may be left.
	RetryPayouts(competitionID string, limit int) (retried int, more bool, err error)
}

// run has a competition carry out a command that answers with a T.
func run[T any](engine Engine, competitionID string, c competition.Command) (answer T, err error) {
	got, err := engine.Run(competitionID, c)
	if err != nil {
		return answer, err
	}
	return got.(T), nil
}
