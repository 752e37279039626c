package actors

import (
	"errors"
	"fmt"
	"reflect"

	"github.com/paceboard/paceboard/actors/internal/codec"
	"github.com/paceboard/paceboard/competition"
)

// wireKind is how requests of one kind, and their answers, cross.
type wireKind struct {
	name       string
	repeatable bool         // may be sent again after its answer was lost: twice is as once
	request    reflect.Type // what a pointer to is the request
	answer     reflect.Type

	appendRequest func(dst []byte, request any) ([]byte, error)
	parseRequest  func(competitionID string, m *codec.Message) any
	appendAnswer  func(dst []byte, request, answer any) ([]byte, error)
	parseAnswer   func(request any, m *codec.Message) any
}

// newKind makes the kind of requests of type *R, which are answered with an A.
func newKind[R, A any](name string, repeatable bool, request codec.Coder[R], answer codec.Coder[A]) wireKind {
	return wireKind{
		name: name, repeatable: repeatable, request: reflect.TypeFor[R](), answer: reflect.TypeFor[A](),
		appendRequest: func(dst []byte, r any) ([]byte, error) { return request.Append(dst, r.(*R)) },
		parseRequest: func(_ string, m *codec.Message) any {
			r := new(R)
			request.Read(&m.Reader, r)
			return r
		},
		appendAnswer: func(dst []byte, _, answered any) ([]byte, error) {
			a, ok := answered.(A)
			if !ok {
				return dst, fmt.Errorf("an answer of type %T", answered)
			}
			return answer.Append(dst, &a)
		},
		parseAnswer: func(_ any, m *codec.Message) any {
			var a A
			answer.Read(&m.Reader, &a)
			return a
		},
	}
}

// commandKind makes the kind of a command, which is answered with an A.
func commandKind[C any, P interface {
	*C
	competition.Command
}, A any](name string, repeatable bool, answer codec.Coder[A]) wireKind {
	return newKind(name, repeatable, codec.Command[C](), answer)
}

// pageKind makes the kind of a query that is answered with a part of a board, whose
// entries stand in the query's room if they fit.
func pageKind[Q any](name string, repeatable bool, query codec.Coder[Q], room func(q *Q) []competition.Entry) wireKind {
	k := newKind(name, repeatable, query, codec.Coder[competition.Board]{Append: codec.AppendBoard})
	k.parseAnswer = func(q any, m *codec.Message) any { return codec.ReadBoard(&m.Reader, room(q.(*Q))) }
	return k
}

// batchKind makes the kind of a *batchOfSyncs. Its answers are in its items.
func batchKind(name string, repeatable bool) wireKind {
	return wireKind{
		name: name, repeatable: repeatable, request: reflect.TypeFor[batchOfSyncs](),
		appendRequest: func(dst []byte, batch any) ([]byte, error) {
			return codec.AppendItems(dst, batch.(*batchOfSyncs).items)
		},
		parseRequest: func(competitionID string, m *codec.Message) any {
			items := codec.ReadItems(&m.Reader, competitionID)
			return &batchOfSyncs{items: items, open: len(items)}
		},
		appendAnswer: func(dst []byte, batch, _ any) ([]byte, error) {
			return codec.AppendItemAnswers(dst, batch.(*batchOfSyncs).items)
		},
		parseAnswer: func(batch any, m *codec.Message) any {
			codec.ReadItemAnswers(&m.Reader, batch.(*batchOfSyncs).items)
			return nil
		},
	}
}

// topReply answers a getTopSince.
type topReply struct {
	Same      bool // the page that is held is still the top
	PerCaller bool // the board is private: ask for each caller
	Top       *competition.Published
	Hash      uint64 // of Top
}

// The forms of an answer to a getTopSince.
const (
	topNew byte = iota
	topSame
	topPerCaller
)

var errTopForm = errors.New("the top of a board has an unknown form")

// topSinceKind makes the kind of a getTopSince. Whether the top is the same is found
// out where its answer is encoded: the page is encoded once for all nodes that ask.
func topSinceKind(name string, repeatable bool) wireKind {
	k := newKind(name, repeatable, getTopSinceCoder, codec.Coder[topReply]{})
	k.appendAnswer = func(dst []byte, request, answer any) ([]byte, error) {
		q := request.(*getTopSince)
		if top, ok := answer.(*competition.Published); ok && q.Shared && top.Private {
			return append(dst, topPerCaller), nil
		}
		return appendTopReply(dst, answer, q.Version, q.Hash)
	}
	k.parseAnswer = parseTopReply
	return k
}

// appendTopReply appends a published top, or that it is the one that the node holds.
func appendTopReply(dst []byte, answer any, version, hash uint64) ([]byte, error) {
	top, ok := answer.(*competition.Published)
	if !ok {
		return dst, fmt.Errorf("an answer of type %T", answer)
	}
	page, err := codec.PageOf(top)
	switch {
	case err != nil:
		return dst, err
	case top.Version == version && page.Hash == hash:
		return append(dst, topSame), nil
	}
	return codec.AppendPage(append(dst, topNew), page), nil
}

func parseTopReply(_ any, m *codec.Message) any {
	var reply topReply
	switch form := m.Byte(); form {
	case topNew:
		reply.Top, reply.Hash = codec.ReadPage(&m.Reader)
	case topSame:
		reply.Same = true
	case topPerCaller:
		reply.PerCaller = true
	default:
		m.Fail(errTopForm)
	}
	return reply
}
