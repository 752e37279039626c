package logging

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"strings"

	fiberlog "github.com/gofiber/fiber/v2/log"
	"github.com/redis/go-redis/v9"
	"google.golang.org/grpc/grpclog"
)

// Redirect has what the standard library, gRPC, Redis' client and Fiber print go to a
// logger, for the whole process: the first at info, the others at debug, since what
// matters of them is reported by the packages that use them.
func Redirect(logger *slog.Logger) {
	slog.SetDefault(logger) // and with it what package log prints
	grpclog.SetLoggerV2(grpcLog{logger.With("part", "grpc")})
	redis.SetLogger(redisLog{logger.With("part", "redis")})
	fiberlog.SetOutput(printed{logger.With("part", "fiber")})
}

// redisLog is what Redis' client logs to.
type redisLog struct{ log *slog.Logger }

// Printf implements the client's interface.
func (l redisLog) Printf(ctx context.Context, format string, args ...any) {
	l.log.DebugContext(ctx, fmt.Sprintf(format, args...)) //nolint:sloglint // its text is the message
}

// printed takes lines that something prints.
type printed struct{ log *slog.Logger }

var _ io.Writer = printed{}

// Write implements io.Writer.
func (p printed) Write(line []byte) (int, error) {
	p.log.Debug(strings.TrimSpace(string(line))) //nolint:sloglint // its text is the message
	return len(line), nil
}

// grpcLog is what gRPC logs to. Only a fatal message is an error here.
type grpcLog struct{ log *slog.Logger }

var _ grpclog.LoggerV2 = grpcLog{}

func (l grpcLog) say(args ...any) {
	if l.V(0) {
		l.log.Debug(strings.TrimSpace(fmt.Sprint(args...))) //nolint:sloglint // its text is the message
	}
}

// Info and the others implement grpclog.LoggerV2.
func (l grpcLog) Info(args ...any)                    { l.say(args...) }
func (l grpcLog) Infoln(args ...any)                  { l.say(args...) }
func (l grpcLog) Infof(format string, args ...any)    { l.say(fmt.Sprintf(format, args...)) }
func (l grpcLog) Warning(args ...any)                 { l.say(args...) }
func (l grpcLog) Warningln(args ...any)               { l.say(args...) }
func (l grpcLog) Warningf(format string, args ...any) { l.say(fmt.Sprintf(format, args...)) }
func (l grpcLog) Error(args ...any)                   { l.say(args...) }
func (l grpcLog) Errorln(args ...any)                 { l.say(args...) }
func (l grpcLog) Errorf(format string, args ...any)   { l.say(fmt.Sprintf(format, args...)) }
func (l grpcLog) Fatal(args ...any)                   { l.log.Error(fmt.Sprint(args...)) } //nolint:sloglint // its text is the message
func (l grpcLog) Fatalln(args ...any)                 { l.Fatal(args...) }
func (l grpcLog) Fatalf(format string, args ...any)   { l.Fatal(fmt.Sprintf(format, args...)) }

// V reports whether messages of a verbosity are wanted.
func (l grpcLog) V(level int) bool {
	return level == 0 && l.log.Enabled(context.Background(), slog.LevelDebug)
}
