package http

import (
	"strings"

	fws "github.com/fasthttp/websocket"
	"github.com/gofiber/contrib/websocket"
	"github.com/gofiber/fiber/v2"

	"github.com/paceboard/paceboard/competition"
	"github.com/paceboard/paceboard/http/internal/auth"
	"github.com/paceboard/paceboard/http/internal/decode"
)

// tokenProtocol begins the subprotocol by which a browser passes a token to a
// WebSocket: access logs do not hold it.
const tokenProtocol = "bearer."

// handshakeKey is the user value in which the upgrade request passes its handshake to
// the socket.
const handshakeKey = "handshake"

// newUpgrader makes the handler that turns a request into a socket. Compression
// stays off: the library's read limit counts compressed bytes.
func (s *Server) newUpgrader() fiber.Handler {
	return websocket.New(func(conn *websocket.Conn) {
		if h, ok := conn.Locals(handshakeKey).(*handshake); ok {
			s.serveSocket(conn, h)
		}
	}, websocket.Config{
		ReadBufferSize: 1 << 10, WriteBufferSize: 4 << 10,
		RecoverHandler: func(*websocket.Conn) { s.survive(recover()) },
	})
}

// openSocket upgrades to the live protocol. A foreign Origin is refused by HTTP;
// for every other refusal the upgrade is accepted and the socket closed with a code,
// since browsers show pages no HTTP status.
func (s *Server) openSocket(c *call) error {
	if fromMachine(c.RequestCtx) {
		return errNotOnMachine
	}
	if !fws.FastHTTPIsWebSocketUpgrade(c.RequestCtx) {
		q := c.query()
		if _, err := s.liveIdentity(c, &q); err != nil {
			return err
		}
		c.Response.Header.Set("Upgrade", "websocket")
		return kindUpgrade.with("this address only supports WebSocket; see /docs for Server-Sent Events")
	}
	if !s.origins.admitsSocket(c.RequestCtx) {
		return kindForbidden.with("the Origin is not in ALLOWED_ORIGINS")
	}
	h := s.readHandshake(c)
	c.SetUserValue(handshakeKey, h)
	if err := s.upgrade(c.fiber); err != nil {
		return kindBadRequest.with("the WebSocket handshake is not complete")
	}
	return nil
}

// readHandshake reads the upgrade request; an error becomes its refusal.
func (s *Server) readHandshake(c *call) *handshake {
	h := &handshake{}
	refuse := func(err error) *handshake {
		s.refuseLive(err)
		refusal := closingFor(err)
		h.refusal = &refusal
		return h
	}
	q := c.query()
	token, _ := q.Text("token")
	for offer := range strings.SplitSeq(string(c.Request.Header.Peek("Sec-WebSocket-Protocol")), ",") {
		offer = strings.TrimSpace(offer)
		if rest, ok := strings.CutPrefix(offer, tokenProtocol); ok {
			token = rest
			// Browsers require that one of their offers is chosen.
			c.Response.Header.Set("Sec-WebSocket-Protocol", offer)
		}
	}
	if token == "" {
		return refuse(s.auth.Missing("send the token as subprotocol bearer.<token> or as token="))
	}
	var err error
	if h.identity, err = s.identify(c.RequestCtx, []byte(token)); err != nil {
		return refuse(err)
	}
	if err := mayUse(c.route, h.identity); err != nil {
		return refuse(err)
	}
	h.bucket = s.bucketOf(c.RequestCtx, h.identity)
	if err := s.payRequest(c.RequestCtx, h.identity, 1); err != nil {
		return refuse(err)
	}
	if h.competitionID, err = c.competitionID(); err != nil {
		return refuse(competition.ErrUnknownCompetition)
	}
	if err := shows(h.identity, h.competitionID); err != nil {
		return refuse(err)
	}
	if h.limit, h.since, err = readWindow(&q); err != nil {
		return refuse(err)
	}
	return h
}

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
	if fromMachine(c.RequestCtx) {
		return machine, nil
	}
	var identity *auth.Identity
	var err error
	if len(c.Request.Header.PeekCanonical(headerAuthorization)) > 0 {
		identity, err = s.bearer(c.RequestCtx)
	} else if token, given := q.Text("token"); given {
		identity, err = s.identify(c.RequestCtx, []byte(token))
	} else {
		err = s.auth.Missing("send the token as Authorization: Bearer <token> or as token=")
	}
	if err == nil {
		err = mayUse(c.route, identity)
	}
	return identity, err
}

// readWindow reads how much of a board the client wants, and which version it has.
func readWindow(q *decode.Query) (limit int, since competition.BoardVersion, err error) {
	limit = q.Integer("limit", 1, decode.MaxLimit, defaultLiveWindow)
	if !validWindow(limit) {
		q.Refuse("limit", "must be 10, 25, 50 or 100")
	}
	since = q.BoardVersion("since")
	return limit, since, q.Err()
}
