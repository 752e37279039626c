package competition

import (
	"fmt"

	"github.com/paceboard/paceboard/competition/calendar"
)

// Part is a part of a journal as its records say it: what an archive keeps beside them.
type Part struct {
	Before, End Chain           // where it begins and ends
	Newest      calendar.Millis // the latest time of its events
	Named       []NamedRow      // in the order of seqs
}

// NamedRow is an identity row as an event left it.
type NamedRow struct {
	Seq    uint64 // of the event
	Number uint32
	Said   Commitment // what the row's commitment was
}

// ReadPart reads consecutive records, one at least. Error: *CorruptError.
func ReadPart(competitionID string, records []byte) (p Part, err error) {
	if p.Before, err = ChainBefore(competitionID, records); err != nil {
		return p, err
	}
	p.End = p.Before
	for len(records) > 0 {
		var e Event
		if e, records, err = p.End.Next(records); err != nil {
			return p, err
		}
		p.Newest = max(p.Newest, e.At)
		if d, ok := e.Detail.(identified); ok {
			if number, said, _ := d.identity(); said != nil {
				p.Named = append(p.Named, NamedRow{Seq: e.Seq, Number: number, Said: *said})
			}
		}
	}
	return p, nil
}

// NamedRows visits the identity rows that the batch's events write, one for each event:
// a row that is replaced in the same batch, too.
func (b *Batch) NamedRows(visit func(seq uint64, row Identity)) {
	for i := range b.Events {
		if d, ok := b.Events[i].Detail.(identified); ok {
			if _, said, who := d.identity(); said != nil {
				visit(b.Events[i].Seq, *who)
			}
		}
	}
}

// Extension has a recovered competition go on with records that an archive kept, and
// works out what a store must write for that to be as if it had appended them itself.
// It is not safe for concurrent use.
type Extension struct {
	c     *Competition
	chain Chain
	rows  map[uint32]Identity   // as of the end of all records
	said  map[uint32]commitment // what the records last said of them

	presentBefore []bool // by number
	creatorBefore string
	gone          []Erasure
}

// Extend begins an extension of the competition. Rows has, of each number that the
// records to come name, the identity row as of the last of them.
func (c *Competition) Extend(rows map[uint32]Identity) *Extension {
	x := &Extension{c: c, chain: c.applied, rows: rows, said: map[uint32]commitment{}, creatorBefore: c.creator}
	x.presentBefore = make([]bool, c.participants.count+1)
	for number := uint32(1); number <= c.participants.count; number++ {
		x.presentBefore[number] = c.participants.at(number).present
	}
	return x
}

// Add applies records, and adds them to the batch with what they write into the ledger
// and whom they erase. Error: *CorruptError, after which the competition is of no use.
func (x *Extension) Add(b *Batch, records []byte) error {
	c := x.c
	if b.Empty() {
		b.CompetitionID, b.FirstSeq = c.ID(), x.chain.Seq+1
	}
	b.Records = append(b.Records, records...)
	for len(records) > 0 {
		event, rest, err := x.chain.Next(records)
		if err != nil {
			return err
		}
		records = rest
		x.name(&event)
		if err := x.derive(b, &event); err != nil {
			return err
		}
		creator := c.creator
		outcome, err := c.Apply(&event)
		if err != nil {
			return err
		}
		c.applied.Hash = x.chain.Hash
		b.Events = append(b.Events, event)
		gone := event.Effect(outcome).Gone
		if d, ok := event.Detail.(*ParticipantErased); ok && d.Number == 0 && !IsPseudonym(creator) {
			gone = creator
		}
		if gone != "" {
			x.erase(b, Erasure{UserID: gone, Pseudonym: x.pseudonymIn(&event)})
		}
	}
	b.LastSeq, b.Hash = x.chain.Seq, x.chain.Hash
	return nil
}

// name says whom an event means: as recovery does, by the latest row of the number.
func (x *Extension) name(e *Event) {
	d, ok := e.Detail.(identified)
	if !ok {
		return
	}
	number, said, who := d.identity()
	*who = x.who(number)
	if said != nil {
		x.said[number] = commitment{e.Seq, *said}
	}
}

func (x *Extension) who(number uint32) Identity {
	if row, ok := x.rows[number]; ok || !x.c.participants.has(number) {
		return row
	}
	p := x.c.participants.at(number)
	return Identity{Number: number, UserID: p.userID, UserName: p.userName}
}

func (x *Extension) pseudonymIn(e *Event) string {
	number, _, _ := e.Detail.(identified).identity()
	return x.who(number).UserID
}

// derive adds what an event that is not applied yet writes into the ledger.
func (x *Extension) derive(b *Batch, e *Event) error {
	d, ok := e.Detail.(monetary)
	if !ok {
		return nil
	}
	l := ledgerWriter{competitionID: x.c.ID(), currency: x.c.definition.Currency, prizeOf: x.c.Prize, userOf: func(number uint32) string { return x.who(number).UserID }}
	if d, ok := e.Detail.(defining); ok {
		l.currency = d.defined().Currency
	}
	balances := x.c.balances
	if err := l.write(&b.Rows, e, d, &balances); err != nil {
		return &CorruptError{CompetitionID: x.c.ID(), Seq: e.Seq, Reason: err.Error()}
	}
	return nil
}

func (x *Extension) erase(b *Batch, e Erasure) {
	b.erase(e)
	x.gone = append(x.gone, e)
}

// End adds all other rows to the last batch: identities, memberships and the summary.
// Error: *CorruptError if an identity row is missing, or is another than that of the last
// record that names it.
func (x *Extension) End(b *Batch) error {
	c := x.c
	c.Rollback() // what is decided must not lag what is applied
	for number, said := range x.said {
		row := x.rows[number]
		if row.Number = number; row.Commitment() != said.hash {
			return &CorruptError{CompetitionID: c.ID(), Seq: said.seq, Reason: fmt.Sprintf("the identity row of participant %d is missing or altered", number)}
		}
		b.Identities = append(b.Identities, row)
	}
	for number := uint32(1); number <= c.participants.count; number++ {
		p := c.participants.at(number)
		isNew := int(number) >= len(x.presentBefore)
		if IsPseudonym(p.userID) || !isNew && p.present == x.presentBefore[number] && (p.userID != c.creator || c.creator == x.creatorBefore) {
			continue
		}
		b.Memberships = append(b.Memberships, Membership{UserID: p.userID, CompetitionID: c.ID(), Number: number, Present: p.present, Creator: p.userID == c.creator})
	}
	if user := c.creator; user != x.creatorBefore && user != "" && !IsPseudonym(user) && c.participants.find(user) == nil {
		b.Memberships = append(b.Memberships, Membership{UserID: user, CompetitionID: c.ID(), Creator: true})
	}
	summary := c.Summary()
	b.Summary = &summary
	return nil
}

// Gone returns whom the records erased that the competition knew before, with their pseudonyms.
func (x *Extension) Gone() []Erasure { return x.gone }

// CutAfter returns the records of a part of a journal before the first event after a time.
func CutAfter(records []byte, at calendar.Millis) (kept []byte, err error) {
	for rest := records; len(rest) > 0; {
		var record []byte
		if record, rest, err = SplitRecord(rest); err != nil {
			return nil, err
		}
		when, err := TimeOf(record)
		if err != nil {
			return nil, err
		}
		if when > at {
			return kept, nil
		}
		kept = records[:len(kept)+len(record)]
	}
	return kept, nil
}

// CutAtSeq returns the records of a part of a journal up to a seq.
func CutAtSeq(records []byte, upTo uint64) (kept []byte, err error) {
	for rest := records; len(rest) > 0; {
		var record []byte
		if record, rest, err = SplitRecord(rest); err != nil {
			return nil, err
		}
		seq, err := SeqOf(record)
		if err != nil {
			return nil, err
		}
		if seq > upTo {
			return kept, nil
		}
		kept = records[:len(kept)+len(record)]
	}
	return kept, nil
}
