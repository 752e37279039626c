package testservers

import (
	"context"
	"io"
	"net"
	"net/url"
	"slices"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5/pgproto3"
)

// Cut is where a proxy ends a connection.
type Cut int

// The places to cut a statement's way to the server and back. All of them look
// the same to the client; in the first alone nothing was stored.
const (
	CutNothing  Cut = iota
	CutRequest      // the server never learns that the statement is complete
	CutAtOnce       // the server has it all and nobody waits any more; it goes on regardless
	CutAnswer       // the server is done and has said so, but the client hears none of it
	CutLastWord     // the client hears all but the last message, which says that it is committed
)

// Proxy stands between clients and a PostgreSQL server, and ends connections
// where tests want them to end. It understands the protocol well enough to know
// the Sync after an Execute, with which a client asks for the commit. Requests
// to cancel a statement never arrive: a network that breaks takes them, too. No
// TLS.
type Proxy struct {
	listener net.Listener
	running  sync.WaitGroup

	mu     sync.Mutex
	target string
	next   Cut
	others int // commits before the next cut
	strike *strike
	cuts   int
	conns  map[net.Conn]struct{} // nil once closed
}

// NewProxy starts a proxy to the server of a URL; it ends with the test.
func NewProxy(tb testing.TB, databaseURL string) (p *Proxy, throughURL string) {
	tb.Helper()
	u, err := url.Parse(databaseURL)
	if err != nil {
		tb.Fatal(err)
	}
	listener, err := (&net.ListenConfig{}).Listen(tb.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	p = &Proxy{listener: listener, target: u.Host, conns: map[net.Conn]struct{}{}}
	p.running.Go(p.accept)
	tb.Cleanup(p.close)
	u.Host = listener.Addr().String()
	return p, u.String()
}

// CutNext has the next commit that a client asks for cut.
func (p *Proxy) CutNext(where Cut) { p.CutAfter(0, where) }

// CutAfter has a commit cut, after so many others.
func (p *Proxy) CutAfter(others int, where Cut) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.others, p.next = others, where
}

// Lead has connections that come from now on end at another server, as an address
// does that is moved in a failover. Those that are there stay where they are.
func (p *Proxy) Lead(tb testing.TB, databaseURL string) {
	tb.Helper()
	u, err := url.Parse(databaseURL)
	if err != nil {
		tb.Fatal(err)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.target = u.Host
}

// Cuts is how many connections were cut.
func (p *Proxy) Cuts() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.cuts
}

// strike is a cut at a statement, once.
type strike struct {
	where   Cut
	matches func(sql string) bool
	struck  func()
}

// StrikeAt cuts the next commit of which a statement matches: at CutRequest before the
// server has it, or at CutAnswer after the server is done with it. struck is called before
// the client can notice that, and nothing passes until it returns: a client that struck
// kills dies at exactly that point. CutNothing takes the strike back.
func (p *Proxy) StrikeAt(where Cut, matches func(sql string) bool, struck func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.strike = nil
	if where != CutNothing {
		p.strike = &strike{where, matches, struck}
	}
}

// takeFor returns what the commit of some statements must suffer, and what is called then;
// nil for nothing.
func (p *Proxy) takeFor(statements []string) (where Cut, struck func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if s := p.strike; s != nil && slices.ContainsFunc(statements, s.matches) {
		p.strike = nil
		p.cuts++
		return s.where, s.struck
	}
	return p.take(), nil
}

// take is takeFor without the strike; the caller holds the lock.
func (p *Proxy) take() Cut {
	if p.others > 0 {
		p.others--
		return CutNothing
	}
	where := p.next
	p.next = CutNothing
	if where != CutNothing {
		p.cuts++
	}
	return where
}

func (p *Proxy) close() {
	_ = p.listener.Close()
	p.mu.Lock()
	for conn := range p.conns {
		_ = conn.Close()
	}
	p.conns = nil
	p.mu.Unlock()
	p.running.Wait()
}

// track has a connection closed with the proxy; false if that is closed.
func (p *Proxy) track(conn net.Conn) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.conns == nil {
		return false
	}
	p.conns[conn] = struct{}{}
	return true
}

func (p *Proxy) release(conn net.Conn) {
	_ = conn.Close()
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.conns, conn)
}

func (p *Proxy) accept() {
	for {
		client, err := p.listener.Accept()
		if err != nil {
			return
		}
		p.running.Go(func() { p.serve(client) })
	}
}

func (p *Proxy) serve(client net.Conn) {
	defer p.release(client)
	p.mu.Lock()
	target := p.target
	p.mu.Unlock()
	server, err := (&net.Dialer{}).DialContext(context.Background(), "tcp", target)
	if err != nil {
		return
	}
	defer p.release(server)
	if !p.track(client) || !p.track(server) {
		return
	}
	l := &line{client: client, server: server, cut: make(chan end, 1)}
	var answering sync.WaitGroup
	answering.Go(l.answers)
	l.requests(p.takeFor)
	answering.Wait()
}

// line is one connection and its two directions.
type line struct {
	client, server net.Conn
	cut            chan end // capacity 1: what the answer under way must suffer
}

// end is how a line ends; struck may be nil.
type end struct {
	where  Cut
	struck func()
}

// requests forwards what the client sends, message by message, until a cut.
func (l *line) requests(take func(statements []string) (Cut, func())) {
	defer func() { // The server reads what it has and then sees the end.
		if tcp, ok := l.server.(*net.TCPConn); ok {
			_ = tcp.CloseWrite()
		}
	}()
	from := pgproto3.NewBackend(l.client, nil)
	startup, err := from.ReceiveStartupMessage()
	if _, cancels := startup.(*pgproto3.CancelRequest); err != nil || cancels || forward(l.server, startup) != nil {
		return
	}
	executed, prepared := false, map[string]string{}
	var statements []string // bound since the last Sync
	for {
		message, err := from.Receive()
		if err != nil {
			return
		}
		switch message := message.(type) {
		case *pgproto3.Parse:
			prepared[message.Name] = message.Query
		case *pgproto3.Bind:
			statements = append(statements, prepared[message.PreparedStatement])
		case *pgproto3.Execute:
			executed = true
		case *pgproto3.Sync:
			if executed {
				if where, struck := take(statements); where != CutNothing {
					l.cutAt(end{where, struck}, message)
					return
				}
			}
			executed, statements = false, nil
		}
		if forward(l.server, message) != nil {
			return
		}
	}
}

func forward(to io.Writer, message pgproto3.Message) error {
	encoded, err := message.Encode(nil)
	if err == nil {
		_, err = to.Write(encoded)
	}
	return err
}

// cutAt ends the connection with a Sync in hand.
func (l *line) cutAt(cut end, sync pgproto3.Message) {
	if cut.where == CutRequest {
		if cut.struck != nil {
			cut.struck()
		}
		_ = l.server.Close()
		_ = l.client.Close()
		return
	}
	l.cut <- cut
	if cut.where == CutAtOnce {
		_ = l.client.Close()
	}
	_ = forward(l.server, sync)
}

// answers forwards what the server sends, until a cut.
func (l *line) answers() {
	defer func() { _ = l.client.Close() }()
	from := pgproto3.NewFrontend(l.server, nil)
	for {
		message, err := from.Receive()
		if err != nil {
			return
		}
		select {
		case cut := <-l.cut:
			if cut.struck != nil {
				for err == nil { // to the end: answers to what was sent before may come first
					_, err = from.Receive()
				}
				cut.struck()
				return
			}
			l.suffer(cut.where, from, message)
			return
		default:
		}
		if forward(l.client, message) != nil {
			return
		}
	}
}

// suffer reads the answer to its end and keeps it from the client, in whole or
// in part.
func (l *line) suffer(where Cut, from *pgproto3.Frontend, message pgproto3.BackendMessage) {
	for {
		if _, last := message.(*pgproto3.ReadyForQuery); last {
			return
		}
		if where == CutLastWord && forward(l.client, message) != nil {
			return
		}
		var err error
		if message, err = from.Receive(); err != nil {
			return
		}
	}
}
