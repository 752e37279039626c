package actors

import (
	"cmp"
	"context"
	"crypto/rand"
	"log/slog"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/paceboard/paceboard/competition"
	"github.com/paceboard/paceboard/internal/tracing"
)

// Options of an Engine. Store is required, the others have defaults.
type Options struct {
	Store  competition.Store
	Logger *slog.Logger
	// Now is the time of events, with a reading of the monotonic clock. Default time.Now.
	Now func() time.Time
	// Settled reports whether Now is certain. While it is not, requests are served, but
	// time changes no status. Default always.
	Settled func() bool
	// Metrics is where the engine registers its metrics; nil is none.
	Metrics prometheus.Registerer

	// Peers and Lease are this process's part in a cluster; both nil for a process that
	// is alone.
	Peers Peers
	Lease Lease
	// Holds has the nodes of a cluster take turns where one process uses locks; nil for a
	// process that is alone.
	Holds competition.Holds
	// Confirm, if not nil, proves an answer from memory in the place of Lease: it asks the
	// store, after it was called, whether this process may still own what it owns. Error:
	// competition.ErrUnavailable at the deadline.
	Confirm func(deadline time.Time) error

	// NoteErasure, if not nil, is called before a person is erased, with the competitions in
	// which that will be, and makes it durable outside the store. If it fails, nobody is
	// erased.
	NoteErasure func(userID string, competitionIDs []string, at time.Time) error

	// Mirror is kept showing the boards; nil is none. It stays the caller's to
	// close, after Engine.Close.
	Mirror competition.Mirror

	// RequestTimeout is how long a caller waits for an answer before it gets
	// ErrUnavailable. Default 5 s.
	RequestTimeout time.Duration
	// StoreTimeout bounds every call of the store that no caller waits for, except
	// recovery. Default 5 s.
	StoreTimeout time.Duration
	// RecoveryTimeout bounds the recovery of one competition. Default 5 min.
	RecoveryTimeout time.Duration
	// MaxInFlight is how many requests may be under way, and how many may wait
	// for one competition; one more gets ErrOverloaded. Default 16,384.
	MaxInFlight int
	// MaxCreated and MaxJoined are how many competitions that are not over a user may
	// have created, and take part in; operators are not limited. 0 is no limit.
	MaxCreated, MaxJoined int
	// MaxJournalUser is how many bytes a user's commands, except operators', may add
	// to journals within a day; less than 4 GiB. 0 is no limit.
	MaxJournalUser int64
	// IdleAfter is how long a competition stays in memory unused. Default 10 min.
	IdleAfter time.Duration
	// SnapshotEvents and SnapshotRows are how many events, or changed
	// participants, make a snapshot due. Defaults 65,536 and 16,384.
	SnapshotEvents, SnapshotRows int
	projectRows                  int                    // see projection.Options
	newKey                       func() competition.Key // of a new identity
	levels                       competition.Levels     // Store's; nil if it has none
	// HandOver, if not nil, means that prizes are pending until the payment provider
	// has confirmed them, and is called when there may be new ones. It must not block.
	HandOver func()
	// Tracer goes on with the traces of requests that come from other nodes; nil: none.
	Tracer *tracing.Tracer
	// Progress is told how far the recovery of a competition is; done is true
	// once, at its end. It may be called from several goroutines.
	Progress func(competitionID string, rows, records int, took time.Duration, done bool)
}

// Peers reaches the nodes that own the other competitions. Safe for concurrent use.
type Peers interface {
	// Route returns the node that requests about a competition go to, as far as this
	// one knows; empty for itself. It may be wrong: then that node says so.
	Route(competitionID string) (node string)

	// Home reports whether a competition that nobody owns belongs to this node, as far as
	// it knows. It is only asked to reach owners quickly and to spread what they do.
	Home(competitionID string) bool

	// Appointed reports whether it is up to this node to do what one node is enough for.
	Appointed(task string) bool

	// Lost reports whether another node could not be connected to for so long that waiting
	// for it is no use.
	Lost(node string) bool

	// Withdrawn reports whether the others cannot reach this node, so that they should own
	// what it owns.
	Withdrawn() bool

	// Learn notes which node owns a competition, as the store or a node said; empty
	// if what was known is wrong.
	Learn(competitionID, node string)

	// Ask sends one request to a node and returns its answer, by the deadline at the
	// latest. The answer is the caller's; body is, again, once it has returned. Errors:
	// competition.ErrNotDelivered, ErrNotOwner, ErrOverloaded, ErrDeploying and an
	// *InvalidError say that nothing was done; after any other the request may have been
	// carried out.
	Ask(node, competitionID string, kind uint16, body []byte, trace tracing.Context, deadline time.Time) (answer []byte, err error)

	// Changed returns a channel that is closed when nodes come or go next, or are reached
	// or not.
	Changed() <-chan struct{}
}

// Lease says whether this process may answer from memory: whether it is certain that
// no other one has been given its competitions. Safe for concurrent use.
type Lease interface {
	// Valid costs no more than a look at the monotonic clock.
	Valid() bool

	// Await returns as soon as the lease is valid. Error: competition.ErrUnavailable at
	// the deadline.
	Await(deadline time.Time) error
}

// home returns Peers.Home; nil for a process that is alone.
func (o *Options) home() func(competitionID string) bool {
	if o.Peers == nil {
		return nil
	}
	return o.Peers.Home
}

// only returns whether it is up to this node to do what one node is enough for. What is
// done so may be done twice while nodes come and go, and not at all for a moment.
func (o *Options) only(name string) func() bool {
	if o.Peers == nil {
		return nil
	}
	return func() bool { return o.Peers.Appointed(name) }
}

// level is the highest format level of the events that may be appended.
func (o *Options) level() int {
	if o.levels == nil {
		return competition.FormatLevel
	}
	return o.levels.Level()
}

// raiseLevel raises the level to this program's. Errors: competition.ErrDeploying,
// ErrUnavailable.
func (o *Options) raiseLevel(ctx context.Context) error {
	if o.level() >= competition.FormatLevel {
		return nil
	}
	return o.levels.RaiseLevel(ctx)
}

func (o *Options) setDefaults() {
	o.levels, _ = o.Store.(competition.Levels) // else processes of other versions are not there
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Settled == nil {
		o.Settled = func() bool { return true }
	}
	if o.Metrics == nil {
		o.Metrics = prometheus.NewRegistry()
	}
	if o.Progress == nil {
		o.Progress = func(string, int, int, time.Duration, bool) {}
	}
	if o.newKey == nil {
		o.newKey = newKey
	}
	o.RequestTimeout = cmp.Or(o.RequestTimeout, 5*time.Second)
	o.StoreTimeout = cmp.Or(o.StoreTimeout, 5*time.Second)
	o.RecoveryTimeout = cmp.Or(o.RecoveryTimeout, 5*time.Minute)
	o.MaxInFlight = cmp.Or(o.MaxInFlight, 16_384)
	o.IdleAfter = cmp.Or(o.IdleAfter, 10*time.Minute)
	o.SnapshotEvents = cmp.Or(o.SnapshotEvents, 65_536)
	o.SnapshotRows = cmp.Or(o.SnapshotRows, 16_384)
}

func newKey() (k competition.Key) {
	rand.Read(k[:]) // never fails, see crypto/rand
	return k
}
