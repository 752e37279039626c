package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/stretchr/testify/require"
)

// proxy is a program that stands in front of nodes, with its configuration in deploy/.
type proxy struct {
	program, debian string // the program, and Debian's package of it
	conf            string
	node            string // how conf names a node, of a number
	listens         string // how it names the port that clients come to
	port            string // the same with another port
	secure          string // the same with another port, and with the certificate and the key in conf's folder
	command         func(program, folder string) *exec.Cmd
	end             os.Signal     // ends it and its children at once
	notices         time.Duration // how long it takes to notice that a node is back
}

var proxies = map[string]proxy{
	"nginx": {
		program: "nginx", debian: "nginx-light", conf: "../../deploy/cluster/nginx.conf",
		node:    "        server node%d:8081 max_fails=1 fail_timeout=1s;\n",
		listens: "listen 8081;", port: "listen 127.0.0.1:%d;",
		secure: "listen 127.0.0.1:%d ssl; ssl_certificate CLUSTER_CERT; ssl_certificate_key CLUSTER_KEY;",
		command: func(program, folder string) *exec.Cmd {
			return exec.Command(program, "-c", folder+"/conf", "-p", folder, "-e", folder+"/error.log", "-g", "daemon off;")
		},
		end: syscall.SIGTERM,
	},
	"caddy": {
		program: "caddy", debian: "caddy", conf: "../../deploy/caddy/Caddyfile",
		node:    " node%d:8081",
		listens: "\n:8081 {", port: "\nhttp://127.0.0.1:%d {",
		secure: "\nhttps://127.0.0.1:%d {\n\ttls {$FOLDER}/CLUSTER_CERT {$FOLDER}/CLUSTER_KEY",
		command: func(program, folder string) *exec.Cmd {
			return exec.Command(program, "run", "--adapter", "caddyfile", "--config", folder+"/conf")
		},
		end: syscall.SIGKILL, notices: time.Second,
	},
}

// start runs the real program in front of nodes, of which its configuration has three;
// with a certificate, if there is an authority to issue one.
func (p proxy) start(t *testing.T, by *authority, nodes ...string) (url string) {
	t.Helper()
	scheme, listens, client := "http", p.port, http.DefaultClient
	program, err := exec.LookPath(p.program)
	if err != nil {
		out, _ := exec.Command("../../tools/install-test-needs", p.debian).CombinedOutput()
		if program, err = exec.LookPath(p.program); err != nil {
			require.NotEqual(t, "true", os.Getenv("CI"), "%s: %s", p.program, out)
			t.Skipf("there is no %s: %s", p.program, out)
		}
	}
	text, err := os.ReadFile(p.conf)
	require.NoError(t, err)
	folder, err := os.MkdirTemp("", "paceboard-proxy-") //nolint:usetesting // nginx's workers are of another user
	require.NoError(t, err)
	t.Cleanup(func() { _ = os.RemoveAll(folder) })
	require.NoError(t, os.Chmod(folder, 0o755))
	if by != nil {
		by.issue(t, folder)
		scheme, listens, client = "https", p.secure, &http.Client{Transport: by.transport(t, "")}
	}
	port := quietPort(t)
	require.Equal(t, 1, strings.Count(string(text), p.listens))
	conf := strings.Replace(string(text), p.listens, fmt.Sprintf(listens, port), 1)
	conf = strings.ReplaceAll(conf, " /tmp/", " "+folder+"/")
	for i := range 3 {
		name, line := fmt.Sprintf("node%d:8081", i+1), fmt.Sprintf(p.node, i+1)
		require.Equal(t, 1, strings.Count(conf, line))
		with := ""
		if i < len(nodes) {
			with = strings.Replace(line, name, strings.TrimPrefix(nodes[i], "http://"), 1)
		}
		conf = strings.Replace(conf, line, with, 1)
	}
	require.NoError(t, os.WriteFile(filepath.Join(folder, "conf"), []byte(conf), 0o644))
	cmd := p.command(program, folder)
	said, err := os.Create(filepath.Join(folder, "said"))
	require.NoError(t, err)
	cmd.Stdout, cmd.Stderr, cmd.Env = said, said, append(os.Environ(), "HOME="+folder, "FOLDER="+folder)
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGTERM}
	require.NoError(t, cmd.Start())
	require.NoError(t, said.Close())
	t.Cleanup(func() {
		_ = cmd.Process.Signal(p.end)
		_ = cmd.Wait()
		if t.Failed() {
			text, _ := os.ReadFile(said.Name())
			t.Logf("%s", text)
		}
	})
	url = fmt.Sprintf("%s://127.0.0.1:%d", scheme, port)
	require.Eventually(t, func() bool { return askOnce(client, http.MethodGet, url+"/health/live", "", "") == nil }, 20*time.Second, 20*time.Millisecond)
	return url
}

// TestProxiesPassWhatIsServed: with a certificate, sockets of pages of the proxy's own
// origin and events pass at once, bodies up to the largest that the server takes, and the
// server knows the addresses of clients, who cannot make up others.
func TestProxiesPassWhatIsServed(t *testing.T) {
	t.Parallel()
	for name, p := range proxies {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := startServer(t, t.TempDir(), "TRUSTED_PROXIES=127.0.0.1", "RATE_LIMIT_ADDRESS=5")
			s.createSpring("spring")
			by := newAuthority(t)
			front := p.start(t, by, s.url)
			at := func(address string) *http.Client { // a client with another address than the proxy
				return &http.Client{Transport: by.transport(t, address), Timeout: 20 * time.Second}
			}
			ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
			defer cancel()
			operator := operatorToken(t)
			ask := func(method, path, body string) *http.Request {
				request, err := http.NewRequestWithContext(ctx, method, front+path, strings.NewReader(body))
				require.NoError(t, err)
				request.Header.Set("Authorization", "Bearer "+operator)
				request.Header.Set("Content-Type", "application/json")
				return request
			}
			status := func(client *http.Client, request *http.Request) int {
				response, err := client.Do(request)
				require.NoError(t, err)
				require.NoError(t, response.Body.Close())
				return response.StatusCode
			}

			foreign, response, err := websocket.Dial(ctx, strings.Replace(front, "http", "ws", 1)+"/ws/leaderboard/spring", &websocket.DialOptions{
				Subprotocols: []string{"bearer." + operator}, HTTPClient: at("127.0.0.10"), HTTPHeader: http.Header{"Origin": {"https://elsewhere.example"}},
			})
			if err == nil {
				_ = foreign.CloseNow()
			}
			require.Error(t, err)
			require.NotNil(t, response)
			require.NoError(t, response.Body.Close())
			require.Equal(t, http.StatusForbidden, response.StatusCode)
			socket, _, err := websocket.Dial(ctx, strings.Replace(front, "http", "ws", 1)+"/ws/leaderboard/spring", &websocket.DialOptions{ //nolint:bodyclose // the library has read it
				Subprotocols: []string{"bearer." + operator}, HTTPClient: at("127.0.0.11"), HTTPHeader: http.Header{"Origin": {front}},
			})
			require.NoError(t, err)
			_, message, err := socket.Read(ctx)
			require.NoError(t, err)
			require.Contains(t, string(message), `"connected"`)
			require.NoError(t, socket.CloseNow())
			events, err := at("127.0.0.12").Do(ask(http.MethodGet, "/api/v1/leaderboard/spring/events", ""))
			require.NoError(t, err)
			require.Equal(t, http.StatusOK, events.StatusCode)
			_, err = io.ReadFull(events.Body, make([]byte, 10))
			require.NoError(t, err, "events are not held back")
			require.NoError(t, events.Body.Close())

			const most = 1 << 20
			batch := `{"syncs":[{"competition_id":"spring","date":"2016-04-13","steps":7}]}`
			const batches = "/api/v1/fitness/sync/batch"
			require.Equal(t, http.StatusOK, status(at("127.0.0.13"), ask(http.MethodPost, batches, batch+strings.Repeat(" ", most-len(batch)))), "the largest body that the server takes")
			require.Equal(t, http.StatusRequestEntityTooLarge, status(at("127.0.0.14"), ask(http.MethodPost, batches, batch+strings.Repeat(" ", most+1-len(batch)))))

			limited := at("127.0.0.15")
			for tries, last := 0, 0; last != http.StatusTooManyRequests; tries++ {
				require.Less(t, tries, 1000, "made-up addresses are believed")
				request := ask(http.MethodGet, "/health/live", "")
				request.Header.Set("X-Forwarded-For", fmt.Sprintf("198.51.100.%d", tries%256))
				last = status(limited, request)
			}
			require.Equal(t, http.StatusOK, status(at("127.0.0.16"), ask(http.MethodGet, "/health/live", "")), "one client has used up what another one may")
		})
	}
}

// TestRollingRestart restarts two nodes one after the other behind each proxy, while
// clients sync and read: no request fails.
func TestRollingRestart(t *testing.T) {
	t.Parallel()
	least, clients := int64(200), 4
	if soak, err := time.ParseDuration(os.Getenv("SOAK")); err == nil && soak > 0 {
		least, clients = 50_000, 16
	}
	for name, p := range proxies {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			where := newDatabase(t)
			var all [2]*instance
			ports := [2]int{quietPort(t), quietPort(t)}
			start := func(i int) {
				all[i] = startNode(t, where, "--port", fmt.Sprint(ports[i]), "SHUTDOWN_DELAY=2s", "--rate-limit-user", "0", "TRUSTED_PROXIES=127.0.0.0/8")
				eventuallyStatus(t, all[i], "/health/ready", http.StatusOK)
			}
			start(0)
			start(1)
			front := &instance{t: t, url: p.start(t, nil, all[0].url, all[1].url)}
			front.createSpring("spring")

			stop := make(chan struct{})
			var running sync.WaitGroup
			var mu sync.Mutex
			var failed []error
			var asked atomic.Int64
			date := time.Now().UTC().Format(time.DateOnly)
			for c := range clients {
				token := tokenOf(t, fmt.Sprintf("user-%d", c), false)
				client := &http.Client{Timeout: 20 * time.Second, Transport: &http.Transport{}}
				t.Cleanup(client.CloseIdleConnections)
				running.Go(func() {
					for steps := 1; ; steps++ {
						select {
						case <-stop:
							return
						case <-time.After(pace(t, 10*time.Millisecond)):
						}
						err := errors.Join(
							askOnce(client, http.MethodPost, front.url+"/api/v1/fitness/sync", token, fmt.Sprintf(`{"competition_id":"spring","date":%q,"steps":%d}`, date, steps)),
							askOnce(client, http.MethodGet, front.url+"/api/v1/leaderboard/spring?limit=10", token, ""))
						asked.Add(2)
						if err != nil {
							mu.Lock()
							failed = append(failed, fmt.Errorf("%s: %w", time.Now().Format(time.StampMilli), err))
							mu.Unlock()
						}
					}
				})
			}
			rounds := 0
			for ; rounds == 0 || asked.Load() < least; rounds++ {
				for i := range all {
					all[i].stop()
					start(i)
					<-time.After(p.notices)
				}
			}
			close(stop)
			running.Wait()
			t.Logf("%d requests, %d restarts", asked.Load(), rounds*len(all))
			require.Empty(t, failed, "of %d", asked.Load())
		})
	}
}
