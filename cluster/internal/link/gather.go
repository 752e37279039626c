package link

// gather is messages that wait to be sent, encoded into frames. Its owner's lock guards it.
type gather struct {
	target, sender string
	frames         []*frame
	bytes          int // of all frames' messages
}

// add encodes a message behind the others.
func (g *gather) add(m *message) {
	f := g.last()
	if f == nil || !f.fits(m) {
		f = g.empty()
		g.frames = append(g.frames, f)
	}
	g.bytes += f.add(m)
}

// take returns the first frame; nil: there is none.
func (g *gather) take() *frame {
	if len(g.frames) == 0 {
		return nil
	}
	f := g.frames[0]
	n := copy(g.frames, g.frames[1:])
	g.frames[n] = nil
	g.frames = g.frames[:n]
	if g.bytes -= len(f.bytes) - g.headerBytes(); n == 0 {
		g.bytes = 0
	}
	return f
}

func (g *gather) last() *frame {
	if n := len(g.frames); n > 0 {
		return g.frames[n-1]
	}
	return nil
}

// empty makes a frame without messages: a sign of life.
func (g *gather) empty() *frame {
	f := newFrame()
	f.bytes = appendHeader(f.bytes, g.target, g.sender)
	return f
}

func (g *gather) headerBytes() int { return 3 + len(g.target) + len(g.sender) }

// drop forgets what waits.
func (g *gather) drop() { g.frames, g.bytes = nil, 0 }

// fits reports whether a frame has room for a message. An empty one has, however large it is.
func (f *frame) fits(m *message) bool {
	return f.count == 0 || f.count+m.messages() <= perFrame && f.within(m)
}

// within reports whether a message would leave the frame within its limit.
func (f *frame) within(m *message) bool {
	return len(f.bytes)+overhead*m.messages()+len(m.body) <= frameLimit
}

// messages is how many a message is sent as: two if it has a span.
func (m *message) messages() int {
	if m.verb == request && m.trace.Span != [8]byte{} {
		return 2
	}
	return 1
}

// add adds a message. One so large that it must be alone goes without its span.
func (f *frame) add(m *message) (bytes int) {
	before := len(f.bytes)
	if m.messages() == 2 && f.within(m) {
		f.bytes = appendMessage(f.bytes, &message{verb: span, trace: Trace{Span: m.trace.Span}})
		f.count++
	}
	f.bytes = appendMessage(f.bytes, m)
	f.count++
	return len(f.bytes) - before
}
