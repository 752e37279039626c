package competition

import (
	"strings"

	"github.com/paceboard/paceboard/competition/calendar"
	"github.com/paceboard/paceboard/competition/ledger"
	"github.com/paceboard/paceboard/ranking"
)

// Entry is one place of a board.
type Entry struct {
	UserID       string
	UserName     string // may be empty
	Score        int64
	Rank         int // 1-based
	Totals       Metrics
	LastSyncedAt calendar.Millis // 0 before the first sync
	UpdatedAt    calendar.Millis // the last change of the score
}

// Board is a part of the leaderboard at one version.
type Board struct {
	CompetitionID string
	Status        Status
	Private       bool
	Version       uint64
	Epoch         BoardEpoch
	Continued     bool // under other epochs before
	UpdatedAt     calendar.Millis
	Total         int // participants on the whole board
	Entries       []Entry

	// What Published has besides, once the competition is settled: the prizes of
	// the best ranks, and how many of all are not pending any more.
	Prizes        []ledger.Prize
	PrizesDecided int
}

// Page returns the board from offset on, limit entries at most, which stand in room if
// they fit. Cost: O(log n + limit).
func (c *Competition) Page(room []Entry, offset, limit int) Board {
	c.places = c.board.Page(c.places[:0], offset, limit)
	return c.boardOf(room, c.places, offset+1)
}

// Around returns the board from radius places above a user to radius places below,
// cut short at the ends; room is as for Page. Error: ErrNotEnrolled. Cost: O(log n +
// radius).
func (c *Competition) Around(room []Entry, userID string, radius int) (Board, error) {
	p := c.participants.find(userID)
	if p == nil || !p.onBoard() {
		return Board{}, ErrNotEnrolled
	}
	var first int
	c.places, first, _ = c.board.Around(c.places[:0], p.key(), radius)
	return c.boardOf(room, c.places, first), nil
}

func (c *Competition) boardOf(room []Entry, places []ranking.Entry, firstRank int) Board {
	if room = room[:0]; room == nil || cap(room) < len(places) {
		room = make([]Entry, 0, len(places)) // never nil, and no larger than it need be
	}
	for i, e := range places {
		room = append(room, c.participants.at(e.Member).entry(firstRank+i))
	}
	return Board{
		CompetitionID: c.ID(), Status: c.status, Private: c.definition.Visibility == Private,
		Version: c.version, Epoch: c.epoch.present, Continued: c.epoch.continued, UpdatedAt: c.updatedAt, Total: c.onBoard, Entries: room,
	}
}

func (p *participant) entry(rank int) Entry {
	return Entry{
		UserID: p.userID, UserName: p.userName, Score: p.score, Rank: rank, Totals: p.totals,
		LastSyncedAt: p.lastSynced, UpdatedAt: p.updatedAt,
	}
}

// Standing returns a participant's own entry; ok is false when not on the board.
func (c *Competition) Standing(userID string) (entry Entry, ok bool) {
	p := c.participants.find(userID)
	if p == nil || !p.onBoard() {
		return Entry{}, false
	}
	rank, _ := c.board.Rank(p.key())
	return p.entry(rank), true
}

// SyncReply returns the answer to a sync of a participant as the state stands now.
func (c *Competition) SyncReply(number uint32, changed bool) SyncReply {
	p := c.participants.at(number)
	rank, _ := c.board.Rank(p.key())
	return SyncReply{Score: p.score, Rank: rank, Total: c.onBoard, Changed: changed}
}

// TakesPart reports whether a user takes part, on the board or excluded from it.
func (c *Competition) TakesPart(userID string) bool {
	p := c.participants.find(userID)
	return p != nil && p.present
}

// Participants returns who is on the board, by the order of enrolment, beginning
// after a number, which may be any, limit at most, and the number to go on after;
// next is 0 at the end. If search is not empty, it returns those whose name or id
// contains it, in any letter case and with or without accents, among the next MaxSearchedParticipants: a page may
// then be short, or empty, although there is a next one. Cost: linear in the participants
// that are passed.
func (c *Competition) Participants(after uint32, limit int, search string) (entries []Entry, next uint32) {
	last, searched := after, 0
	search = folded(search)
	for number := after; number < c.participants.count; {
		number++
		p := c.participants.at(number)
		if !p.onBoard() {
			continue
		}
		if len(entries) == limit || searched == MaxSearchedParticipants {
			return entries, last
		}
		last = number
		if search != "" {
			searched++
			if !strings.Contains(folded(p.userName), search) && !strings.Contains(folded(p.userID), search) {
				continue
			}
		}
		rank, _ := c.board.Rank(p.key())
		entries = append(entries, p.entry(rank))
	}
	return entries, 0
}

// MaxSearchedParticipants is how many participants one page looks through for a name.
const MaxSearchedParticipants = 10_000

// Exclusion is a participant whom an operator took off the board.
type Exclusion struct {
	UserID   string
	UserName string
	Score    int64 // as it would be on the board
	Reason   string
}

// Exclusions returns who is excluded, by the order of enrolment, as [Competition.Participants]
// returns who is on the board. Cost: linear in the participants that are passed.
func (c *Competition) Exclusions(after uint32, limit int) (list []Exclusion, next uint32) {
	last := after
	for number := after; number < c.participants.count; {
		number++
		p := c.participants.at(number)
		if p.review == nil || !p.review.Excluded {
			continue
		}
		if len(list) == limit {
			return list, last
		}
		list = append(list, Exclusion{UserID: p.userID, UserName: p.userName, Score: p.score, Reason: p.review.Reason})
		last = number
	}
	return list, 0
}

// Readable reports whether the caller may look at the competition.
func (c *Competition) Readable(caller Caller) bool {
	if c.definition.Visibility != Private || caller.Operator {
		return true
	}
	p := c.participants.find(caller.UserID)
	return p != nil && p.present || caller.UserID != "" && caller.UserID == c.creator
}

// Summary returns what lists show, as applied.
func (c *Competition) Summary() Summary {
	return summaryOf(&c.definition, c.status, c.onBoard, &c.balances, c.kept)
}

// Published is the top of a board as readers share it. It never changes, except for
// the encodings that its readers leave in it.
type Published struct {
	Board
	Encodings Encodings
}

// PublishedEntries is how many entries the published top of a board has at most.
const PublishedEntries = 100

// SyncReply answers an accepted sync.
type SyncReply struct {
	Score   int64
	Rank    int // 1-based
	Total   int // participants on the board
	Changed bool
}

// Of returns the version if it is one of the board's history, and else 0. Without an
// epoch that is known only while the board had no other one.
func (v BoardVersion) Of(b *Board) uint64 {
	if v.Epoch == b.Epoch || v.Epoch == 0 && !b.Continued {
		return v.Version
	}
	return 0
}
