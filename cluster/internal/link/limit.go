package link

import (
	"log/slog"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/paceboard/paceboard/internal/worker"
)

// limited is a listener that hangs up on new connections while so many are open: before a
// handshake, which costs more than the connection. Strangers may take all places, but each
// has to be a node within Options.Connect, or is hung up on.
type limited struct {
	net.Listener
	places  chan struct{} // a value for each open connection
	refused *atomic.Uint64
	logger  *slog.Logger
	pace    worker.Pace // of the log's lines about them
}

func (l *limited) Accept() (net.Conn, error) {
	for {
		conn, err := l.Listener.Accept()
		if err != nil {
			return nil, err
		}
		select {
		case l.places <- struct{}{}:
			return &place{Conn: conn, leave: sync.OnceFunc(func() { <-l.places })}, nil
		default:
		}
		l.refused.Add(1) // before the other side can notice
		_ = conn.Close() // Nobody has read or written.
		if _, due := l.pace.Due(time.Now()); due {
			l.logger.Warn("too many connections to the address for other nodes; some were refused",
				"open", cap(l.places), "refused", l.refused.Load(), "from", conn.RemoteAddr().String())
		}
	}
}

// place is an open connection.
type place struct {
	net.Conn
	leave func()
}

func (p *place) Close() error {
	defer p.leave()
	return p.Conn.Close()
}
