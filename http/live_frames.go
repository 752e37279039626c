package http

import (
	fws "github.com/fasthttp/websocket"

	"github.com/paceboard/paceboard/competition"
	"github.com/paceboard/paceboard/competition/calendar"
	"github.com/paceboard/paceboard/http/internal/auth"
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
	return append(wordField(dst, `{"type":`, frameType), `,"data":`...)
}

// endFrame closes what beginFrame opened.
func endFrame(dst []byte, now calendar.Millis) []byte {
	return append(appendTime(append(dst, `,"timestamp":`...), now), '}')
}

func appendConnected(dst []byte, competitionID string, version uint64, limit int, now calendar.Millis) []byte {
	dst = wordField(beginFrame(dst, "connected"), `{"competition_id":`, competitionID)
	dst = intField(dst, `,"version":`, version)
	dst = intField(dst, `,"limit":`, limit)
	dst = intField(dst, `,"limits":{"max_subscriptions":`, maxSubscriptions)
	dst = intField(dst, `,"max_frame_bytes":`, maxFrameBytes)
	dst = intField(dst, `,"updates_per_second":`, updatesPerSecond)
	return endFrame(append(dst, `}}`...), now)
}

// appendBoardUpdate writes the whole board, cut to limit.
func appendBoardUpdate(dst []byte, b *competition.Board, limit int, now calendar.Millis) []byte {
	window := *b
	window.Entries = b.Entries[:min(limit, len(b.Entries))]
	return endFrame(appendBoard(beginFrame(dst, "leaderboard_update"), &window), now)
}

func appendScoreUpdate(dst []byte, competitionID string, d *competition.Delta, now calendar.Millis) []byte {
	dst = wordField(beginFrame(dst, "score_update"), `{"competition_id":`, competitionID)
	dst = intField(dst, `,"version":`, d.Version)
	dst = intField(dst, `,"previous_version":`, d.PreviousVersion)
	dst = listField(dst, `,"changes":`, d.Changes, func(dst []byte, e *competition.Entry) []byte { return appendEntry(dst, competitionID, e) })
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
	dst = wordField(dst, `{"competition_id":`, s.CompetitionID)
	dst = textField(dst, `,"user_id":`, s.UserID)
	return endFrame(append(dst, `,"removed":true}`...), now)
}

// statusFrameOf is a board's status, with the prizes once it is settled.
func statusFrameOf(b *competition.Board, now calendar.Millis) []byte {
	dst := wordField(beginFrame(nil, "status"), `{"competition_id":`, b.CompetitionID)
	dst = wordField(dst, `,"status":`, b.Status.String())
	if b.Status == competition.Settled {
		dst = listField(dst, `,"prizes":`, b.Prizes, appendPrize)
	}
	return endFrame(append(dst, '}'), now)
}

func appendPong(dst []byte, now calendar.Millis) []byte {
	return endFrame(append(beginFrame(dst, "pong"), `{}`...), now)
}

// appendAuthenticated answers a token that was accepted.
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
