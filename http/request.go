package http

import (
	"bytes"
	"slices"

	"github.com/gofiber/fiber/v2"
	"github.com/valyala/fasthttp"

	"github.com/paceboard/paceboard/http/internal/decode"
	"github.com/paceboard/paceboard/http/internal/listen"
)

// isHTTP1 is an error unless the request is of a version that this server speaks, and
// its length is unambiguous: a proxy in front may have read another one (RFC 9112,
// section 6.3). fasthttp accepts Content-Length beside Transfer-Encoding, and the
// obsolete coding identity.
func isHTTP1(header *fasthttp.RequestHeader) error {
	if !header.IsHTTP11() && string(header.Protocol()) != "HTTP/1.0" {
		return kindBadRequest.with("the HTTP version must be 1.1 or 1.0")
	}
	length := header.ContentLength()
	if length > 0 && !header.ConnectionClose() || length == chunked && !header.ConnectionClose() {
		return nil // fasthttp marks the other kind as the last of its connection
	}
	var hasLength, hasCoding bool
	for rest := header.RawHeaders(); len(rest) > 0; {
		end := len(rest)
		if newline := bytes.IndexByte(rest, '\n'); newline >= 0 {
			end = newline + 1
		}
		line := rest[:end]
		rest = rest[end:]
		if line[0]|0x20 != 'c' && line[0]|0x20 != 't' {
			continue
		}
		name, value, _ := bytes.Cut(line, []byte(":"))
		hasLength = hasLength || bytes.EqualFold(name, []byte("Content-Length"))
		if bytes.EqualFold(name, []byte("Transfer-Encoding")) {
			hasCoding = true
			if !bytes.EqualFold(bytes.TrimSpace(value), []byte("chunked")) {
				return kindBadRequest.with("the only supported Transfer-Encoding is chunked")
			}
		}
	}
	if hasLength && hasCoding {
		return kindBadRequest.with("a request must not have both Content-Length and Transfer-Encoding")
	}
	return nil
}

// chunked is fasthttp's length of a body that is sent in chunks.
const chunked = -1

// isKnown reports whether a method is one that this server knows.
func isKnown(method []byte) bool { return slices.Contains(knownMethods, decode.View(method)) }

// knownMethods are the methods that may fit a path; all others are answered with 405.
var knownMethods = []string{
	fiber.MethodGet, fiber.MethodHead, fiber.MethodPost, fiber.MethodPut,
	fiber.MethodPatch, fiber.MethodDelete, fiber.MethodOptions,
}

// maxHeaderBytes is how large the request line and the header fields may be
// together; a token takes 300 to 3,000 of them.
const maxHeaderBytes = listen.ReadAhead

// pathOf returns the path of a request's target, which may be a whole URI (RFC 9112,
// section 3.2), as Fiber compares it with the routes: without a slash at its end.
func pathOf(target []byte) []byte {
	if len(target) > 0 && target[0] != '/' {
		if _, rest, found := bytes.Cut(target, []byte("://")); found {
			target = rest[max(bytes.IndexAny(rest, "/?"), 0):]
		}
	}
	path, _, _ := bytes.Cut(target, []byte("?"))
	if n := len(path); n > 1 && path[n-1] == '/' {
		path = path[:n-1]
	}
	return path
}

var apiPrefix = []byte("/api/")

func isUnderAPI(header *fasthttp.RequestHeader) bool {
	return bytes.HasPrefix(header.RequestURI(), apiPrefix) || bytes.HasPrefix(pathOf(header.RequestURI()), apiPrefix)
}

// isHealth reports whether a path is one of the server's health.
func isHealth(path []byte) bool {
	return string(path) == "/health" || bytes.HasPrefix(path, []byte("/health/"))
}

// admitForm checks the encoding, the type and the size of a body.
func admitForm(header *fasthttp.RequestHeader, hasBody, tooLarge bool) error {
	if len(header.ContentEncoding()) > 0 {
		return kindEncoding.with("send the body as it is, without Content-Encoding")
	}
	if hasBody && !header.IsGet() && !header.IsHead() && !isJSON(header.ContentType()) {
		return kindMediaType.with("send Content-Type: application/json, or no Content-Type")
	}
	if tooLarge {
		return errTooLarge
	}
	return nil
}

var errTooLarge = kindTooLarge.with("a batch may be up to 1 MiB, any other body up to 16 KiB")

// isJSON reports whether a Content-Type is JSON's, whatever its parameters: JSON
// is UTF-8 (RFC 8259, section 8.1), and the media type defines none. Having no
// Content-Type is fine.
func isJSON(contentType []byte) bool {
	const media = "application/json"
	if len(contentType) == 0 || string(contentType) == media {
		return true
	}
	name, _, _ := bytes.Cut(contentType, []byte(";"))
	return bytes.EqualFold(bytes.TrimSpace(name), []byte(media))
}

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
