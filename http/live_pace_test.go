package http

import (
	"net"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/paceboard/paceboard/http/internal/listen"
)

// flood writes the same frame until the server ends the connection, and returns
// how many frames it took.
func flood(t *testing.T, r *rawSocket, f []byte) (sent int) {
	t.Helper()
	const many = 64
	chunk := make([]byte, 0, many*len(f))
	for range many {
		chunk = append(chunk, f...)
	}
	go func() { // what is answered must not hold the flood up
		buffer := make([]byte, 1<<16)
		for err := error(nil); err == nil; {
			_, err = r.in.Read(buffer)
		}
		_ = r.conn.Close()
	}()
	began := time.Now()
	for time.Since(began) < 10*time.Second {
		if _, err := r.conn.Write(chunk); err != nil {
			return sent
		}
		sent += many
	}
	require.Fail(t, "the server takes everything")
	return sent
}

// TestASocketThatFloodsIsClosed: with whatever kind of frame, pings and empty
// fragments among them.
func TestASocketThatFloodsIsClosed(t *testing.T) {
	for rule, c := range map[string][]byte{
		"pings of the protocol": frameBytes(0x80|opText, []byte(ping(0))),
		"no JSON":               frameBytes(0x80|opText, []byte("x")),
		"pings of WebSocket":    frameBytes(0x80|opPing, nil),
		"pongs of WebSocket":    frameBytes(0x80|opPong, nil),
		"empty fragments":       frameBytes(opContinuation, nil),
	} {
		t.Run(rule, func(t *testing.T) {
			t.Parallel()
			b := newLiveServer(t, func(o *Options) { o.RateLimits.User, o.RateLimits.Burst = 10, 20 })
			r := b.watching(t, "")
			if rule == "empty fragments" {
				_, err := r.conn.Write(frameBytes(opText, nil))
				require.NoError(t, err)
			}
			flood(t, r, c)
		})
	}
}

// TestTheCloseCodeOfAFlood: 1008, after as many frames as may be.
func TestTheCloseCodeOfAFlood(t *testing.T) {
	b := newLiveServer(t, func(o *Options) { o.RateLimits.User, o.RateLimits.Burst = 10, 20 })
	r := b.watching(t, "")
	r.expect("leaderboard_update")
	for range 10*paceFactor + 1 {
		_, err := r.conn.Write(frameBytes(0x80|opPing, nil))
		require.NoError(t, err)
	}
	require.Equal(t, "far too many frames within a second", r.refusedWith(1008))
}

// TestFramesOverTheRateAreNotParsed: they are counted before it is known what they
// are, so that all of them get the same answer.
func TestFramesOverTheRateAreNotParsed(t *testing.T) {
	b := newLiveServer(t, func(o *Options) { o.RateLimits.User, o.RateLimits.Burst = 1, 2 })
	r := b.watching(t, "")
	r.expect("leaderboard_update")
	r.text(ping(0))
	require.Equal(t, "pong", r.message().Type)
	for _, text := range []string{"no JSON", `{"type":"subscribe","data":{"competition_id":"spring"}}`, ping(0)} {
		r.text(text)
		m := r.message()
		require.Equal(t, "rate_limited", m.Data["code"], text)
		require.NotContains(t, m.Data, "competition_id")
	}
}

// TestWithoutARateAnythingGoes: whoever lifts the limits has lifted them.
func TestWithoutARateAnythingGoes(t *testing.T) {
	b := newLiveServer(t)
	r := b.watching(t, "")
	r.expect("leaderboard_update")
	for range 2_000 {
		r.text(ping(0))
		require.Equal(t, "pong", r.message().Type)
	}
}

// TestThePaceHasSeconds: what is spread over time is no flood.
func TestThePaceHasSeconds(t *testing.T) {
	exceeded := 0
	p := newFramePace(1, func() { exceeded++ })
	for range 5 {
		for range paceFactor {
			require.NoError(t, p.frame())
		}
		p.second = p.second.Add(-time.Second)
	}
	require.Zero(t, exceeded)
	for range paceFactor {
		require.NoError(t, p.frame())
	}
	require.ErrorIs(t, p.frame(), errTooFast)
	require.Equal(t, 1, exceeded)

	client, server := net.Pipe()
	defer client.Close()
	defer server.Close()
	metered := &listen.Conn{Conn: server}
	p = newFramePace(1, func() { exceeded++ })
	end := p.watch(metered)
	go func() { _, _ = client.Write(make([]byte, p.bytes+2)) }()
	read := func(n int) error {
		for buffer := make([]byte, 4096); n > 0; {
			got, err := metered.Read(buffer[:min(n, len(buffer))])
			if err != nil {
				return err
			}
			n -= got
		}
		return nil
	}
	require.NoError(t, read(p.bytes))
	require.ErrorIs(t, read(1), errTooFast)
	end()
	require.NoError(t, read(1))
}
