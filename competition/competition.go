package competition

import (
	"cmp"
	"fmt"
	"maps"

	"github.com/paceboard/paceboard/competition/calendar"
	"github.com/paceboard/paceboard/competition/ledger"
	"github.com/paceboard/paceboard/ranking"
)

// Competition is the state machine of one competition. It has one owner and is
// not safe for concurrent use.
//
// Invariants:
//
//	I1  what queries return was applied, and only durable events are applied
//	I2  the ranking holds exactly the participants on the board, each under the
//	    key (score, reached) that its participant has
//	I3  a participant's totals are the sum of its days' values, or of the
//	    corrections in their place, and its score is that of the totals
//	I4  version is the seq of the last event that changed an entry, the number
//	    of entries, the status or the epoch, plus what epoch.skipped was then
//	I5  the outbox holds the events from applied.Seq+1 to decided.chain.Seq that
//	    were not taken yet, in order
type Competition struct {
	definition Definition
	status     Status
	creator    string // user id; empty when a service key created it

	participants roster
	sources      sources
	board        *ranking.Board
	onBoard      int

	balances     balances
	distribution *distribution // nil before the prizes are distributed
	flags        []flagPlace   // all participants', by seq
	amendments   []Amendment
	ceiling      Metrics        // the highest daily limits that were in force before the present ones
	kept         map[uint32]Key // of erased participants whose decisions are kept; see keptAfter

	applied   Chain  // the last event in the state
	version   uint64 // I4
	epoch     epochs
	updatedAt calendar.Millis // when version was written

	decided decided
	outbox  Batch
	newKey  func() Key
	level   int             // of the events that may be decided, 0 for all; see SetLevel
	places  []ranking.Entry // storage for queries
	changed []uint32        // participants whose row differs from the last snapshot

	dayBytes int64  // of days, see MemoryBytes
	saved    uint64 // the seq of that
}

// decided is what the decided events will have made of the state. Decisions look
// here, queries never do.
type decided struct {
	chain      Chain
	definition Definition
	status     Status
	onBoard    int
	numbers    uint32 // numbers given so far
	balances   balances
	amendments int                 // how many
	ceiling    Metrics             // as Competition has it
	kept       map[uint32]Key      // as of all events, or nil
	enrolled   map[string]uint32   // users enrolled by events that are not applied
	pending    map[uint32]*changes // by number, what such events change; see change
}

// changes is what events that are not applied change about a participant or, with
// number 0, the creator. What is zero stays as it is.
type changes struct {
	who         Identity
	review      *Review
	sources     []uint32 // from which such events have the participant's first report
	paid        int64    // if paidChanged
	paidChanged bool
	erased      bool
	prize       ledger.PrizeStatus
	presence    presence
}

// presence says whether a participant comes or goes.
type presence uint8

const (
	leaves presence = iota + 1
	returns
)

func (d *decided) of(number uint32) (p changes) {
	if known := d.pending[number]; known != nil {
		p = *known
	}
	return p
}

// change adds to what is pending about a number.
func (d *decided) change(number uint32, by changes) {
	p := d.of(number)
	if by.who.UserID != "" {
		p.who = by.who
	}
	if by.review != nil {
		p.review = by.review
	}
	if by.paidChanged {
		p.paid, p.paidChanged = by.paid, true
	}
	p.erased = p.erased || by.erased
	p.prize = cmp.Or(by.prize, p.prize)
	p.presence = cmp.Or(by.presence, p.presence)
	d.set(number, p)
}

// set puts what is pending about a number in the place of what was.
func (d *decided) set(number uint32, p changes) {
	if p.who.UserID == "" && p.review == nil && len(p.sources) == 0 && !p.paidChanged && !p.erased && p.prize == 0 && p.presence == 0 {
		delete(d.pending, number)
		return
	}
	if d.pending[number] == nil {
		d.pending[number] = new(changes)
	}
	*d.pending[number] = p
}

// appliedErasure notes that the erasure of a number is not pending any more.
func (d *decided) appliedErasure(number uint32) {
	p := d.of(number)
	p.erased = false
	d.set(number, p)
}

// New returns the competition that was never created. newKey draws the random
// key of a new identity.
func New(id string, newKey func() Key) *Competition {
	c := &Competition{applied: NewChain(id), newKey: newKey, epoch: firstEpochs(id)}
	c.board = ranking.New(c.byUserID)
	c.decided.enrolled, c.decided.pending = map[string]uint32{}, map[uint32]*changes{}
	c.outbox.CompetitionID = id
	c.Rollback()
	return c
}

// byUserID reports whether a comes before b: it is the last tie-break of the board.
func (c *Competition) byUserID(a, b uint32) bool {
	return c.participants.at(a).userID < c.participants.at(b).userID
}

// ID returns the competition's id.
func (c *Competition) ID() string { return c.applied.CompetitionID }

// Seq returns the last event in the state.
func (c *Competition) Seq() uint64 { return c.applied.Seq }

// JournalEnd returns where the journal of what is applied ends. While a batch is being
// applied, the hash is of the batch before.
func (c *Competition) JournalEnd() Chain { return c.applied }

// DecidedSeq returns the last event decided; a reply that rests on what was decided
// waits for it.
func (c *Competition) DecidedSeq() uint64 { return c.decided.chain.Seq }

// Version returns the board's version; see I4.
func (c *Competition) Version() uint64 { return c.version }

// Exists reports whether the competition was created.
func (c *Competition) Exists() bool { return c.status != 0 }

// Pending returns how many decided events wait to be taken.
func (c *Competition) Pending() int { return len(c.outbox.Events) }

// PendingBytes returns how long their records are together.
func (c *Competition) PendingBytes() int { return len(c.outbox.Records) }

// Take hands over the batch of events that were decided since the last one and
// starts a new one in the storage of spare, which the caller must be done with.
// The batch is empty when nothing was decided.
func (c *Competition) Take(spare Batch) Batch {
	taken := c.outbox
	spare.reset(c.ID())
	c.outbox = spare
	return taken
}

// Rollback forgets all that was decided and not applied: the events in the
// outbox, and those of a batch whose append failed.
func (c *Competition) Rollback() {
	d := &c.decided
	d.chain = c.applied
	d.definition, d.status = c.definition, c.status
	d.onBoard, d.numbers = c.onBoard, c.participants.count
	d.balances = c.balances
	d.amendments, d.ceiling = len(c.amendments), c.ceiling
	d.kept = maps.Clone(c.kept)
	d.forget()
	c.sources.rollback()
	c.outbox.reset(c.ID())
}

// forget drops what was held for events that are not under way any more.
func (d *decided) forget() {
	clear(d.enrolled)
	clear(d.pending)
}

// SetLevel says up to which format level events may be decided from now on; before it
// is called, these are all. It is never lower than that of any event in the journal.
func (c *Competition) SetLevel(level int) { c.level = level }

// mayDecide returns nil if an event of a kind may be decided. A command whose event came
// with a later version than all that can still be running has to ask before it changes
// anything; emit holds it to that. Error: ErrDeploying.
func (c *Competition) mayDecide(k kind) error {
	if !c.reaches(k) {
		return ErrDeploying
	}
	return nil
}

// reaches reports whether the level is one of which there are events of a kind.
func (c *Competition) reaches(k kind) bool { return c.level == 0 || int(k) <= c.level }

// emit decides an event: it gets the next seq and goes into the outbox.
func (c *Competition) emit(e Event) {
	if !c.reaches(e.kind()) {
		panic(fmt.Sprintf("an event of kind %d is decided at format level %d: its command must ask mayDecide first", e.kind(), c.level))
	}
	e.Seq = c.decided.chain.Seq + 1
	b := &c.outbox
	if len(b.Events) == 0 {
		b.FirstSeq = e.Seq
	}
	b.Events = append(b.Events, e)
	b.Records = c.decided.chain.Append(b.Records, &b.Events[len(b.Events)-1])
	b.LastSeq, b.Hash = c.decided.chain.Seq, c.decided.chain.Hash
}

// summarize puts the summary, as decided, into the outbox, replacing an older one.
func (c *Competition) summarize() {
	d := &c.decided
	if c.outbox.Summary == nil {
		c.outbox.Summary = new(Summary)
	}
	*c.outbox.Summary = summaryOf(&d.definition, d.status, d.onBoard, &d.balances, d.kept)
}
