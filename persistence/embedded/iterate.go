package embedded

import (
	"context"
	"errors"
	"fmt"
	"io"
	"runtime"

	"github.com/cockroachdb/pebble/v2"

	"github.com/paceboard/paceboard/competition"
)

// each visits the rows from lower to upper; key and value are the visitor's
// only until it returns. errEnough ends the visit without an error. Its errors are
// the visitor's, Pebble's marked as corruption (see eachError), and
// competition.ErrUnavailable.
func each(ctx context.Context, from pebble.Reader, lower, upper []byte, visit func(key, value []byte) error) error {
	return walk(ctx, from, lower, upper, (*pebble.Iterator).First, (*pebble.Iterator).Next, visit)
}

// backwards is each from the last row to the first.
func backwards(ctx context.Context, from pebble.Reader, lower, upper []byte, visit func(key, value []byte) error) error {
	return walk(ctx, from, lower, upper, (*pebble.Iterator).Last, (*pebble.Iterator).Prev, visit)
}

func walk(ctx context.Context, from pebble.Reader, lower, upper []byte, begin, step func(*pebble.Iterator) bool, visit func(key, value []byte) error) (err error) {
	if ctx.Err() != nil {
		return outOfTime(ctx, "nothing was begun")
	}
	rows, err := from.NewIter(&pebble.IterOptions{LowerBound: lower, UpperBound: upper})
	if err != nil {
		return unread(err)
	}
	defer func() {
		if closing := rows.Close(); err == nil { // It repeats the error that ended the loop.
			err = unread(closing)
		}
	}()
	const checkEvery = 256
	n := 0
	for valid := begin(rows); valid; valid = step(rows) {
		if n++; n%checkEvery == 0 && ctx.Err() != nil {
			return outOfTime(ctx, "reading was not finished")
		}
		value, err := rows.ValueAndErr()
		if err != nil {
			return unread(err)
		}
		switch err := visit(rows.Key(), value); {
		case errors.Is(err, errEnough):
			return nil
		case err != nil:
			return err
		}
	}
	return nil
}

// errEnough ends a visit.
var errEnough = errors.New("the visitor has enough")

// eachError turns an error of each, which visited the rows of a competition from a
// seq on, into one of the core's. An empty id stands for several competitions.
func eachError(err error, id string, seq uint64) error {
	if pebble.IsCorruptionError(err) {
		return translate(err, id, seq)
	}
	return err
}

// unread leaves corruption to the caller, who knows what it concerns.
func unread(err error) error {
	if err == nil || pebble.IsCorruptionError(err) {
		return err
	}
	return fmt.Errorf("%w: %w", competition.ErrUnavailable, err)
}

// closeAfter closes what was read from, and keeps an error that came before.
func closeAfter(from io.Closer, err *error) {
	if closing := from.Close(); *err == nil && closing != nil {
		*err = fmt.Errorf("%w: %w", competition.ErrUnavailable, closing)
	}
}

// rowOf is the row with a key, which parse reads; false if there is none. A row of
// a competition that cannot be read is a *competition.CorruptError that calls it
// what.
func rowOf[T any](from pebble.Reader, key []byte, id, what string, parse func(key, value []byte) (T, error)) (row T, there bool, err error) {
	value, err := get(from, key)
	switch {
	case err != nil:
		return row, false, translate(err, id, 1)
	case value == nil:
		return row, false, nil
	}
	if row, err = parse(key, value); err != nil {
		return row, false, corrupt(id, 1, "%s cannot be read: %v", what, err)
	}
	return row, true, nil
}

// get is the value of a row, copied; nil if there is none.
func get(from pebble.Reader, key []byte) ([]byte, error) {
	value, closer, err := from.Get(key)
	if errors.Is(err, pebble.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	row := append(make([]byte, 0, len(value)), value...)
	return row, closer.Close()
}

// A read of very many rows is work for milliseconds. If there are as many of them at
// once as processors, everybody else waits for whole such reads: the runtime looks
// for what the network brings when a processor has nothing to run. So beyond the
// first rows half of the processors are for them, and those that are not at work
// wait. Whoever reads few rows notices nothing.
const (
	bulkFrom  = 64 // rows
	bulkYield = 16 // rows, after which others may run
)

// bulkPlaces is how many of them may be at work.
func bulkPlaces() int { return max(runtime.GOMAXPROCS(0)/2, 1) }

// bulk is a read of rows of which nobody knows how many they are. A nil one never
// waits.
type bulk struct {
	places chan struct{}
	rows   int
	held   bool
}

func (s *Store) newBulk() *bulk { return &bulk{places: s.bulks} }

// row is called before each row is read. Error: competition.ErrUnavailable at
// ctx's deadline.
func (b *bulk) row(ctx context.Context) error {
	if b == nil {
		return nil
	}
	b.rows++
	switch {
	case b.rows == bulkFrom:
		select {
		case b.places <- struct{}{}:
			b.held = true
		case <-ctx.Done():
			return outOfTime(ctx, "other reads of many rows are not over")
		}
	case b.held && b.rows%bulkYield == 0:
		runtime.Gosched()
	}
	return nil
}

// end gives the place back.
func (b *bulk) end() {
	if b != nil && b.held {
		<-b.places
		b.held = false
	}
}
