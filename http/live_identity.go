package http

import (
	"github.com/paceboard/paceboard/http/internal/auth"
	"github.com/paceboard/paceboard/http/internal/decode"
)

// ended returns why a live client must end; see [auth.Authenticator.Recheck]. It is nil
// while the client may stay; then an alarm that went off is set again.
func (s *Server) ended(id *auth.Identity, expiry *alarm) error {
	due := expiry.due.Load()
	err := s.auth.Recheck(id, due)
	if err == nil && due {
		expiry.reset(s.auth.RecheckIn(id))
	}
	return err
}

// liveIdentity takes the token from the header, or from the query, since
// EventSource sends no headers.
func (s *Server) liveIdentity(c *call, q *decode.Query) (*auth.Identity, error) {
	var identity *auth.Identity
	var err error
	if header := c.Request.Header.PeekCanonical(headerAuthorization); len(header) > 0 {
		identity, err = s.auth.Bearer(header)
	} else if token, given := q.Text("token"); given {
		identity, err = s.auth.Token([]byte(token))
	} else {
		err = s.auth.Missing("send the token as Authorization: Bearer <token> or as token=")
	}
	switch {
	case err != nil:
		return nil, err
	case !identity.May(c.route.scope):
		return nil, errScope
	}
	return identity, nil
}

// readWindow reads how much of a board the client wants, and which version it has.
func readWindow(q *decode.Query) (limit int, since uint64, err error) {
	limit = q.Integer("limit", 1, decode.MaxLimit, defaultLiveWindow)
	if !validWindow(limit) {
		q.Refuse("limit", "must be 10, 25, 50 or 100")
	}
	since = uint64(q.Integer("since", 0, decode.MaxInteger, 0))
	return limit, since, q.Err()
}
