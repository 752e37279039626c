package http

import (
	"fmt"
	"log/slog"
	"net"
	"regexp"

	"github.com/gofiber/fiber/v2"

	"github.com/paceboard/paceboard/http/internal/listen"
)

// NewApp is Fiber on fasthttp with the settings of a [Server] and no handler. Its
// speed, on a [Lazy] listener, is the limit that the server is measured against.
func NewApp(o Options) *fiber.App { return newApp(o.withDefaults(), fiber.DefaultErrorHandler) }

// Lazy makes the connections of a listener hold no memory for reading while
// they are silent. The listener may be closed more than once.
func Lazy(listener net.Listener) net.Listener { return listen.Lazy(listener) }

// newApp has all settings but the handlers.
func newApp(o Options, noRoute fiber.ErrorHandler) *fiber.App {
	app := fiber.New(fiber.Config{
		AppName:                      "paceboard",
		DisableStartupMessage:        true,
		CaseSensitive:                true,
		DisablePreParseMultipartForm: true, // forms are refused
		BodyLimit:                    bodyLimit,
		ReadBufferSize:               maxHeaderBytes,
		Concurrency:                  2 * o.MaxConnections, // the connection limit is half of that; a worker ends after its connection
		ReadTimeout:                  o.ReadTimeout,
		WriteTimeout:                 o.WriteTimeout,
		IdleTimeout:                  o.IdleTimeout,
		RequestMethods:               knownMethods,
		ErrorHandler:                 noRoute,
	})
	server := app.Server()
	server.Logger = fasthttpLog{o.Logger}
	server.SecureErrorLogMessage = true
	server.CloseOnShutdown = true
	server.ReduceMemoryUsage = true // of connections that say nothing, sockets among them; see [Lazy]
	return app
}

// fasthttpLog logs what fasthttp reports: connections that fail for reasons of their
// clients. Its errors quote what was received, which may be a token: that is left out.
type fasthttpLog struct{ log *slog.Logger }

var quoted = regexp.MustCompile(`"(?:[^"\\]|\\.)*"?`)

func (l fasthttpLog) Printf(format string, args ...any) {
	for i, arg := range args {
		if err, ok := arg.(error); ok {
			args[i] = quoted.ReplaceAllLiteralString(err.Error(), `"…"`)
		}
	}
	l.log.Debug("fasthttp", slog.String("message", fmt.Sprintf(format, args...)))
}
