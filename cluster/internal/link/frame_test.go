package link

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// decode reads a whole frame.
func decode(b []byte) (target, sender string, all []message, err error) {
	to, from, in, err := openFrame(b)
	if err != nil {
		return "", "", nil, err
	}
	for {
		var m message
		more, err := in.next(&m)
		if err != nil || !more {
			return string(to), string(from), all, err
		}
		all = append(all, m)
	}
}

func TestFramesComeBackAsTheyWere(t *testing.T) {
	id := rapid.StringN(1, 255, 255)
	number16, number64 := rapid.Uint16(), rapid.Uint64()
	one := rapid.Custom(func(t *rapid.T) message {
		m := message{
			verb: rapid.SampledFrom([]verb{hello, request, answer, span}).Draw(t, "verb"),
			id:   number64.Draw(t, "id"),
			body: rapid.SliceOfN(rapid.Byte(), 0, 300).Draw(t, "body"),
		}
		switch m.verb {
		case request:
			m.kind, m.version = number16.Draw(t, "kind"), number16.Draw(t, "version")
			m.timeout = time.Duration(rapid.Int64Range(0, int64(longest/time.Microsecond)).Draw(t, "timeout")) * time.Microsecond
			copy(m.trace.ID[:], rapid.SliceOfN(rapid.Byte(), 0, 16).Draw(t, "trace"))
		case answer:
			m.status = Status(rapid.Byte().Draw(t, "status"))
		case span:
			copy(m.trace.Span[:], rapid.SliceOfN(rapid.Byte(), 0, 8).Draw(t, "span"))
		default:
		}
		return m
	})
	rapid.Check(t, func(t *rapid.T) {
		target, sender, messages := id.Draw(t, "target"), id.Draw(t, "sender"), rapid.SliceOfN(one, 0, 20).Draw(t, "messages")
		b := appendHeader(nil, target, sender)
		for i := range messages {
			b = appendMessage(b, &messages[i])
		}
		to, from, got, err := decode(b)
		require.NoError(t, err)
		require.Equal(t, []string{target, sender}, []string{to, from})
		require.Len(t, got, len(messages))
		for i := range got {
			require.True(t, bytes.Equal(messages[i].body, got[i].body))
			got[i].body = messages[i].body
			require.Equal(t, messages[i], got[i])
		}
	})
}

// malformed are frames from "x" to "y" that must be refused as a whole, each made of a sound one.
var malformed = []struct {
	name string
	make func(sound []byte) []byte
}{
	{"nothing", func([]byte) []byte { return nil }},
	{"another format", func(b []byte) []byte { return append([]byte{2}, b[1:]...) }},
	{"no target", func([]byte) []byte { return []byte{format} }},
	{"an empty target", func([]byte) []byte { return []byte{format, 0, 1, 'x'} }},
	{"a target that is cut off", func([]byte) []byte { return []byte{format, 200, 'y'} }},
	{"no sender", func([]byte) []byte { return []byte{format, 1, 'y'} }},
	{"an empty sender", func([]byte) []byte { return []byte{format, 1, 'y', 0} }},
	{"a byte behind the last message", func(b []byte) []byte { return append(b, 7) }},
	{"half a size behind the last message", func(b []byte) []byte { return append(b, 7, 0, 0) }},
	{"a message without a byte", func(b []byte) []byte { return append(b, 0, 0, 0, 0) }},
	{"a message of 4 GiB", func(b []byte) []byte { return append(b, 255, 255, 255, 255, 1) }},
	{"a message that is cut off", func(b []byte) []byte { return b[:len(b)-1] }},
	{"a message without an id", func(b []byte) []byte { return append(b, 1, 0, 0, 0, byte(hello)) }},
	{"an id of more than 64 bits", func(b []byte) []byte {
		return append(b, 12, 0, 0, 0, byte(hello), 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 1)
	}},
	{"a kind of more than 16 bits", func(b []byte) []byte { return append(b, 5, 0, 0, 0, byte(request), 1, 128, 128, 4) }},
	{"a version of more than 16 bits", func(b []byte) []byte { return append(b, 6, 0, 0, 0, byte(request), 1, 1, 128, 128, 4) }},
	{"a request without a timeout", func(b []byte) []byte { return append(b, 4, 0, 0, 0, byte(request), 1, 1, 1) }},
	{"half a trace", func(b []byte) []byte { return append(b, 8, 0, 0, 0, byte(request)|traced, 1, 1, 1, 1, 9, 9, 9) }},
	{"an answer without a status", func(b []byte) []byte { return append(b, 2, 0, 0, 0, byte(answer), 1) }},
	{"too many messages", func(b []byte) []byte {
		for range perFrame {
			b = appendMessage(b, &message{verb: hello})
		}
		return b
	}},
	{"two messages in a frame that is for one", func(b []byte) []byte {
		return appendMessage(b, &message{verb: request, body: make([]byte, frameLimit)})
	}},
	{"a body beyond the limit", func([]byte) []byte {
		return appendMessage(appendHeader(nil, "y", "x"), &message{verb: request, body: make([]byte, messageLimit+1)})
	}},
}

// sound is a frame from "x" to "y" with a request of kind 1.
func sound() []byte {
	return appendMessage(appendHeader(nil, "y", "x"), &message{verb: request, id: 1, kind: 1, timeout: time.Hour, body: []byte("a body")})
}

func TestMalformed(t *testing.T) {
	_, _, all, err := decode(sound())
	require.NoError(t, err)
	require.Len(t, all, 1)
	for _, test := range malformed {
		t.Run(test.name, func(t *testing.T) {
			_, _, _, err := decode(test.make(sound()))
			require.ErrorIs(t, err, errMalformed)
		})
	}
	t.Run("what a later version adds is skipped", func(t *testing.T) {
		b := appendMessage(sound(), &message{verb: 30, id: 5, body: []byte("of later")})
		_, _, all, err := decode(appendMessage(b, &message{verb: hello, id: 6}))
		require.NoError(t, err)
		require.Len(t, all, 3)
		require.Equal(t, uint64(5), all[1].id)
		require.Equal(t, uint64(6), all[2].id)
	})
	t.Run("a timeout is at most an hour", func(t *testing.T) {
		b := binary.AppendUvarint([]byte{byte(request), 1, 1, 1}, math.MaxUint64)
		b = append(binary.LittleEndian.AppendUint32(appendHeader(nil, "y", "x"), uint32(len(b))), b...)
		_, _, all, err := decode(b)
		require.NoError(t, err)
		require.Equal(t, time.Hour, all[0].timeout)
	})
}

// FuzzFrame holds that no bytes make the decoder panic or return more than there is, and that what it returns is what
// it would send.
func FuzzFrame(f *testing.F) {
	f.Add(sound())
	for _, test := range malformed {
		if b := test.make(sound()); len(b) < 10_000 {
			f.Add(b)
		}
	}
	for v := range verbs + 1 {
		f.Add(appendMessage(sound(), &message{verb: v, id: 1 << 40, kind: 300, version: 2, status: 1, trace: Trace{ID: [16]byte{1}}, body: []byte("b")}))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		target, sender, all, err := decode(b)
		if err != nil {
			return
		}
		size := 0
		again := appendHeader(nil, target, sender)
		for i := range all {
			size += len(all[i].body)
			if all[i].verb < verbs {
				again = appendMessage(again, &all[i])
			}
		}
		if len(target)+len(sender)+size > len(b) || len(all) > perFrame {
			t.Fatalf("%d bytes became %d messages of %d bytes", len(b), len(all), size)
		}
		_, _, reread, err := decode(again)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range all {
			if m.verb < verbs {
				if fmt.Sprint(m) != fmt.Sprint(reread[0]) {
					t.Fatalf("%v became %v", m, reread[0])
				}
				reread = reread[1:]
			}
		}
	})
}
