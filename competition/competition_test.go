package competition

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/paceboard/paceboard/competition/calendar"
)

// commands are the actions that give a harness commands; after each comes what
// follows.
func commands(r *harness, follow func(*rapid.T)) map[string]func(*rapid.T) {
	do := func(t *rapid.T, cmd any) {
		r.decide(cmd)
		follow(t)
	}
	// An action stands several times to be drawn more often.
	sync := func(t *rapid.T) { do(t, drawSync(t, r.now)) }
	join := func(t *rapid.T) { do(t, drawJoin(t)) }
	wait := func(t *rapid.T) {
		r.now += drawWait(t)
		do(t, tick{})
	}
	return map[string]func(*rapid.T){
		"sync": sync, "sync 2": sync, "sync 3": sync, "sync 4": sync, "sync 5": sync, "sync 6": sync, "sync 7": sync, "sync 8": sync,
		"join": join, "join 2": join,
		"wait": wait, "wait 2": wait,
		"prizes": func(t *rapid.T) { do(t, drawPrizes(t)) },
		"review": func(t *rapid.T) { do(t, drawReview(t, r.now)) },
		"leave":  func(t *rapid.T) { do(t, drawLeave(t)) },
		"remove": func(t *rapid.T) { do(t, drawRemove(t)) },
		"erase":  func(t *rapid.T) { do(t, &EraseParticipant{UserID: drawUser(t)}) },
		"edit":   func(t *rapid.T) { do(t, drawEdit(t)) },
		"create": func(t *rapid.T) { do(t, drawCreate(t)) },
		"cancel": func(t *rapid.T) {
			if rapid.IntRange(0, 3).Draw(t, "cancel") == 0 {
				do(t, &CancelCompetition{Caller: drawCaller(t, "")})
			}
		},
		"many devices": func(t *rapid.T) {
			id, d := drawUser(t), calendar.DayOf(r.now.Time())
			for i := range rapid.IntRange(7, 9).Draw(t, "devices") {
				do(t, &SubmitSync{UserID: id, Source: fmt.Sprintf("device %d", i), Day: d, Metrics: steps(int64(10 - i))})
			}
		},
	}
}

// begin mostly creates the competition and lets it start.
func begin(t *rapid.T, r *harness, follow func(*rapid.T)) {
	if rapid.IntRange(0, 9).Draw(t, "begin") == 9 {
		return
	}
	r.decide(drawCreate(t))
	follow(t)
	r.now += pick(t, "wait", 0, 2*hour, 3*hour)
}

// TestModelOneByOne: every command is applied before the next one comes.
func TestModelOneByOne(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := newHarness(t)
		r.exact = true
		follow := func(*rapid.T) {
			r.launch()
			r.land(false)
		}
		begin(t, r, follow)
		t.Repeat(commands(r, follow))
	})
}

// TestModelPipelined: commands are decided while a batch is in flight; appends
// fail, or nobody knows whether they did.
func TestModelPipelined(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := newHarness(t)
		follow := func(t *rapid.T) {
			switch n := rapid.IntRange(0, 19).Draw(t, "then"); {
			case n < 8:
			case n < 12:
				r.launch()
			case n < 15:
				r.land(false)
			case n < 18:
				r.land(true)
			case n < 19:
				r.drop()
			default:
				r.lose(rapid.Bool().Draw(t, "stored"))
			}
			if rapid.IntRange(0, 15).Draw(t, "snapshot") == 0 {
				r.snapshot(true)
			}
		}
		begin(t, r, follow)
		t.Repeat(commands(r, follow))
		sameState(r.t, r.c, recovered(r.t, r.store))
		sameState(r.t, r.c, recovered(r.t, r.store.withoutSnapshot()))
		r.launch()
		r.land(true)
		r.land(false)
		r.agree()
		r.auditSays()
	})
}

// TestModelMoney: fees, and then the prizes of a completed competition, decided
// while batches are in flight.
func TestModelMoney(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := newHarness(t)
		follow := func(t *rapid.T) {
			switch rapid.IntRange(0, 9).Draw(t, "then") {
			case 0, 1, 2:
				r.launch()
			case 3, 4:
				r.land(false)
			case 5, 6:
				r.land(true)
			case 7:
				r.drop()
			case 8:
				r.lose(rapid.Bool().Draw(t, "stored"))
			}
			if rapid.IntRange(0, 9).Draw(t, "snapshot") == 0 {
				r.snapshot(true)
			}
		}
		create := drawCreate(t)
		create.Caller, create.Definition.EntryFeeMinor = operator, pick[int64](t, "fee", 0, 500, 501)
		create.Definition.MaxParticipants = 0
		r.decide(create)
		join := func(id string) {
			r.decide(&JoinCompetition{Caller: user(id), UserID: id})
			follow(t)
			if rapid.IntRange(0, 3).Draw(t, "fee changes") == 0 {
				r.decide(&EditCompetition{Caller: operator, Patch: Patch{EntryFeeMinor: new(pick[int64](t, "new fee", 0, 100, 500))}})
				follow(t)
			}
			if rapid.IntRange(0, 5).Draw(t, "leave") == 0 {
				r.decide(&LeaveCompetition{Caller: user(id), UserID: id})
				follow(t)
			}
		}
		for _, id := range people {
			join(id)
		}
		r.now = create.Definition.Start + hour/2
		for _, id := range people[:3] {
			join(id)
		}
		for _, id := range people {
			r.decide(&SubmitSync{UserID: id, Source: "phone", Day: calendar.DayOf(r.now.Time()), Metrics: steps(pick[int64](t, "steps", 0, 1000, 1000, 2000))})
			follow(t)
		}
		r.now = create.Definition.End + 25*hour - 1
		t.Repeat(map[string]func(*rapid.T){
			"prizes": func(t *rapid.T) { r.decide(drawPrizes(t)); follow(t) },
			"review": func(t *rapid.T) { r.decide(drawReview(t, r.now)); follow(t) },
			"erase": func(t *rapid.T) {
				if rapid.IntRange(0, 3).Draw(t, "erase") == 0 {
					r.decide(&EraseParticipant{UserID: drawUser(t)})
					follow(t)
				}
			},
			"others": func(t *rapid.T) {
				r.decide(&EditCompetition{Caller: operator, Patch: Patch{Name: new(pick(t, "name", "A", "B"))}})
				follow(t)
			},
			"cancel": func(t *rapid.T) {
				if rapid.IntRange(0, 9).Draw(t, "cancel") == 0 {
					r.decide(&CancelCompetition{Caller: operator})
					follow(t)
				}
			},
			"wait": func(*rapid.T) { r.now++ },
		})
		r.launch()
		r.land(true)
		r.land(false)
		r.agree()
		sameState(r.t, r.c, recovered(r.t, r.store))
		r.auditSays()
	})
}

// TestManyParticipants: the roster keeps its order over all of its chunks.
func TestManyParticipants(t *testing.T) {
	const n = 2*chunkSize + 100
	c := crowd(n)
	require.Equal(t, n, c.Summary().Participants)
	require.EqualValues(t, n, c.participants.count)
	for i := range n {
		entry, ok := c.Standing(member(i))
		require.True(t, ok)
		require.Equal(t, i+1, entry.Rank, "all have 0: who came first is first")
	}
	page, next := c.Participants(chunkSize-1, 2, "")
	require.Equal(t, []string{member(chunkSize - 1), member(chunkSize)}, []string{page[0].UserID, page[1].UserID})
	require.EqualValues(t, chunkSize+1, next)
	checkInvariants(t, c)
}

// TestParticipantsAreSearched: in any letter case, by name and id, a bounded part of the
// roster at a time, and each who is on the board and fits once.
func TestParticipantsAreSearched(t *testing.T) {
	const n = 2*MaxSearchedParticipants + 10
	c := crowd(n)
	search := func(text string, limit int) (found []string, pages int) {
		for after := uint32(0); ; pages++ {
			page, next := c.Participants(after, limit, text)
			require.LessOrEqual(t, len(page), limit)
			for i := range page {
				found = append(found, page[i].UserID)
			}
			if next == 0 {
				return found, pages + 1
			}
			require.Greater(t, next, after)
			after = next
		}
	}
	var want []string
	for i := range n {
		if strings.Contains(member(i), "77") {
			want = append(want, member(i))
		}
	}
	found, _ := search("77", 10)
	require.Equal(t, want, found)
	last := member(n - 1)
	found, pages := search(strings.ToUpper(last), 10)
	require.Equal(t, []string{last}, found)
	require.Equal(t, 3, pages, "two of them empty")
	found, pages = search("nobody", 10)
	require.Empty(t, found)
	require.Equal(t, 3, pages)

	_, err := (&LeaveCompetition{Caller: user(last), UserID: last}).Decide(c, instant("2026-05-01T11:00:00Z"))
	require.NoError(t, err)
	land(c, &Batch{})
	found, _ = search(last, 10)
	require.Empty(t, found, "who has left is not found any more")
}

// TestSyncAllocatesNothing: a batch's storage comes back with Take, and the
// steady state of a competition allocates nothing.
func TestSyncAllocatesNothing(t *testing.T) {
	c := crowd(100)
	now := instant("2026-05-02T10:00:00Z")
	sync := SubmitSync{UserID: member(42), Source: "phone", Day: date("2026-05-02"), Metrics: steps(10_000)}
	var batch Batch
	once := func() {
		sync.Metrics.Steps++
		commit(c, now, &sync, &batch)
	}
	for range 10 {
		once()
	}
	require.Zero(t, testing.AllocsPerRun(100, once))
}
