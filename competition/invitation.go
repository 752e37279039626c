package competition

import (
	"encoding/hex"
	"errors"

	"github.com/paceboard/paceboard/competition/calendar"
	"github.com/paceboard/paceboard/competition/wire"
)

// InvitationState is what became of an invitation.
type InvitationState uint8

// The states of an invitation. An open one that has expired counts as absent.
const (
	InvitationOpen InvitationState = iota + 1
	InvitationAccepted
	InvitationDeclined
	InvitationWithdrawn
)

var invitationNames = [...]string{
	InvitationOpen: "open", InvitationAccepted: "accepted", InvitationDeclined: "declined", InvitationWithdrawn: "withdrawn",
}

// String returns the word that clients see.
func (s InvitationState) String() string { return wire.Word(invitationNames[:], s) }

// ParseInvitationState is the inverse of String.
func ParseInvitationState(word string) (InvitationState, bool) {
	return wire.ParseWord[InvitationState](invitationNames[:], word)
}

// The limits of invitations.
const (
	InvitationLife     = calendar.Millis(30 * 24 * millisPerHour) // also how long a declined one keeps the next away
	MaxOpenInvitations = 1_000                                    // of a competition
	MaxInvitationsHour = 100                                      // by one athlete
	MaxJoinCodes       = 100                                      // of a competition, at a time
	MaxJoinCodeUses    = 100_000
	MaxGuests          = 1_000 // of one request
)

// Refusals of invitations.
var (
	// ErrUnknownInvitation is returned for an invitation that was never made, has
	// expired, or is none of the caller's.
	ErrUnknownInvitation = errors.New("there is no such invitation")
	// ErrUnknownCode is returned for a join code that is wrong or expired, has no
	// uses left, or leads to where the caller may not go.
	ErrUnknownCode = errors.New("there is no such join code")
	// ErrInvitationDecided is returned for an invitation that was answered, or
	// withdrawn, already.
	ErrInvitationDecided = errors.New("the invitation has already been answered or withdrawn")
	// ErrTooManyInvitations is returned when a competition has as many open
	// invitations, or join codes, as it may have.
	ErrTooManyInvitations = errors.New("the competition already has 1,000 open invitations or 100 join codes")
	// ErrInvitingTooFast is returned when an athlete has invited as many people
	// within the hour as one may.
	ErrInvitingTooFast = errors.New("100 people have been invited within the last hour")
	// ErrTooManyTries is returned when a user has tried as many join codes within
	// the hour as one may.
	ErrTooManyTries = errors.New("10 join codes have been tried within the last hour")
)

// CodeHash is what is kept of a join code.
type CodeHash [32]byte

// HashCode returns what is kept of a join code, under the store's key for codes.
func (k *Key) HashCode(code string) CodeHash { return k.mac(code) }

// Invitation asks a user to take part in a competition. It is a row beside the
// journal: nothing in the competition follows from it before it is accepted.
type Invitation struct {
	ID            string // UUIDv7: orders invitations by time
	CompetitionID string
	UserID        string
	InvitedBy     string   // the athlete who did; empty for operators, services and join codes
	ByOperator    bool     // an operator or a service did, or made the code: it counts where there is money, too
	Code          CodeHash // of the join code that the user showed; zero if invited by name
	State         InvitationState
	CreatedAt     calendar.Millis
	ExpiresAt     calendar.Millis // until then it may be accepted
	DecidedAt     calendar.Millis // when it ceased to be open; 0 until then
}

// Pending reports whether the invitation can be accepted.
func (i *Invitation) Pending(now calendar.Millis) bool {
	return i.State == InvitationOpen && now < i.ExpiresAt
}

// Gone reports whether the invitation is as if it had never been made.
func (i *Invitation) Gone(now calendar.Millis) bool {
	return i.State == InvitationOpen && now >= i.ExpiresAt
}

// ByCode reports whether the user came with a join code.
func (i *Invitation) ByCode() bool { return i.Code != CodeHash{} }

// KeptUntil returns when the invitation may be deleted.
func (i *Invitation) KeptUntil() calendar.Millis { return max(i.ExpiresAt, i.DecidedAt+InvitationLife) }

// Decide moves the invitation to another state; false means that it is there
// already. What was accepted or withdrawn stays so, except that a join that took
// place makes an invitation accepted whatever it was.
func (i *Invitation) Decide(now calendar.Millis, to InvitationState) (changed bool, err error) {
	switch {
	case i.State == to:
		return false, nil
	case to == InvitationAccepted:
	case i.Gone(now):
		return false, ErrUnknownInvitation
	case i.State != InvitationOpen:
		return false, ErrInvitationDecided
	}
	i.State, i.DecidedAt = to, now
	return true, nil
}

// Inviting asks for invitations to one competition.
type Inviting struct {
	CompetitionID string
	InvitedBy     string // the athlete who does; empty for operators and services
	ByOperator    bool   // an operator or a service does
	Now           calendar.Millis
	ExpiresAt     calendar.Millis
	Guests        []Guest // each user once
}

// Guest is somebody to be invited.
type Guest struct {
	UserID       string
	InvitationID string // of the invitation, if one is made
}

// Decide works out what becomes of the request, given the latest invitation of
// each guest (nil for none), how many the competition has open, and how many the
// athlete has made within the hour. The result has one invitation for each guest:
// the one that stands, or one of made, which are to be stored. An open one for
// which an operator asks again becomes the operators': raised are those, for which
// ByOperator is to be stored. Errors: ErrTooManyInvitations, ErrInvitingTooFast;
// then nothing changes.
func (r *Inviting) Decide(latest []*Invitation, open, recent int) (result, made, raised []Invitation, err error) {
	for n, guest := range r.Guests {
		if known := latest[n]; known != nil && r.stands(known) {
			i := *known
			if r.ByOperator && !i.ByOperator && i.State == InvitationOpen {
				i.ByOperator = true
				raised = append(raised, i)
			}
			result = append(result, i)
			continue
		}
		i := Invitation{
			ID: guest.InvitationID, CompetitionID: r.CompetitionID, UserID: guest.UserID, InvitedBy: r.InvitedBy, ByOperator: r.ByOperator,
			State: InvitationOpen, CreatedAt: r.Now, ExpiresAt: r.ExpiresAt,
		}
		result, made = append(result, i), append(made, i)
	}
	switch {
	case len(made) > 0 && open+len(made) > MaxOpenInvitations:
		return nil, nil, nil, ErrTooManyInvitations
	case r.InvitedBy != "" && len(made) > 0 && recent+len(made) > MaxInvitationsHour:
		return nil, nil, nil, ErrInvitingTooFast
	}
	return result, made, raised, nil
}

// stands reports whether an invitation is the answer to another request for one.
func (r *Inviting) stands(i *Invitation) bool {
	switch i.State {
	case InvitationOpen:
		return r.Now < i.ExpiresAt
	case InvitationDeclined:
		return r.Now < i.DecidedAt+InvitationLife
	default:
		return false
	}
}

// Since returns from when on an athlete's invitations count against the hour.
func (r *Inviting) Since() calendar.Millis { return r.Now - millisPerHour }

// JoinCode lets anybody who shows it join a competition, up to a number of times.
type JoinCode struct {
	ID            string // UUIDv7
	Hash          CodeHash
	CompetitionID string
	ByOperator    bool // an operator or a service made it
	Uses          int  // left
	CreatedAt     calendar.Millis
	ExpiresAt     calendar.Millis
}

// Redemption is a join code that a user shows.
type Redemption struct {
	Hash          CodeHash
	CompetitionID string // where the user means to go; empty for wherever it leads
	UserID        string
	InvitationID  string // of the invitation that is made
	Now           calendar.Millis
}

// Decide works out what a redemption of a code comes to, given the user's latest
// invitation to its competition (nil for none): the invitation, and whether it is
// a new one that costs a use. Error: ErrUnknownCode.
func (r *Redemption) Decide(c *JoinCode, latest *Invitation) (i Invitation, made bool, err error) {
	if r.Now >= c.ExpiresAt || r.CompetitionID != "" && r.CompetitionID != c.CompetitionID {
		return i, false, ErrUnknownCode
	}
	if latest != nil && (latest.Pending(r.Now) && (latest.ByOperator || !c.ByOperator) || latest.State == InvitationAccepted && latest.Code == r.Hash) {
		return *latest, false, nil
	}
	if c.Uses < 1 {
		return i, false, ErrUnknownCode
	}
	return Invitation{
		ID: r.InvitationID, CompetitionID: c.CompetitionID, UserID: r.UserID, ByOperator: c.ByOperator, Code: r.Hash,
		State: InvitationOpen, CreatedAt: r.Now, ExpiresAt: min(c.ExpiresAt, r.Now+InvitationLife),
	}, true, nil
}

// MarshalText writes the hash in hexadecimal; empty for none.
func (h CodeHash) MarshalText() ([]byte, error) {
	if h == (CodeHash{}) {
		return nil, nil
	}
	return hex.AppendEncode(nil, h[:]), nil
}

// UnmarshalText is the inverse of MarshalText.
func (h *CodeHash) UnmarshalText(text []byte) error {
	*h = CodeHash{}
	if len(text) == 0 {
		return nil
	}
	if len(text) != hex.EncodedLen(len(h)) {
		return errors.New("a hash of a join code has 64 digits")
	}
	_, err := hex.Decode(h[:], text)
	return err
}

// MayInvite returns why a caller may not deal with the competition's invitations,
// or nil: they are the creator's, and the operators' once there is money to win or
// to pay. Errors: ErrUnknownCompetition, ErrForbidden.
func (c *Competition) MayInvite(caller Caller) error {
	switch {
	case !c.Exists() || !c.Readable(caller):
		return ErrUnknownCompetition
	case caller.Operator:
		return nil
	case caller.UserID == "" || caller.UserID != c.creator || c.definition.withMoney() || c.balances.fees > 0:
		return ErrForbidden
	}
	return nil
}

// Offer is an invitation as its user sees it.
type Offer struct {
	Invitation
	Competition *Summary // what it is an invitation to; nil unless it is open
}

// InvitationPlace is a place among a user's invitations.
type InvitationPlace struct{ CompetitionID, ID string }

// Place returns where the invitation stands among those of its user.
func (i *Invitation) Place() InvitationPlace { return InvitationPlace{i.CompetitionID, i.ID} }
