package benchmarks

import (
	"bufio"
	"context"
	"encoding/binary"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/valyala/fasthttp/fasthttputil"

	"github.com/paceboard/paceboard/actors"
	"github.com/paceboard/paceboard/competition"
	"github.com/paceboard/paceboard/competition/calendar"
	pbhttp "github.com/paceboard/paceboard/http"
	"github.com/paceboard/paceboard/internal/token"
	"github.com/paceboard/paceboard/persistence/embedded"
)

var subscribers = flag.Int("subscribers", 10_000, "how many subscribers BenchmarkSubscriberMemory connects; 100000 is what the goal speaks of")

const (
	goalBytesEach = 40 << 10
	secret        = "a secret of the benchmarks, 32 bytes" // it guards nothing
)

// BenchmarkSubscriberMemory connects many WebSocket subscribers over in-memory
// connections, and tells what each takes of heap and stacks while a board of
// 1,000 rests. The connections' other ends are in it too, since they are in this
// process.
//
//	go test -run '^$' -bench SubscriberMemory -benchtime 1x ./benchmarks -subscribers 100000
func BenchmarkSubscriberMemory(b *testing.B) {
	engine := newEngine(b)
	server := pbhttp.New(pbhttp.Options{Engine: engine, Secrets: [][]byte{[]byte(secret)}, MaxConnections: *subscribers + 100})
	listener := fasthttputil.NewInmemoryListener()
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }() // ends with Shutdown
	b.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute) //nolint:usetesting // the benchmark's own ends before its cleanups
		defer cancel()
		require.NoError(b, server.Shutdown(ctx))
		require.NoError(b, <-served)
	})
	for b.Loop() {
		conns := make([]net.Conn, *subscribers)
		before := inUse()
		for i := range conns {
			conns[i] = subscribe(b, listener, i)
		}
		each := (inUse() - before) / int64(len(conns))
		b.ReportMetric(float64(each), "B/subscriber")
		b.ReportMetric(float64(runtime.NumGoroutine())/float64(len(conns)), "goroutines/subscriber")
		for _, conn := range conns {
			require.NoError(b, conn.Close())
		}
		require.LessOrEqual(b, each, int64(goalBytesEach))
	}
}

// newEngine has a competition with 1,000 participants.
func newEngine(b *testing.B) *actors.Engine {
	b.Helper()
	store, err := embedded.Open(b.Context(), embedded.Options{Dir: b.TempDir(), BallastBytes: -1})
	require.NoError(b, err)
	b.Cleanup(func() { require.NoError(b, store.Close()) })
	engine, err := actors.New(actors.Options{Store: store})
	require.NoError(b, err)
	b.Cleanup(func() { require.NoError(b, engine.Close(context.Background())) }) //nolint:usetesting // as above
	now := time.Now()
	d := competition.Definition{
		ID: "live", Name: "Live", Start: calendar.MillisOf(now.AddDate(0, 0, -3)), End: calendar.MillisOf(now.AddDate(0, 0, 3)),
		Currency: "EUR", Scoring: competition.Weights{Step: 1000}, PrizeSplit: []int64{60_000, 30_000, 10_000},
		DailyLimits: competition.DefaultDailyLimits, LateSyncHours: competition.DefaultLateSyncHours,
	}
	d.Complete()
	operator := competition.Caller{UserID: "operator", Operator: true}
	_, _, err = engine.Create(&competition.CreateCompetition{Caller: operator, Definition: d})
	require.NoError(b, err)
	for i := range 1_000 {
		_, err := engine.Join("live", &competition.JoinCompetition{Caller: operator, UserID: userID(i), UserName: fmt.Sprintf("User %d", i)})
		require.NoError(b, err)
	}
	return engine
}

func userID(i int) string { return fmt.Sprintf("user-%06d", i) }

// inUse is what heap and stacks hold after a collection.
func inUse() int64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.GC() // what pools held is gone after the second
	runtime.ReadMemStats(&m)
	return int64(m.HeapInuse + m.StackInuse)
}

// subscribe opens one subscription and reads its greeting and its first board.
func subscribe(b *testing.B, listener *fasthttputil.InmemoryListener, i int) net.Conn {
	b.Helper()
	bearer, err := token.User{ID: userID(i)}.Sign([]byte(secret))
	require.NoError(b, err)
	conn, err := listener.Dial()
	require.NoError(b, err)
	_, err = fmt.Fprintf(conn, "GET /ws/leaderboard/live?limit=10 HTTP/1.1\r\nHost: paceboard.test\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"+
		"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: bearer.%s\r\n\r\n", bearer)
	require.NoError(b, err)
	in := bufio.NewReader(conn)
	response, err := http.ReadResponse(in, nil)
	require.NoError(b, err)
	require.NoError(b, response.Body.Close())
	require.Equal(b, http.StatusSwitchingProtocols, response.StatusCode)
	for !strings.HasPrefix(readFrame(b, in), `{"type":"leaderboard_update"`) {
		continue
	}
	return conn
}

// readFrame reads an unmasked text frame of RFC 6455, section 5.2.
func readFrame(b *testing.B, in *bufio.Reader) string {
	b.Helper()
	head := make([]byte, 2)
	_, err := io.ReadFull(in, head)
	require.NoError(b, err)
	size := int(head[1] & 0x7F)
	if size == 126 {
		_, err := io.ReadFull(in, head)
		require.NoError(b, err)
		size = int(binary.BigEndian.Uint16(head))
	}
	require.Less(b, size, 64<<10)
	payload := make([]byte, size)
	_, err = io.ReadFull(in, payload)
	require.NoError(b, err)
	return string(payload)
}
