package competition

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"

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
	// Look returns what the mirror has of the competitions, in their order.
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
	Err    error  // why the mirror says nothing about this board, which does not concern others
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
	// Unheard says why subscribers are not told of changes, though all is written.
	Unheard error
	// Warning is what an operator should know of the mirror, and need not hinder it.
	Warning error
}

// MirrorChunk is how many entries a MirrorWrite has at most.
const MirrorChunk = 1024

// Mark names the state that was applied, for mirrors: the last seq and the hash
// of its record, which goes on from those of all records before. Equal marks are
// equal boards, made by any process, before a crash or after.
func (c *Competition) Mark() string { return c.applied.mark() }

func (c *Chain) mark() string {
	const hashBytes = 8 // against accidents; nobody gains by forging one
	return strconv.FormatUint(c.Seq, 10) + "-" + hex.EncodeToString(c.Hash[:hashBytes])
}

// StoredMark returns the Mark that a competition would have if it were recovered. It
// costs as much as the journal after the snapshot is long. Errors are as for
// Recover.
func StoredMark(ctx context.Context, id string, from Source) (string, error) {
	enough := errors.New("the header is all there is to know")
	chain := NewChain(id)
	header := func(b []byte) (err error) {
		if chain, err = SnapshotChain(id, b); err == nil {
			err = enough
		}
		return err
	}
	if err := from.Load(ctx, id, header, func(Row) error { return enough }); err != nil && !errors.Is(err, enough) {
		return "", fmt.Errorf("load the snapshot's header: %w", err)
	}
	err := from.Read(ctx, id, chain.Seq, func(records []byte) (err error) {
		for len(records) > 0 && err == nil {
			_, records, err = chain.Next(records)
		}
		return err
	})
	if err != nil {
		return "", fmt.Errorf("read journal: %w", err)
	}
	return chain.mark(), nil
}

// MirrorEntries appends what a mirror shows of the participants with the
// numbers, each of whom exists. Cost: O(log n) each.
func (c *Competition) MirrorEntries(dst []MirrorEntry, numbers []uint32) []MirrorEntry {
	for _, number := range numbers {
		p := c.participants.at(number)
		e := MirrorEntry{UserID: p.userID, Present: p.onBoard(), Score: p.score, At: p.updatedAt}
		if e.Present {
			e.Rank, _ = c.board.Rank(p.key())
		} else {
			e.At = c.updatedAt
		}
		dst = append(dst, e)
	}
	return dst
}

// MirrorGone appends what a mirror shows of users whose entries were erased: that
// they are off the board, unless they came back, as somebody new, whose entry
// says so.
func (c *Competition) MirrorGone(dst []MirrorEntry, userIDs []string) []MirrorEntry {
	for _, userID := range userIDs {
		if p := c.participants.find(userID); p == nil || !p.onBoard() {
			dst = append(dst, MirrorEntry{UserID: userID, At: c.updatedAt})
		}
	}
	return dst
}

// MirrorStatus returns the status that a mirror tells its subscribers.
func (c *Competition) MirrorStatus() Status { return c.status }

// MirrorScan appends who is on the board, without ranks, of the limit numbers
// after one, and returns the number to go on after; more is false at the end.
func (c *Competition) MirrorScan(dst []MirrorEntry, after uint32, limit int) (entries []MirrorEntry, next uint32, more bool) {
	next = uint32(min(uint64(after)+uint64(limit), uint64(c.participants.count)))
	for number := after + 1; number <= next; number++ {
		if p := c.participants.at(number); p.onBoard() {
			dst = append(dst, MirrorEntry{UserID: p.userID, Present: true, Score: p.score, At: p.updatedAt})
		}
	}
	return dst, next, next < c.participants.count
}

// OnBoard returns how many participants are on the board.
func (c *Competition) OnBoard() int { return c.onBoard }

// Redraw writes the whole board of a competition that nothing changes meanwhile
// into a mirror: a draft, which then takes the board's place. draft is a name
// that nobody used before; progress, if not nil, is told how many participants
// were written. Errors: ErrMirrorDiffers, when somebody else wrote, and the
// mirror's.
func (c *Competition) Redraw(ctx context.Context, m Mirror, draft string, show MirrorShow, progress func(int)) error {
	show.Mark = c.Mark()
	w := MirrorWrite{CompetitionID: c.ID(), Draft: draft}
	var after uint32
	for more := true; more; {
		w.Entries, after, more = c.MirrorScan(w.Entries[:0], after, MirrorChunk)
		w.Before, w.After = w.After, draft+"-"+strconv.FormatUint(uint64(after), 10)
		if !more {
			w.Show = &show
		}
		written, err := m.Write(ctx, []MirrorWrite{w})
		if err == nil {
			err = written.Errs[0]
		}
		if err != nil {
			return fmt.Errorf("mirror %d participants: %w", len(w.Entries), err)
		}
		if progress != nil {
			progress(len(w.Entries))
		}
	}
	return nil
}
