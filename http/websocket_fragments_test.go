package http

// pieces is a ping message in so many parts.
func pieces(n int) []string {
	message := ping(30)
	var parts []string
	for i := range n {
		parts = append(parts, message[i*len(message)/n:(i+1)*len(message)/n])
	}
	return parts
}

func fragmentationCases() []conformanceCase {
	// within sends a message in two fragments with something in between.
	within := func(chunk int, between func(*rawSocket), after func(*rawSocket)) func(*rawSocket) {
		return func(r *rawSocket) {
			r.chunk = chunk
			parts := pieces(2)
			r.fragment(opText, parts[0])
			between(r)
			r.frame(opContinuation, parts[1])
			after(r)
		}
	}
	nothing := func(*rawSocket) {}
	sendPing := func(r *rawSocket) { r.frame(opPing, "ping payload") }
	arrives := func(r *rawSocket) {
		r.expect("pong")
		hangsUp(r)
	}
	pongThenArrives := func(r *rawSocket) {
		r.expectPong("ping payload")
		arrives(r)
	}
	broken := func(r *rawSocket) { fails(r, dropped, protocolError) }
	// five sends a message in five fragments with pings in between.
	five := func(chunk int) func(*rawSocket) {
		return func(r *rawSocket) {
			r.chunk = chunk
			parts := pieces(5)
			r.fragment(opText, parts[0])
			r.fragment(opContinuation, parts[1])
			sendPing(r)
			r.fragment(opContinuation, parts[2])
			r.fragment(opContinuation, parts[3])
			sendPing(r)
			r.frame(opContinuation, parts[4])
			r.expectPong("ping payload")
			pongThenArrives(r)
		}
	}
	// stray has a continuation with nothing to continue, before a message.
	stray := func(final bool, chunk int) func(*rawSocket) {
		return func(r *rawSocket) {
			r.chunk = chunk
			if final {
				r.frame(opContinuation, "non-continuation payload")
			} else {
				r.fragment(opContinuation, "non-continuation payload")
			}
			r.text(ping(20))
			broken(r)
		}
	}
	// again has the stray continuation after a whole fragmented message, as often.
	again := func(final bool) func(*rawSocket) {
		return func(r *rawSocket) {
			parts := pieces(2)
			r.fragment(opText, parts[0])
			r.frame(opContinuation, parts[1])
			r.expect("pong")
			if final {
				r.frame(opContinuation, "fragment")
			} else {
				r.fragment(opContinuation, "fragment")
			}
			r.fragment(opText, parts[0])
			r.frame(opContinuation, parts[1])
			broken(r)
		}
	}
	return []conformanceCase{
		{"5.1", "a ping in two fragments", func(r *rawSocket) {
			r.fragment(opPing, "fragment1")
			r.frame(opContinuation, "fragment2")
			broken(r)
		}},
		{"5.2", "a pong in two fragments", func(r *rawSocket) {
			r.fragment(opPong, "fragment1")
			r.frame(opContinuation, "fragment2")
			broken(r)
		}},
		{"5.3", "a text in two fragments", within(0, nothing, arrives)},
		{"5.4", "a text in two fragments, by frames", within(19, nothing, arrives)},
		{"5.5", "a text in two fragments, byte by byte", within(1, nothing, arrives)},
		{"5.6", "a ping between two fragments", within(0, sendPing, pongThenArrives)},
		{"5.7", "a ping between two fragments, by frames", within(19, sendPing, pongThenArrives)},
		{"5.8", "a ping between two fragments, byte by byte", within(1, sendPing, pongThenArrives)},
		{"5.9", "a last continuation of nothing", stray(true, 0)},
		{"5.10", "a last continuation of nothing, by frames", stray(true, 30)},
		{"5.11", "a last continuation of nothing, byte by byte", stray(true, 1)},
		{"5.12", "a continuation of nothing", stray(false, 0)},
		{"5.13", "a continuation of nothing, by frames", stray(false, 30)},
		{"5.14", "a continuation of nothing, byte by byte", stray(false, 1)},
		{"5.15", "a last continuation after a message that was complete", again(true)},
		{"5.16", "continuations of nothing before texts", func(r *rawSocket) {
			for range 2 {
				r.fragment(opContinuation, "fragment1")
				r.fragment(opText, "fragment2")
				r.frame(opContinuation, "fragment3")
			}
			broken(r)
		}},
		{"5.17", "last continuations of nothing before texts", func(r *rawSocket) {
			for range 2 {
				r.frame(opContinuation, "fragment1")
				r.fragment(opText, "fragment2")
				r.frame(opContinuation, "fragment3")
			}
			broken(r)
		}},
		{"5.18", "a second text inside a text", within(0, func(r *rawSocket) { r.frame(opText, "fragment2") }, broken)},
		{"5.19", "five fragments with pings in between", five(0)},
		{"5.20", "five fragments with pings in between, byte by byte", five(1)},
		{"5.15/2", "a continuation after a message that was complete", again(false)},
	}
}
