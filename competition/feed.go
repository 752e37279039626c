package competition

import (
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/paceboard/paceboard/competition/calendar"
	"github.com/paceboard/paceboard/competition/ledger"
)

// PublicEvent is an event as other systems are told of it, by the feed and by webhooks
// alike; publications says of which ones. Its JSON is the contract.
type PublicEvent struct {
	// ID is made of the record itself: it is the same whenever and to whomever the event
	// is told, and another one for what takes the event's place if it is lost.
	ID            string     `json:"id"`
	Type          string     `json:"type"`
	Timestamp     string     `json:"timestamp"` // RFC 3339, to the millisecond
	CompetitionID string     `json:"competition_id"`
	Seq           uint64     `json:"seq"` // they grow within a competition, with gaps
	Data          PublicData `json:"data"`
}

// PublicData is what an event says besides; which fields it has depends on its type.
type PublicData struct {
	UserID   string `json:"user_id,omitempty"`
	UserName string `json:"user_name,omitempty"`

	Name       string `json:"name,omitempty"`
	Visibility string `json:"visibility,omitempty"`
	StartDate  string `json:"start_date,omitempty"`
	EndDate    string `json:"end_date,omitempty"`
	Status     string `json:"status,omitempty"`
	Epoch      string `json:"epoch,omitempty"`

	Date   string `json:"date,omitempty"`
	Flag   string `json:"flag,omitempty"`
	Reason string `json:"reason,omitempty"` // what an operator wrote

	PrizeID     string          `json:"prize_id,omitempty"`
	Amount      json.RawMessage `json:"amount,omitempty"`
	Pool        json.RawMessage `json:"prize_pool,omitempty"`
	Currency    string          `json:"currency,omitempty"`
	Pending     bool            `json:"pending,omitempty"`
	PrizesCount int             `json:"prizes_count,omitempty"`
	Prizes      []PublicPrize   `json:"prizes,omitempty"`

	number uint32 // whom it is about; 0: nobody
}

// PublicPrize is one prize of a competition that was settled.
type PublicPrize struct {
	PrizeID string          `json:"prize_id"`
	UserID  string          `json:"user_id"`
	Rank    int             `json:"rank"`
	Amount  json.RawMessage `json:"amount"`

	number uint32
}

// At returns when the event happened.
func (e *PublicEvent) At() time.Time {
	at, _ := time.Parse(time.RFC3339, e.Timestamp) // It was written by publicTime.
	return at
}

// MaxPublicEventBytes is how long an event can be, as other systems read it.
const MaxPublicEventBytes = 64 << 10

// JSON returns the event as other systems read it. It names fewer of the prizes of a
// competition that was settled if all would make it longer than MaxPublicEventBytes.
func (e *PublicEvent) JSON() ([]byte, error) {
	for short := *e; ; short.Data.Prizes = short.Data.Prizes[:len(short.Data.Prizes)/2] {
		text, err := json.Marshal(&short)
		if err != nil || len(text) <= MaxPublicEventBytes || len(short.Data.Prizes) == 0 {
			return text, err
		}
	}
}

// Feed makes public events of a competition's records. Records are added in order,
// and then the people whom they name are looked up.
type Feed struct {
	competitionID string
	to            audience
	currency      string
	decimals      int
	events        []PublicEvent
	numbers       []uint32
}

// NewFeed returns the feed of a competition for operators, or for its creator.
func NewFeed(s *Summary, operator bool) *Feed {
	f := &Feed{competitionID: s.Definition.ID, to: creators, currency: s.Definition.Currency}
	f.decimals, _ = ledger.CurrencyDecimals(f.currency)
	if operator {
		f.to = operators
	}
	return f
}

// Len returns how many events there are.
func (f *Feed) Len() int { return len(f.events) }

// Add takes a record, if its reader may be told of it. The error is a *CorruptError.
func (f *Feed) Add(record []byte) error {
	e, hash, err := decodeAlone(f.competitionID, record)
	if err != nil {
		return err
	}
	p := publicationOf(e.kind())
	if p.to < f.to {
		return nil
	}
	data, tell := p.say(&e, f.to, f)
	if !tell {
		return nil
	}
	f.numbers = append(f.numbers, data.number)
	for i := range data.Prizes {
		f.numbers = append(f.numbers, data.Prizes[i].number)
	}
	f.events = append(f.events, PublicEvent{
		ID: publicIDPrefix + hex.EncodeToString(hash[:16]), Type: p.name, Timestamp: publicTime(e.At),
		CompetitionID: f.competitionID, Seq: e.Seq, Data: data,
	})
	return nil
}

const publicIDPrefix = "evt_"

// Numbers returns whom the events name, each once, in ascending order.
func (f *Feed) Numbers() []uint32 {
	slices.Sort(f.numbers)
	f.numbers = slices.Compact(f.numbers)
	return slices.DeleteFunc(f.numbers, func(n uint32) bool { return n == 0 })
}

// Events returns the events with the people whom they name, as their identity rows,
// which are in any order, say now.
func (f *Feed) Events(identities []Identity) []PublicEvent {
	who := make(map[uint32]*Identity, len(identities))
	for i := range identities {
		who[identities[i].Number] = &identities[i]
	}
	for i := range f.events {
		data := &f.events[i].Data
		if is := who[data.number]; is != nil && data.number != 0 {
			data.UserID, data.UserName = is.UserID, is.UserName
		}
		for j := range data.Prizes {
			if is := who[data.Prizes[j].number]; is != nil {
				data.Prizes[j].UserID = is.UserID
			}
		}
	}
	return f.events
}

func (f *Feed) amount(minor int64) json.RawMessage {
	return ledger.AppendMinor(nil, minor, f.decimals)
}

func publicTime(at calendar.Millis) string { return string(at.AppendTime(nil)) }

// decodeAlone verifies a record by its checksum, without those before it, and returns
// its event and its hash. The error is a *CorruptError.
func decodeAlone(competitionID string, record []byte) (Event, Hash, error) {
	chain := Chain{CompetitionID: competitionID}
	if len(record) >= minRecordBytes {
		copy(chain.Hash[:], record[afterChainOffset-len(chain.Hash):])
		seq, err := SeqOf(record)
		if err == nil && seq > 0 {
			chain.Seq = seq - 1
		}
	}
	e, rest, err := chain.Next(record)
	if err == nil && len(rest) > 0 {
		err = chain.corrupt("it is longer than its record")
	}
	return e, chain.Hash, err
}

// EventsPage is a part of a competition's feed.
type EventsPage struct {
	Events []PublicEvent
	Next   FeedPlace // the place after what was looked through
	More   bool      // there may be more after it now
	Rows   int       // records that were looked through, those that are not told included
}

// FeedPlace is a place in a competition's journal: a seq, and the epoch of the journal
// that has it, as clients write a [BoardVersion].
type FeedPlace = BoardVersion

// FeedEnd is where a feed ends, and what is needed to read it.
type FeedEnd struct {
	Summary Summary
	Seq     uint64 // of the last event that is durable
	Epoch   BoardEpoch
}

// FeedEnd returns where the feed ends for a caller. Errors: ErrUnknownCompetition;
// ErrForbidden if the caller is neither an operator nor the creator.
func (c *Competition) FeedEnd(caller Caller) (FeedEnd, error) {
	switch {
	case !c.Exists() || !c.Readable(caller):
		return FeedEnd{}, ErrUnknownCompetition
	case !caller.Operator && (caller.UserID == "" || caller.UserID != c.creator):
		return FeedEnd{}, ErrForbidden
	}
	return FeedEnd{Summary: c.Summary(), Seq: c.applied.Seq, Epoch: c.epoch.present}, nil
}

// Check returns whether a place can be gone on from. Error: ErrEventsReplaced.
func (e *FeedEnd) Check(after FeedPlace) error {
	if after.Epoch != 0 && after.Epoch != e.Epoch || after.Version > e.Seq {
		return ErrEventsReplaced
	}
	return nil
}

// Errors of feeds.
var (
	// ErrEventsRemoved is returned for a place in a journal whose records after it were
	// removed because they are old.
	ErrEventsRemoved = errors.New("events after this place have been removed")
	// ErrEventsReplaced is returned for a place in a journal that lost events: others
	// have taken their seqs.
	ErrEventsReplaced = errors.New("the journal has no such place any more, because the store lost events that had been acknowledged: read it again from after=0")
)

// EventsRemovedError says from which place on events are there. errors.Is(err,
// ErrEventsRemoved) holds.
type EventsRemovedError struct{ First uint64 } // the first seq that is there

// Error implements error.
func (e *EventsRemovedError) Error() string {
	return fmt.Sprintf("%v, because they are older than JOURNAL_RETENTION: those that are left can be read with after=%d", ErrEventsRemoved, e.First-1)
}

// Unwrap makes the error an ErrEventsRemoved.
func (*EventsRemovedError) Unwrap() error { return ErrEventsRemoved }
