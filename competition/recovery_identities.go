package competition

import (
	"context"
	"math"
)

// The identity rows of a large board are read while the rows of its snapshot are: a
// store and its reader have a core each to do so. Rows never wait for identities, so that
// a store with one free connection reads first the ones and then the others.

const (
	identitiesAtOnce = 512 // that are handed over together
	identitiesAhead  = 8   // such parts that wait at most, if the rows are behind
)

// identityReading is a reading of identity rows under way.
type identityReading struct {
	parts  chan []Identity // closed at the end
	err    error           // set before that
	left   []Identity      // of the part that is being taken
	cancel context.CancelFunc
}

// beginIdentities begins a reading, which stop ends. Other identities of the recovery are
// not read meanwhile.
func (r *recovery) beginIdentities(ctx context.Context, from Source) *identityReading {
	ctx, cancel := context.WithCancel(ctx)
	reading := &identityReading{parts: make(chan []Identity, identitiesAhead), cancel: cancel}
	go func() { // ends when stop is called
		defer close(reading.parts)
		var part []Identity
		hand := func() {
			select {
			case reading.parts <- part:
				part = make([]Identity, 0, identitiesAtOnce)
			case <-ctx.Done(): // nobody takes any more
			}
		}
		reading.err = r.identify(ctx, from, func(i Identity) {
			if part = append(part, i); len(part) >= identitiesAtOnce {
				hand()
			}
		})
		hand()
	}()
	return reading
}

// stop ends the reading, and waits for that.
func (reading *identityReading) stop() {
	reading.cancel()
	for range reading.parts { // what nobody takes any more
	}
}

// takeUpTo gives take those identities up to a number that are there already.
func (reading *identityReading) takeUpTo(number uint32, take func(Identity)) {
	for more := true; more && reading.takeLeft(number, take); {
		select {
		case reading.left, more = <-reading.parts:
		default:
			return
		}
	}
}

// takeRest gives take all others, and waits for those that are still to be read.
func (reading *identityReading) takeRest(take func(Identity)) error {
	for more := true; more; {
		reading.takeLeft(math.MaxUint32, take)
		reading.left, more = <-reading.parts
	}
	return reading.err
}

// takeLeft gives take what is left of a part, up to a number; false if more stays.
func (reading *identityReading) takeLeft(number uint32, take func(Identity)) bool {
	for len(reading.left) > 0 && reading.left[0].Number <= number {
		take(reading.left[0])
		reading.left = reading.left[1:]
	}
	return len(reading.left) == 0
}
