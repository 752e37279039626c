package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"time"

	"github.com/paceboard/paceboard/actors"
	"github.com/paceboard/paceboard/competition"
	pbhttp "github.com/paceboard/paceboard/http"
	"github.com/paceboard/paceboard/persistence/embedded"
)

// forgetful is the server, actors and all, with a journal that keeps nothing:
// what it is faster by is what durability costs.
func forgetful(ctx context.Context, flags *flag.FlagSet, args []string) (err error) {
	common := servingFlags(flags)
	dir := flags.String("dir", "", "data `FOLDER`")
	if err := flags.Parse(args); err != nil {
		return err
	}
	kept, err := embedded.Open(ctx, embedded.Options{Dir: *dir, BallastBytes: -1})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, kept.Close()) }()
	// Nothing may be recovered, so nothing may go to sleep.
	engine, err := actors.New(actors.Options{Store: forgetfulStore{kept}, IdleAfter: 24 * time.Hour})
	if err != nil {
		return fmt.Errorf("start the engine: %w", err)
	}
	defer func() {
		ending, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
		defer cancel()
		err = errors.Join(err, engine.Close(ending))
	}()
	server := pbhttp.New(frontOptions(engine))
	return common.until(ctx, server.Serve, server.Shutdown)
}

// forgetfulStore keeps that a competition was created, so that it is found, and
// nothing else.
type forgetfulStore struct{ competition.Store }

func (s forgetfulStore) Append(ctx context.Context, batches []*competition.Batch) []error {
	for i, b := range batches {
		if b.FirstSeq != 1 {
			continue
		}
		if failed := s.Store.Append(ctx, batches[i:i+1]); failed != nil {
			errs := make([]error, len(batches))
			errs[i] = failed[0]
			return errs
		}
	}
	return nil
}

func (forgetfulStore) Save(context.Context, *competition.Snapshot) error      { return nil }
func (forgetfulStore) Project(context.Context, *competition.Projection) error { return nil }
