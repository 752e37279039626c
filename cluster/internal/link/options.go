package link

import (
	"log/slog"
	"time"

	"github.com/paceboard/paceboard/internal/worker"
)

// Node is a process of the cluster. Its id is new for each start, so it never changes its address.
type Node struct {
	ID, Address string
	Leaving     bool // it was told to stop, so that its connections end is as it should be
}

// Options are those of both ends; zero values mean the defaults.
type Options struct {
	Self        string       // this node's id, 1 to 255 bytes
	Credentials *Credentials // nil: no TLS, which is for loopback addresses alone
	Logger      *slog.Logger // nil: silent

	MaxInFlight int           // unanswered requests of one peer in one direction; 4096, at most 65536
	MaxBytes    int           // bytes of their bodies, and of answers that wait to be sent; 32 MiB
	MaxConns    int           // open connections of others to a server; 1024
	Sign        time.Duration // how often there is a sign of life; 1 s
	Silence     time.Duration // after how long without one a stream is given up; 4 s
	Connect     time.Duration // the limit on connecting, until the peer has said who it is; 1 s
	Backoff     worker.Backoff

	Moved func() // called when a connection is there, or no more; must not block. nil: nobody
}

const mostInFlight = 1 << slotBits

func (o Options) withDefaults() Options {
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Moved == nil {
		o.Moved = func() {}
	}
	set(&o.MaxInFlight, 4096)
	o.MaxInFlight = min(o.MaxInFlight, mostInFlight)
	set(&o.MaxBytes, 32<<20)
	set(&o.MaxConns, 1024)
	set(&o.Sign, time.Second)
	set(&o.Silence, 4*time.Second)
	set(&o.Connect, time.Second)
	if o.Backoff == (worker.Backoff{}) {
		o.Backoff = worker.Backoff{First: 50 * time.Millisecond, Max: time.Second, Jitter: .5}
	}
	return o
}

func set[T int | time.Duration](to *T, value T) {
	if *to <= 0 {
		*to = value
	}
}
