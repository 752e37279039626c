package codec

import (
	"errors"
	"fmt"

	"github.com/paceboard/paceboard/competition/wire"
)

// version is that of the messages that this program writes (W1).
const version = 1

var (
	errVersion = errors.New("a message has no version")
	errTooMany = errors.New("a message has more items than are allowed")
)

// Begin appends what every message begins with.
func Begin(dst []byte) []byte { return append(dst, version) }

// Message is a message that is being read. The zero value has nothing to read.
type Message struct {
	wire.Reader
	newer bool
}

// Open begins to read a message, of which it keeps a part.
func Open(b []byte) Message {
	m := Message{Reader: wire.NewReader(b)}
	v := m.Byte()
	if v == 0 {
		m.Fail(errVersion)
	}
	m.newer = v > version
	return m
}

// Close returns the error of the whole read. A newer message may have something after
// what this program knows (W2).
func (m *Message) Close() error {
	err := m.End()
	if m.newer {
		err = m.Err()
	}
	if err != nil {
		return fmt.Errorf("a message between nodes: %w", err)
	}
	return nil
}

// length reads a count of at most limit items, each of which takes at least size
// bytes.
func length(r *wire.Reader, limit, size int) int {
	n := r.Uvarint()
	if n > uint64(limit) {
		r.Fail(errTooMany)
		return 0
	}
	if n*uint64(size) > uint64(len(r.Rest())) {
		r.Fail(wire.ErrShort)
		return 0
	}
	return int(n)
}
