package actors

import (
	"github.com/paceboard/paceboard/actors/internal/codec"
	"github.com/paceboard/paceboard/competition"
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
