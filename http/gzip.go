package http

import (
	"bytes"
	"compress/gzip"
	"strconv"
	"sync"

	"github.com/valyala/fasthttp"
)

// What many clients get alike is compressed for those that take gzip, once for all of
// them: files of the page, and the top of a board. An answer that has a secret beside
// what its client has sent is never compressed: its length would tell something about
// the secret (BREACH).

// zipFrom is how many bytes an answer has that is worth to be compressed.
const zipFrom = 1 << 10

// zip compresses a body that is kept as long as the server runs. fasthttp's own
// functions leave goroutines behind.
func zip(body []byte) []byte {
	w, _ := gzip.NewWriterLevel(nil, gzip.BestCompression) // fails for unknown levels alone
	return zipBy(w, body)
}

// zippers compress what is soon outdated. One is a megabyte, which takes longer to make
// than to use.
var zippers = sync.Pool{New: func() any {
	w, _ := gzip.NewWriterLevel(nil, gzip.BestSpeed)
	return w
}}

// zipQuickly compresses a body.
func zipQuickly(body []byte) []byte {
	w, _ := zippers.Get().(*gzip.Writer)
	defer zippers.Put(w)
	return zipBy(w, body)
}

func zipBy(w *gzip.Writer, body []byte) []byte {
	zipped := bytes.NewBuffer(make([]byte, 0, len(body)/8))
	w.Reset(zipped)
	_, _ = w.Write(body) // no more than a buffer fails
	_ = w.Close()
	return zipped.Bytes()
}

var valueAcceptEncoding = []byte(fasthttp.HeaderAcceptEncoding)

// takesGzip reports whether the client of a request takes gzip.
func takesGzip(ctx *fasthttp.RequestCtx) bool {
	return acceptsGzip(ctx.Request.Header.PeekCanonical(valueAcceptEncoding))
}

// acceptsGzip reports whether an Accept-Encoding lists gzip, or everything, with a weight
// above 0 (RFC 9110, section 12.5.3).
func acceptsGzip(accepted []byte) bool {
	all := false
	for part := range bytes.SplitSeq(accepted, []byte(",")) {
		coding, weight, _ := bytes.Cut(part, []byte(";"))
		name, value, weighed := bytes.Cut(bytes.TrimSpace(weight), []byte("="))
		takes := true
		if weighed && bytes.EqualFold(bytes.TrimSpace(name), []byte("q")) {
			q, err := strconv.ParseFloat(string(bytes.TrimSpace(value)), 64)
			takes = err == nil && q > 0
		}
		switch coding = bytes.TrimSpace(coding); {
		case bytes.EqualFold(coding, []byte("gzip")):
			return takes
		case string(coding) == "*":
			all = takes
		}
	}
	return all
}
