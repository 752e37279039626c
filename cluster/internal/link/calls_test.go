package link

import (
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// TestCalls compares the table with a naive model: each call has one outcome, by the rules, whatever the order of
// sending, answers (late ones, too), deadlines and breaks.
func TestCalls(t *testing.T) {
	type known struct {
		c        *call
		size     int
		deadline time.Time
		sent     bool
	}
	rapid.Check(t, func(t *rapid.T) {
		table := calls{most: 5, mostBytes: 1000}
		now := time.Now()
		waiting, old := map[uint64]*known{}, []uint64{}
		bytes := func() (n int) {
			for _, k := range waiting {
				n += k.size
			}
			return n
		}
		finished := func(id uint64, want error) {
			k := waiting[id]
			select {
			case <-k.c.done:
			default:
				t.Fatalf("call %d has no outcome, not %v", id, want)
			}
			require.Equal(t, want, k.c.err)
			delete(waiting, id)
			old = append(old, id)
		}
		anyOf := func(ids []uint64) uint64 { return rapid.SampledFrom(ids).Draw(t, "id") }
		t.Repeat(map[string]func(*rapid.T){
			"ask": func(t *rapid.T) {
				size := rapid.IntRange(0, 600).Draw(t, "size")
				deadline := now.Add(time.Duration(rapid.IntRange(-1, 20).Draw(t, "in")) * time.Second)
				c := &call{done: make(chan struct{}, 1), message: message{verb: request, body: make([]byte, size)}, deadline: deadline}
				err := table.add(c)
				full := len(waiting) == 5 || len(waiting) > 0 && bytes()+size > 1000
				require.Equal(t, full, errors.Is(err, ErrOverloaded))
				if err == nil {
					require.NotContains(t, waiting, c.message.id)
					require.NotContains(t, old, c.message.id)
					waiting[c.message.id] = &known{c: c, size: size, deadline: deadline}
				}
			},
			"send": func(t *rapid.T) {
				table.fill(&frame{}, now)
				for id, k := range waiting {
					if !k.sent && !now.Before(k.deadline) {
						finished(id, errExpired)
					}
					k.sent = true
				}
				require.Empty(t, table.queue)
			},
			"answer": func(t *rapid.T) {
				ids := []uint64{}
				for id, k := range waiting {
					if k.sent {
						ids = append(ids, id)
					}
				}
				if len(ids) == 0 {
					t.Skip()
				}
				id := anyOf(ids)
				c := table.take(id)
				require.Same(t, waiting[id].c, c)
				c.finish(nil, nil)
				finished(id, nil)
			},
			"late answer": func(t *rapid.T) {
				if len(old) == 0 {
					t.Skip()
				}
				require.Nil(t, table.take(anyOf(old)))
			},
			"answer to nothing": func(t *rapid.T) {
				id := rapid.Uint64().Draw(t, "id")
				if waiting[id] == nil {
					require.Nil(t, table.take(id))
				}
			},
			"time passes": func(t *rapid.T) {
				now = now.Add(time.Duration(rapid.IntRange(0, 5).Draw(t, "seconds")) * time.Second)
				table.expire(now)
				for id, k := range waiting {
					if now.Before(k.deadline) {
						continue
					}
					if k.sent {
						finished(id, errUnanswered)
					} else {
						finished(id, errExpired)
					}
				}
			},
			"break": func(*rapid.T) {
				table.fail(errBroken, errConnect)
				for id, k := range waiting {
					if k.sent {
						finished(id, errBroken)
					} else {
						finished(id, errConnect)
					}
				}
			},
			"": func(t *rapid.T) {
				require.Equal(t, len(waiting), table.inFlight())
				require.Equal(t, bytes(), table.bytes)
				for id, k := range waiting {
					require.Empty(t, k.c.done, "call %d", id)
				}
			},
		})
	})
}
