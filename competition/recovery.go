package competition

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/paceboard/paceboard/competition/ledger"
	"github.com/paceboard/paceboard/ranking"
)

// Source is what a competition is rebuilt from.
type Source interface {
	Load(ctx context.Context, competitionID string, header func([]byte) error, row func(Row) error) error
	ReadIdentities(ctx context.Context, competitionID string, visit func(Identity) error) error
	Read(ctx context.Context, competitionID string, after uint64, visit func(records []byte) error) error
}

// Recover rebuilds a competition: the rows of its snapshot, then the journal
// after it. A competition that was never created comes back empty. Records or
// rows that are damaged, missing or out of place give a *CorruptError; other
// errors are the source's. progress, if not nil, is told now and then how many
// rows and records were read. Cost: linear in rows and records.
func Recover(ctx context.Context, id string, from Source, newKey func() Key, progress func(rows, records int)) (*Competition, error) {
	if progress == nil {
		progress = func(int, int) {}
	}
	r := newRecovery(New(id, newKey), progress)
	if err := r.load(ctx, from); err != nil {
		return nil, err
	}
	if err := r.rank(); err != nil {
		return nil, err
	}
	if err := r.replay(ctx, from); err != nil {
		return nil, err
	}
	return r.c, nil
}

// CatchUp applies what the journal holds after the state, after an append of
// unknown outcome; decided events that are not there are forgotten. Errors are
// as for Recover; the state then stays as far as it came.
func (c *Competition) CatchUp(ctx context.Context, from Source) error {
	c.Rollback()
	r := newRecovery(c, func(int, int) {})
	if err := r.identify(ctx, from, r.identity); err != nil {
		return err
	}
	return r.replay(ctx, from)
}

// recovery is one rebuilding under way.
type recovery struct {
	c          *Competition
	rows       uint32 // that the header announced
	keys       []Key  // of the identities of the snapshot's rows, by number
	identities map[uint32]Identity
	committed  map[uint32]commitment
	reread     bool // the identities were read a second time
	records    int
	progress   func(rows, records int)
	before     func(*Event) error // if not nil, sees each event before it is applied
}

func newRecovery(c *Competition, progress func(rows, records int)) *recovery {
	return &recovery{c: c, identities: map[uint32]Identity{}, committed: map[uint32]commitment{}, progress: progress}
}

// commitment is what the journal last said of an identity row.
type commitment struct {
	seq  uint64
	hash Commitment
}

// progressEvery is how many rows or records lie between two calls of progress.
const progressEvery = 50_000

// load takes the rows of the snapshot, and the identity rows as they are then or later.
func (r *recovery) load(ctx context.Context, from Source) error {
	var identities *identityReading
	header := func(b []byte) error {
		if err := r.header(b); err != nil || r.rows < identitiesAtOnce {
			return err
		}
		identities = r.beginIdentities(ctx, from) // the snapshot is decided on, so they are as new
		return nil
	}
	row := func(row Row) error {
		if err := r.row(row); err != nil || identities == nil || row.Number%identitiesAtOnce != 0 {
			return err
		}
		identities.takeUpTo(row.Number, r.identity)
		return nil
	}
	defer func() {
		if identities != nil {
			identities.stop()
		}
	}()
	if err := from.Load(ctx, r.c.ID(), header, row); err != nil {
		return fmt.Errorf("load snapshot: %w", err)
	}
	if identities != nil {
		return identities.takeRest(r.identity)
	}
	return r.identify(ctx, from, r.identity)
}

func (r *recovery) corrupt(reason string) error { return r.c.applied.corrupt(reason) }

func (r *recovery) header(b []byte) error {
	rows, err := r.c.loadHeader(b)
	if err != nil {
		return err
	}
	r.rows, r.c.saved = rows, r.c.applied.Seq
	r.c.participants.byUser = make(map[string]uint32, rows)
	r.keys = make([]Key, 0, rows)
	return nil
}

func (r *recovery) row(row Row) error {
	c := r.c
	if row.Number != c.participants.count+1 || row.Reached > c.applied.Seq {
		return r.corrupt(fmt.Sprintf("the snapshot's row of participant %d is missing or out of place", c.participants.count+1))
	}
	if err := row.Days.check(c.sources.applied); err != nil {
		return r.corrupt(err.Error())
	}
	if row.Paid < 0 || row.Paid > ledger.MaxBalance-c.balances.fees {
		return r.corrupt(fmt.Sprintf("the snapshot's row of participant %d has paid what nobody can", row.Number))
	}
	if row.Review != nil {
		if err := row.Review.check(c.applied.Seq); err != nil {
			return r.corrupt(fmt.Sprintf("the snapshot's row of participant %d: %v", row.Number, err))
		}
	}
	if err := c.checkRow(&row); err != nil {
		return r.corrupt(fmt.Sprintf("the snapshot's row of participant %d: %v", row.Number, err))
	}
	switch {
	case row.Review != nil && row.Review.Standing:
		if len(row.Days) > 0 || row.Totals != (Metrics{}) || c.distribution == nil {
			return r.corrupt(fmt.Sprintf("the snapshot's row of participant %d has more than a standing", row.Number))
		}
	case totalOf(row.Days, row.Review) != row.Totals || c.definition.Scoring.Score(row.Totals) != row.Score:
		return r.corrupt(fmt.Sprintf("the snapshot's row of participant %d does not add up", row.Number))
	}
	p := c.participants.add()
	p.days, p.totals, p.score, p.reached = slices.Clone(row.Days), row.Totals, row.Score, row.Reached
	c.dayBytes += int64(len(p.days))
	p.updatedAt, p.lastSynced, p.present = row.UpdatedAt, row.LastSyncedAt, row.Present
	p.paid = row.Paid
	if row.Review != nil {
		p.review = row.Review.clone()
	}
	c.balances.fees += row.Paid
	if p.number%progressEvery == 0 {
		r.progress(int(p.number), 0)
	}
	return nil
}

// identify gives the identity rows, which are sound, to take.
func (r *recovery) identify(ctx context.Context, from Source, take func(Identity)) error {
	err := from.ReadIdentities(ctx, r.c.ID(), func(i Identity) error {
		if err := i.unsound(); err != nil {
			return r.corrupt(fmt.Sprintf("the identity row of participant %d has %v", i.Number, err))
		}
		take(i)
		return nil
	})
	if err != nil {
		return fmt.Errorf("read identities: %w", err)
	}
	return nil
}

// identity takes an identity row: that of a snapshot's row goes straight into the
// row, the others wait for the events that name them.
func (r *recovery) identity(i Identity) {
	c := r.c
	if c.participants.has(i.Number) && c.participants.at(i.Number).userID == "" {
		c.participants.identify(i.Number, i.UserID, i.UserName)
		r.keys = append(r.keys, i.Key)
		return
	}
	if i.Number == 0 {
		c.creator = i.UserID
	}
	r.identities[i.Number] = i
}

// who returns the identity row of a number; the zero value when there is none.
func (r *recovery) who(number uint32) Identity {
	if i, ok := r.identities[number]; ok || number == 0 || int(number) > len(r.keys) {
		return i
	}
	p := r.c.participants.at(number)
	return Identity{Number: number, Key: r.keys[number-1], UserID: p.userID, UserName: p.userName}
}

// rank builds the board from the snapshot's rows.
func (r *recovery) rank() error {
	c := r.c
	if c.participants.count != r.rows {
		return r.corrupt(fmt.Sprintf("the snapshot has %d rows of %d", c.participants.count, r.rows))
	}
	entries := make([]ranking.Entry, 0, r.rows)
	for number := uint32(1); number <= r.rows; number++ {
		p := c.participants.at(number)
		if p.userID == "" {
			return r.corrupt(fmt.Sprintf("the identity row of participant %d is missing", number))
		}
		if p.onBoard() {
			entries = append(entries, p.key())
		}
		if IsPseudonym(p.userID) && p.review.decides() {
			keep(&c.kept, number, r.keys[number-1])
		}
	}
	if c.distribution != nil && slices.ContainsFunc(c.distribution.prizes, func(w distributed) bool { return !c.participants.has(w.number) }) {
		return r.corrupt("the snapshot has a prize of somebody unknown")
	}
	r.listFlags()
	c.onBoard = len(entries)
	c.board = ranking.Build(entries, c.byUserID)
	return nil
}

// listFlags puts the flags of the snapshot's rows in the order of their seqs.
func (r *recovery) listFlags() {
	c := r.c
	for number := uint32(1); number <= r.rows; number++ {
		if review := c.participants.at(number).review; review != nil {
			for i := range review.Flags {
				c.flags = append(c.flags, flagPlace{review.Flags[i].Seq, number})
			}
		}
	}
	slices.SortFunc(c.flags, func(a, b flagPlace) int { return cmp.Compare(a.seq, b.seq) })
}

// replay applies the journal after the state, and holds the identity rows
// against it. Another process may append between the two readings; then a row
// that does not fit is explained by what came since, and both are read again.
func (r *recovery) replay(ctx context.Context, from Source) error {
	for {
		before := r.c.applied.Seq
		if err := r.applyJournal(ctx, from); err != nil {
			return err
		}
		mismatch := r.verifyIdentities()
		if mismatch == nil {
			return nil
		}
		if r.reread && r.c.applied.Seq == before {
			return mismatch
		}
		r.reread = true
		if err := r.identify(ctx, from, r.identityAgain); err != nil {
			return err
		}
	}
}

// identityAgain takes an identity row that may have changed since it was read.
func (r *recovery) identityAgain(i Identity) {
	if i.Number == 0 {
		r.c.creator = i.UserID
	}
	r.identities[i.Number] = i
	if _, named := r.committed[i.Number]; named && r.c.participants.has(i.Number) {
		r.c.participants.forget(i.Number)
		r.c.participants.identify(i.Number, i.UserID, i.UserName)
	}
}

func (r *recovery) applyJournal(ctx context.Context, from Source) error {
	c := r.c
	chain := c.applied
	err := from.Read(ctx, c.ID(), c.applied.Seq, func(records []byte) error {
		for len(records) > 0 {
			event, rest, err := chain.Next(records)
			if err != nil {
				return err
			}
			r.name(&event)
			if r.before != nil {
				if err := r.before(&event); err != nil {
					return err
				}
			}
			if _, err := c.Apply(&event); err != nil {
				return err
			}
			records = rest
			c.applied.Hash = chain.Hash
			if r.records++; r.records%progressEvery == 0 {
				r.progress(int(c.participants.count), r.records)
			}
		}
		return nil
	})
	c.Rollback() // also after an error: the decided state must not lag the applied state
	if err != nil {
		return fmt.Errorf("read journal: %w", err)
	}
	r.progress(int(c.participants.count), r.records)
	return nil
}

// name fills in who an event means.
func (r *recovery) name(e *Event) {
	d, ok := e.Detail.(identified)
	if !ok {
		return
	}
	number, said, who := d.identity()
	*who = r.who(number)
	if said != nil {
		r.committed[number] = commitment{e.Seq, *said}
	}
}

// verifyIdentities holds the identity rows against what the journal last said
// of them.
func (r *recovery) verifyIdentities() error {
	var first *CorruptError
	for number, said := range r.committed {
		i := r.who(number)
		if i.Commitment() != said.hash && (first == nil || said.seq < first.Seq) {
			first = &CorruptError{CompetitionID: r.c.ID(), Seq: said.seq, Reason: fmt.Sprintf("the identity row of participant %d is missing or altered", number)}
		}
	}
	if first != nil {
		return first
	}
	return nil
}
