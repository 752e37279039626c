package competition

import (
	"errors"
	"fmt"
	"strings"
	"time"
)

// Refusals: a command that breaks a rule gets one of these and changes nothing.
// Which of several a sync gets is decided by [Competition.SubmitSync].
var (
	// ErrForbidden is returned when the caller may not do this to this competition.
	ErrForbidden = errors.New("the caller is not allowed to do this")
	// ErrUnknownCompetition is returned for a competition that was never created.
	ErrUnknownCompetition = errors.New("there is no such competition")
	// ErrInvitationRequired is returned for a join that only an invitation allows.
	ErrInvitationRequired = errors.New("this competition can only be joined by accepting an invitation")
	// ErrOperatorInvites is the ErrInvitationRequired for an invitation, or a join
	// code, that the creator made before there was money to win or to pay.
	ErrOperatorInvites = fmt.Errorf("%w from an operator", ErrInvitationRequired)
	// ErrNotEnrolled is returned when the user does not take part.
	ErrNotEnrolled = errors.New("the user is not enrolled in this competition")
	// ErrNotStarted is returned for a sync before the start.
	ErrNotStarted = errors.New("the competition has not started yet")
	// ErrClosed is returned for a change after the competition stopped taking it.
	ErrClosed = errors.New("the competition is closed")
	// ErrFull is returned when every place is taken.
	ErrFull = errors.New("the competition is full")
	// ErrTooManyCompetitions is returned when the user made, or takes part in, as many
	// competitions that are not over as one may.
	ErrTooManyCompetitions = errors.New("the user has reached the limit of open competitions")
	// ErrExists is returned when another competition has the id already.
	ErrExists = errors.New("another competition already has this id")
	// ErrStarted is returned for an edit that is only allowed before the start.
	ErrStarted = errors.New("the competition has started")
	// ErrJoined is returned for an entry fee that comes after somebody joined without.
	ErrJoined = errors.New("somebody has already joined without an entry fee")
	// ErrFeesPaid is returned for a change of the currency in which fees were paid.
	ErrFeesPaid = errors.New("entry fees have already been paid in the old currency")
	// ErrNotFinal is returned for prizes of a competition that is not completed yet.
	ErrNotFinal = errors.New("the standings are not final yet")
	// ErrNoPrizePool is returned when neither the competition nor the caller says
	// what there is to win.
	ErrNoPrizePool = errors.New("there is no prize pool")
	// ErrTooManyWinners is returned when more equals share the prizes than can be paid.
	ErrTooManyWinners = errors.New("more than a million equal scores share the prizes")
	// ErrUnknownPrize is returned for a prize that was never distributed.
	ErrUnknownPrize = errors.New("there is no such prize")
	// ErrPrizeDecided is returned for a prize that was distributed, or failed, for good.
	ErrPrizeDecided = errors.New("the prize is no longer pending")
	// ErrPrizePending is returned for an erasure of somebody whose prize has not
	// reached them yet.
	ErrPrizePending = errors.New("a prize of the user has not been paid yet")
	// ErrOutsideWindow is returned for a day that the competition does not cover.
	ErrOutsideWindow = errors.New("the day is outside the competition")
	// ErrFutureDate is returned for a day that has not begun even at UTC+14.
	ErrFutureDate = errors.New("the day has not begun anywhere on earth")
	// ErrRecordedInFuture is returned for a recording time that is more than 10
	// minutes ahead of the server. It would win over every true report until then.
	ErrRecordedInFuture = errors.New("recorded_at is more than 10 minutes ahead of the server: send the time of the reading, not the end of its day")
	// ErrImplausible is returned for a day's total over the competition's limits.
	ErrImplausible = errors.New("the totals exceed the competition's daily limits")
	// ErrTooManySources is returned for a ninth source of one user and day, and for
	// a 65th of a participant.
	ErrTooManySources = errors.New("the day already has reports from 8 sources, or the participant from 64")
)

// Failures of the machinery.
var (
	// ErrUncounted is returned for a command that is Limited and would create a
	// competition or enrol somebody: it changed nothing, and may be given again
	// without that once the user's open competitions have been counted. Nobody
	// outside the server sees it.
	ErrUncounted = errors.New("the user's open competitions must be counted first")
	// ErrConflict is returned by a journal that already holds an event with that
	// seq: somebody else is writing this competition, and the caller must stop.
	ErrConflict = errors.New("the journal already has an event with this seq")
	// ErrUnavailable is returned when a store cannot be reached in time or is
	// refusing writes; the outcome of a write is unknown.
	ErrUnavailable = errors.New("the store cannot be reached")
	// ErrRowLocked is returned by a journal for a batch that it left out because somebody
	// has the competition locked: nothing was stored, and it may soon be possible. It is
	// an ErrUnavailable.
	ErrRowLocked = fmt.Errorf("%w: another session has the competition's row locked; it was not stored", ErrUnavailable)
	// ErrOverloaded is returned when too many requests are in progress already;
	// nothing was done.
	ErrOverloaded = errors.New("too many requests are in progress")
	// ErrInternal is returned when a command failed by a fault of this program;
	// the state was rebuilt, and what was acknowledged before is untouched.
	ErrInternal = errors.New("the command failed inside the server")
	// ErrDeploying is returned for a change whose event a node of an older version, which
	// still runs, would not understand; nothing was done. See [Levels].
	ErrDeploying = errors.New("a deploy is under way, and servers of the version before would not understand this change: repeat it when the deploy is over")
	// ErrJournalBudget is returned when the records of the user's commands have come
	// to as many bytes as are allowed within a day; nothing was done.
	ErrJournalBudget = errors.New("the user's changes of the last 24 hours have used up the user's share of the journal")
	// ErrCorrupt marks records that are damaged, missing or out of place.
	ErrCorrupt = errors.New("the journal is damaged")
)

// CorruptError says where a competition's records stop being trustworthy.
// errors.Is(err, ErrCorrupt) holds.
type CorruptError struct {
	CompetitionID string
	Seq           uint64 // the first seq that cannot be trusted
	Reason        string
}

func (e *CorruptError) Error() string {
	return fmt.Sprintf("competition %q: record with seq %d cannot be trusted: %s", e.CompetitionID, e.Seq, e.Reason)
}

// Unwrap makes the error an ErrCorrupt.
func (e *CorruptError) Unwrap() error { return ErrCorrupt }

// JournalBudgetError says when there is room again. errors.Is(err,
// ErrJournalBudget) holds.
type JournalBudgetError struct{ RetryAfter time.Duration }

// Error implements error.
func (*JournalBudgetError) Error() string { return ErrJournalBudget.Error() }

// Unwrap makes the error an ErrJournalBudget.
func (*JournalBudgetError) Unwrap() error { return ErrJournalBudget }

// FieldError is one field of a definition that cannot be accepted.
type FieldError struct {
	Field  string // the name clients use
	Detail string // what is wrong and what would be right
}

func (e FieldError) Error() string { return e.Field + ": " + e.Detail }

// InvalidError lists every field of a definition that cannot be accepted.
type InvalidError struct{ Fields []FieldError }

func (e *InvalidError) Error() string {
	var text strings.Builder
	text.WriteString("the input is not valid")
	for _, f := range e.Fields {
		text.WriteString("; " + f.Error())
	}
	return text.String()
}
