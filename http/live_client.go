package http

import (
	"errors"

	"github.com/paceboard/paceboard/competition"
)

// clientFrame is a frame from a client, checked.
type clientFrame struct {
	kind          string // ping, subscribe, unsubscribe or auth
	competitionID string
	limit         int
	since         uint64
	token         string
	problem       *problem // what is wrong with it; the rest does not count then
}

// parseClientFrame reads {"type","data"}; it keeps nothing of message.
func parseClientFrame(message []byte) clientFrame {
	f, err := readClientFrame(message)
	if err != nil && !errors.As(err, &f.problem) {
		f.problem = kindInvalidRequest.with(err.Error())
	}
	return f
}

func readClientFrame(message []byte) (f clientFrame, err error) {
	form, err := readForm(message)
	if err != nil {
		return f, err
	}
	f.kind, _ = form.text("type")
	switch f.kind {
	case "ping":
		return f, form.err()
	case "subscribe", "unsubscribe", "auth":
	default:
		form.refuse("type", "must be ping, subscribe, unsubscribe or auth")
		return f, form.err()
	}
	data, ok := form.object("data")
	if !ok {
		form.refuse("data", "must be an object")
		return f, form.err()
	}
	if f.kind == "auth" {
		if f.token, ok = data.text("token"); !ok {
			data.refuse("token", "must be a token")
		}
		return f, form.err()
	}
	if f.competitionID, ok = data.text("competition_id"); !ok || !competition.ValidID(f.competitionID) {
		data.refuse("competition_id", "must be the id of a competition")
		f.competitionID = ""
	}
	f.limit = defaultLiveWindow
	if limit, given := data.integer("limit"); given {
		if f.limit = int(limit); !validWindow(f.limit) {
			data.refuse("limit", "must be 10, 25, 50 or 100")
		}
	}
	since, _ := data.integer("since")
	f.since = uint64(since)
	return f, form.err()
}
