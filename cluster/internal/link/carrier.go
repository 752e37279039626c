package link

import (
	"context"
	"fmt"
	"runtime"
	"sync"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/mem"

	"github.com/paceboard/paceboard/internal/worker"
)

// How frames travel: as the messages of one gRPC stream, whose codec leaves their bytes alone.
const (
	serviceName = "paceboard.Link"
	streamName  = "Frames"
	method      = "/" + serviceName + "/" + streamName
)

// frame is what the codec sends and receives. A frame to send comes from newFrame, and is the carrier's once sent.
type frame struct {
	bytes []byte
	count int // of its messages
}

// roomBytes is what a new frame has room for: enough that gRPC gives it back (above its threshold for pooling).
const roomBytes = 8 << 10

var frames = sync.Pool{New: func() any { return &frame{bytes: make([]byte, 0, roomBytes)} }}

func newFrame() *frame {
	f := frames.Get().(*frame)
	f.bytes, f.count = f.bytes[:0], 0
	return f
}

// sent takes frames back when gRPC has written them.
type sent struct{ frame *frame }

func (s sent) Get(int) *[]byte { return new([]byte) } // never asked for

func (s sent) Put(*[]byte) {
	if cap(s.frame.bytes) <= 2*frameLimit { // A rare, large message is not kept for frames of a few hundred bytes.
		frames.Put(s.frame)
	}
}

// codec passes frames through. Received ones are memory of their own, which their messages alias.
type codec struct{}

func (codec) Name() string { return "paceboard-frames" }

func (codec) Marshal(v any) (mem.BufferSlice, error) {
	f, ok := v.(*frame)
	if !ok {
		return nil, fmt.Errorf("link: %T is no frame", v)
	}
	return mem.BufferSlice{mem.NewBuffer(&f.bytes, sent{f})}, nil
}

func (codec) Unmarshal(data mem.BufferSlice, v any) error {
	f, ok := v.(*frame)
	if !ok {
		return fmt.Errorf("link: %T is no frame", v)
	}
	f.bytes = data.Materialize()
	return nil
}

// carrier is either end of a gRPC stream.
type carrier interface {
	SendMsg(m any) error
	RecvMsg(m any) error
}

var _ = []carrier{grpc.ClientStream(nil), grpc.ServerStream(nil)}

// outlet is the sending end of a stream: what its owner has gathered goes out as one frame after the other, and a
// sign of life when nothing else did.
type outlet struct {
	carrier carrier
	wake    worker.Signal
	next    func() *frame // nil: nothing; the owner sets wake when there is something again
	sign    func() *frame
	every   time.Duration // between signs of life
}

// run sends until the stream breaks or ctx ends.
func (o *outlet) run(ctx context.Context) error {
	signs := time.NewTicker(o.every)
	defer signs.Stop()
	silent := true // since the last tick
	for {
		runtime.Gosched() // Callers that are about to add something do it now: larger frames, fewer of them.
		f := o.next()
		if f == nil {
			select {
			case <-o.wake:
				continue
			case <-signs.C:
				if silent {
					f = o.sign()
				}
				silent = true
			case <-ctx.Done():
				return ctx.Err()
			}
		} else {
			silent = false
		}
		if f == nil {
			continue
		}
		if err := o.carrier.SendMsg(f); err != nil {
			return err
		}
	}
}
