package main

import (
	"context"
	"time"
)

// stopMargin is what the service manager is told to wait for beyond SHUTDOWN_TIMEOUT.
const stopMargin = 5 * time.Second

// probe asks this server as a client would. The service manager's watchdog lives on it.
func (s *server) probe(ctx context.Context) (ready bool, err error) {
	ready, _, err = probe(ctx, reachable(s.listener.Addr().String()), "/health/ready")
	return ready, err
}

// told logs that the service manager could not be told something: it may act on what it
// does not know.
func (s *server) told(err error) {
	if err != nil {
		s.logger.Warn("the service manager was not told how this process is", "error", err)
	}
}
