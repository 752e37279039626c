package http

import (
	"maps"
	"slices"

	"github.com/valyala/fasthttp"

	"github.com/paceboard/paceboard/competition"
	"github.com/paceboard/paceboard/http/internal/decode"
)

const (
	maxReadOnlyMessage     = 500
	defaultReadOnlyMessage = "changes are not taken for now; reading goes on"
)

// getServer shows what can be changed while this server runs.
func (s *Server) getServer(c *call) error {
	engine, err := s.permit(c, nil)
	if err != nil {
		return err
	}
	return c.replyValue(fasthttp.StatusOK, s.shownServer(engine))
}

// shownServer is the state of this server as operators see it.
type shownServer struct {
	ReadOnly    bool              `json:"read_only"`
	Message     string            `json:"message,omitzero"`
	Draining    bool              `json:"draining"`
	Connections int               `json:"live_connections"`
	Settings    map[string]string `json:"settings"`
}

func (s *Server) shownServer(engine Engine) shownServer {
	shown := shownServer{Draining: engine.Health().Draining, Connections: int(s.live.count()), Settings: s.process.Settings()}
	if mode := s.readOnly.Load(); mode != nil {
		shown.ReadOnly, shown.Message = true, mode.message
	}
	return shown
}

// changeServer changes settings of this server, and whether it is read-only.
func (s *Server) changeServer(c *call) error {
	f, err := decode.ReadForm(c.Request.Body())
	if err != nil {
		return err
	}
	mode := s.readOnly.Load()
	if on, given := f.Bool("read_only"); given {
		mode = nil
		if on {
			mode = &readOnly{defaultReadOnlyMessage}
		}
	}
	if message, given := f.Text("message"); given {
		switch {
		case mode == nil:
			f.Refuse("message", "is shown while the server is read-only; send read_only as well")
		case message == "" || !competition.ValidText(message, maxReadOnlyMessage):
			f.Refuse("message", "must be 1 to 500 characters without control characters")
		default:
			mode = &readOnly{message}
		}
	}
	settings := f.Texts("settings")
	engine, err := s.permit(c, f.Err())
	if err != nil {
		return err
	}
	if err := s.process.ChangeSettings(settings); err != nil {
		return err
	}
	s.readOnly.Store(mode)
	s.log.Info("an operator has changed the server", "actor", c.who.Actor().String(), "settings", slices.Sorted(maps.Keys(settings)), "read_only", mode != nil)
	return c.replyValue(fasthttp.StatusOK, s.shownServer(engine))
}

// drainServer begins an orderly stop of the process.
func (s *Server) drainServer(c *call) error {
	engine, err := s.permit(c, nil)
	if err != nil {
		return err
	}
	s.process.Drain()
	shown := s.shownServer(engine)
	shown.Draining = true
	return c.replyValue(fasthttp.StatusOK, shown)
}
