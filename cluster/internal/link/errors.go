package link

import (
	"errors"
	"fmt"
)

// What an ask ends with when there is no answer. One of the first two always applies: it says whether
// the request may have been carried out.
var (
	// ErrNotSent: the request was certainly not carried out, and never will be. It may go elsewhere.
	ErrNotSent = errors.New("link: not sent")
	// ErrLost: the request may have been carried out, or may still be; nobody will say.
	ErrLost = errors.New("link: answer lost")
)

// The reasons that a caller may want to know. Each is an ErrNotSent or an ErrLost.
var (
	// ErrOverloaded: as much is in flight as the limits allow, here or at the peer.
	ErrOverloaded = fmt.Errorf("%w: overloaded", ErrNotSent)
	// ErrUnsupported: the peer does not know the kind, or the version, of the request.
	ErrUnsupported = fmt.Errorf("%w: unsupported by the peer", ErrNotSent)
	// ErrTooLarge: the message exceeds the limit on a message's size.
	ErrTooLarge = fmt.Errorf("%w: too large", ErrNotSent)
	// ErrClosed: this node is stopping, or the peer was declared gone.
	ErrClosed = fmt.Errorf("%w: link closed", ErrNotSent)
	// ErrInternal: the peer's handler panicked.
	ErrInternal = fmt.Errorf("%w: internal error of the peer", ErrLost)
	// ErrAnswerDropped: the peer has answered, but the answer was too large, or too much was waiting to be sent here.
	ErrAnswerDropped = fmt.Errorf("%w: answer dropped by the peer", ErrLost)
)

var (
	errExpired    = fmt.Errorf("%w: the deadline passed first", ErrNotSent)
	errUnanswered = fmt.Errorf("%w: no answer by the deadline", ErrLost)
	errDown       = fmt.Errorf("%w: no connection to the peer", ErrNotSent)
	errConnect    = fmt.Errorf("%w: connecting failed", ErrNotSent)
	errBroken     = fmt.Errorf("%w: the connection broke", ErrLost)
	errGone       = fmt.Errorf("%w: link closed", ErrLost)
)

// errMalformed is what decoding a frame fails with: the stream that it came on is ended.
var errMalformed = errors.New("malformed frame")

// Status is what an answer says of its request.
type Status byte

// The statuses that a handler may refuse a request with, besides [StatusOK], which is an answer.
const (
	StatusOK          Status = iota
	StatusUnsupported        // the kind or version is unknown; nothing was done
	StatusOverloaded         // nothing was done
	StatusInternal           // something failed that should not; anything may have been done
	StatusDropped            // it was answered, but the answer cannot be sent
)

// err is the error that the asker gets; nil for an answer. A status that this version does not know
// proves nothing.
func (s Status) err() error {
	switch s {
	case StatusOK:
		return nil
	case StatusUnsupported:
		return ErrUnsupported
	case StatusOverloaded:
		return ErrOverloaded
	case StatusInternal:
		return ErrInternal
	case StatusDropped:
		return ErrAnswerDropped
	default:
		return ErrLost
	}
}
