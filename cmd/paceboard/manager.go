package main

import (
	"context"
	"log/slog"
	"net"
	"time"

	"github.com/paceboard/paceboard/cmd/internal/systemd"
)

// stopMargin is what the service manager is told to wait for beyond SHUTDOWN_TIMEOUT.
const stopMargin = 5 * time.Second

// probeOf asks the server that listens on an address as a client would. The service
// manager's watchdog lives on it.
func probeOf(listener net.Listener) systemd.Probe {
	address := reachable(listener.Addr().String())
	return func(ctx context.Context) (ready bool, err error) {
		ready, _, err = probe(ctx, address, "/health/ready")
		return ready, err
	}
}

// told logs that the service manager could not be told something: it may act on what it
// does not know.
func told(logger *slog.Logger, err error) {
	if err != nil {
		logger.Warn("the service manager was not told how this process is", "error", err)
	}
}
