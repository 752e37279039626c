package http

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"testing"
	"time"

	"github.com/gofiber/fiber/v2"
	"github.com/stretchr/testify/require"
	"github.com/valyala/fasthttp"

	"github.com/paceboard/paceboard/competition"
	"github.com/paceboard/paceboard/http/internal/auth/authtest"
	"github.com/paceboard/paceboard/http/internal/decode"
	"github.com/paceboard/paceboard/http/internal/listen"
)

const hotBody = `{"user_id":"8c0f5f9e-9c1a-4f53-9a3e-0b6a51f0c001","competition_id":"spring","steps":10000,"distance":8000.25,"calories":500,"active_minutes":60,"source":"google_fit","date":"2026-05-01T00:00:00Z","recorded_at":"2026-05-01T18:03:00Z"}`

// endless is a connection on which the same request comes n times, and which
// forgets what is answered.
type endless struct {
	net.Conn

	request []byte
	left    int
	rest    []byte
}

func (c *endless) Read(p []byte) (int, error) {
	if len(c.rest) == 0 {
		if c.left == 0 {
			return 0, io.EOF
		}
		c.left--
		c.rest = c.request
	}
	n := copy(p, c.rest)
	c.rest = c.rest[n:]
	return n, nil
}

var _ listen.Following = (*endless)(nil) // or it would be sent other answers than clients are

func (*endless) Takes() bool                      { return true }
func (*endless) Follow([]byte, bool)              {}
func (*endless) Write(p []byte) (int, error)      { return len(p), nil }
func (*endless) Close() error                     { return nil }
func (*endless) SetDeadline(time.Time) error      { return nil }
func (*endless) SetReadDeadline(time.Time) error  { return nil }
func (*endless) SetWriteDeadline(time.Time) error { return nil }
func (*endless) LocalAddr() net.Addr              { return &net.TCPAddr{} }
func (*endless) RemoteAddr() net.Addr             { return &net.TCPAddr{} }

// serve runs b.N requests through a server's whole HTTP stack but the sockets.
func serve(b *testing.B, server *fasthttp.Server, request []byte) {
	b.Helper()
	b.ReportAllocs()
	b.SetBytes(int64(len(request)))
	conn := &endless{request: request, left: 1}
	require.NoError(b, server.ServeConn(conn)) // warm
	conn.left = b.N
	b.ResetTimer()
	if err := server.ServeConn(conn); err != nil {
		b.Fatal(err)
	}
}

func rawRequest(method, target, token, body string) []byte {
	request := fmt.Sprintf("%s %s HTTP/1.1\r\nHost: localhost:8081\r\nAuthorization: Bearer %s\r\nContent-Type: application/json\r\n", method, target, token)
	if body != "" {
		request += fmt.Sprintf("Content-Length: %d\r\n", len(body))
	}
	return []byte(request + "\r\n" + body)
}

// The front-end limit: Fiber answering the same POST with a constant.
func BenchmarkEmptyFiberHandler(b *testing.B) {
	app := fiber.New(fiber.Config{DisableStartupMessage: true})
	answer := []byte(`{"success":true,"data":{"competition_id":"spring","user_id":"8c0f5f9e-9c1a-4f53-9a3e-0b6a51f0c001","score":10000,"rank":2,"total_count":3,"changed":true}}`)
	app.Post("/api/v1/fitness/sync", func(c *fiber.Ctx) error { return c.Send(answer) })
	app.Handler()
	serve(b, app.Server(), rawRequest("POST", "/api/v1/fitness/sync", authtest.User(b, "8c0f5f9e-9c1a-4f53-9a3e-0b6a51f0c001"), hotBody))
}

func BenchmarkSync(b *testing.B) {
	bench := quietBench(b)
	serve(b, bench.app.Server(), rawRequest("POST", "/api/v1/fitness/sync", authtest.User(b, "8c0f5f9e-9c1a-4f53-9a3e-0b6a51f0c001"), hotBody))
}

// The same bytes from a constant handler are the limit of BenchmarkTop100.
func BenchmarkTop100AsConstant(b *testing.B) {
	top := encodeTop(&board100().Board, appendEntry)
	app := fiber.New(fiber.Config{DisableStartupMessage: true})
	app.Get("/api/v1/leaderboard/:competition_id", func(c *fiber.Ctx) error {
		c.Context().Response.SetBodyRaw(top.body)
		return nil
	})
	app.Handler()
	serve(b, app.Server(), rawRequest("GET", "/api/v1/leaderboard/spring?limit=100", authtest.User(b, "u1"), ""))
}

func BenchmarkTop100(b *testing.B) {
	bench := quietBench(b)
	serve(b, bench.app.Server(), rawRequest("GET", "/api/v1/leaderboard/spring?limit=100", authtest.User(b, "u1"), ""))
}

func BenchmarkTop25(b *testing.B) {
	bench := quietBench(b)
	serve(b, bench.app.Server(), rawRequest("GET", "/api/v1/leaderboard/spring?limit=25", authtest.User(b, "u1"), ""))
}

// What a client that takes gzip pays.
func BenchmarkTop100Compressed(b *testing.B) {
	bench := quietBench(b)
	request := bytes.Replace(rawRequest("GET", "/api/v1/leaderboard/spring?limit=100", authtest.User(b, "u1"), ""),
		[]byte("Host:"), []byte("Accept-Encoding: gzip\r\nHost:"), 1)
	serve(b, bench.app.Server(), request)
}

// What the first of them pays for all, for each version of a board.
func BenchmarkCompressATop(b *testing.B) {
	top := encodeTop(&board100().Board, appendEntry)
	b.SetBytes(int64(len(top.body)))
	b.ReportAllocs()
	for b.Loop() {
		zipQuickly(top.body)
	}
}

func BenchmarkEncodeATop(b *testing.B) {
	board := board100()
	b.ReportAllocs()
	for b.Loop() {
		encodeTop(&board.Board, appendEntry)
	}
}

func BenchmarkTop100NotModified(b *testing.B) {
	bench := quietBench(b)
	request := bytes.Replace(rawRequest("GET", "/api/v1/leaderboard/spring?limit=100", authtest.User(b, "u1"), ""),
		[]byte("Host:"), []byte("If-None-Match: \"7-100\"\r\nHost:"), 1)
	serve(b, bench.app.Server(), request)
}

func BenchmarkBatchOf100(b *testing.B) {
	bench := quietBench(b)
	body := `{"syncs":[` + hotBody
	for range 99 {
		body += "," + hotBody
	}
	serve(b, bench.app.Server(), rawRequest("POST", "/api/v1/fitness/sync/batch", authtest.User(b, "8c0f5f9e-9c1a-4f53-9a3e-0b6a51f0c001"), body+"]}"))
}

func BenchmarkReadSync(b *testing.B) {
	var s decode.Sync
	b.Run("quick", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if decode.ReadSync([]byte(hotBody), &s) != nil {
				b.Fatal("refused")
			}
		}
	})
	odd := []byte(hotBody[:len(hotBody)-1] + `,"device":"x"}`)
	b.Run("exact", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if decode.ReadSync(odd, &s) != nil {
				b.Fatal("refused")
			}
		}
	})
}

func BenchmarkTokenKnown(b *testing.B) {
	bench := quietBench(b)
	header := []byte("Bearer " + authtest.User(b, "u1"))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := bench.auth.Bearer(header); err != nil {
			b.Fatal(err)
		}
	}
}

// quietEngine answers at once and notes nothing.
type quietEngine struct {
	Engine

	top *competition.Published
}

func (*quietEngine) SubmitSync(string, *competition.SubmitSync) (competition.SyncReply, error) {
	return competition.SyncReply{Score: 10_000, Rank: 2, Total: 3, Changed: true}, nil
}

func (*quietEngine) SubmitBatch(items []competition.BatchItem, _ competition.Pay) error {
	replies := make([]competition.JoinedReply, len(items))
	for i := range items {
		items[i].Replies = replies[i : i+1]
	}
	return nil
}

func (e *quietEngine) Top(string, competition.Caller) (*competition.Published, error) {
	return e.top, nil
}

func quietBench(b *testing.B) *bench {
	b.Helper()
	return newBench(b, func(o *Options) { o.Engine = &quietEngine{Engine: o.Engine, top: board100()} })
}

// board100 is a top of 100 people with names and ids as Supabase makes them.
func board100() *competition.Published {
	board := competition.Board{CompetitionID: "spring", Status: competition.Active, Version: 7, Epoch: 0xa0b1c2d3, UpdatedAt: atStart, Total: 100_000}
	for i := range 100 {
		board.Entries = append(board.Entries, competition.Entry{
			UserID: fmt.Sprintf("8c0f5f9e-9c1a-4f53-9a3e-0b6a51f0%04d", i), UserName: fmt.Sprintf("Runner %d", i),
			Score: int64(1_000_000 - i), Rank: i + 1, LastSyncedAt: atStart, UpdatedAt: atStart,
			Totals: competition.Metrics{Steps: int64(1_000_000 - i), DistanceCm: 80_012_345, EnergyCentikcal: 5_000_010, ActiveMinutes: 900},
		})
	}
	return &competition.Published{Board: board}
}
