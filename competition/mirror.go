package competition

import (
	"context"
	"errors"

	"github.com/paceboard/paceboard/competition/calendar"
)

// ErrMirrorDiffers is returned for a MirrorWrite that rests on a state which the
// mirror does not have: it was emptied, went back to an older state, or somebody
// else wrote. The board must be rewritten.
var ErrMirrorDiffers = errors.New("the mirror has another state than expected")

// Mirror shows the boards to sibling services, which read it as they like. It
// follows the journal and nobody waits for it; what it loses can be written
// again at any time.
//
// Of each board it keeps a mark beside the members, written with them in one
// step: the name of the state that they show. So a mirror that was emptied, or
// came back with older data, is found out by looking, and by the next write.
//
// Every method returns within a time of the mirror's own, or by ctx's deadline,
// and is safe for concurrent use.
type Mirror interface {
	// Look is what the mirror has of the competitions, in their order.
	Look(ctx context.Context, competitionIDs []string) ([]Mirrored, error)

	// Write carries out the writes in their order, in one round trip. An error
	// says that some of them may not have been carried out: the same call again
	// is right then, since what is done is not done twice. Otherwise it is as
	// Written says. No writes at all are a sign of life.
	Write(ctx context.Context, writes []MirrorWrite) (Written, error)

	// Members visits the members of a board, some of them perhaps twice, until
	// visit returns an error, which ends the visit and is returned.
	Members(ctx context.Context, competitionID string, visit func(userID string, score float64) error) error
}

// Mirrored is what a mirror has of a board.
type Mirrored struct {
	Mark   string // of the state; empty when there is none, or the members do not fit it
	Stored string // as it stands there, for MirrorShow.Over
}

// MirrorWrite is one step of a board's mirror. It is done whole, where the
// mirror bears the mark Before, or not at all.
type MirrorWrite struct {
	CompetitionID string
	Draft         string // the name of a draft, which nobody reads; empty: the board, and messages are sent
	Before        string // empty for a new draft
	After         string
	Entries       []MirrorEntry   // at most MirrorChunk
	Status        Status          // what subscribers are told that it is now; 0 for nothing
	StatusAt      calendar.Millis // since when
	Show          *MirrorShow     // then the draft takes the board's place; nil: not yet
}

// MirrorShow has a draft take the place of a board, in one step.
type MirrorShow struct {
	Over  string // what Mirrored.Stored was: nobody else has written since
	Force bool   // whatever stands there
	Mark  string // of the state that the draft is
}

// MirrorEntry is what a mirror shows of one participant.
type MirrorEntry struct {
	UserID  string
	Present bool // on the board; score and rank count only then
	Score   int64
	Rank    int             // 0 in a draft
	At      calendar.Millis // of the change
}

// Written is the outcome of Mirror.Write.
type Written struct {
	// Lost says that the mirror has forgotten something that it had said was
	// written: every board must be looked at.
	Lost bool
	// Errs has one for each write: nil, ErrMirrorDiffers, or what the mirror
	// says against it.
	Errs []error
}

// MirrorChunk is how many entries a MirrorWrite has at most.
const MirrorChunk = 1024
