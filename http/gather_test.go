package http

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"testing"
	"time"

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
	conn := tcp(t, listen(t, s))
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

// TestABodyFollowsTheHeaderFields: and nothing else.
func TestABodyFollowsTheHeaderFields(t *testing.T) {
	lean, other := leanPair(t)
	conn, ok := lean.(*leanConn)
	require.True(t, ok)
	arrives := func(want string) {
		got := make([]byte, len(want))
		_, err := io.ReadFull(other, got)
		require.NoError(t, err)
		require.Equal(t, want, string(got))
	}
	write := func(text string) {
		n, err := io.WriteString(lean, text)
		require.NoError(t, err)
		require.Equal(t, len(text), n)
	}
	conn.follow([]byte("body"), false)
	write("HTTP/1.1 200 OK\r\nA: ")
	arrives("HTTP/1.1 200 OK\r\nA: ")
	write("b\r\n\r\n")
	arrives("b\r\n\r\nbody")
	require.Nil(t, conn.next, "nothing is kept")
	write("HTTP/1.1 200 OK\r\n\r\n")
	arrives("HTTP/1.1 200 OK\r\n\r\n")

	conn.follow([]byte("C: d\r\n\r\nbody"), true)
	write("HTTP/1.1 200 OK\r\nA: b\r\n\r\n")
	arrives("HTTP/1.1 200 OK\r\nA: b\r\nC: d\r\n\r\nbody")

	conn.follow([]byte("body"), false)
	require.NoError(t, conn.Close())
	n, err := io.WriteString(lean, "HTTP/1.1 200 OK\r\n\r\n")
	require.ErrorIs(t, err, net.ErrClosed)
	require.Zero(t, n)
	require.Nil(t, conn.next)
}

// TestABodyThatIsTakenSlowlyIsWhole: the connection takes a part at a time, and
// timers go off before the deadline.
func TestABodyThatIsTakenSlowlyIsWhole(t *testing.T) {
	lean, other := leanPair(t)
	conn, ok := lean.(*leanConn)
	require.True(t, ok)
	body := bytes.Repeat([]byte("0123456789abcdef"), 1<<20)
	require.NoError(t, lean.SetWriteDeadline(time.Now().Add(20*time.Millisecond)))
	require.NoError(t, lean.SetWriteDeadline(time.Now().Add(time.Minute)), "the timer stays")
	armed := conn.writeBy.armed.Load()
	const head = "HTTP/1.1 200 OK\r\n\r\n"
	conn.follow(body, false)
	done := make(chan error, 1)
	go func() {
		_, err := io.WriteString(lean, head)
		done <- err
	}()
	require.Eventually(t, func() bool { return conn.writeBy.armed.Load() != armed }, 10*time.Second, time.Millisecond, "it went off, and was moved")
	got := make([]byte, len(head)+len(body))
	_, err := io.ReadFull(other, got)
	require.NoError(t, err)
	require.NoError(t, <-done)
	require.True(t, bytes.Equal(append([]byte(head), body...), got))
}
