package http

import (
	"fmt"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/paceboard/paceboard/http/internal/auth/authtest"
)

// The cases of the Autobahn testsuite (https://github.com/crossbario/autobahn-testsuite)
// for sections 1 to 7, by their numbers. The server echoes nothing: a message is
// shown to have arrived by the frame that answers it.

// conformanceCase is one case. It ends with the connection, so that nothing can
// follow unseen.
type conformanceCase struct {
	number string
	rule   string
	run    func(r *rawSocket)
}

// ping is a message that is answered, padded to so many bytes.
func ping(size int) string {
	const message = `{"type":"ping"}`
	return message + strings.Repeat(" ", max(0, size-len(message)))
}

// hangsUp ends a case that the server must survive, by the closing handshake.
func hangsUp(r *rawSocket) {
	r.tb.Helper()
	r.chunk = 0
	r.frame(opClose, closeFrame(1000, ""))
	r.refusedWith(1000)
}

// fails ends a case in which the server must fail the connection.
func fails(r *rawSocket, codes ...int) {
	r.tb.Helper()
	code, reason := r.closed()
	require.Contains(r.tb, codes, code, reason)
}

const (
	dropped       = 0    // no close frame, which Autobahn accepts where a protocol is broken
	protocolError = 1002 // RFC 6455, section 7.4.1
	invalidUTF8   = 1007
	tooBig        = 1009
	unsupported   = 1003
)

func TestWebSocketConformance(t *testing.T) {
	sections := []struct {
		name  string
		cases []conformanceCase
	}{
		{"1 framing", framingCases()},
		{"2 pings and pongs", pingCases()},
		{"3 reserved bits", reservedCases()},
		{"4 opcodes", opcodeCases()},
		{"5 fragmentation", fragmentationCases()},
		{"6 UTF-8", utf8Cases()},
		{"7 close handling", closeCases()},
		{"beside Autobahn", maskingCases()},
	}
	address := listening(t, newBench(t))
	protocol := "Sec-WebSocket-Protocol: bearer." + authtest.User(t, "u1")
	summary := []string{"section            passed"}
	for _, section := range sections {
		var passed atomic.Int32
		t.Run(section.name, func(t *testing.T) {
			for _, c := range section.cases {
				t.Run(c.number+" "+c.rule, func(t *testing.T) {
					defer func() {
						if !t.Failed() {
							passed.Add(1)
						}
					}()
					r := upgraded(t, address, "/ws/leaderboard/spring", protocol)
					r.expect("leaderboard_update")
					c.run(r)
				})
			}
		})
		summary = append(summary, fmt.Sprintf("%-18s %3d of %d", section.name, passed.Load(), len(section.cases)))
	}
	t.Log("\n" + strings.Join(summary, "\n"))
}

func framingCases() (cases []conformanceCase) {
	add := func(number, rule string, run func(*rawSocket)) {
		cases = append(cases, conformanceCase{number, rule, run})
	}
	add("1.1.1", "an empty text arrives", func(r *rawSocket) {
		r.text("")
		r.expect("error") // it is no JSON
		hangsUp(r)
	})
	for i, size := range []int{125, 126, 127, 128, maxFrameBytes} {
		add(fmt.Sprintf("1.1.%d", i+2), fmt.Sprintf("a text of %d bytes arrives", size), func(r *rawSocket) {
			r.text(ping(size))
			r.expect("pong")
			hangsUp(r)
		})
	}
	for i, size := range []int{maxFrameBytes + 1, 65_535, 65_536} { // Autobahn sends the latter two, which our limit forbids
		add(fmt.Sprintf("1.1.6-7/%d", i+1), fmt.Sprintf("a text of %d bytes is too big", size), func(r *rawSocket) {
			r.text(ping(size))
			fails(r, tooBig)
		})
	}
	add("1.1.8", "a text arrives in chops", func(r *rawSocket) {
		r.chunk = 997
		r.text(ping(maxFrameBytes))
		r.expect("pong")
		hangsUp(r)
	})
	for i, size := range []int{0, 125, 126, 127, 128, maxFrameBytes} {
		add(fmt.Sprintf("1.2.%d", i+1), fmt.Sprintf("a binary message of %d bytes is not what is spoken here", size), func(r *rawSocket) {
			r.frame(opBinary, strings.Repeat("\xfe", size))
			fails(r, unsupported)
		})
	}
	add("1.2.7", "a binary message of 65536 bytes is too big", func(r *rawSocket) {
		r.frame(opBinary, strings.Repeat("\xfe", 65_536))
		fails(r, tooBig)
	})
	add("1.2.8", "a binary message arrives in chops", func(r *rawSocket) {
		r.chunk = 997
		r.frame(opBinary, strings.Repeat("\xfe", maxFrameBytes))
		fails(r, unsupported)
	})
	return cases
}

func pingCases() []conformanceCase {
	const longest = 125 // RFC 6455, section 5.5
	binary := "\x00\xff\xfe\xfd\xfc\xfb\x00\xff"
	return []conformanceCase{
		{"2.1", "a ping without payload", func(r *rawSocket) {
			r.frame(opPing, "")
			r.expectPong("")
			hangsUp(r)
		}},
		{"2.2", "a ping with text", func(r *rawSocket) {
			r.frame(opPing, "Hello, world!")
			r.expectPong("Hello, world!")
			hangsUp(r)
		}},
		{"2.3", "a ping with bytes that are not UTF-8", func(r *rawSocket) {
			r.frame(opPing, binary)
			r.expectPong(binary)
			hangsUp(r)
		}},
		{"2.4", "the longest ping", func(r *rawSocket) {
			r.frame(opPing, strings.Repeat("\xfe", longest))
			r.expectPong(strings.Repeat("\xfe", longest))
			hangsUp(r)
		}},
		{"2.5", "a ping over the longest", func(r *rawSocket) {
			r.frame(opPing, strings.Repeat("\xfe", longest+1))
			fails(r, dropped, protocolError)
		}},
		{"2.6", "the longest ping, byte by byte", func(r *rawSocket) {
			r.chunk = 1
			r.frame(opPing, strings.Repeat("\xfe", longest))
			r.expectPong(strings.Repeat("\xfe", longest))
			hangsUp(r)
		}},
		{"2.7", "a pong that nobody asked for", func(r *rawSocket) {
			r.frame(opPong, "")
			hangsUp(r)
		}},
		{"2.8", "a pong with payload that nobody asked for", func(r *rawSocket) {
			r.frame(opPong, "unsolicited pong payload")
			hangsUp(r)
		}},
		{"2.9", "a ping after a pong that nobody asked for", func(r *rawSocket) {
			r.frame(opPong, "unsolicited pong payload")
			r.frame(opPing, "ping payload")
			r.expectPong("ping payload")
			hangsUp(r)
		}},
		{"2.10", "ten pings", func(r *rawSocket) { tenPings(r) }},
		{"2.11", "ten pings, byte by byte", func(r *rawSocket) {
			r.chunk = 1
			tenPings(r)
		}},
	}
}

func tenPings(r *rawSocket) {
	for i := range 10 {
		r.frame(opPing, fmt.Sprint("payload-", i))
	}
	for i := range 10 {
		r.expectPong(fmt.Sprint("payload-", i))
	}
	hangsUp(r)
}

func reservedCases() []conformanceCase {
	// between has a bad frame after a good message, and a ping after it.
	between := func(rsv byte, chunk int) func(*rawSocket) {
		return func(r *rawSocket) {
			r.chunk = chunk
			r.text(ping(20))
			r.expect("pong")
			r.write(frameBytes(fin|rsv<<4|opText, []byte(ping(20))))
			r.frame(opPing, "")
			fails(r, dropped, protocolError)
		}
	}
	one := func(rsv, opcode byte, payload string) func(*rawSocket) {
		return func(r *rawSocket) {
			r.write(frameBytes(fin|rsv<<4|opcode, []byte(payload)))
			fails(r, dropped, protocolError)
		}
	}
	return []conformanceCase{
		{"3.1", "RSV 1 on a text", one(1, opText, ping(20))},
		{"3.2", "RSV 2 on a second text", between(2, 0)},
		{"3.3", "RSV 3 on a second text, by frames", between(3, 26)},
		{"3.4", "RSV 4 on a second text, byte by byte", between(4, 1)},
		{"3.5", "RSV 5 on a binary message", one(5, opBinary, "\x00\xff\xfe\xfd\xfc\xfb\x00\xff")},
		{"3.6", "RSV 6 on a ping", one(6, opPing, "Hello, world!")},
		{"3.7", "RSV 7 on a close", one(7, opClose, "")},
	}
}

func opcodeCases() (cases []conformanceCase) {
	for section, first := range []byte{3, 11} {
		for i := range byte(5) {
			opcode := first + i
			cases = append(cases, conformanceCase{
				fmt.Sprintf("4.%d.%d", section+1, i+1), fmt.Sprintf("opcode %d is reserved", opcode),
				func(r *rawSocket) {
					var payload string
					if i%2 == 1 {
						payload = "reserved opcode payload"
					}
					if i >= 2 {
						r.text(ping(20))
						r.expect("pong")
					}
					if i == 4 {
						r.chunk = 1
					}
					r.frame(opcode, payload)
					r.frame(opPing, "")
					fails(r, dropped, protocolError)
				},
			})
		}
	}
	return cases
}

// maskingCases are what Autobahn's own client never does.
func maskingCases() []conformanceCase {
	return []conformanceCase{
		{"RFC 6455 5.1", "a frame that is not masked", func(r *rawSocket) {
			r.write(append([]byte{fin | opText, 15}, `{"type":"ping"}`...))
			fails(r, dropped, protocolError)
		}},
		{"RFC 6455 5.2", "a length with its highest bit set", func(r *rawSocket) {
			r.write([]byte{fin | opText, 0x80 | 127, 0x80, 0, 0, 0, 0, 0, 0, 1, 1, 2, 3, 4, 'x'})
			fails(r, dropped, protocolError, tooBig)
		}},
		{"RFC 6455 5.4", "fragments that are too big together", func(r *rawSocket) {
			r.fragment(opText, ping(maxFrameBytes/2))
			r.fragment(opContinuation, strings.Repeat(" ", maxFrameBytes/2))
			r.frame(opContinuation, " ")
			fails(r, tooBig)
		}},
		{"RFC 6455 7.1.1", "a connection that ends inside a frame", func(r *rawSocket) {
			r.write(frameBytes(fin|opText, []byte(ping(20)))[:9])
			half, ok := r.conn.(interface{ CloseWrite() error })
			require.True(r.tb, ok)
			require.NoError(r.tb, half.CloseWrite())
			fails(r, dropped, protocolError)
		}},
	}
}
