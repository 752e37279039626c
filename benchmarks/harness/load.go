package main

import (
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/paceboard/paceboard/benchmarks/internal/measure"
)

const (
	users        = 1_000
	competitions = 100 // of the parts with many
	batchSize    = 100
	participants = 1_000_000 // of the large board

	one   = "bench"      // the competition that everybody takes part in
	many  = "bench-%02d" // those among which people are divided
	large = "big"
)

// A load is prepared requests that are sent one after the other, again and
// again. Where one has gaps, these are filled with a number of 8 digits that
// grows with each cycle: so each sync says something new.
type load struct {
	requests []request
	dynamic  bool // the requests have gaps
}

// request is the bytes of an HTTP request between its gaps.
type request []string

// The number in the gaps begins here and grows by gapStep a cycle. The step is
// odd so that the last digits differ: LuaJIT hashes a string by its ends.
const (
	gapStart = 10_000_000
	gapEnd   = 99_999_999
	gapStep  = 997
	gap      = "%GAPS%%%" // replaces the number while a request is put together
)

// append writes the request with a number in its gaps.
func (r request) append(dst []byte, number int64) []byte {
	for i, part := range r {
		if i > 0 {
			dst = strconv.AppendInt(dst, number, 10)
		}
		dst = append(dst, part...)
	}
	return dst
}

// writeFile puts the load where wrk.lua reads it: for each request a line with
// the lengths of its parts, then the parts.
func (l *load) writeFile(path string) error {
	var b strings.Builder
	for _, r := range l.requests {
		for i, part := range r {
			if i > 0 {
				b.WriteByte(' ')
			}
			b.WriteString(strconv.Itoa(len(part)))
		}
		b.WriteByte('\n')
		for _, part := range r {
			b.WriteString(part)
		}
	}
	return os.WriteFile(path, []byte(b.String()), 0o600)
}

// newRequest makes a request of a text with gaps.
func newRequest(method, path, token, body string, headers ...string) request {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer %s\r\n", method, path, token)
	for _, header := range headers {
		b.WriteString(header + "\r\n")
	}
	if body != "" {
		fmt.Fprintf(&b, "Content-Type: application/json\r\nContent-Length: %d\r\n", len(body))
	}
	b.WriteString("\r\n" + body)
	return strings.Split(b.String(), gap)
}

// loads makes the loads; each is made once. Random choices have a fixed seed.
type loads struct {
	tokens []string // of the users
	boss   string   // an operator's token
	day    string
	random *rand.Rand
}

func newLoads() (*loads, error) {
	l := &loads{day: time.Now().UTC().AddDate(0, 0, -1).Format(time.DateOnly), random: rand.New(rand.NewPCG(1, 2))}
	var err error
	for i := range users {
		token, failed := measure.Token(measure.UserID(i), false)
		if failed != nil {
			err = failed
		}
		l.tokens = append(l.tokens, token)
	}
	if err != nil {
		return nil, err
	}
	l.boss, err = measure.Token("boss", true)
	return l, err
}

// sync is the body of a sync as the app sends it, with the number last.
func (l *loads) sync(competitionID string, user int) string {
	return fmt.Sprintf(`{"user_id":%q,"competition_id":%q,"distance":8000.25,"calories":500,"active_minutes":60,"source":"google_fit","date":"%sT00:00:00Z","recorded_at":"%sT18:03:00Z","steps":%s}`,
		measure.UserID(user), competitionID, l.day, l.day, gap)
}

// syncs has a sync of each user, in any order, to a competition that of says.
func (l *loads) syncs(of func(user int) string) *load {
	made := &load{dynamic: true}
	for _, user := range l.random.Perm(users) {
		made.requests = append(made.requests, newRequest("POST", "/api/v1/fitness/sync", l.tokens[user], l.sync(of(user), user)))
	}
	return made
}

func (l *loads) single() *load { return l.syncs(func(int) string { return one }) }

func (l *loads) spread() *load {
	return l.syncs(func(user int) string { return fmt.Sprintf(many, user%competitions) })
}

// batches has the syncs of all users, divided into batches of an operator's.
func (l *loads) batches() *load {
	made := &load{dynamic: true}
	for group := range users / batchSize {
		items := make([]string, batchSize)
		for i := range items {
			items[i] = l.sync(one, group*batchSize+i)
		}
		made.requests = append(made.requests, newRequest("POST", "/api/v1/fitness/sync/batch", l.boss, `{"syncs":[`+strings.Join(items, ",")+`]}`))
	}
	return made
}

// reads has a GET for each user's token.
func (l *loads) reads(path func() string, headers ...string) *load {
	made := &load{}
	for user := range users {
		made.requests = append(made.requests, newRequest("GET", path(), l.tokens[user], "", headers...))
	}
	return made
}

func (l *loads) top(headers ...string) *load {
	return l.reads(func() string { return "/api/v1/leaderboard/" + one + "?limit=100" }, headers...)
}

// around asks for the neighbours of anybody on a board of so many.
func (l *loads) around(board, radius int) *load {
	return l.reads(func() string {
		return fmt.Sprintf("/api/v1/leaderboard/%s?around=%s&radius=%d", large, measure.UserID(1+l.random.IntN(board)), radius)
	})
}

// neighbours asks for those of a user on the board that all users share.
func (l *loads) neighbours() *load {
	user := 0
	return l.reads(func() string {
		user++
		return fmt.Sprintf("/api/v1/leaderboard/%s?around=%s&radius=5", one, measure.UserID(user%users))
	})
}

// deep asks for pages anywhere on a board of so many.
func (l *loads) deep(board int) *load {
	return l.reads(func() string {
		return fmt.Sprintf("/api/v1/leaderboard/%s?limit=100&offset=%d", large, l.random.IntN(board-100))
	})
}

// limitAt is the key of the front-end limit.
func limitAt(connections int) string { return fmt.Sprintf("a/post/%d", connections) }
