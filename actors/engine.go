package actors

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/asynkron/protoactor-go/actor"
	"github.com/maypok86/otter/v2"

	"github.com/paceboard/paceboard/actors/internal/mailbox"
	"github.com/paceboard/paceboard/actors/internal/projection"
	"github.com/paceboard/paceboard/competition"
	"github.com/paceboard/paceboard/competition/calendar"
	"github.com/paceboard/paceboard/internal/tracing"
	"github.com/paceboard/paceboard/internal/worker"
)

// Engine runs competitions. Its methods are safe for concurrent use; each waits
// at most Options.RequestTimeout.
type Engine struct {
	*parts
	span *tracing.Span // of the request that this is for; see Traced
}

// Traced returns the engine for one request that is traced: what it does for the request
// are steps of a span. Everything else is the same.
func (e *Engine) Traced(span *tracing.Span) *Engine { return &Engine{parts: e.parts, span: span} }

// parts is all that an engine is made of.
type parts struct {
	options Options
	store   competition.Store // that of options

	system       *actor.ActorSystem
	competitions *actor.PID
	actors       actorEnv
	created      *otter.Cache[string, calendar.Millis] // when competitions were created; 0 is not remembered
	workers      *mailbox.Workers
	projector    *projection.Projector
	tidying      *worker.Loop
	sweeping     *worker.Loop // of invitations
	rebalancing  *worker.Loop // nil without peers
	silences     *worker.Loop // nil without a lease

	tops    *tops          // of boards elsewhere
	serving sync.WaitGroup // requests of other nodes
	rooms   sync.Pool      // for messages between nodes, of *[]byte

	inFlight  atomic.Int64
	leaving   atomic.Bool // in a cluster nothing is claimed any more
	draining  atomic.Bool
	drained   worker.Signal // while draining: no request is under way
	damage    *damage
	envelopes mailbox.Envelopes
	counting  clusterLocks // by user; see engine_quotas.go
	recalling namedLocks   // by user; see Lifetime
	answering clusterLocks // by invitation: held to answer or withdraw it; counting may be acquired under it
	erasing   erasing
	tries     tries // of join codes
	codeKey   atomic.Pointer[competition.Key]

	// Calls of the store end with life, which Close ends, at its deadline at the
	// latest. Recoveries end with recovering, as soon as no request can wait for one.
	life, recovering       context.Context
	endLife, endRecovering context.CancelFunc
}

func (e *Engine) now() calendar.Millis { return calendar.MillisOf(e.options.Now()) }

// storeContext bounds one call of the store.
func (e *Engine) storeContext() (context.Context, context.CancelFunc) {
	return context.WithTimeout(e.life, e.options.StoreTimeout)
}

// deadline is when a request that begins now must have its answer.
func (e *Engine) deadline() time.Time { return time.Now().Add(e.options.RequestTimeout) }
