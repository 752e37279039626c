package http

import (
	"context"
	"log/slog"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gofiber/fiber/v2"
	"github.com/valyala/fasthttp"

	"github.com/paceboard/paceboard/competition/calendar"
	"github.com/paceboard/paceboard/http/internal/auth"
	"github.com/paceboard/paceboard/http/internal/listen"
	"github.com/paceboard/paceboard/internal/tracing"
)

// Server answers HTTP. Use New.
type Server struct {
	engine      Engine
	log         *slog.Logger
	auth        *auth.Authenticator
	secrets     *auth.Secrets
	projectKeys *ProjectKeys // nil without a project
	limits      RateLimits
	users       *throttle[string]
	clients     *throttle[netip.Addr]
	origins     origins
	ids         *requestIDs
	metrics     *metrics
	access      *accessLog
	tracer      *tracing.Tracer // nil: nothing is traced
	traced      func(*tracing.Span) Engine
	refusals    *refusalLog
	build       Build
	now         func() time.Time
	newID       func() string
	live        *liveClients
	upgrade     fiber.Handler // to a WebSocket

	webhooks Webhooks
	linksTo  *linksTo

	erasures, exports seldom // of each user

	process  Process
	readOnly atomic.Pointer[readOnly] // nil while changes are taken

	metricsToken     atomic.Pointer[[]byte] // hashed; nil when there is none
	openMetrics      bool
	metricsElsewhere bool
	scrape           scrape

	assets    map[string]*asset // by path
	boardPage *boardPage        // nil without one
	app       *fiber.App
	fiber     fasthttp.RequestHandler // what Fiber makes of the routes

	shortcuts [shortcuts]shortcut

	calls sync.Pool // *call

	maxConnections, maxAddress int
	bodies                     *bodies
	reserve                    listen.Reserve
	lingering                  *listen.Lingering
	aside                      sync.WaitGroup // connections that are answered, or linger, outside fasthttp

	letGo      atomic.Bool     // connections end with the next answer
	serving    context.Context // until Shutdown
	endServing context.CancelFunc
}

func (s *Server) nowMillis() calendar.Millis { return calendar.MillisOf(s.now()) }
