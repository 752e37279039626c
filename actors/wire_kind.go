package actors

import (
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
