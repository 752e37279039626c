// Command democluster shows what a cluster is for: it starts PostgreSQL, three nodes and
// a proxy in front of them on this machine, posts real activity, and kills the node that
// owns the board again and again, while the page goes on. It cleans up when it is
// stopped. It never touches a database that was there before.
//
// Reading starts at run.
package main

import (
	"context"
	"crypto/rand"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/paceboard/paceboard/internal/token"
	"github.com/paceboard/paceboard/internal/worker"
	"github.com/paceboard/paceboard/persistence/postgres"
	"github.com/paceboard/paceboard/persistence/testservers"
	fitbit "github.com/paceboard/paceboard/testdata/fitbit-2016"
)

// options of a demonstration.
type options struct {
	binary, data string
	port         int
	every        time.Duration
}

func main() {
	var o options
	flag.StringVar(&o.binary, "binary", "bin/paceboard", "the program")
	flag.StringVar(&o.data, "data", "testdata/fitbit-2016/hourly.csv", "the activity to post")
	flag.IntVar(&o.port, "port", 8081, "where to open the page")
	flag.DurationVar(&o.every, "kill", 20*time.Second, "how often to kill the node that owns the board")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, o, os.Stdout)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "democluster:", err)
		os.Exit(1)
	}
}

const (
	board   = "spring-2016"
	size    = 3
	startIn = time.Minute // for each part
)

// show is a running demonstration.
type show struct {
	options
	ctx      context.Context //nolint:containedctx // of all processes
	out      io.Writer
	folder   string
	database string
	secret   string
	operator string
	url      string
	nodes    [size]*node
	proxy    *proxy
}

// run starts everything, and returns when ctx has ended and all is gone again.
func run(ctx context.Context, o options, out io.Writer) (err error) {
	if o.binary, err = filepath.Abs(o.binary); err != nil {
		return err
	}
	if o.data, err = filepath.Abs(o.data); err != nil {
		return err
	}
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", fmt.Sprintf("127.0.0.1:%d", o.port))
	if err != nil {
		return fmt.Errorf("%w; choose another one: make demo-cluster PORT=8082", err)
	}
	folder, err := os.MkdirTemp("", "paceboard-demo-")
	if err != nil {
		return errors.Join(err, listener.Close())
	}
	defer func() { err = errors.Join(err, os.RemoveAll(folder)) }()
	fmt.Fprintln(out, "starting PostgreSQL, three nodes and a proxy; stop them with Ctrl-C")
	server, err := testservers.StartPostgres() //nolint:contextcheck // what it installs is to be whole
	if err != nil {
		return errors.Join(err, listener.Close())
	}
	defer func() { err = errors.Join(err, server.Close()) }()
	s := &show{options: o, ctx: ctx, out: out, folder: folder, database: server.URL(), secret: rand.Text() + rand.Text(), url: "http://" + listener.Addr().String()}
	if s.operator, err = (token.User{ID: "you", Name: "Robin", Operator: true, Valid: 24 * time.Hour}).Sign([]byte(s.secret)); err != nil {
		return errors.Join(err, listener.Close())
	}
	s.proxy = newProxy(listener) //nolint:contextcheck // close ends it, after the nodes
	defer s.proxy.close()
	defer s.stopAll()
	if err := s.start(); err != nil {
		if ctx.Err() != nil {
			return nil // it was stopped
		}
		return err
	}
	load := s.command("replay", "--url", s.url, "--competition", board, "--rate", "60", "--concurrency", "2", o.data)
	if err := load.Start(); err != nil {
		return err
	}
	defer func() { _ = load.Wait() }() // It was told to end.
	for worker.Pause(ctx, o.every) {
		if err := s.killOwner(); err != nil && ctx.Err() == nil {
			return err
		}
	}
	fmt.Fprintln(out, "stopping")
	return nil
}

// start starts the nodes and makes the board.
func (s *show) start() error {
	for i := range s.nodes {
		if err := s.startNode(i); err != nil {
			return err
		}
	}
	body := fmt.Sprintf(`{"id":%q,"name":"Spring 2016","start_date":"2016-04-12T00:00:00Z","end_date":%q}`,
		board, time.Now().AddDate(0, 0, 7).UTC().Format(time.RFC3339))
	if err := s.ask(http.MethodPost, "/api/v1/competitions", body); err != nil {
		return fmt.Errorf("create the board: %w", err)
	}
	if err := s.join(); err != nil {
		return fmt.Errorf("enrol the people of the data: %w", err)
	}
	fmt.Fprintf(s.out, "\nboard  %s/#/c/%s?token=%s\nread   curl -H \"Authorization: Bearer %s\" '%s/api/v1/leaderboard/%s?limit=3'\n",
		s.url, board, s.operator, s.operator, s.url, board)
	fmt.Fprintf(s.out, "nodes  DATABASE_URL='%s' bin/paceboard nodes list\n\n", s.database)
	return nil
}

// join enrols everybody whose activity is posted, under a name: the data has numbers.
func (s *show) join() error {
	data, err := os.ReadFile(s.data)
	if err != nil {
		return err
	}
	known := map[string]bool{}
	for line := range strings.Lines(string(data)) {
		user, _, _ := strings.Cut(line, ",")
		if user == "user_id" || known[user] { // the first line names the columns
			continue
		}
		name := fitbit.Names[len(known)%len(fitbit.Names)]
		known[user] = true
		if err := s.ask(http.MethodPost, "/api/v1/competitions/"+board+"/join", fmt.Sprintf(`{"user_id":%q,"user_name":%q}`, user, name)); err != nil {
			return err
		}
	}
	return nil
}

// startNode starts a node in a place, and returns when it is ready.
func (s *show) startNode(i int) error {
	port, err := freePort(s.ctx)
	if err != nil {
		return err
	}
	n := &node{url: fmt.Sprintf("http://127.0.0.1:%d", port), exited: make(chan struct{})}
	n.cmd = s.command("serve", "--host", "127.0.0.1", "--port", strconv.Itoa(port))
	n.cmd.Env = append(n.cmd.Env, "DATABASE_URL="+s.database, "CLUSTER_LISTEN=127.0.0.1:0", "SHUTDOWN_DELAY=0", "RATE_LIMIT_USER=0", "LOG_LEVEL=error")
	if err := n.cmd.Start(); err != nil {
		return err
	}
	go func() { // ends with the process
		_ = n.cmd.Wait()
		close(n.exited)
	}()
	s.nodes[i] = n
	for deadline := time.Now().Add(startIn); !isReady(s.ctx, s.proxy.client, n.url); {
		select {
		case <-n.exited:
			return errors.New("a node has ended by itself; see above")
		default:
		}
		if time.Now().After(deadline) || !worker.Pause(s.ctx, 50*time.Millisecond) {
			return errors.New("a node is not ready in time")
		}
	}
	var urls []string
	for _, n := range s.nodes {
		if n != nil {
			urls = append(urls, n.url)
		}
	}
	s.proxy.set(urls)
	return nil
}

// stopAll waits for the nodes, which end with the demonstration's context, or now.
func (s *show) stopAll() {
	for _, n := range s.nodes {
		if n != nil {
			_ = n.cmd.Process.Signal(syscall.SIGTERM)
		}
	}
	for _, n := range s.nodes {
		if n != nil {
			n.wait()
		}
	}
}

// killOwner kills the node that owns the board, says how long the board was away, and
// starts another node in its place.
func (s *show) killOwner() error {
	found, err := postgres.ListNodes(s.ctx, s.database, false)
	if err != nil {
		return err
	}
	for i, n := range s.nodes {
		for _, f := range found {
			if f.Boards == 0 || !strings.Contains(f.ID, fmt.Sprintf("-%d-", n.cmd.Process.Pid)) {
				continue
			}
			_ = n.cmd.Process.Kill()
			began := time.Now()
			fmt.Fprintf(s.out, "%s  killed node %s, which owned the board\n", began.Format(time.TimeOnly), f.ID)
			for {
				if err = s.ask(http.MethodGet, "/api/v1/leaderboard/"+board+"?limit=3", ""); err == nil {
					break
				}
				if !worker.Pause(s.ctx, 20*time.Millisecond) {
					return nil
				}
			}
			fmt.Fprintf(s.out, "%s  the others show it again, %.1f s later\n", time.Now().Format(time.TimeOnly), time.Since(began).Seconds())
			n.wait()
			if err := s.startNode(i); err != nil {
				return err
			}
			fmt.Fprintf(s.out, "%s  another node is there in its place\n", time.Now().Format(time.TimeOnly))
			return nil
		}
	}
	return nil // The board is between two owners; next time.
}

// ask sends a request through the proxy.
func (s *show) ask(method, path, body string) error {
	request, err := http.NewRequestWithContext(s.ctx, method, s.url+path, strings.NewReader(body))
	if err != nil {
		return err
	}
	request.Header.Set("Authorization", "Bearer "+s.operator)
	request.Header.Set("Content-Type", "application/json")
	response, err := s.proxy.client.Do(request)
	if err != nil {
		return err
	}
	answer, err := io.ReadAll(response.Body)
	if err = errors.Join(err, response.Body.Close()); err == nil && response.StatusCode/100 != 2 {
		err = fmt.Errorf("%s: %s", response.Status, answer)
	}
	return err
}

// command runs the program until the demonstration ends, in a folder without anybody's
// settings.
func (s *show) command(args ...string) *exec.Cmd {
	cmd := exec.CommandContext(s.ctx, s.binary, args...) //nolint:gosec // G204: whoever runs the demonstration names the program
	cmd.Dir, cmd.Stderr = s.folder, os.Stderr
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "SUPABASE_JWT_SECRET=" + s.secret}
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = 15 * time.Second
	return cmd
}
