package actors

import (
	"github.com/paceboard/paceboard/actors/internal/codec"
	"github.com/paceboard/paceboard/competition"
)

// What a node asks the owner of a board that its subscribers watch. The nodes of a
// cluster trust each other: a private board is told, and the node that asks shows it to
// those who getStandings says may see it.
type (
	// watch asks for the published top once it is another than the one that the node
	// holds, or after signEvery. It is answered with a topReply.
	watch struct {
		Version uint64 // of the page that the node holds; 0: none
		Hash    uint64 // of it, as topReply has it
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

// holds reports whether the node that asks has a published top already.
func (q *watch) holds(top *competition.Published) bool {
	if top.Version != q.Version {
		return false
	}
	page, err := codec.PageOf(top)
	return err == nil && page.Hash == q.Hash
}

// watchKind makes the kind of a watch, which crosses as a getTopSince does.
func watchKind(name string, repeatable bool) wireKind {
	k := newKind(name, repeatable, codec.Value[watch](), codec.Coder[topReply]{})
	k.appendAnswer = func(dst []byte, request, answer any) ([]byte, error) {
		q := request.(*watch) //nolint:forcetypeassert // the table says so
		return appendTopReply(dst, answer, q.Version, q.Hash)
	}
	k.parseAnswer = parseTopReply
	return k
}

// standings answers a getStandings.
func (a *competitionActor) standings(q *getStandings) standingsReply {
	reply := standingsReply{Of: make([]standingReply, len(q.Of))}
	for i, of := range q.Of {
		r := &reply.Of[i]
		if r.Readable = a.core.Readable(of.Caller); r.Readable && of.UserID != "" {
			r.Entry, r.OnBoard = a.core.Standing(of.UserID)
		}
	}
	return reply
}
