package http

import (
	"github.com/paceboard/paceboard/competition"
	"github.com/paceboard/paceboard/http/internal/decode"
)

// clientFrame is a frame from a client, checked.
type clientFrame struct {
	kind          string // ping, subscribe, unsubscribe or auth
	competitionID string
	limit         int
	since         uint64
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
	since, _ := data.Integer("since")
	f.since = uint64(since)
	return f, form.Err()
}
