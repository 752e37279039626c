package http

import (
	"bufio"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// Opcodes of RFC 6455, section 5.2.
const (
	opContinuation byte = 0
	opText         byte = 1
	opBinary       byte = 2
	opClose        byte = 8
	opPing         byte = 9
	opPong         byte = 10
)

// rawSocket is a WebSocket client that can do everything wrong: its own framing
// over a plain connection (RFC 6455, section 5).
type rawSocket struct {
	tb      testing.TB
	conn    net.Conn
	in      *bufio.Reader
	chunk   int // how many bytes go into one write; 0 for all
	answer  *http.Response
	skipped []string // types of the application frames that expect passed over
}

// received is one frame from the server.
type received struct {
	opcode  byte
	payload []byte
}

// dialRaw sends the upgrade request with more header fields, as `Name: value`.
func dialRaw(tb testing.TB, address, target string, fields ...string) *rawSocket {
	tb.Helper()
	conn, err := net.Dial("tcp", address)
	require.NoError(tb, err)
	tb.Cleanup(func() { _ = conn.Close() })
	require.NoError(tb, conn.SetDeadline(time.Now().Add(20*time.Second)))
	fields = append([]string{
		"Host: " + address, "Upgrade: websocket", "Connection: Upgrade",
		"Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
	}, fields...)
	_, err = fmt.Fprintf(conn, "GET %s HTTP/1.1\r\n%s\r\n\r\n", target, strings.Join(fields, "\r\n"))
	require.NoError(tb, err)
	r := &rawSocket{tb: tb, conn: conn, in: bufio.NewReader(conn)}
	r.answer, err = http.ReadResponse(r.in, nil) //nolint:bodyclose // its end is the connection's
	require.NoError(tb, err)
	return r
}

// upgraded dials and insists on the handshake of RFC 6455, section 1.3, whose
// example key and accept value it uses.
func upgraded(tb testing.TB, address, target string, fields ...string) *rawSocket {
	tb.Helper()
	r := dialRaw(tb, address, target, fields...)
	require.Equal(tb, http.StatusSwitchingProtocols, r.answer.StatusCode)
	require.Equal(tb, "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=", r.answer.Header.Get("Sec-WebSocket-Accept"))
	return r
}

// frameBytes makes a masked frame; first is FIN, RSV and opcode together.
func frameBytes(first byte, payload []byte) []byte {
	const masked = 0x80
	out := []byte{first}
	switch n := len(payload); {
	case n <= 125:
		out = append(out, masked|byte(n))
	case n <= 0xffff:
		out = binary.BigEndian.AppendUint16(append(out, masked|126), uint16(n))
	default:
		out = binary.BigEndian.AppendUint64(append(out, masked|127), uint64(n))
	}
	mask := [4]byte{0x37, 0xfa, 0x21, 0x3d}
	out = append(out, mask[:]...)
	for i, b := range payload {
		out = append(out, b^mask[i%4])
	}
	return out
}

const fin = 0x80

// write sends bytes, in chunks. The server may have hung up: that shows when
// its answer is read.
func (r *rawSocket) write(b []byte) {
	for len(b) > 0 {
		n := len(b)
		if r.chunk > 0 {
			n = min(n, r.chunk)
		}
		if _, err := r.conn.Write(b[:n]); err != nil {
			return
		}
		b = b[n:]
	}
}

// frame sends one frame whole, fragment one without FIN.
func (r *rawSocket) frame(opcode byte, payload string) {
	r.write(frameBytes(fin|opcode, []byte(payload)))
}

func (r *rawSocket) fragment(opcode byte, payload string) {
	r.write(frameBytes(opcode, []byte(payload)))
}
func (r *rawSocket) text(message string) { r.frame(opText, message) }

// next reads a frame; io.EOF, or a reset, when the server has hung up.
func (r *rawSocket) next() (f received, err error) {
	var head [2]byte
	if _, err := io.ReadFull(r.in, head[:]); err != nil {
		return f, err
	}
	f.opcode = head[0] & 0xf
	require.Equal(r.tb, byte(fin), head[0]&0xf0, "the server's frames are whole and use no extension")
	require.Zero(r.tb, head[1]&0x80, "the server's frames are not masked")
	size := uint64(head[1])
	if extended := map[byte]int{126: 2, 127: 8}[head[1]]; extended > 0 {
		var length [8]byte
		if _, err := io.ReadFull(r.in, length[8-extended:]); err != nil {
			return f, err
		}
		size = binary.BigEndian.Uint64(length[:])
	}
	require.Less(r.tb, size, uint64(1<<20))
	f.payload = make([]byte, size)
	_, err = io.ReadFull(r.in, f.payload)
	return f, err
}

// liveMessage is a frame of the live protocol, as a client reads it.
type liveMessage struct {
	Type      string         `json:"type"`
	Data      map[string]any `json:"data"`
	Timestamp time.Time      `json:"timestamp"`
}

// message reads the next frame of the live protocol.
func (r *rawSocket) message() liveMessage {
	r.tb.Helper()
	f, err := r.next()
	require.NoError(r.tb, err)
	require.Equal(r.tb, opText, f.opcode, "%q", f.payload)
	return readMessage(r.tb, f.payload)
}

func readMessage(tb testing.TB, text []byte) (m liveMessage) {
	tb.Helper()
	var fields map[string]json.RawMessage
	require.NoError(tb, json.Unmarshal(text, &fields))
	require.Len(tb, fields, 3, "type, data and timestamp")
	require.NoError(tb, json.Unmarshal(text, &m), "%s", text)
	requireFixedTimes(tb, string(text))
	return m
}

// expect reads on to a message of the type, over frames of the live protocol.
func (r *rawSocket) expect(messageType string) liveMessage {
	r.tb.Helper()
	for {
		m := r.message()
		if m.Type == messageType {
			return m
		}
		r.skipped = append(r.skipped, m.Type)
	}
}

// expectPong reads on to a pong of the WebSocket protocol.
func (r *rawSocket) expectPong(payload string) {
	r.tb.Helper()
	for {
		f, err := r.next()
		require.NoError(r.tb, err)
		if f.opcode == opText {
			continue
		}
		require.Equal(r.tb, opPong, f.opcode, "%q", f.payload)
		require.Equal(r.tb, payload, string(f.payload))
		return
	}
}

// closed reads on to the end of the connection, and returns the close code: 0
// when there was no close frame, 1005 for one without a code.
func (r *rawSocket) closed() (code int, reason string) {
	r.tb.Helper()
	for {
		f, err := r.next()
		if err != nil {
			require.NotErrorIs(r.tb, err, io.ErrUnexpectedEOF, "the connection ended inside a frame")
			if network, ok := errors.AsType[net.Error](err); ok {
				require.False(r.tb, network.Timeout(), "the server has not hung up")
			}
			return code, reason
		}
		require.Zero(r.tb, code, "nothing may follow a close frame, here opcode %d", f.opcode)
		if f.opcode != opClose {
			continue
		}
		if code = 1005; len(f.payload) > 0 {
			require.GreaterOrEqual(r.tb, len(f.payload), 2)
			code, reason = int(binary.BigEndian.Uint16(f.payload)), string(f.payload[2:])
		}
	}
}

// refusedWith insists on a close code.
func (r *rawSocket) refusedWith(code int) (reason string) {
	r.tb.Helper()
	got, reason := r.closed()
	require.Equal(r.tb, code, got, reason)
	return reason
}

// closeFrame is the payload of a close frame.
func closeFrame(code int, reason string) string {
	return string(binary.BigEndian.AppendUint16(nil, uint16(code))) + reason
}
