package http

import (
	"errors"
	"net"
	"time"
)

// errTooFast ends a socket that sends far more than a client needs.
var errTooFast = errors.New("far too many frames within a second")

// paceFactor is how many times the rate of requests a socket may send in frames
// within a second before it is closed. Up to that, frames over the rate are answered
// with an error.
const paceFactor = 10

// framePace limits what a socket sends before any of it is parsed: messages, pings and
// pongs by their number, and fragments, which the library does not report, by their
// bytes. It belongs to the socket's reader.
type framePace struct {
	frames, bytes       int // within a second; 0 for any
	second              time.Time
	framesNow, bytesNow int
	exceeded            func() // called when it is too much
}

// newFramePace is the pace for a rate of requests a second, 0 for any.
func newFramePace(perSecond int, exceeded func()) *framePace {
	return &framePace{frames: paceFactor * perSecond, bytes: (perSecond + paceFactor) * maxFrameBytes, exceeded: exceeded}
}

// frame counts a frame; its error ends the socket.
func (p *framePace) frame() error { return p.count(1, 0) }

func (p *framePace) count(frames, bytes int) error {
	if p.frames == 0 {
		return nil
	}
	if now := time.Now(); now.Sub(p.second) >= time.Second {
		p.second, p.framesNow, p.bytesNow = now, 0, 0
	}
	p.framesNow += frames
	p.bytesNow += bytes
	if p.framesNow > p.frames || p.bytesNow > p.bytes {
		p.exceeded()
		return errTooFast
	}
	return nil
}

// watch counts the bytes of a connection until end is called, which the caller does
// before another goroutine reads from it.
func (p *framePace) watch(conn net.Conn) (end func()) {
	metered, ok := conn.(interface{ Meter(read func(n int) error) })
	if !ok || p.frames == 0 {
		return func() {}
	}
	metered.Meter(func(n int) error { return p.count(0, n) })
	return func() { metered.Meter(nil) }
}
