package http

import (
	"strconv"

	fws "github.com/fasthttp/websocket"

	"github.com/paceboard/paceboard/competition"
	"github.com/paceboard/paceboard/http/internal/auth"
)

// The frames of the live protocol: {"type","data","timestamp"}, each written by
// one function here. What all subscribers are sent alike is written once, see
// sharedFrame.

// frameLimits are the server's limits as the connected frame tells them.
const (
	maxFrameBytes     = 4 << 10
	maxSubscriptions  = 50
	updatesPerSecond  = 10
	defaultLiveWindow = 100
)

// beginFrame opens a frame up to its data.
func beginFrame(dst []byte, frameType string) []byte {
	dst = append(dst, `{"type":"`...)
	dst = append(dst, frameType...)
	return append(dst, `","data":`...)
}

// endFrame closes what beginFrame opened.
func endFrame(dst []byte, now competition.Millis) []byte {
	dst = append(dst, `,"timestamp":`...)
	return append(appendTime(dst, now), '}')
}

func appendConnected(dst []byte, competitionID string, version uint64, limit int, now competition.Millis) []byte {
	dst = beginFrame(dst, "connected")
	dst = append(dst, `{"competition_id":"`...)
	dst = append(dst, competitionID...)
	dst = append(dst, `","version":`...)
	dst = strconv.AppendUint(dst, version, 10)
	dst = append(dst, `,"limit":`...)
	dst = strconv.AppendInt(dst, int64(limit), 10)
	dst = append(dst, `,"limits":{"max_subscriptions":`...)
	dst = strconv.AppendInt(dst, maxSubscriptions, 10)
	dst = append(dst, `,"max_frame_bytes":`...)
	dst = strconv.AppendInt(dst, maxFrameBytes, 10)
	dst = append(dst, `,"updates_per_second":`...)
	dst = strconv.AppendInt(dst, updatesPerSecond, 10)
	return endFrame(append(dst, `}}`...), now)
}

// appendBoardUpdate writes the whole board, cut to limit.
func appendBoardUpdate(dst []byte, b *competition.Board, limit int, now competition.Millis) []byte {
	window := *b
	window.Entries = b.Entries[:min(limit, len(b.Entries))]
	return endFrame(appendBoard(beginFrame(dst, "leaderboard_update"), &window), now)
}

func appendScoreUpdate(dst []byte, competitionID string, d *competition.Delta, now competition.Millis) []byte {
	dst = beginFrame(dst, "score_update")
	dst = append(dst, `{"competition_id":"`...)
	dst = append(dst, competitionID...)
	dst = append(dst, `","version":`...)
	dst = strconv.AppendUint(dst, d.Version, 10)
	dst = append(dst, `,"previous_version":`...)
	dst = strconv.AppendUint(dst, d.PreviousVersion, 10)
	dst = append(dst, `,"changes":[`...)
	for i := range d.Changes {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = appendEntry(dst, competitionID, &d.Changes[i])
	}
	dst = append(dst, `],"removed":[`...)
	for i, userID := range d.Removed {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = appendString(dst, userID)
	}
	dst = append(dst, `],"total_count":`...)
	dst = strconv.AppendInt(dst, int64(d.Total), 10)
	dst = appendTimeField(dst, `,"updated_at":`, d.UpdatedAt)
	return endFrame(append(dst, '}'), now)
}

func appendStanding(dst []byte, s *competition.Subscription, standing *competition.Standing, now competition.Millis) []byte {
	dst = beginFrame(dst, "standing")
	if standing.OnBoard {
		return endFrame(appendEntry(dst, s.CompetitionID, &standing.Entry), now)
	}
	dst = append(dst, `{"competition_id":"`...)
	dst = append(dst, s.CompetitionID...)
	dst = append(dst, `","user_id":`...)
	dst = appendString(dst, s.UserID)
	return endFrame(append(dst, `,"removed":true}`...), now)
}

// statusFrameOf is a board's status, with the prizes once it is settled.
func statusFrameOf(b *competition.Board, now competition.Millis) []byte {
	dst := beginFrame(nil, "status")
	dst = append(dst, `{"competition_id":"`...)
	dst = append(dst, b.CompetitionID...)
	dst = append(dst, `","status":"`...)
	dst = append(append(dst, b.Status.String()...), '"')
	if b.Status == competition.Settled {
		dst = appendPrizes(append(dst, `,"prizes":`...), b.Prizes)
	}
	return endFrame(append(dst, '}'), now)
}

func appendPong(dst []byte, now competition.Millis) []byte {
	return endFrame(append(beginFrame(dst, "pong"), `{}`...), now)
}

// appendAuthenticated answers a token that was taken.
func appendAuthenticated(dst []byte, id *auth.Identity, now competition.Millis) []byte {
	dst = append(beginFrame(dst, "authenticated"), '{')
	if at, ends := id.EndsAt(); ends {
		dst = appendTime(append(dst, `"expires_at":`...), at)
	}
	return endFrame(append(dst, '}'), now)
}

// appendError writes a problem, of one competition if competitionID says which.
func appendError(dst []byte, competitionID string, p *problem, now competition.Millis) []byte {
	dst = appendProblem(beginFrame(dst, "error"), p)
	if competitionID != "" {
		dst = append(dst[:len(dst)-1], `,"competition_id":`...)
		dst = append(appendString(dst, competitionID), '}')
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
