package actors

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/paceboard/paceboard/competition/calendar"
)

// TestCreatedIsReadOnceAndAbsentWhereNobodyKnows: a list asks the store once, what
// is known is not asked again, and neither a store that is away nor a journal
// without its beginning is an error.
func TestCreatedIsReadOnceAndAbsentWhereNobodyKnows(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newMemoryStore()
		e := startEngine(t, s, nil)
		made := map[string]calendar.Millis{}
		for _, id := range []string{"a", "b"} {
			made[id] = calendar.MillisOf(time.Now())
			create(t, e, running(id))
			pass(time.Second)
		}
		asked := 0
		var away error
		s.before = func(_ context.Context, call string) error {
			if call != "Created" {
				return nil
			}
			asked++
			return away
		}
		require.Equal(t, []calendar.Millis{made["a"]}, e.Created([]string{"a"}))
		require.Equal(t, []calendar.Millis{0, made["b"], 0, made["a"]}, e.Created([]string{"none", "b", "nobody", "a"}))
		require.Equal(t, 2, asked)
		away = errors.New("away")
		require.Equal(t, []calendar.Millis{made["b"], made["a"]}, e.Created([]string{"b", "a"}), "from memory")
		require.Equal(t, 2, asked)
		require.Equal(t, []calendar.Millis{made["b"], 0}, e.Created([]string{"b", "none"}))
		require.Equal(t, 3, asked)
		s.before = nil
	})
}
