package http

import (
	"errors"

	"github.com/paceboard/paceboard/competition"
)

// transport is how a live client is connected.
type transport uint8

const (
	overWebSocket transport = iota
	overEvents
	transports
)

// String returns the transport as metrics have it.
func (t transport) String() string { return [...]string{"websocket", "event_stream"}[t] }

// ending is why a live client ended, as metrics have it.
type ending uint8

const (
	clientLeft   ending = iota // or its connection broke, or its frame was broken
	clientSlow                 // it took nothing for writeDeadline, or its connection broke while something was sent
	serverStops                // or moves its clients to other nodes
	tokenEnded                 // expired or withdrawn, or cannot be checked
	rightLost                  // to the last board that it watched
	boardMoved                 // and its node cannot be reached
	sentTooFast                // far more frames than a client needs
	sentNonsense               // binary frames, or no UTF-8
	notServed                  // it was admitted, but the board cannot be watched
	closedByHand               // by an operator
	failed                     // the server
	endings
)

// String returns the reason as metrics have it.
func (e ending) String() string {
	return [...]string{"client_left", "write_failed", "server_stopping", "token_ended", "right_lost", "board_moved", "too_fast", "bad_frame", "not_served", "closed_by_operator", "server_failed"}[e]
}

// endingOf returns what ended a client by an error of sending what is new.
func endingOf(err error) ending {
	switch {
	case errors.Is(err, competition.ErrForbidden):
		return rightLost
	case errors.Is(err, errBoardMoved):
		return boardMoved
	}
	return clientSlow
}

// ending returns what ended a socket that was asked to close.
func (c closing) ending() ending {
	switch c.code {
	case 0:
		return clientLeft
	case closeGoingAway:
		if c == closedByOperator {
			return closedByHand
		}
	case closeTooFast:
		return sentTooFast
	case closeUnsupported, closeInvalidData:
		return sentNonsense
	}
	return serverStops
}
