package actors

import (
	"context"
	"hash/maphash"

	"github.com/paceboard/paceboard/competition"
)

// stripes are locks by name: those of two names may be the same.
type stripes struct {
	seed  maphash.Seed
	slots [64]chan struct{} // of capacity 1, full while held
}

func newStripes() *stripes {
	s := &stripes{seed: maphash.MakeSeed()}
	for i := range s.slots {
		s.slots[i] = make(chan struct{}, 1)
	}
	return s
}

// lock takes a name's lock. Error: competition.ErrUnavailable at ctx's deadline.
func (s *stripes) lock(ctx context.Context, name string) (release func(), err error) {
	slot := s.slots[maphash.String(s.seed, name)%uint64(len(s.slots))]
	select {
	case slot <- struct{}{}:
		return func() { <-slot }, nil
	case <-ctx.Done():
		return nil, competition.ErrUnavailable
	}
}
