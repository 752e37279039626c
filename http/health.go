package http

import (
	"slices"
	"strconv"
	"time"

	"github.com/valyala/fasthttp"

	"github.com/paceboard/paceboard/competition"
)

// getHealth answers 200 as long as the server can answer; status says how well it
// works.
func (s *Server) getHealth(c *call) error {
	health := s.engine.Health()
	c.replyFresh(fasthttp.StatusOK, append(s.appendHealth(c.out[:0], &health), '}'))
	return nil
}

// getLiveness answers 200 while the process runs.
func (s *Server) getLiveness(c *call) error {
	c.replyFresh(fasthttp.StatusOK, append(c.out[:0], `{"status":"alive"}`...))
	return nil
}

// getReadiness answers 200 while syncs can be taken.
func (s *Server) getReadiness(c *call) error {
	switch health := s.engine.Health(); {
	case health.Draining:
		return kindNotReady.with("the server is shutting down")
	case !health.Ready:
		return kindNotReady.with("the server is recovering or cannot make syncs durable now")
	}
	c.replyFresh(fasthttp.StatusOK, append(c.out[:0], `{"status":"ready"}`...))
	return nil
}

// getDetailedHealth is the whole state of health, for operators.
func (s *Server) getDetailedHealth(c *call) error {
	engine, err := s.permit(c, nil)
	if err != nil {
		return err
	}
	health := engine.Health()
	out := s.appendHealth(c.out[:0], &health)
	out = boolField(out, `,"ready":`, health.Ready)
	out = boolField(out, `,"draining":`, health.Draining)
	out = listField(out, `,"dependencies":`, slices.Concat(health.Dependencies, s.signIn()), appendDependency)
	out = intField(out, `,"active_competitions":`, health.Active)
	out = listField(out, `,"damaged_competitions":`, health.Damaged, textItem)
	out = listField(out, `,"lost_events_competitions":`, health.LostEvents, textItem)
	out = intField(out, `,"requests_in_flight":`, health.InFlight)
	out = intField(out, `,"journal_queued_events":`, health.QueuedEvents)
	out = textField(out, `,"build":{"version":`, s.build.Version)
	out = textField(out, `,"commit":`, s.build.Commit)
	c.replyFresh(fasthttp.StatusOK, append(textField(out, `,"go":`, s.build.Go), `}}`...))
	return nil
}

// appendHealth writes the public part, without the closing brace.
func (s *Server) appendHealth(dst []byte, h *competition.Health) []byte {
	wrong := degradedParts(h)
	for _, d := range s.signIn() {
		if !d.Healthy {
			wrong = append(wrong, d.Name)
		}
	}
	if s.readOnly.Load() != nil {
		wrong = append(wrong, "read_only")
	}
	status := "healthy"
	if len(wrong) > 0 {
		status = "degraded"
	}
	dst = wordField(dst, `{"status":"`, status)
	dst = textField(dst, `,"service":"paceboard","version":`, s.build.Version)
	if len(wrong) > 0 {
		dst = listField(dst, `,"degraded":`, wrong, textItem)
	}
	return dst
}

func appendDependency(dst []byte, d *competition.Dependency) []byte {
	dst = textField(dst, `{"name":`, d.Name)
	dst = boolField(dst, `,"healthy":`, d.Healthy)
	if d.Detail != "" {
		dst = textField(dst, `,"detail":`, d.Detail)
	}
	dst = strconv.AppendFloat(append(dst, `,"latency_ms":`...), inMillis(d.Latency), 'f', 3, 64)
	if d.Follows {
		dst = strconv.AppendFloat(append(dst, `,"lag_ms":`...), inMillis(d.Lag), 'f', 3, 64)
	}
	return append(dst, '}')
}

func inMillis(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

// signInPart is what /health calls the checking of tokens.
const signInPart = "sign_in"

// signIn returns the project as a dependency; none without a project. Readiness does
// not depend on it: known keys go on to work, and so does the secret.
func (s *Server) signIn() []competition.Dependency {
	if s.projectKeys == nil {
		return nil
	}
	took, err := s.projectKeys.Health()
	return []competition.Dependency{competition.NewDependency(signInPart, took, err)}
}

// degradedParts returns the names of the parts that do not work as they should.
func degradedParts(h *competition.Health) (parts []string) {
	for _, d := range h.Dependencies {
		if !d.Healthy {
			parts = append(parts, d.Name)
		}
	}
	if len(h.Damaged) > 0 {
		parts = append(parts, "competitions")
	}
	if len(h.LostEvents) > 0 {
		parts = append(parts, "lost_events")
	}
	switch {
	case h.Draining:
		parts = append(parts, "shutdown")
	case !h.Ready && len(parts) == 0:
		parts = append(parts, "recovery")
	}
	return parts
}
