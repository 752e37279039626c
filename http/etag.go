package http

import (
	"bytes"

	"github.com/valyala/fasthttp"
)

// unchanged sets the ETag. If the client has that representation already it answers
// 304 and returns true.
func unchanged(ctx *fasthttp.RequestCtx, etag []byte) bool {
	ctx.Response.Header.SetCanonical(headerETag, etag)
	known := ctx.Request.Header.PeekCanonical(headerIfNoneMatch)
	if len(known) == 0 || !matches(known, etag) {
		return false
	}
	ctx.SetStatusCode(fasthttp.StatusNotModified)
	return true
}

// matches reports whether an If-None-Match lists a tag; weak ones are compared
// like strong ones (RFC 9110, section 13.1.2).
func matches(list, etag []byte) bool {
	for len(list) > 0 {
		list = bytes.TrimLeft(list, " \t,")
		if len(list) > 0 && list[0] == '*' {
			return true
		}
		list = bytes.TrimPrefix(list, []byte("W/"))
		if bytes.HasPrefix(list, etag) {
			return true
		}
		// Skip this tag: commas may stand inside its quotes.
		if len(list) == 0 || list[0] != '"' {
			return false
		}
		end := bytes.IndexByte(list[1:], '"')
		if end < 0 {
			return false
		}
		list = list[end+2:]
	}
	return false
}
