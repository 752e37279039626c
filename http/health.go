package http

import (
	"slices"
	"strconv"
	"time"

	"github.com/valyala/fasthttp"

	"github.com/paceboard/paceboard/competition"
)

// getHealth answers 200 as long as the server can serve at all; the word says
// how well.
func (s *Server) getHealth(c *call) error {
	health := s.engine.Health()
	c.out = append(s.appendHealth(c.out[:0], &health), '}')
	c.Response.Header.SetCanonical(headerCacheControl, valueNoStore)
	c.reply(fasthttp.StatusOK, c.out)
	return nil
}

// getLiveness answers 200 while the process runs.
func (s *Server) getLiveness(c *call) error {
	c.Response.Header.SetCanonical(headerCacheControl, valueNoStore)
	c.reply(fasthttp.StatusOK, []byte(`{"status":"alive"}`))
	return nil
}

// getReadiness answers 200 while syncs can be taken.
func (s *Server) getReadiness(c *call) error {
	switch health := s.engine.Health(); {
	case health.Draining:
		return kindNotReady.with("the server is shutting down")
	case !health.Ready:
		return kindNotReady.with("the server is recovering, or cannot make syncs durable now")
	}
	c.Response.Header.SetCanonical(headerCacheControl, valueNoStore)
	c.reply(fasthttp.StatusOK, []byte(`{"status":"ready"}`))
	return nil
}

// getDetailedHealth tells operators all there is.
func (s *Server) getDetailedHealth(c *call) error {
	engine, err := s.permit(c)
	if err != nil {
		return err
	}
	health := engine.Health()
	out := s.appendHealth(c.out[:0], &health)
	out = append(out, `,"ready":`...)
	out = strconv.AppendBool(out, health.Ready)
	out = append(out, `,"draining":`...)
	out = strconv.AppendBool(out, health.Draining)
	out = append(out, `,"dependencies":[`...)
	for i, d := range slices.Concat(health.Dependencies, s.signIn()) {
		if i > 0 {
			out = append(out, ',')
		}
		out = append(out, `{"name":`...)
		out = appendString(out, d.Name)
		out = append(out, `,"healthy":`...)
		out = strconv.AppendBool(out, d.Healthy)
		if d.Detail != "" {
			out = append(out, `,"detail":`...)
			out = appendString(out, d.Detail)
		}
		out = append(out, `,"latency_ms":`...)
		out = strconv.AppendFloat(out, inMillis(d.Latency), 'f', 3, 64)
		if d.Follows {
			out = strconv.AppendFloat(append(out, `,"lag_ms":`...), inMillis(d.Lag), 'f', 3, 64)
		}
		out = append(out, '}')
	}
	out = append(out, `],"active_competitions":`...)
	out = strconv.AppendInt(out, int64(health.Active), 10)
	out = append(out, `,"damaged_competitions":[`...)
	for i, id := range health.Damaged {
		if i > 0 {
			out = append(out, ',')
		}
		out = appendString(out, id)
	}
	out = append(out, `],"requests_in_flight":`...)
	out = strconv.AppendInt(out, int64(health.InFlight), 10)
	out = append(out, `,"journal_queued_events":`...)
	out = strconv.AppendInt(out, int64(health.QueuedEvents), 10)
	out = append(out, `,"build":{"version":`...)
	out = appendString(out, s.build.Version)
	out = append(out, `,"commit":`...)
	out = appendString(out, s.build.Commit)
	out = append(out, `,"go":`...)
	out = append(appendString(out, s.build.Go), `}}`...)
	c.out = out
	c.Response.Header.SetCanonical(headerCacheControl, valueNoStore)
	c.reply(fasthttp.StatusOK, out)
	return nil
}

// appendHealth writes what everybody may know, without the closing brace.
func (s *Server) appendHealth(dst []byte, h *competition.Health) []byte {
	wrong := troubles(h)
	for _, d := range s.signIn() {
		if !d.Healthy {
			wrong = append(wrong, d.Name)
		}
	}
	status := "healthy"
	if len(wrong) > 0 {
		status = "degraded"
	}
	dst = append(dst, `{"status":"`...)
	dst = append(dst, status...)
	dst = append(dst, `","service":"paceboard","version":`...)
	dst = appendString(dst, s.build.Version)
	for i, part := range wrong {
		dst = append(dst, [...]string{`,"degraded":[`, `,`}[min(i, 1)]...)
		dst = appendString(dst, part)
	}
	if len(wrong) > 0 {
		dst = append(dst, ']')
	}
	return dst
}

func inMillis(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

// signInPart is what /health calls the checking of tokens.
const signInPart = "sign_in"

// signIn is the project as a dependency; none where there is no project. Readiness
// does not depend on it: known keys go on, and so does the secret.
func (s *Server) signIn() []competition.Dependency {
	if s.projectKeys == nil {
		return nil
	}
	took, err := s.projectKeys.Health()
	return []competition.Dependency{competition.NewDependency(signInPart, took, err)}
}

// troubles names the parts that are not as they should be.
func troubles(h *competition.Health) (parts []string) {
	for _, d := range h.Dependencies {
		if !d.Healthy {
			parts = append(parts, d.Name)
		}
	}
	if len(h.Damaged) > 0 {
		parts = append(parts, "competitions")
	}
	switch {
	case h.Draining:
		parts = append(parts, "shutdown")
	case !h.Ready && len(parts) == 0:
		parts = append(parts, "recovery")
	}
	return parts
}
