package http

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/valyala/fasthttp"
)

// TestAnswersOfAllSizesAreWhole: those that are gathered and those that are not,
// one after the other on one connection, to requests that wait and to those that
// do not.
func TestAnswersOfAllSizesAreWhole(t *testing.T) {
	s := newBench(t)
	var sizes []int
	for size := 1; size < 10_000; size += 97 {
		sizes = append(sizes, size)
	}
	for size := 3_000; size < 4_200; size++ { // around the buffer
		sizes = append(sizes, size)
	}
	sizes = append(sizes, 64<<10, 1<<20)
	text := bytes.Repeat([]byte("0123456789abcdef"), 1<<16)
	s.fiber = func(ctx *fasthttp.RequestCtx) {
		size, err := strconv.Atoi(string(ctx.Path()[1:]))
		if err == nil {
			ctx.Response.SetBodyRaw(text[:size])
		}
	}
	conn := tcp(t, listening(t, s))
	reader := bufio.NewReader(conn)
	ask := func(method string, size int) {
		_, err := fmt.Fprintf(conn, "%s /%d HTTP/1.1\r\nHost: x\r\n\r\n", method, size)
		require.NoError(t, err)
	}
	read := func(method string, size int) {
		response, err := http.ReadResponse(reader, &http.Request{Method: method})
		require.NoError(t, err)
		require.EqualValues(t, size, response.ContentLength)
		body, err := io.ReadAll(response.Body)
		require.NoError(t, err)
		require.NoError(t, response.Body.Close())
		if method == "GET" {
			require.True(t, bytes.Equal(text[:size], body), "%d bytes", size)
		}
	}
	for i, size := range sizes {
		method := []string{"GET", "GET", "HEAD"}[i%3]
		ask(method, size)
		read(method, size)
	}
	for _, size := range sizes[:200] {
		ask("GET", size)
	}
	for _, size := range sizes[:200] {
		read("GET", size)
	}
	require.NoError(t, s.Shutdown(context.WithoutCancel(t.Context())))
}
