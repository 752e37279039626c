package http

import (
	"strings"
	"time"

	fws "github.com/fasthttp/websocket"
)

// Close codes of the live protocol, beside those of RFC 6455, section 7.4.1.
const (
	closeGoingAway       = fws.CloseGoingAway               // 1001: the server stops; reconnect with since
	closeUnsupported     = fws.CloseUnsupportedData         // 1003: a binary message
	closeInvalidData     = fws.CloseInvalidFramePayloadData // 1007: text that is not UTF-8
	closeBadToken        = fws.ClosePolicyViolation         // 1008: bad, expired or withdrawn token
	closeTooFast         = fws.ClosePolicyViolation         // 1008: far more frames than a client needs
	closeTryAgain        = fws.CloseTryAgainLater           // 1013: the competition cannot be read now
	closeBadRequest      = 4400                             // limit or since cannot be accepted
	closePrivate         = 4403
	closeUnknown         = 4404
	writeDeadline        = 10 * time.Second // a client that takes nothing for so long is gone
	pingEvery            = 30 * time.Second
	readDeadline         = 75 * time.Second // two pings missed
	closeGrace           = time.Second      // for a client to close its side, after the server has closed its own
	maxWaitingForWriting = 8                // answers to a client's own frames
)

// closing is why a socket is closed.
type closing struct {
	code   int
	reason string
}

// shortReason cuts a reason to what fits a control frame: 125 bytes (RFC 6455,
// section 5.5), two of which are the code. It stays UTF-8, or browsers would not see
// the code either.
func shortReason(reason string) string {
	if len(reason) <= 123 {
		return reason
	}
	return strings.ToValidUTF8(reason[:120], "") + "…"
}
