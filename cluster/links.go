package cluster

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/paceboard/paceboard/cluster/internal/link"
	"github.com/paceboard/paceboard/competition"
	"github.com/paceboard/paceboard/internal/tracing"
	"github.com/paceboard/paceboard/internal/worker"
)

// Local carries out what other nodes ask of this one. It must not block, and calls
// respond once, from any goroutine; answers and bodies are copied.
type Local interface {
	Serve(competitionID string, kind uint16, body []byte, trace tracing.Context, deadline time.Time, respond func(answer []byte))
}

// LinkOptions are those of Links.
type LinkOptions struct {
	Self   string // this node's id
	Logger *slog.Logger
	// CA, Cert and Key are the files by which nodes know each other (mutual TLS): all or
	// none. Without them only loopback addresses are listened on and reached.
	CA, Cert, Key string
}

// Links carry requests between this node and the others. Safe for concurrent use.
type Links struct {
	options link.Options
	dialer  *link.Dialer
	server  atomic.Pointer[link.Server] // nil before Serve
	moved   worker.Signal               // connections have come or gone
	keeping *worker.Loop                // nil before Keep
	asked   asked
	rooms   sync.Pool // for requests, of *[]byte
}

// NewLinks makes links that reach nobody yet. The error says which file cannot be used.
func NewLinks(o LinkOptions) (*Links, error) {
	l := &Links{moved: worker.NewSignal()}
	l.options = link.Options{Self: o.Self, Logger: o.Logger, Moved: l.moved.Set}
	if o.CA != "" || o.Cert != "" || o.Key != "" {
		credentials, err := link.NewCredentials(link.Files{CA: o.CA, Cert: o.Cert, Key: o.Key}, o.Logger)
		if err != nil {
			return nil, err
		}
		l.options.Credentials = credentials
	}
	l.dialer = link.NewDialer(l.options)
	return l, nil
}

// Refused tells why other nodes would refuse this one's certificate; nil if they would
// not, or there is none.
func (l *Links) Refused() error {
	if l.options.Credentials == nil {
		return nil
	}
	return l.options.Credentials.Refused()
}

// Serve begins to take what other nodes ask on a listener, which Close closes.
func (l *Links) Serve(listener net.Listener, local Local) error {
	server, err := link.Serve(listener, l.options, handler{local})
	if err == nil {
		l.server.Store(server)
	}
	return err
}

// Keep holds a link to each node that a node counts among the living, ends those to
// others, and tells the node which links there are.
func (l *Links) Keep(n *Node) {
	l.keeping = worker.Start(context.Background(), func(ctx context.Context) {
		look := time.NewTicker(beatEvery(n.options.TTL))
		defer look.Stop()
		for ctx.Err() == nil {
			changed := n.Changed()
			var nodes []link.Node
			for _, alive := range n.Alive() {
				nodes = append(nodes, link.Node{ID: alive.ID, Address: alive.Address, Leaving: alive.State == competition.NodeLeaving})
			}
			l.dialer.Keep(nodes)
			n.linked(ctx, l.up(), l.nodes())
			select {
			case <-changed:
			case <-l.moved:
			case <-look.C:
			case <-ctx.Done():
			}
		}
	})
}

// up returns the nodes that this one is connected to.
func (l *Links) up() (nodes []string) {
	for _, p := range l.dialer.Peers() {
		if p.State == link.Up {
			nodes = append(nodes, p.Node.ID)
		}
	}
	return nodes
}

// nodes returns the nodes that are connected to this one.
func (l *Links) nodes() []string {
	if s := l.server.Load(); s != nil {
		return s.Nodes()
	}
	return nil
}

// Close ends all links. Callers that wait for an answer are told at once that it is lost, or
// that nothing was sent.
func (l *Links) Close() {
	if l.keeping != nil {
		l.keeping.Stop()
	}
	if s := l.server.Load(); s != nil {
		s.Close()
	}
	l.dialer.Close()
}

// Nodes returns how many other nodes have a link to this one.
func (l *Links) Nodes() int { return len(l.nodes()) }

// Ask implements [Link]. Errors that mean that nothing was done: competition.ErrNotDelivered;
// ErrOverloaded; ErrDeploying if the node's version does not know the request; and an
// *InvalidError if body is too large to cross, which is so at every node. ErrUnavailable: the
// request may have been carried out.
func (l *Links) Ask(node, address, competitionID string, kind uint16, body []byte, trace tracing.Context, deadline time.Time) ([]byte, error) {
	room, _ := l.rooms.Get().(*[]byte)
	if room == nil {
		room = new([]byte)
	}
	defer l.rooms.Put(room)
	*room = append(appendID((*room)[:0], competitionID), body...)
	m := link.Message{Kind: kind, Trace: link.Trace{ID: trace.Trace, Span: trace.Span}, Body: *room}
	answer, err := l.dialer.Ask(link.Node{ID: node, Address: address}, m, deadline)
	l.asked.count(err)
	switch {
	case err == nil:
		return answer, nil
	case errors.Is(err, link.ErrOverloaded):
		return nil, fmt.Errorf("%w: node %q: %w", competition.ErrOverloaded, node, err)
	case errors.Is(err, link.ErrTooLarge):
		return nil, &competition.InvalidError{Fields: []competition.FieldError{{Field: "body", Detail: "is too large to reach the competition: send it in smaller parts"}}}
	case errors.Is(err, link.ErrUnsupported):
		return nil, fmt.Errorf("%w: node %q: %w", competition.ErrDeploying, node, err)
	case errors.Is(err, link.ErrNotSent):
		return nil, fmt.Errorf("%w: node %q: %w", competition.ErrNotDelivered, node, err)
	default:
		return nil, fmt.Errorf("%w: node %q: %w", competition.ErrUnavailable, node, err)
	}
}

// A request's body begins with the competition that it is about: the length of its id, a
// uvarint, and the id.

func appendID(dst []byte, id string) []byte {
	return append(binary.AppendUvarint(dst, uint64(len(id))), id...)
}

// cutID returns the id at the beginning of a body, and the rest.
func cutID(body []byte) (id, rest []byte, ok bool) {
	length, n := binary.Uvarint(body)
	if n <= 0 || length > uint64(len(body)-n) {
		return nil, nil, false
	}
	end := n + int(length)
	return body[n:end], body[end:], true
}

// handler gives the requests of other nodes to this one.
type handler struct{ local Local }

// HandleFrame implements link.Handler.
func (h handler) HandleFrame(_ string, requests []link.Request) {
	var id string
	for _, r := range requests {
		name, body, ok := cutID(r.Body)
		if string(name) != id { // mostly those of a frame are about the same one
			id = string(name)
		}
		if !ok || !competition.ValidID(id) {
			r.Refuse(link.StatusUnsupported)
			continue
		}
		h.local.Serve(id, r.Kind, body, tracing.Context{Trace: r.Trace.ID, Span: r.Trace.Span}, r.Deadline, func(answer []byte) { r.Respond(answer) })
	}
}

// Figures returns the links' figures.
func (l *Links) Figures() (f LinkFigures) {
	for _, p := range l.dialer.Peers() {
		switch p.State {
		case link.Up:
			f.Up++
		case link.Connecting:
			f.Connecting++
		default:
			f.Down++
			if p.Error != nil && len(f.Unreachable) < mostNamed {
				f.Unreachable = append(f.Unreachable, fmt.Sprintf("node %s at %s cannot be reached: %v", p.Node.ID, p.Node.Address, p.Error))
			}
		}
		f.InFlight += p.InFlight
		f.Connects += p.Connects
	}
	if s := l.server.Load(); s != nil {
		f.Refused = s.Refused()
	}
	return f
}

// Asked returns how many requests to other nodes had an outcome.
func (l *Links) Asked(o Outcome) uint64 { return l.asked[o].Load() }
