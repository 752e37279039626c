package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"net"
	nethttp "net/http"
	_ "net/http/pprof" //nolint:gosec // G108: served on loopback, when asked for
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/paceboard/paceboard/benchmarks/internal/measure"
	pbhttp "github.com/paceboard/paceboard/http"
)

// subject is one way of using the program. Its flags come without those that
// all have.
type subject func(ctx context.Context, flags *flag.FlagSet, args []string) error

var subjects = map[string]subject{"frontend": frontend, "plain": plain, "forgetful": forgetful, "redis": overRedis, "fill": fill}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:])
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "subjects:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) error {
	if len(args) == 0 || subjects[args[0]] == nil {
		return errors.New("say one of frontend, plain, forgetful, redis, fill")
	}
	return subjects[args[0]](ctx, flag.NewFlagSet(args[0], flag.ContinueOnError), args[1:])
}

// serving is what every subject that serves has.
type serving struct{ pprof *string }

func servingFlags(flags *flag.FlagSet) serving {
	return serving{flags.String("pprof", "", "`HOST:PORT` of the profiler")}
}

// until serves on a free port of loopback until ctx ends.
func (s serving) until(ctx context.Context, serve func(net.Listener) error, shutdown func(context.Context) error) error {
	var listening net.ListenConfig
	listener, err := listening.Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	if *s.pprof != "" {
		profiler := &nethttp.Server{Addr: *s.pprof, ReadHeaderTimeout: 5 * time.Second} // of the default mux
		defer func() { _ = profiler.Close() }()
		go profiler.ListenAndServe() //nolint:errcheck // who asks for a figure finds out
	}
	failed := make(chan error, 1)
	go func() { failed <- serve(listener) }() // ends with shutdown
	slog.New(slog.NewJSONHandler(os.Stderr, nil)).InfoContext(ctx, "serving", "address", listener.Addr().String())
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
	}
	ending, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	return errors.Join(shutdown(ending), <-failed)
}

// frontOptions are the real server's, as it has them by default.
func frontOptions(engine pbhttp.Engine) pbhttp.Options {
	return pbhttp.Options{Engine: engine, Secrets: [][]byte{[]byte(measure.Secret)}, Registry: prometheus.NewRegistry()}
}
