package http

import (
	"strings"
	"time"

	fws "github.com/fasthttp/websocket"

	"github.com/paceboard/paceboard/competition"
	"github.com/paceboard/paceboard/competition/calendar"
	"github.com/paceboard/paceboard/http/internal/auth"
	"github.com/paceboard/paceboard/http/internal/decode"
)

// The frames of the live protocol: {"type","data","timestamp"}, each written by
// one function here. Frames that are the same for all subscribers are written once, see
// sharedFrame.

// The limits that the connected frame tells.
const (
	maxFrameBytes     = 4 << 10
	maxSubscriptions  = 50
	updatesPerSecond  = 10
	defaultLiveWindow = 100
)

// beginFrame opens a frame up to its data.
func beginFrame(dst []byte, frameType string) []byte {
	return append(wordField(dst, `{"type":"`, frameType), `,"data":`...)
}

// endFrame closes what beginFrame opened.
func endFrame(dst []byte, now calendar.Millis) []byte {
	return append(appendTime(append(dst, `,"timestamp":`...), now), '}')
}

func appendConnected(dst []byte, competitionID string, b *competition.Board, limit int, now calendar.Millis) []byte {
	dst = wordField(beginFrame(dst, "connected"), `{"competition_id":"`, competitionID)
	dst = intField(dst, `,"version":`, b.Version)
	dst = append(b.Epoch.Append(append(dst, `,"epoch":"`...)), '"')
	dst = intField(dst, `,"limit":`, limit)
	dst = intField(dst, `,"limits":{"max_subscriptions":`, maxSubscriptions)
	dst = intField(dst, `,"max_frame_bytes":`, maxFrameBytes)
	dst = intField(dst, `,"updates_per_second":`, updatesPerSecond)
	return endFrame(append(dst, `}}`...), now)
}

// appendBoardUpdate writes a board, each of its entries as one writes it.
func appendBoardUpdate(dst []byte, b *competition.Board, one entryWriter, now calendar.Millis) []byte {
	return endFrame(appendBoard(beginFrame(dst, "leaderboard_update"), b, one), now)
}

func appendScoreUpdate(dst []byte, competitionID string, d *competition.Delta, one entryWriter, now calendar.Millis) []byte {
	dst = wordField(beginFrame(dst, "score_update"), `{"competition_id":"`, competitionID)
	dst = intField(dst, `,"version":`, d.Version)
	dst = intField(dst, `,"previous_version":`, d.PreviousVersion)
	dst = listField(dst, `,"changes":`, d.Changes, func(dst []byte, e *competition.Entry) []byte { return one(dst, competitionID, e) })
	dst = listField(dst, `,"removed":`, d.Removed, textItem)
	dst = intField(dst, `,"total_count":`, d.Total)
	dst = timeField(dst, `,"updated_at":`, d.UpdatedAt)
	return endFrame(append(dst, '}'), now)
}

func appendStanding(dst []byte, s *competition.Subscription, standing *competition.Standing, now calendar.Millis) []byte {
	dst = beginFrame(dst, "standing")
	if standing.OnBoard {
		return endFrame(appendEntry(dst, s.CompetitionID, &standing.Entry), now)
	}
	dst = wordField(dst, `{"competition_id":"`, s.CompetitionID)
	dst = textField(dst, `,"user_id":`, s.UserID)
	return endFrame(append(dst, `,"removed":true}`...), now)
}

// statusFrameOf is a board's status, with the prizes once it is settled.
func statusFrameOf(b *competition.Board, now calendar.Millis) []byte {
	dst := wordField(beginFrame(nil, "status"), `{"competition_id":"`, b.CompetitionID)
	dst = wordField(dst, `,"status":"`, b.Status.String())
	if b.Status == competition.Settled {
		dst = listField(dst, `,"prizes":`, b.SettledPrizes(), appendSettledPrize)
	}
	return endFrame(append(dst, '}'), now)
}

func appendPong(dst []byte, now calendar.Millis) []byte {
	return endFrame(append(beginFrame(dst, "pong"), `{}`...), now)
}

func appendAuthenticated(dst []byte, id *auth.Identity, now calendar.Millis) []byte {
	dst = append(beginFrame(dst, "authenticated"), '{')
	if at, ends := id.EndsAt(); ends {
		dst = appendTime(append(dst, `"expires_at":`...), at)
	}
	return endFrame(append(dst, '}'), now)
}

// appendError writes a problem, of one competition if competitionID says which.
func appendError(dst []byte, competitionID string, p *problem, now calendar.Millis) []byte {
	dst = appendProblem(beginFrame(dst, "error"), p)
	if competitionID != "" {
		dst = append(textField(dst[:len(dst)-1], `,"competition_id":`, competitionID), '}')
	}
	return endFrame(dst, now)
}

// sharedFrame is a frame for many clients, with its WebSocket framing made once.
type sharedFrame struct {
	bytes    []byte
	prepared *fws.PreparedMessage
}

func newSharedFrame(b []byte) *sharedFrame {
	prepared, _ := fws.NewPreparedMessage(fws.TextMessage, b) // fails for control frames alone
	return &sharedFrame{bytes: b, prepared: prepared}
}

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

// clientFrame is a frame from a client, checked.
type clientFrame struct {
	kind          string // ping, subscribe, unsubscribe or auth
	competitionID string
	limit         int
	since         competition.BoardVersion
	token         string
	problem       *problem // what is wrong with it; then the other fields do not count
}

// parseClientFrame reads {"type","data"}; it does not keep message.
func parseClientFrame(message []byte) clientFrame {
	f, err := readClientFrame(message)
	if err != nil {
		f.problem, _ = problemOf(err)
	}
	return f
}

func readClientFrame(message []byte) (f clientFrame, err error) {
	form, err := decode.ReadForm(message)
	if err != nil {
		return f, err
	}
	f.kind, _ = form.Text("type")
	switch f.kind {
	case "ping":
		return f, form.Err()
	case "subscribe", "unsubscribe", "auth":
	default:
		form.Refuse("type", "must be ping, subscribe, unsubscribe or auth")
		return f, form.Err()
	}
	data, ok := form.Object("data")
	if !ok {
		form.Refuse("data", "must be an object")
		return f, form.Err()
	}
	if f.kind == "auth" {
		if f.token, ok = data.Text("token"); !ok {
			data.Refuse("token", "must be a token")
		}
		return f, form.Err()
	}
	if f.competitionID, ok = data.Text("competition_id"); !ok || !competition.ValidID(f.competitionID) {
		data.Refuse("competition_id", "must be the id of a competition")
		f.competitionID = ""
	}
	f.limit = defaultLiveWindow
	if limit, given := data.Integer("limit"); given {
		if f.limit = int(limit); !validWindow(f.limit) {
			data.Refuse("limit", "must be 10, 25, 50 or 100")
		}
	}
	f.since = data.BoardVersion("since")
	return f, form.Err()
}

// closedByOperator tells a client that its connection was ended by itself.
var closedByOperator = closing{closeGoingAway, "an operator has closed the connection; reconnect with since"}
