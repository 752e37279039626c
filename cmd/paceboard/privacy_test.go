package main

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	goredis "github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/paceboard/paceboard/competition"
	"github.com/paceboard/paceboard/persistence/porttest"
)

// person is who is erased; nothing else has these bytes.
const person = "7d3f0c52-91be-4b0e-a0b5-5f6d2c8e41aa"

// tracesIn is where in a store the bytes stand: in which files of the data
// folder, byte by byte, or in which tables of the database, in any column.
// (Compressed tables of the embedded store are unpacked by its own tests.)
func tracesIn(t *testing.T, where, needle string) (traces []string) {
	t.Helper()
	if isDatabase(where) {
		return tracesInTables(t, where, needle)
	}
	require.NoError(t, filepath.WalkDir(where, func(path string, d fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) || err == nil && (d.IsDir() || d.Type() == fs.ModeSocket) {
			return nil
		}
		b, err := os.ReadFile(path)
		if bytes.Contains(b, []byte(needle)) || strings.Contains(path, needle) {
			traces = append(traces, filepath.Base(path))
		}
		if errors.Is(err, fs.ErrNotExist) {
			return nil // the store has just removed it
		}
		return err
	}))
	return traces
}

// tracesInTables looks at every row as text, where bytes are hexadecimal.
func tracesInTables(t *testing.T, where, needle string) (traces []string) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), where)
	require.NoError(t, err)
	defer func() { require.NoError(t, conn.Close(context.WithoutCancel(t.Context()))) }()
	rows, err := conn.Query(t.Context(), `
SELECT format('%I.%I', table_schema, table_name) FROM information_schema.tables
WHERE table_type = 'BASE TABLE' AND table_schema NOT IN ('pg_catalog', 'information_schema')`)
	require.NoError(t, err)
	tables, err := pgx.CollectRows(rows, pgx.RowTo[string])
	require.NoError(t, err)
	require.Greater(t, len(tables), 10)
	for _, table := range tables {
		var n int
		require.NoError(t, conn.QueryRow(t.Context(),
			`SELECT count(*) FROM `+table+` r WHERE strpos(r::text, $1) > 0 OR strpos(r::text, $2) > 0`,
			needle, hex.EncodeToString([]byte(needle))).Scan(&n))
		if n > 0 {
			traces = append(traces, table)
		}
	}
	return traces
}

// tracesInRedis looks at every key and what is in it.
func tracesInRedis(t *testing.T, client *goredis.Client, needle string) (traces []string) {
	t.Helper()
	ctx := t.Context()
	keys := client.Scan(ctx, 0, "*", 1000).Iterator()
	looked := 0
	for keys.Next(ctx) {
		key := keys.Val()
		var content any
		var err error
		switch kind := client.Type(ctx, key).Val(); kind {
		case "zset":
			content, err = client.ZRangeWithScores(ctx, key, 0, -1).Result()
		case "hash":
			content, err = client.HGetAll(ctx, key).Result()
		case "string":
			content, err = client.Get(ctx, key).Result()
		case "none": // it has just gone
		default:
			require.FailNow(t, "a key of a kind that the test does not know", kind)
		}
		require.NoError(t, err)
		looked++
		if strings.Contains(key+fmt.Sprint(content), needle) {
			traces = append(traces, key)
		}
	}
	require.NoError(t, keys.Err())
	require.Positive(t, looked)
	return traces
}

// live has the person leave traces of all kinds: as a participant, a creator, an
// operator, a payer of fees, and somebody to whom operators did something.
func live(t *testing.T, s *instance, ids ...string) {
	t.Helper()
	self, day := tokenOf(t, person, true), "2026-11-01"
	ok := func(status int, answer []byte) {
		require.Contains(t, []int{http.StatusOK, http.StatusCreated}, status, string(answer))
	}
	join := func(id, user, name string) {
		ok(s.call(http.MethodPost, "/api/v1/competitions/"+id+"/join", operatorToken(t), fmt.Sprintf(`{"user_id":%q,"user_name":%q}`, user, name)))
	}
	for i, id := range ids {
		for n := range 5 {
			user := fmt.Sprintf("user-%02d", n)
			join(id, user, "")
			ok(s.call(http.MethodPost, "/api/v1/fitness/sync", operatorToken(t), report{user: user, source: "watch", day: day, steps: int64(100 * n)}.body(id)))
		}
		join(id, person, "Somebody")
		ok(s.call(http.MethodPost, "/api/v1/fitness/sync", self, report{user: person, source: "watch", day: day, steps: int64(1000 + i)}.body(id)))
	}
}

func erase(t *testing.T, s *instance) {
	t.Helper()
	status, answer := s.call(http.MethodDelete, "/api/v1/users/"+person, tokenOf(t, person, false), "")
	require.Equal(t, http.StatusOK, status, "%s\n%s", answer, s.logs)
	require.NotContains(t, string(answer), "erased-")
}

// TestErasureLeavesNoTrace in the data folder, the database and Redis, while the
// server runs, after it ended, and after the next start; the money is still there,
// and nothing is wrong with anything.
func TestErasureLeavesNoTrace(t *testing.T) {
	t.Parallel()
	onEveryStore(t, func(t *testing.T, where string) {
		t.Helper()
		t.Parallel()
		prepare(t, where, func(s competition.Store) { playWon(t, s) })
		r := startMirrored(t, where)
		for _, id := range []string{"one", "two", "gone"} {
			r.createSpring(id)
		}
		r.createSpring("fee", `"entry_fee":5`, `"currency":"EUR"`)
		self := tokenOf(t, person, true)
		status, answer := r.call(http.MethodPost, "/api/v1/competitions", self,
			fmt.Sprintf(`{"id":"own","name":"Own","start_date":"2016-04-12T00:00:00Z","end_date":%q}`, time.Now().AddDate(0, 1, 0).UTC().Format(time.RFC3339)))
		require.Equal(t, http.StatusCreated, status, string(answer))
		status, answer = r.call(http.MethodPost, "/api/v1/api-keys", self, `{"name":"gateway","scopes":["read"]}`)
		require.Equal(t, http.StatusCreated, status, string(answer))
		live(t, r.instance, "one", "two", "gone", "fee", "own")
		status, answer = r.call(http.MethodPost, "/api/v1/competitions/one/invitations", operatorToken(t), fmt.Sprintf(`{"user_ids":[%q]}`, person))
		require.Equal(t, http.StatusOK, status, string(answer))
		status, answer = r.call(http.MethodPost, "/api/v1/competitions/own/invitations", tokenOf(t, person, false), `{"user_ids":["user-00"]}`)
		require.Equal(t, http.StatusOK, status, string(answer))
		status, answer = r.call(http.MethodDelete, "/api/v1/competitions/gone/join", tokenOf(t, person, false), "")
		require.Equal(t, http.StatusOK, status, string(answer))
		status, answer = r.call(http.MethodGet, "/api/v1/users/"+person+"/export", operatorToken(t), "")
		require.Equal(t, http.StatusOK, status)
		for _, what := range []string{`"id":"own"`, `"id":"gone"`, `"type":"entry_fee"`, `"type":"prize"`, `"user_name":"Somebody"`, `"source":"watch"`, `"action":"createAPIKey"`, `"invitations":[{"id":`} {
			require.Contains(t, string(answer), what)
		}
		r.stop() // stores snapshots, and the lifetime statistics
		r.instance = startServer(t, where, "--redis-url", r.redis.URL(), "--rate-limit-user", "0")
		live(t, r.instance, "one", "own")
		r.awaitMirrored("one", "two", "fee")
		require.NotEmpty(t, tracesIn(t, where, person))
		require.NotEmpty(t, tracesInRedis(t, r.client, person))

		erase(t, r.instance)
		require.Empty(t, tracesIn(t, where, person))
		r.awaitMirrored("one", "two", "gone", "fee", "own")
		require.Empty(t, tracesInRedis(t, r.client, person))
		erase(t, r.instance) // again
		status, answer = r.call(http.MethodGet, "/api/v1/fitness/stats/"+person, tokenOf(t, person, false), "")
		require.Equal(t, http.StatusOK, status)
		require.Contains(t, string(answer), `"days":[]`)
		for range 2 {
			r.stop()
			require.Empty(t, tracesIn(t, where, person))
			code, said := runAudit(t, where)
			require.Zero(t, code, said)
			require.Contains(t, said, "nothing   is wrong")
			requireMoves(t, where)
			r.instance = startServer(t, where, "--redis-url", r.redis.URL(), "--rate-limit-user", "0")
			require.Empty(t, tracesIn(t, where, person))
			require.Empty(t, tracesInRedis(t, r.client, person))
		}
		live(t, r.instance, "one") // somebody new
		require.Equal(t, 6, r.readBoard("one", 10).Data.Total)
		require.NotEmpty(t, tracesIn(t, where, person))
	})
}

// playWon stores a settled competition that the person has won a prize of.
func playWon(t *testing.T, s competition.Store) {
	t.Helper()
	g := porttest.NewGame(s, "won")
	require.NoError(t, g.CreateWithPrizes(500, 100_00))
	for _, user := range []string{person, "bert", "carl"} {
		require.NoError(t, g.Join(user, ""))
	}
	require.NoError(t, g.Commit(t.Context()))
	g.Now = porttest.Start + 24*60*60*1000
	for i, user := range []string{person, "bert", "carl"} {
		require.NoError(t, g.Sync(user, 0, int64(3000-1000*i)))
	}
	g.Finish()
	require.NoError(t, g.Commit(t.Context()))
	require.NoError(t, g.Distribute(true))
	require.NoError(t, g.Commit(t.Context()))
	require.NoError(t, g.ConfirmPrize(1))
	require.NoError(t, g.Commit(t.Context()))
}

// requireMoves exports all competitions and imports them into an empty store.
func requireMoves(t *testing.T, where string) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "all.jsonl")
	run := func(where string, args ...string) {
		var out, errs bytes.Buffer
		p := program{out: &out, err: &errs, environ: append(storeSettings(where), "MIN_FREE_DISK=1MiB", "LOG_LEVEL=error")}
		require.Zero(t, p.run(t.Context(), args), out.String()+errs.String())
	}
	run(where, "export", file)
	b, err := os.ReadFile(file)
	require.NoError(t, err)
	require.NotContains(t, string(b), person)
	to := t.TempDir()
	run(to, "import", file)
	code, said := runAudit(t, to)
	require.Zero(t, code, said)
}

// TestErasureIsFinishedAfterACrash: killed at a random moment of it, the server
// finishes it when it is asked again.
func TestErasureIsFinishedAfterACrash(t *testing.T) {
	t.Parallel()
	onEveryStore(t, func(t *testing.T, where string) {
		t.Helper()
		t.Parallel()
		rounds := 5
		if soak(t) > 0 {
			rounds = 100
		}
		seed := uint64(time.Now().UnixNano())
		t.Logf("seed %d", seed)
		random := rand.New(rand.NewPCG(seed, 3))
		s := startServer(t, where)
		ids := []string{"a", "b", "c", "d"}
		for _, id := range ids {
			s.createSpring(id)
		}
		cut := 0
		for range rounds {
			live(t, s, ids...)
			require.NotEmpty(t, tracesIn(t, where, person))
			answered := make(chan error, 1)
			request, err := http.NewRequestWithContext(t.Context(), http.MethodDelete, s.url+"/api/v1/users/"+person, http.NoBody)
			require.NoError(t, err)
			request.Header.Set("Authorization", "Bearer "+tokenOf(t, person, false))
			go func() {
				response, err := http.DefaultClient.Do(request)
				if err == nil {
					err = response.Body.Close()
				}
				answered <- err
			}()
			select {
			case <-time.After(time.Duration(random.IntN(120)) * time.Millisecond):
			case err := <-answered:
				answered <- err
			}
			s.kill()
			if <-answered != nil {
				cut++
			}
			s = startServer(t, where)
			erase(t, s)
			require.Empty(t, tracesIn(t, where, person))
		}
		s.stop()
		t.Logf("%d of %d erasures were cut short", cut, rounds)
		require.Empty(t, tracesIn(t, where, person))
		code, said := runAudit(t, where)
		require.Zero(t, code, said)
	})
}
