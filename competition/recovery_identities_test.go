package competition

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"
)

// slowly is a source whose readings wait for each other: before is called with the number
// of a row or an identity that is visited next.
type slowly struct {
	rows
	row, identity func(number uint32) error
}

func (s *slowly) Load(ctx context.Context, id string, header func([]byte) error, row func(Row) error) error {
	return s.rows.Load(ctx, id, header, func(r Row) error {
		if err := s.row(r.Number); err != nil {
			return err
		}
		return row(r)
	})
}

func (s *slowly) ReadIdentities(ctx context.Context, id string, visit func(Identity) error) error {
	return s.rows.ReadIdentities(ctx, id, func(i Identity) error {
		if err := s.identity(i.Number); err != nil {
			return err
		}
		return visit(i)
	})
}

func TestIdentitiesAreReadBesideRows(t *testing.T) {
	const n = (identitiesAhead+4)*identitiesAtOnce + 7
	c := walkers(n, 1)
	snapshot := c.Snapshot()
	everybody := identitiesOf(n)
	freely := func(uint32) error { return nil }
	damaged := append([]Identity{}, everybody...)
	damaged[n-3].UserID = ""
	broken := errors.New("the disk is broken")
	for name, test := range map[string]struct {
		people        []Identity
		row, identity func(done chan struct{}) func(uint32) error
		err           error
	}{
		"at the same time": {people: everybody},
		"rows first": {
			people: everybody, // as where a store has no second connection
			identity: func(done chan struct{}) func(uint32) error {
				return func(uint32) error { <-done; return nil }
			},
			row: func(done chan struct{}) func(uint32) error {
				return func(number uint32) error {
					if number == n {
						close(done)
					}
					return nil
				}
			},
		},
		"identities first": {
			people: everybody,
			row: func(chan struct{}) func(uint32) error {
				return func(number uint32) error {
					if number == 1 {
						synctest.Wait() // they have been read as far as there is room
					}
					return nil
				}
			},
		},
		"a row that fails": {
			people: everybody, err: broken,
			row: func(chan struct{}) func(uint32) error {
				return func(number uint32) error {
					if number == n/2 {
						return broken
					}
					return nil
				}
			},
		},
		"an identity that fails": {
			people: everybody, err: broken,
			identity: func(chan struct{}) func(uint32) error {
				return func(number uint32) error {
					if number == n/2 {
						return broken
					}
					return nil
				}
			},
		},
		"a damaged identity":  {people: damaged, err: ErrCorrupt},
		"an identity missing": {people: everybody[:n], err: ErrCorrupt},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { // which fails if a goroutine is left
				s := &slowly{rows: rows{snapshot: snapshot, people: test.people}, row: freely, identity: freely}
				done := make(chan struct{})
				if test.row != nil {
					s.row = test.row(done)
				}
				if test.identity != nil {
					s.identity = test.identity(done)
				}
				again, err := Recover(t.Context(), "spring", s, func() Key { return Key{} }, nil)
				if test.err != nil {
					require.ErrorIs(t, err, test.err)
					return
				}
				require.NoError(t, err)
				sameState(t, c, again)
			})
		})
	}
}
