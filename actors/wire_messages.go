package actors

import (
	"fmt"

	"github.com/paceboard/paceboard/actors/internal/codec"
	"github.com/paceboard/paceboard/competition"
)

// appendRequest appends what asks another node for a request. Error:
// competition.ErrInternal for what does not cross.
func appendRequest(dst []byte, request any) (kind uint16, body []byte, err error) {
	kind, k, err := kindOf(request)
	if err != nil {
		return 0, dst, err
	}
	if body, err = k.appendRequest(codec.Begin(dst), request); err != nil {
		return 0, dst, fmt.Errorf("%w: a request to another node: %w", competition.ErrInternal, err)
	}
	return kind, body, nil
}

// takeRequest is the inverse of appendRequest; a query may have room for its answer.
// putRequest takes it back. Errors: competition.ErrDeploying for a kind that only a newer
// version knows, and competition.ErrInternal for what cannot be read.
func takeRequest(competitionID string, kind uint16, body []byte) (request any, err error) {
	k, err := kindNumbered(kind)
	if err != nil {
		return nil, err
	}
	if k.spares == nil {
		return k.parse(competitionID, k.newRequest(), body)
	}
	return k.parse(competitionID, k.spares.Get(), body)
}

// putRequest takes a request back after its answer was encoded: nobody uses either any
// more.
func putRequest(request, answer any) {
	q, ok := request.(boardQuery)
	if !ok {
		return
	}
	board, _ := answer.(competition.Board) // else the room was not used
	clear(board.Entries)                   // whose strings would stay in memory
	q.reset(board.Entries[:0])
	if _, k, err := kindOf(request); err == nil {
		k.spares.Put(request)
	}
}

func kindNumbered(kind uint16) (*wireKind, error) {
	k, ok := wireKinds[kind]
	if !ok {
		return nil, fmt.Errorf("%w: the competition's node does not know requests of kind %d yet", competition.ErrDeploying, kind)
	}
	return k, nil
}

// parse reads an empty request.
func (k *wireKind) parse(competitionID string, request any, body []byte) (any, error) {
	m := codec.Open(body)
	k.parseRequest(competitionID, request, &m)
	if err := m.Close(); err != nil {
		return nil, fmt.Errorf("%w: a request of another node: %w", competition.ErrInternal, err)
	}
	return request, nil
}

// maxAnswer is how many bytes of an answer cross: as many as a message of the link has.
// It is some 140,000 prizes, or 20 years of a user with 8 sources a day. A larger one is an
// error, which says so: the link would drop it, and the other node ask again.
const maxAnswer = 8 << 20

// appendAnswer appends the answer to a request, which is the error if there is one; the
// request may then be nil.
func appendAnswer(dst []byte, request, answer any, err error) []byte {
	begun := codec.Begin(dst)
	if err == nil {
		var k *wireKind
		if _, k, err = kindOf(request); err == nil {
			var body []byte
			body, err = k.appendAnswer(codec.AppendError(begun, nil), request, answer)
			if err == nil && len(body) > len(dst)+maxAnswer {
				err = fmt.Errorf("it has %d bytes, and at most %d cross", len(body)-len(dst), maxAnswer)
			}
			if err == nil {
				return body
			}
			err = fmt.Errorf("%w: an answer to another node: %w", competition.ErrInternal, err)
		}
	}
	return codec.AppendError(begun, err)
}

// parseAnswer returns the answer to a request. Those to a batchOfSyncs are in its items
// then, and those for a page in the request's room, if they fit: a request must not be
// asked again while its answer is used. An answer that cannot be read is a
// competition.ErrInternal.
func parseAnswer(request any, body []byte) (answer any, err error) {
	_, k, err := kindOf(request)
	if err != nil {
		return nil, err
	}
	m := codec.Open(body)
	if err = codec.ReadError(&m.Reader); err == nil && m.Err() == nil {
		answer = k.parseAnswer(request, &m)
	}
	if bad := m.Close(); bad != nil {
		return nil, unreadable(bad)
	}
	return answer, err
}

// repeatable reports whether a request may be sent again after its answer was lost.
func repeatable(request any) bool {
	_, k, err := kindOf(request)
	return err == nil && k.repeatable
}

// kindName returns what logs and metrics call a kind of requests.
func kindName(kind uint16) string {
	if k, ok := wireKinds[kind]; ok {
		return k.name
	}
	return "unknown"
}

// appendSync is appendRequest for a sync, whose kind is kindSync. It allocates nothing.
func appendSync(dst []byte, s *competition.SubmitSync) []byte {
	return codec.AppendSync(codec.Begin(dst), s)
}

// parseSync is the inverse of appendSync. It allocates only the strings.
func parseSync(body []byte, s *competition.SubmitSync) error {
	m := codec.Open(body)
	codec.ReadSync(&m.Reader, s)
	if err := m.Close(); err != nil {
		return fmt.Errorf("%w: a sync of another node: %w", competition.ErrInternal, err)
	}
	return nil
}

// appendSyncAnswer is appendAnswer for a sync.
func appendSyncAnswer(dst []byte, reply *competition.SyncReply, err error) []byte {
	dst = codec.AppendError(codec.Begin(dst), err)
	if err != nil {
		return dst
	}
	return codec.AppendSyncReply(dst, reply)
}

// parseSyncAnswer is parseAnswer for a sync. It allocates nothing, unless the answer is
// an error that wraps another.
func parseSyncAnswer(body []byte) (reply competition.SyncReply, err error) {
	m := codec.Open(body)
	if err = codec.ReadError(&m.Reader); err == nil && m.Err() == nil {
		reply = codec.ReadSyncReply(&m.Reader)
	}
	if bad := m.Close(); bad != nil {
		return competition.SyncReply{}, unreadable(bad)
	}
	return reply, err
}

func unreadable(err error) error {
	return fmt.Errorf("%w: the answer of another node cannot be read: %w", competition.ErrInternal, err)
}
