package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strconv"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/paceboard/paceboard/benchmarks/internal/measure"
)

// A client of RFC 6455 that is just enough: it reads unmasked, unfragmented
// frames, answers pings and looks for the marker. A library's client would take
// more of the machine than what is measured.

const (
	opText, opClose, opPing, opPong = 0x1, 0x8, 0x9, 0xA

	maxFrame      = 256 << 10
	receiveBuffer = 128 << 10 // of the kernel, as most clients have it
	dialers       = 32
)

// subscriber is one connection, which a loop reads from.
type subscriber struct {
	number  int
	fd      int
	rest    []byte // the beginning of a frame
	meter   *meter
	seen    int // batch that the board holds; -1 before the first
	stalled atomic.Bool
	failed  atomic.Bool
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
					measure.Say("%d subscribers", n)
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
			_ = syscall.Close(s.fd)
		}
	}
}

// connect opens one subscription, as a user of its own, and returns when the
// board is there.
func connect(ctx context.Context, address string, number, window int, m *meter) (*subscriber, error) {
	user := fmt.Sprintf("user-%05d", number) // the first ones are on the board
	bearer, err := measure.Token(user, false)
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
	defer func() { _ = conn.Close() }()
	s := &subscriber{number: number, fd: -1, meter: m, seen: -1}
	if err := s.open(conn, address, bearer, window); err != nil {
		return nil, err
	}
	return s, s.detach(conn)
}

// detach takes the connection away from Go's poller: a loop waits for it.
func (s *subscriber) detach(conn net.Conn) error {
	tcp, ok := conn.(*net.TCPConn)
	if !ok {
		return errors.New("the connection is not TCP")
	}
	raw, err := tcp.SyscallConn()
	if err != nil {
		return err
	}
	var dupErr error
	if err := raw.Control(func(fd uintptr) { s.fd, dupErr = syscall.Dup(int(fd)) }); err != nil {
		return err
	}
	return dupErr
}

// open shakes hands and reads up to the first board.
func (s *subscriber) open(conn net.Conn, address, bearer string, window int) error {
	_ = conn.SetDeadline(time.Now().Add(30 * time.Second))
	_, err := fmt.Fprintf(conn, "GET /ws/leaderboard/%s?limit=%d HTTP/1.1\r\nHost: %s\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"+
		"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: bearer.%s\r\n\r\n",
		competitionID, window, address, bearer)
	if err != nil {
		return err
	}
	in := bufio.NewReaderSize(conn, 4<<10)
	response, err := http.ReadResponse(in, nil)
	if err != nil {
		return err
	}
	_ = response.Body.Close()
	if response.StatusCode != http.StatusSwitchingProtocols {
		return fmt.Errorf("upgrade: %s", response.Status)
	}
	for s.seen < 0 {
		if _, err := in.Peek(1); err != nil {
			return err
		}
		there, _ := in.Peek(in.Buffered())
		if err := s.feed(there); err != nil {
			return err
		}
		_, _ = in.Discard(len(there))
	}
	return nil
}

// feed takes what came: whole frames are looked at, the rest is kept.
func (s *subscriber) feed(b []byte) error {
	if len(s.rest) > 0 {
		s.rest = append(s.rest, b...)
		b = s.rest
	}
	for {
		opcode, payload, size, err := splitFrame(b)
		if err != nil {
			return err
		}
		if size == 0 {
			break
		}
		switch opcode {
		case opText:
			s.took(payload)
		case opClose:
			return errors.New("the server closed")
		case opPing:
			// Masked by zeros, which a mask may be.
			pong := append([]byte{0x80 | opPong, 0x80 | byte(len(payload)), 0, 0, 0, 0}, payload...)
			if _, err := syscall.Write(s.fd, pong); err != nil {
				return err
			}
		}
		b = b[size:]
	}
	s.rest = append(s.rest[:0], b...)
	return nil
}

// splitFrame is the first frame of b; size is 0 when it is not whole yet.
func splitFrame(b []byte) (opcode byte, payload []byte, size int, err error) {
	if len(b) < 2 {
		return 0, nil, 0, nil
	}
	head, length := 2, int(b[1]&0x7F)
	switch {
	case length == 126 && len(b) >= 4:
		head, length = 4, int(binary.BigEndian.Uint16(b[2:]))
	case length == 127 && len(b) >= 10:
		head, length = 10, int(min(binary.BigEndian.Uint64(b[2:]), maxFrame+1))
	case length > 125:
		return 0, nil, 0, nil
	}
	switch {
	case length > maxFrame:
		return 0, nil, 0, fmt.Errorf("a frame of over %d bytes", maxFrame)
	case len(b) < head+length:
		return 0, nil, 0, nil
	}
	return b[0] & 0xF, b[head : head+length], head + length, nil
}

var (
	markerKey = []byte(`"user_id":"` + marker + `"`)
	scoreKey  = []byte(`"score":`)
)

// took notes the batches that a frame brings.
func (s *subscriber) took(payload []byte) {
	now := int64(time.Since(measure.Began))
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
