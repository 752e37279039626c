package actors

import (
	"github.com/paceboard/paceboard/actors/internal/codec"
	"github.com/paceboard/paceboard/competition"
)

// What a competition is asked besides the commands of package competition. The fields,
// and those of the answers, are exported because they cross between nodes; see
// wire_kinds.go. What stays on its node is not.

// Queries, as the actor gets them.
type (
	getTop struct{ Caller competition.Caller }
	// getTopSince is getTop for a node that holds a page of the top. The node that asks
	// gets a topReply.
	getTopSince struct {
		Caller competition.Caller
		// Shared asks for all readers of a node, whatever their rights. What is private is
		// then not told: each of them must ask, as its caller.
		Shared  bool
		Version uint64 // of the page that the node holds; 0: none
		Hash    uint64 // of it, as topReply has it
	}
	getPage struct {
		Caller        competition.Caller
		Offset, Limit int
		room          []competition.Entry // for the entries; the caller's, so it stays on its node
	}
	getAround struct {
		Caller competition.Caller
		UserID string
		Radius int
		room   []competition.Entry // as in getPage
	}
	getStats struct {
		Caller competition.Caller
		UserID string
		Span   competition.Span
	}
	getSummary      struct{ Caller competition.Caller }
	getParticipants struct {
		Caller competition.Caller
		After  uint32
		Limit  int
		Search string
	}
	participantsReply struct {
		Entries []competition.Entry
		Next    uint32
	}
	getExclusions struct {
		After uint32
		Limit int
	}
	exclusionsReply struct {
		List []competition.Exclusion
		Next uint32
	}
	getFlags struct {
		Before uint64
		Limit  int
	}
	flagsReply struct {
		List []competition.FlaggedEntry
		Next uint64
	}
	getExplanation struct {
		Caller competition.Caller
		UserID string
		Span   competition.Span
	}
	getHistory struct{ UserID string } // of the user's days
	getPerson  struct {                // all that is known of a user
		UserID string
		Span   competition.Span
	}
	getInvitable     struct{ Caller competition.Caller } // answered with a Summary
	getSharable      struct{ Caller competition.Caller } // answered with a Summary
	takesPart        struct{ UserID string }             // answered with a bool
	calculatePrizes  struct{ PoolMinor int64 }           // 0 is the competition's own pool
	getFeedEnd       struct{ Caller competition.Caller } // answered with a FeedEnd
	getAmendments    struct{ Caller competition.Caller }
	getSettledPrizes struct{ Caller competition.Caller } // answered with competition.SettledPrizes
	amendmentsReply  struct{ List []competition.Amendment }
)

// previewJoin asks what a join would join, and is answered with a Summary.
type previewJoin competition.JoinCompetition

// What a node asks the owner of a board that its subscribers watch. The nodes of a
// cluster trust each other: a private board is told, and the node that asks shows it to
// those who getStandings says may see it.
type (
	// watch asks for the published top once it is another than the one that the node
	// holds, or after signEvery. It is answered with a topReply.
	watch struct {
		Version uint64 // of the page that the node holds; 0: none
		Hash    uint64 // of it, as topReply has it
		AtOnce  bool   // do not wait for another one
	}
	// getStandings asks how users stand, and what callers may see.
	getStandings  struct{ Of []standingQuery }
	standingQuery struct {
		Caller competition.Caller
		UserID string // whose standing is wanted; may be empty
	}
	standingsReply struct{ Of []standingReply } // in the order of the queries
	standingReply  struct {
		Entry    competition.Entry // counts only if OnBoard
		OnBoard  bool
		Readable bool // the caller may see the board
	}
)

// reader is for whom the top is asked: the node that asks for all of its readers gets none
// that is private, whoever may see it here.
func (q *getTopSince) reader() competition.Caller {
	if q.Shared {
		return competition.Caller{Operator: true}
	}
	return q.Caller
}

// boardQuery is a query for a part of a board.
type boardQuery interface {
	// entries is how many it is answered with at most.
	entries() int
	// reset makes it as new, with room for the entries of its next answer.
	reset(room []competition.Entry)
}

func (q *getPage) entries() int                   { return q.Limit }
func (q *getPage) reset(room []competition.Entry) { *q = getPage{room: room} }

func (q *getAround) entries() int                   { return 1 + 2*min(q.Radius, codec.MaxEntries) }
func (q *getAround) reset(room []competition.Entry) { *q = getAround{room: room} }

// batchOfSyncs are the syncs of one request for one competition. The actor has its own
// copies, so that a caller that gives up shares nothing with it.
type batchOfSyncs struct {
	items   []competition.BatchItem
	open    int   // not answered yet
	refused error // why the commit failed that was to prove what other items were answered from memory
}

// refuseAll has every item share the refusal: they may be submitted again.
func (b *batchOfSyncs) refuseAll() {
	for i := range b.items {
		b.items[i].Replies, b.items[i].Err = b.items[i].Replies[:0], b.refused
	}
}

// saveRows asks for a snapshot of what is applied. The answer comes when it is stored.
type saveRows struct{}
