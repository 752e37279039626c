package postgres

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"
)

const (
	// freshness is how long an append that went well speaks for the next one.
	freshness = 5 * time.Second
	// probeEvery is how often a store that is well and has nothing to do is probed.
	probeEvery = 10 * time.Second
	// So many appends in a row that the server refuses, the last of them within
	// freshness, are believed more than a probe that goes well.
	refusals = 3
)

// outcomes are how appends and probes went. Safe for concurrent use.
type outcomes struct {
	mu      sync.Mutex
	stored  time.Time // when something was stored last
	failed  time.Time // when an append failed last
	err     error     // of that
	refused int       // appends that the server refused since something was stored
	probed  time.Time // when a probe went well last; zero after a failure
}

// note takes the outcome of an append as a whole. What is wrong with a batch, or
// waits for another append of the same competition, says nothing about the store.
func (o *outcomes) note(err error) {
	refusal := refused(err)
	if err != nil && (errors.Is(err, context.Canceled) || blamesOne(err) || refusal != nil && refusal.Code == lockNotAvailable) {
		return
	}
	now := time.Now()
	o.mu.Lock()
	defer o.mu.Unlock()
	if err == nil {
		o.stored, o.refused = now, 0
		return
	}
	o.failed, o.err, o.probed = now, err, time.Time{}
	if refusal != nil {
		o.refused++
	}
}

// need reports whether to probe, and with how much.
func (o *outcomes) need() (probe, large bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	failing := o.failed.After(o.stored)
	return failing || time.Since(o.stored) > freshness && time.Since(o.probed) > probeEvery, failing
}

// probe takes the outcome of a probe, and returns whether the store takes writes.
func (o *outcomes) probe(err error) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	switch {
	case err != nil:
		o.probed = time.Time{}
		return err
	case o.refused >= refusals && time.Since(o.failed) < freshness:
		return fmt.Errorf("the database refuses what is to be stored: %w", o.err)
	}
	o.probed = time.Now()
	return nil
}
