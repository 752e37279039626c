package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	goredis "github.com/redis/go-redis/v9"
	"golang.org/x/sync/errgroup"

	"github.com/paceboard/paceboard/benchmarks/internal/measure"
	"github.com/paceboard/paceboard/persistence/testservers"
)

// server is a subject that runs.
type server struct {
	*measure.Process
	profiler string // host:port; it also tells how much was allocated
	journal  bool   // it is the real one, which keeps one and counts commits
}

// mallocs is how many objects the server has allocated so far.
func (s *server) mallocs(ctx context.Context) (int64, error) {
	answer, err := measure.Ask(ctx, http.MethodGet, "http://"+s.profiler+"/debug/pprof/heap?debug=1", "")
	if err != nil {
		return 0, err
	}
	_, rest, found := strings.Cut(string(answer.Body), "# Mallocs = ")
	line, _, _ := strings.Cut(rest, "\n")
	n, err := strconv.ParseInt(line, 10, 64)
	if !found || err != nil {
		return 0, errors.New("the profiler did not tell how much was allocated")
	}
	return n, nil
}

// environment is what the real servers are told: production's defaults, without
// the limits that this much load from so few users would meet.
func environment(more ...string) []string {
	return append([]string{"SUPABASE_JWT_SECRET=" + measure.Secret, "RATE_LIMIT_USER=0", "MIN_FREE_DISK=1MiB", "LOG_FORMAT=json", "HOST=127.0.0.1", "PORT=0"}, more...)
}

// start runs a program of ours as the subject of that name.
func (b *bench) start(ctx context.Context, name string, env []string, program string, args ...string) (*server, error) {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	profiler, err := measure.FreeAddress(ctx)
	if err != nil {
		return nil, err
	}
	if program == "subjects" {
		args = append(args, "-pprof", profiler)
	} else {
		env = append(env, "PPROF="+profiler)
	}
	process, err := measure.Start(ctx, b.dir, env, b.log, filepath.Join(b.dir, program), args...)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	b.atEnd(process.Stop)
	s := &server{process, profiler, program == "paceboard"}
	b.servers[name] = s
	return s, nil
}

// startAll starts whom the chosen measurements need, and prepares them. Who
// needs a database that there is not is left out, but not in CI.
func (b *bench) startAll(ctx context.Context) error {
	needed := map[string]bool{ours: true}
	for _, m := range b.chosen {
		needed[m.subject] = true
	}
	needed[onPG] = needed[onPG] || needed[inserts]
	for _, part := range []struct {
		subject string
		start   func(context.Context) error
	}{
		{ours, b.startOurs},
		{frontEnd, b.startFrontEnd},
		{plain, b.startPlain},
		{forgetful, b.startForgetful},
		{onPG, b.startPostgres},
		{always, func(ctx context.Context) error { return b.startRedis(ctx, always) }},
		{everysec, func(ctx context.Context) error { return b.startRedis(ctx, everysec) }},
		{onLarge, b.startLarge},
		{oneNode, func(ctx context.Context) error { return b.startCluster(ctx, oneNode, 1) }},
		{twoNodes, func(ctx context.Context) error { return b.startCluster(ctx, twoNodes, 2) }},
		{fourNodes, func(ctx context.Context) error { return b.startCluster(ctx, fourNodes, 4) }},
	} {
		if !needed[part.subject] {
			continue
		}
		b.progress.say("starting %s", part.subject)
		err := part.start(ctx)
		switch {
		case err == nil:
		case errors.Is(err, errNoDatabase) && os.Getenv("CI") != "true" && ctx.Err() == nil:
			b.leaveOut(part.subject, err)
		default:
			return err
		}
	}
	return nil
}

func (b *bench) startOurs(ctx context.Context) error {
	s, err := b.start(ctx, ours, environment("DATA_DIR="+filepath.Join(b.dir, "data-"+ours)), "paceboard", "serve")
	if err != nil {
		return err
	}
	return b.populate(ctx, s)
}

// startFrontEnd lets the front end answer what the server has just answered.
func (b *bench) startFrontEnd(ctx context.Context) error {
	from := b.servers[ours]
	answer, err := b.call(ctx, from, http.MethodPost, "/api/v1/fitness/sync", b.loads.tokens[0], b.numbered(b.loads.sync(one, 0)))
	if err != nil {
		return err
	}
	if !bytes.Contains(answer, []byte(`"changed":true`)) {
		return fmt.Errorf("a sync that is to be measured changed nothing: %s", answer)
	}
	post := filepath.Join(b.dir, "post.json")
	if err := os.WriteFile(post, answer, 0o600); err != nil {
		return err
	}
	get, err := b.writeTop(ctx)
	if err != nil {
		return err
	}
	_, err = b.start(ctx, frontEnd, nil, "subjects", "frontend", "-post", post, "-get", get)
	return err
}

// startPlain lets Fiber as it comes answer with the server's top 100.
func (b *bench) startPlain(ctx context.Context) error {
	get, err := b.writeTop(ctx)
	if err != nil {
		return err
	}
	_, err = b.start(ctx, plain, nil, "subjects", "plain", "-get", get)
	return err
}

// writeTop writes the server's top 100 into a file, once for all who answer with it.
func (b *bench) writeTop(ctx context.Context) (path string, err error) {
	path = filepath.Join(b.dir, "get.json")
	if _, err := os.Stat(path); err == nil {
		return path, nil
	}
	board, err := b.call(ctx, b.servers[ours], http.MethodGet, "/api/v1/leaderboard/"+one+"?limit=100", b.loads.tokens[0], "")
	if err != nil {
		return "", err
	}
	return path, os.WriteFile(path, board, 0o600)
}

func (b *bench) startForgetful(ctx context.Context) error {
	s, err := b.start(ctx, forgetful, nil, "subjects", "forgetful", "-dir", filepath.Join(b.dir, "data-"+forgetful))
	if err != nil {
		return err
	}
	return b.populate(ctx, s)
}

// errNoDatabase says that a database of our own did not start.
var errNoDatabase = errors.New("there is no such database here")

// insertScript is what the server does at the least for a sync, by PostgreSQL's
// own measure.
const (
	insertTable  = `CREATE SCHEMA pgbench CREATE TABLE rows (competition text, seq bigserial, record bytea, PRIMARY KEY (competition, seq))`
	insertScript = `INSERT INTO pgbench.rows (competition, record) VALUES ('bench', decode(repeat('ab', 110), 'hex'));`
)

func (b *bench) startPostgres(ctx context.Context) error {
	if err := b.startDatabase(); err != nil {
		return err
	}
	if err := b.execute(ctx, insertTable); err != nil {
		return err
	}
	s, err := b.start(ctx, onPG, environment("DATABASE_URL="+b.postgres.URL()), "paceboard", "serve")
	if err != nil {
		return err
	}
	return b.populate(ctx, s)
}

// startDatabase starts the PostgreSQL server, once.
func (b *bench) startDatabase() error {
	if b.postgres != nil {
		return nil
	}
	database, err := testservers.StartPostgres("max_connections=500") // pgbench takes 256, and each node up to 17
	if err != nil {
		return fmt.Errorf("%w: %w", errNoDatabase, err)
	}
	b.atEnd(func() { _ = database.Close() })
	b.postgres = database
	return nil
}

// execute runs a statement on the PostgreSQL server.
func (b *bench) execute(ctx context.Context, sql string) error {
	conn, err := pgx.Connect(ctx, b.postgres.URL())
	if err != nil {
		return err
	}
	_, failed := conn.Exec(ctx, sql)
	return errors.Join(failed, conn.Close(ctx))
}

// startRedis starts a Redis that keeps what it is told, and the front end over
// it; fsync is when Redis makes it durable.
func (b *bench) startRedis(ctx context.Context, fsync string) error {
	database, err := testservers.StartRedis()
	if err != nil {
		return fmt.Errorf("%w: %w", errNoDatabase, err)
	}
	b.atEnd(func() { _ = database.Close() })
	options, err := goredis.ParseURL(database.URL())
	if err != nil {
		return err
	}
	client := goredis.NewClient(options)
	defer func() { _ = client.Close() }()
	err = errors.Join(client.ConfigSet(ctx, "appendfsync", fsync).Err(), client.ConfigSet(ctx, "appendonly", "yes").Err())
	if err != nil {
		return fmt.Errorf("make Redis durable: %w", err)
	}
	s, err := b.start(ctx, fsync, nil, "subjects", "redis", "-url", database.URL())
	if err != nil {
		return err
	}
	return b.once(ctx, s, b.loads.single())
}

// startLarge fills a board and starts the server on it.
func (b *bench) startLarge(ctx context.Context) error {
	dir := filepath.Join(b.dir, "data-"+onLarge)
	b.progress.say("filling a board of %d participants with 30 days each", b.board)
	fill := exec.CommandContext(ctx, filepath.Join(b.dir, "subjects"), "fill", "-dir", dir, "-id", large, "-participants", strconv.Itoa(b.board))
	if out, err := fill.CombinedOutput(); err != nil {
		return fmt.Errorf("fill the large board: %w\n%s", err, out)
	}
	s, err := b.start(ctx, onLarge, environment("DATA_DIR="+dir), "paceboard", "serve")
	if err != nil {
		return err
	}
	deadline, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	for {
		_, err := measure.Ask(deadline, http.MethodGet, "http://"+s.Address+"/health/ready", "")
		if err == nil {
			break
		}
		if measure.Pause(deadline, 20*time.Millisecond) != nil { // polling from outside, as a load balancer does
			return fmt.Errorf("recover the large board: %w", err)
		}
	}
	board, err := b.call(ctx, s, http.MethodGet, "/api/v1/leaderboard/"+large+"?limit=1", b.loads.tokens[0], "")
	if err != nil {
		return err
	}
	if want := fmt.Sprintf(`"total_count":%d,`, b.board); !bytes.Contains(board, []byte(want)) {
		return fmt.Errorf("the large board is not what was filled: %s", board)
	}
	return nil
}

// populate creates the competitions and enrols everybody, over HTTP.
func (b *bench) populate(ctx context.Context, s *server) error {
	ids := []string{one}
	for i := range competitions {
		ids = append(ids, fmt.Sprintf(many, i))
	}
	now := time.Now().UTC()
	var creating errgroup.Group
	creating.SetLimit(16)
	for _, id := range ids {
		creating.Go(func() error {
			body := fmt.Sprintf(`{"id":%q,"name":"Bench","start_date":%q,"end_date":%q,"daily_limits":{"steps":%d}}`,
				id, now.AddDate(0, 0, -30).Format(time.RFC3339), now.AddDate(0, 0, 1).Format(time.RFC3339), gapEnd)
			_, err := b.call(ctx, s, http.MethodPost, "/api/v1/competitions", b.loads.boss, body)
			return err
		})
	}
	if err := creating.Wait(); err != nil {
		return err
	}
	return errors.Join(b.once(ctx, s, b.loads.single()), b.once(ctx, s, b.loads.spread()))
}

// once sends a load's requests once, which also makes the tokens known.
func (b *bench) once(ctx context.Context, s *server, l *load) error {
	const rate = 10_000
	o := openLoop{address: s.Address, connections: 32, load: l, number: b.number, schedule: schedule{time.Now(), rate, int64(len(l.requests))}}
	if err := o.run(ctx); err != nil {
		return err
	}
	b.sent(int64(len(l.requests)), l)
	return nil
}

// call sends one request as a client would, and wants success.
func (b *bench) call(ctx context.Context, s *server, method, path, token, body string) ([]byte, error) {
	answer, err := measure.Ask(ctx, method, "http://"+s.Address+path, body, "Authorization", "Bearer "+token)
	return answer.Body, err
}
