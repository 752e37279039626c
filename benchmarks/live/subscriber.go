package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/paceboard/paceboard/benchmarks/internal/rig"
)

// A client of RFC 6455 that is just enough: it reads unmasked, unfragmented
// frames, answers pings and looks for the marker. A library's client would take
// more of the machine than what is measured.

const (
	opText, opClose, opPing, opPong = 0x1, 0x8, 0x9, 0xA

	maxFrame      = 256 << 10
	receiveBuffer = 16 << 10 // of the kernel: who stops reading must be noticed
	dialers       = 32
)

// subscriber is one connection and its goroutine.
type subscriber struct {
	number  int
	conn    net.Conn
	in      *bufio.Reader
	meter   *meter
	seen    int // batch that the board holds; -1 before the first
	stalled atomic.Bool
	failed  atomic.Bool
	closed  chan struct{} // tells a stalled one to go
	done    chan struct{}
}

// connectAll opens all subscriptions, a few at a time.
func connectAll(ctx context.Context, s *server, m *meter, o options) ([]*subscriber, error) {
	subscribers := make([]*subscriber, o.subscribers)
	var next, open atomic.Int64
	var failure atomic.Pointer[error]
	var dialing sync.WaitGroup
	for range dialers {
		dialing.Go(func() {
			for failure.Load() == nil {
				i := int(next.Add(1)) - 1
				if i >= len(subscribers) {
					return
				}
				subscriber, err := connect(ctx, s.Address, i, o.window, m)
				if err != nil {
					err = fmt.Errorf("subscriber %d: %w", i, err)
					failure.CompareAndSwap(nil, &err)
					return
				}
				subscribers[i] = subscriber
				if n := open.Add(1); n%2_000 == 0 {
					said("%d subscribers", n)
				}
			}
		})
	}
	dialing.Wait()
	if err := failure.Load(); err != nil {
		closeAll(subscribers)
		return nil, *err
	}
	return subscribers, nil
}

func closeAll(subscribers []*subscriber) {
	for _, s := range subscribers {
		if s != nil {
			close(s.closed)
			_ = s.conn.Close()
			<-s.done
		}
	}
}

// connect opens one subscription, as a user of its own, and returns when the
// board is there.
func connect(ctx context.Context, address string, number, window int, m *meter) (*subscriber, error) {
	user := fmt.Sprintf("user-%05d", number) // the first ones are on the board
	bearer, err := rig.Token(user, false)
	if err != nil {
		return nil, err
	}
	dialer := net.Dialer{
		LocalAddr: &net.TCPAddr{IP: net.IPv4(127, 0, 0, byte(2+number%16))}, // ports are scarce for one address
		Timeout:   20 * time.Second,
		Control: func(_, _ string, c syscall.RawConn) error {
			return c.Control(func(fd uintptr) {
				_ = syscall.SetsockoptInt(int(fd), syscall.SOL_SOCKET, syscall.SO_RCVBUF, receiveBuffer)
			})
		},
	}
	conn, err := dialer.DialContext(ctx, "tcp", address)
	if err != nil {
		return nil, err
	}
	s := &subscriber{
		number: number, conn: conn, in: bufio.NewReaderSize(conn, 4<<10), meter: m, seen: -1,
		closed: make(chan struct{}), done: make(chan struct{}),
	}
	if err := s.open(address, bearer, window); err != nil {
		_ = conn.Close()
		return nil, err
	}
	go s.run()
	return s, nil
}

// open shakes hands and reads up to the first board.
func (s *subscriber) open(address, bearer string, window int) error {
	_ = s.conn.SetDeadline(time.Now().Add(30 * time.Second))
	_, err := fmt.Fprintf(s.conn, "GET /ws/leaderboard/%s?limit=%d HTTP/1.1\r\nHost: %s\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"+
		"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: bearer.%s\r\n\r\n",
		competitionID, window, address, bearer)
	if err != nil {
		return err
	}
	response, err := http.ReadResponse(s.in, nil)
	if err != nil {
		return err
	}
	_ = response.Body.Close()
	if response.StatusCode != http.StatusSwitchingProtocols {
		return fmt.Errorf("upgrade: %s", response.Status)
	}
	var buffer []byte
	for s.seen < 0 {
		if buffer, err = s.frame(buffer); err != nil {
			return err
		}
	}
	return s.conn.SetDeadline(time.Time{})
}

// run reads until the connection ends or the subscriber is told to stall.
func (s *subscriber) run() {
	defer close(s.done)
	var buffer []byte
	for !s.stalled.Load() {
		var err error
		if buffer, err = s.frame(buffer); err != nil {
			s.failed.Store(true)
			return
		}
	}
	<-s.closed
}

// frame reads one frame into the buffer, which it returns.
func (s *subscriber) frame(buffer []byte) ([]byte, error) {
	var head [8]byte
	if _, err := io.ReadFull(s.in, head[:2]); err != nil {
		return buffer, err
	}
	opcode, size := head[0]&0xF, uint64(head[1]&0x7F)
	switch size {
	case 126:
		if _, err := io.ReadFull(s.in, head[:2]); err != nil {
			return buffer, err
		}
		size = uint64(binary.BigEndian.Uint16(head[:2]))
	case 127:
		if _, err := io.ReadFull(s.in, head[:8]); err != nil {
			return buffer, err
		}
		size = binary.BigEndian.Uint64(head[:8])
	}
	if size > maxFrame {
		return buffer, fmt.Errorf("a frame of %d bytes", size)
	}
	if uint64(cap(buffer)) < size {
		buffer = make([]byte, size)
	}
	buffer = buffer[:size]
	if _, err := io.ReadFull(s.in, buffer); err != nil {
		return buffer, err
	}
	switch opcode {
	case opText:
		s.took(buffer)
	case opClose:
		return buffer, errors.New("the server closed")
	case opPing:
		// Masked by zeros, which a mask may be.
		_, err := s.conn.Write(append([]byte{0x80 | opPong, 0x80 | byte(len(buffer)), 0, 0, 0, 0}, buffer...))
		return buffer, err
	}
	return buffer, nil
}

var (
	markerKey = []byte(`"user_id":"` + marker + `"`)
	scoreKey  = []byte(`"score":`)
)

// took notes the batches that a frame brings.
func (s *subscriber) took(payload []byte) {
	now := int64(time.Since(began))
	_, rest, found := bytes.Cut(payload, markerKey)
	if !found {
		s.meter.frame(s.number)
		return
	}
	_, rest, _ = bytes.Cut(rest, scoreKey)
	digits := 0
	for digits < len(rest) && rest[digits] >= '0' && rest[digits] <= '9' {
		digits++
	}
	score, err := strconv.Atoi(string(rest[:digits]))
	if err != nil || score < markerStart {
		return
	}
	batch := score - markerStart
	if s.seen >= 0 {
		s.meter.took(s.number, s.seen+1, batch, now)
	}
	s.seen = max(s.seen, batch)
}
