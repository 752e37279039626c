package testservers

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	goredis "github.com/redis/go-redis/v9"
)

// RedisCluster starts a Redis Cluster of three servers and returns them, when it takes
// commands for every key.
func RedisCluster(tb testing.TB) []*Server {
	tb.Helper()
	const slots, servers = 16384, 3
	var all []*Server
	for range servers {
		bus, err := freePort(tb.Context())
		if err != nil {
			tb.Fatal(err)
		}
		s, err := startRedis("--cluster-enabled", "yes", "--cluster-port", strconv.Itoa(bus), "--cluster-node-timeout", "1000")
		all = append(all, must(tb, s, err).attend(tb))
		first := len(all) - 1
		ask(tb, s, "CLUSTER", "SET-CONFIG-EPOCH", first+1)
		ask(tb, s, "CLUSTER", "ADDSLOTSRANGE", first*slots/servers, (first+1)*slots/servers-1)
		if first > 0 {
			ask(tb, all[0], "CLUSTER", "MEET", "127.0.0.1", s.Port, bus)
		}
	}
	for _, s := range all {
		awaitRedis(tb, s, "cluster_state:ok", "CLUSTER", "INFO")
		awaitRedis(tb, s, "cluster_known_nodes:3", "CLUSTER", "INFO")
	}
	return all
}

// RedisSentinel starts a Redis server, one that follows it, and a sentinel that
// promotes that when the first is away, under the name "main".
func RedisSentinel(tb testing.TB) (first, second, sentinel *Server) {
	tb.Helper()
	s, err := startRedis("--repl-diskless-sync-delay", "0")
	first = must(tb, s, err).attend(tb)
	s, err = startRedis("--replicaof", "127.0.0.1 "+strconv.Itoa(first.Port))
	second = must(tb, s, err).attend(tb)
	awaitRedis(tb, second, "master_link_status:up", "INFO", "replication")
	s, err = startSentinel(first.Port)
	sentinel = must(tb, s, err).attend(tb)
	awaitRedis(tb, sentinel, "slaves=1", "INFO", "sentinel")
	return first, second, sentinel
}

func startSentinel(follows int) (*Server, error) {
	program, err := locate("redis-server", "redis-server")
	if err != nil {
		return nil, err
	}
	dir, err := newFolder()
	if err != nil {
		return nil, err
	}
	conf := filepath.Join(dir, "sentinel.conf") // which it rewrites
	lines := []string{
		fmt.Sprintf("sentinel monitor main 127.0.0.1 %d 1", follows),
		"sentinel down-after-milliseconds main 500", "sentinel failover-timeout main 5000", "dir " + dir,
	}
	if err := errors.Join(os.WriteFile(conf, []byte(strings.Join(lines, "\n")+"\n"), 0o666), os.Chmod(conf, 0o666)); err != nil { //nolint:gosec // G302, G306: the server's user writes it.
		return nil, err
	}
	s := &Server{
		program: program, dir: dir, ready: "+monitor master main", stop: immediately,
		args: []string{conf, "--sentinel", "--bind", "127.0.0.1"},
		url:  func(port int) string { return fmt.Sprintf("redis+sentinel://127.0.0.1:%d/0?master_name=main", port) },
	}
	return s.startAnywhere("--port")
}

// ask gives a Redis server a command.
func ask(tb testing.TB, s *Server, command ...any) string {
	tb.Helper()
	client := goredis.NewClient(&goredis.Options{Addr: fmt.Sprintf("127.0.0.1:%d", s.Port), Protocol: 2, DisableIdentity: true})
	defer func() { _ = client.Close() }()
	answer, err := client.Do(context.WithoutCancel(tb.Context()), command...).Text()
	if err != nil {
		tb.Fatalf("%v: %v", command, err)
	}
	return answer
}

// awaitRedis returns when a server's answer to a command has some text in it.
func awaitRedis(tb testing.TB, s *Server, text string, command ...any) {
	tb.Helper()
	var answer string
	for deadline := time.Now().Add(startTimeout); time.Now().Before(deadline); <-time.After(20 * time.Millisecond) {
		if answer = ask(tb, s, command...); strings.Contains(answer, text) {
			return
		}
	}
	tb.Fatalf("%v: no %s in time: %s", command, text, answer)
}
