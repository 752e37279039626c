package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"github.com/paceboard/paceboard/actors"
	"github.com/paceboard/paceboard/benchmarks/internal/measure"
	"github.com/paceboard/paceboard/competition"
	"github.com/paceboard/paceboard/persistence/embedded"
)

const (
	callers = 256
	members = 10 // of each competition
)

// competitions is what a durable sync takes when it may be of any of so many
// competitions, and the memory of one of them.
func competitions(dir string) study {
	return study{
		name: "competitions", sizes: []int{1, 10, 100, 1_000, 10_000},
		curves: []*curve{
			{Of: "competitions", What: "a durable sync among 256 callers", Unit: "µs"},
			{Of: "competitions", What: "memory of one with 10 members", Unit: "bytes"},
		},
		at: func(ctx context.Context, n int) (figures []float64, err error) {
			folder := filepath.Join(dir, "competitions")
			store, err := embedded.Open(ctx, embedded.Options{Dir: folder, BallastBytes: -1})
			if err != nil {
				return nil, err
			}
			defer func() { err = errors.Join(err, store.Close(), os.RemoveAll(folder)) }()
			engine, err := actors.New(actors.Options{Store: store})
			if err != nil {
				return nil, err
			}
			defer func() { err = errors.Join(err, engine.Close(context.WithoutCancel(ctx))) }()

			before := inUse()
			if err := crowd(ctx, n, func(i int, _ *rand.Rand) error {
				_, _, err := engine.Create(&competition.CreateCompetition{Caller: operator, Definition: definition(nameOf(i))})
				return err
			}); err != nil {
				return nil, err
			}
			if err := crowd(ctx, n*members, func(i int, random *rand.Rand) error {
				s := aSync(random, members)
				s.UserID = measure.UserID(i % members)
				_, err := engine.SubmitSync(nameOf(i/members), &s)
				return err
			}); err != nil {
				return nil, err
			}
			each := float64(inUse()-before) / float64(n)
			const syncs = 100_000
			began := time.Now()
			err = crowd(ctx, syncs, func(_ int, random *rand.Rand) error {
				s := aSync(random, members)
				_, err := engine.SubmitSync(nameOf(random.IntN(n)), &s)
				return err
			})
			return []float64{time.Since(began).Seconds() * 1e6 / syncs, each}, err
		},
	}
}

func nameOf(i int) string { return fmt.Sprintf("growth-%05d", i) }

// crowd has many callers do something, n times between them. It returns the first
// error.
func crowd(ctx context.Context, n int, do func(i int, random *rand.Rand) error) error {
	var next atomic.Int64
	errs := make(chan error, callers)
	var all sync.WaitGroup
	for c := range min(callers, n) {
		all.Go(func() {
			random := rand.New(rand.NewPCG(1, uint64(c)))
			for i := int(next.Add(1)) - 1; i < n; i = int(next.Add(1)) - 1 {
				if err := errors.Join(ctx.Err(), do(i, random)); err != nil {
					errs <- err
					return
				}
			}
		})
	}
	all.Wait()
	close(errs)
	return <-errs // nil when there is none
}
