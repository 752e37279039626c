package actors

import (
	"errors"
	"fmt"

	"github.com/paceboard/paceboard/actors/internal/codec"
	"github.com/paceboard/paceboard/competition"
)

// topReply answers a getTopSince, and a watch.
type topReply struct {
	Same      bool // the page that is held is still the top
	PerCaller bool // the board is private: ask for each caller
	Top       *competition.Published
	Hash      uint64 // of Top
}

// The forms of a topReply.
const (
	topNew byte = iota
	topSame
	topPerCaller
)

var errTopForm = errors.New("the top of a board has an unknown form")

// topSinceKind makes the kind of a getTopSince. Whether the top is the same is found
// out where its answer is encoded: the page is encoded once for all nodes that ask.
func topSinceKind(name string, repeatable bool) *wireKind {
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

// watchKind makes the kind of a watch, which crosses as a getTopSince does.
func watchKind(name string, repeatable bool) *wireKind {
	k := newKind(name, repeatable, codec.Value[watch](), codec.Coder[topReply]{})
	k.appendAnswer = func(dst []byte, request, answer any) ([]byte, error) {
		q := request.(*watch) //nolint:forcetypeassert // the table says so
		return appendTopReply(dst, answer, q.Version, q.Hash)
	}
	k.parseAnswer = parseTopReply
	return k
}

// holds reports whether the node that asks has a published top already.
func (q *watch) holds(top *competition.Published) bool {
	if top.Version != q.Version {
		return false
	}
	page, err := codec.PageOf(top)
	return err == nil && page.Hash == q.Hash
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
