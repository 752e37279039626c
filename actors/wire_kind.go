package actors

import (
	"fmt"
	"reflect"
	"sync"

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
	newRequest    func() any // an empty one
	parseRequest  func(competitionID string, request any, m *codec.Message)
	appendAnswer  func(dst []byte, request, answer any) ([]byte, error)
	parseAnswer   func(request any, m *codec.Message) any

	// spares are requests that were answered, with room for their next answers; nil for
	// kinds that do not need that.
	spares *sync.Pool
}

// newKind makes the kind of requests of type *R, which are answered with an A.
func newKind[R, A any](name string, repeatable bool, request codec.Coder[R], answer codec.Coder[A]) *wireKind {
	return &wireKind{
		name: name, repeatable: repeatable, request: reflect.TypeFor[R](), answer: reflect.TypeFor[A](),
		appendRequest: func(dst []byte, r any) ([]byte, error) { return request.Append(dst, r.(*R)) },
		newRequest:    func() any { return new(R) },
		parseRequest:  func(_ string, r any, m *codec.Message) { request.Read(&m.Reader, r.(*R)) },
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
}, A any](name string, repeatable bool, answer codec.Coder[A]) *wireKind {
	return newKind(name, repeatable, codec.Command[C](), answer)
}

// boardKind makes the kind of a boardQuery, whose answer has its entries in the query's
// room if they fit.
func boardKind[Q any, P interface {
	*Q
	boardQuery
}](name string, repeatable bool, query codec.Coder[Q], room func(q *Q) []competition.Entry) *wireKind {
	k := newKind(name, repeatable, query, codec.Coder[competition.Board]{Append: codec.AppendBoard})
	k.parseAnswer = func(q any, m *codec.Message) any { return codec.ReadBoard(&m.Reader, room(q.(*Q))) }
	k.spares = &sync.Pool{New: func() any { return P(new(Q)) }}
	return k
}

// batchKind makes the kind of a *batchOfSyncs. Its answers are in its items.
func batchKind(name string, repeatable bool) *wireKind {
	return &wireKind{
		name: name, repeatable: repeatable, request: reflect.TypeFor[batchOfSyncs](),
		appendRequest: func(dst []byte, batch any) ([]byte, error) {
			return codec.AppendItems(dst, batch.(*batchOfSyncs).items)
		},
		newRequest: func() any { return &batchOfSyncs{} },
		parseRequest: func(competitionID string, r any, m *codec.Message) {
			batch := r.(*batchOfSyncs)
			batch.items = codec.ReadItems(&m.Reader, competitionID)
			batch.open = len(batch.items)
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
