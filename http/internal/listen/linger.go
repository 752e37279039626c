package listen

import (
	"io"
	"net"
	"time"
)

// How long a client may take to read the answer that ends its connection, and how
// much it may still send meanwhile.
const (
	lingerTime  = 2 * time.Second
	lingerBytes = 16 << 20
)

// maxLingering is how many connections may linger; more are closed at once.
const maxLingering = 256

// Lingering closes connections slowly. Closing one while bytes from the client are
// unread resets it, and the client loses what it has not read yet: so the server's side
// is closed first, and the rest when the client has closed its own.
type Lingering struct{ places chan struct{} }

// NewLingering makes one for which no connection lingers yet.
func NewLingering() *Lingering { return &Lingering{make(chan struct{}, maxLingering)} }

// Begin returns false if too many linger already. After true the caller calls End.
func (f *Lingering) Begin() bool {
	select {
	case f.places <- struct{}{}:
		return true
	default:
		return false
	}
}

// End waits for the client, within bounds. It does not close.
func (f *Lingering) End(conn net.Conn) {
	defer func() { <-f.places }()
	AwaitClose(conn, lingerTime)
}

// AwaitClose closes the server's side, and waits until the client has closed its own,
// or for so long.
func AwaitClose(conn net.Conn, atMost time.Duration) {
	half, ok := conn.(interface{ CloseWrite() error })
	if !ok || half.CloseWrite() != nil {
		return
	}
	_ = conn.SetReadDeadline(time.Now().Add(atMost))
	_, _ = io.CopyN(io.Discard, conn, lingerBytes)
}
