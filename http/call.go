package http

import (
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/gofiber/fiber/v2"
	"github.com/valyala/fasthttp"

	"github.com/paceboard/paceboard/competition"
	"github.com/paceboard/paceboard/http/internal/auth"
	"github.com/paceboard/paceboard/http/internal/decode"
	"github.com/paceboard/paceboard/internal/tracing"
)

// call is one request of a route. Calls are reused: nothing of one may be kept.
type call struct {
	*fasthttp.RequestCtx

	fiber *fiber.Ctx // nil where a shortcut led here
	last  string     // the parameter at the path's end, then; lies in the request's buffer
	route *route
	who   *auth.Identity // nil on public routes
	out   []byte         // the reply as it is being written
	page  []byte         // the reply, with header fields of its own, if it is ready made
	made  string         // the id of the webhook that was made
	named string         // the user whom the body named instead of the caller
	paid  int            // units
	erase erasure        // what became of it, if a person's erasure was begun
	span  *tracing.Span  // nil if the request is not traced

	form decode.Sync
	sync competition.SubmitSync
}

// maxKeptReply is how large a reply's buffer may be to be used again.
const maxKeptReply = 64 << 10

// query returns the request's query, which lies in the request's buffer.
func (c *call) query() decode.Query { return decode.NewQuery(decode.View(c.URI().QueryString())) }

// parameter returns a parameter of the path, as it was sent. It lies in the request's
// buffer.
func (c *call) parameter(name string) string {
	if c.fiber == nil {
		return c.last // the only one that there may be: see shortcut
	}
	return c.fiber.Params(name)
}

// competitionID returns the competition of the path, copied.
func (c *call) competitionID() (string, error) {
	id, err := c.competitionInPath()
	return strings.Clone(id), err
}

// competitionInPath is competitionID without the copy: it lies in the request's buffer.
func (c *call) competitionInPath() (string, error) {
	id, ok := decode.Unescape(c.parameter("competition_id"), false)
	if !ok || !competition.ValidID(id) {
		return "", kindInvalidRequest.listing([]competition.FieldError{{Field: "competition_id", Detail: decode.BadCompetitionID}})
	}
	return id, nil
}

// userID returns the user of the path, copied.
func (c *call) userID() (string, error) {
	id, ok := decode.Unescape(c.parameter("user_id"), false)
	if !ok || !competition.ValidUserID(id) {
		return "", kindInvalidRequest.listing([]competition.FieldError{{Field: "user_id", Detail: decode.BadUserID}})
	}
	return strings.Clone(id), nil
}

// userIDOf returns the user that a request is about: the one named, or the caller. A
// service key must name one.
func (c *call) userIDOf(named []byte) (string, error) {
	caller := c.who.Caller.UserID
	switch {
	case len(named) == 0 && caller == "":
		return "", kindInvalidRequest.listing([]competition.FieldError{{Field: "user_id", Detail: "is required: a service key does not act for a user"}})
	case len(named) == 0 || string(named) == caller:
		return caller, nil
	}
	c.named = string(named)
	return c.named, nil
}

// ownData is an error if the caller is neither the user nor an operator.
func (c *call) ownData(userID string) error {
	if userID != c.who.Caller.UserID && !c.who.Caller.Operator {
		return kindForbidden.with("user_id differs from the token's user, and the caller is not an operator")
	}
	return nil
}

// nameOf returns the token's name if the token is the user's.
func (c *call) nameOf(userID string) string {
	if userID != c.who.Caller.UserID {
		return ""
	}
	return c.who.Name
}

// optionalForm reads a body that may be missing.
func (c *call) optionalForm() (*decode.Form, error) {
	if body := c.Request.Body(); len(body) > 0 {
		return decode.ReadForm(body)
	}
	return decode.NewForm(nil), nil
}

// reply answers with JSON, which is copied.
func (c *call) reply(status int, body []byte) {
	c.SetStatusCode(status)
	c.Response.Header.SetContentTypeBytes(valueJSON)
	c.SetBody(body)
}

// replyFresh answers with JSON that no cache may keep, and keeps the buffer.
func (c *call) replyFresh(status int, out []byte) {
	c.out = out
	c.Response.Header.SetCanonical(headerCacheControl, valueNoStore)
	c.reply(status, out)
}

// replyOne answers with one thing, as appendTo writes it, unless err says why there
// is none.
func replyOne[T any](c *call, err error, status int, it *T, appendTo func(dst []byte, it *T) []byte) error {
	if err == nil {
		c.replyFresh(status, append(appendTo(append(c.out[:0], envelope...), it), envelopeEnd))
	}
	return err
}

// replyList answers with a page of a list, each element as one writes it, and
// the cursor of the next page, which is empty at the end; unless err says why there
// is none.
func replyList[T any](c *call, err error, name string, list []T, one func(dst []byte, element *T) []byte, cursor string) error {
	if err == nil {
		c.replyListPage(appendListPage(c.out[:0], name, list, one, cursor))
	}
	return err
}

// replyValue answers with the JSON of a value, where speed does not matter.
func (c *call) replyValue(status int, value any) error {
	data, err := json.Marshal(value)
	if err != nil {
		return err
	}
	c.out = append(append(append(c.out[:0], envelope...), data...), envelopeEnd)
	c.reply(status, c.out)
	return nil
}

// appendListPage begins the reply of replyList, to which other members may be added.
func appendListPage[T any](dst []byte, name string, list []T, one func(dst []byte, element *T) []byte, cursor string) []byte {
	dst = append(append(append(append(dst, envelope...), `{"`...), name...), `":`...)
	dst = listField(dst, "", list, one)
	if cursor != "" {
		dst = wordField(dst, `,"next_cursor":"`, cursor)
	}
	return dst
}

// replyListPage ends what appendListPage began.
func (c *call) replyListPage(page []byte) {
	c.replyFresh(fasthttp.StatusOK, append(page, '}', envelopeEnd))
}
