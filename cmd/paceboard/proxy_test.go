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
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/stretchr/testify/require"
	"gopkg.in/yaml.v3"

	"github.com/paceboard/paceboard/config"
)

// startNginx runs the real program with the configuration of deploy/cluster in front of
// three nodes.
func startNginx(t *testing.T, nodes []string) (url string) {
	t.Helper()
	program, err := exec.LookPath("nginx")
	if err != nil {
		out, _ := exec.Command("../../tools/install-test-needs", "nginx-light").CombinedOutput()
		if program, err = exec.LookPath("nginx"); err != nil {
			require.NotEqual(t, "true", os.Getenv("CI"), "nginx: %s", out)
			t.Skipf("there is no nginx: %s", out)
		}
	}
	text, err := os.ReadFile("../../deploy/cluster/nginx.conf")
	require.NoError(t, err)
	folder, err := os.MkdirTemp("", "paceboard-nginx-") //nolint:usetesting // its workers are of another user
	require.NoError(t, err)
	t.Cleanup(func() { _ = os.RemoveAll(folder) })
	require.NoError(t, os.Chmod(folder, 0o755))
	port := quietPort(t)
	conf := strings.Replace(string(text), "listen 8081;", fmt.Sprintf("listen 127.0.0.1:%d;", port), 1)
	for i, node := range nodes {
		name := fmt.Sprintf("server node%d:8081 ", i+1)
		require.Contains(t, conf, name)
		conf = strings.Replace(conf, name, "server "+strings.TrimPrefix(node, "http://")+" ", 1)
	}
	conf = strings.Replace(conf, "http {\n", fmt.Sprintf("http {\nclient_body_temp_path %[1]s/body; proxy_temp_path %[1]s/proxy; fastcgi_temp_path %[1]s/fastcgi; uwsgi_temp_path %[1]s/uwsgi; scgi_temp_path %[1]s/scgi;\n", folder), 1)
	path := filepath.Join(folder, "nginx.conf")
	require.NoError(t, os.WriteFile(path, []byte(conf), 0o644))
	cmd := exec.Command(program, "-c", path, "-p", folder, "-e", folder+"/error.log", "-g", "daemon off; pid "+folder+"/pid;")
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGTERM}
	require.NoError(t, cmd.Start())
	t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		_ = cmd.Wait()
	})
	url = fmt.Sprintf("http://127.0.0.1:%d", port)
	require.Eventually(t, func() bool { return askOnce(http.DefaultClient, http.MethodGet, url+"/health/live", "", "") == nil }, 20*time.Second, 20*time.Millisecond)
	return url
}

// TestNginxInFrontOfNodes restarts three nodes one after the other behind nginx, as
// deploy/cluster sets it up, while clients sync and read: no request fails. WebSockets
// and SSE pass.
func TestNginxInFrontOfNodes(t *testing.T) {
	t.Parallel()
	where := newDatabase(t)
	var all [3]*instance
	var urls []string
	ports := [3]int{quietPort(t), quietPort(t), quietPort(t)}
	start := func(i int) {
		all[i] = startNode(t, where, "--port", fmt.Sprint(ports[i]), "SHUTDOWN_DELAY=2s", "--rate-limit-user", "0", "TRUSTED_PROXIES=127.0.0.0/8")
		eventuallyStatus(t, all[i], "/health/ready", http.StatusOK)
	}
	for i := range all {
		start(i)
		urls = append(urls, all[i].url)
	}
	front := &instance{t: t, url: startNginx(t, urls)}
	front.createSpring("spring")
	operator := operatorToken(t)

	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	socket, _, err := websocket.Dial(ctx, strings.Replace(front.url, "http", "ws", 1)+"/ws/leaderboard/spring", &websocket.DialOptions{Subprotocols: []string{"bearer." + operator}}) //nolint:bodyclose // the library has read it
	require.NoError(t, err)
	_, message, err := socket.Read(ctx)
	require.NoError(t, err)
	require.Contains(t, string(message), `"connected"`)
	require.NoError(t, socket.CloseNow())
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, front.url+"/api/v1/leaderboard/spring/events", http.NoBody)
	require.NoError(t, err)
	request.Header.Set("Authorization", "Bearer "+operator)
	events, err := http.DefaultClient.Do(request)
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, events.StatusCode)
	first := make([]byte, 10)
	_, err = io.ReadFull(events.Body, first)
	require.NoError(t, err, "events are not held back")
	require.NoError(t, events.Body.Close())

	stop := make(chan struct{})
	var running sync.WaitGroup
	var mu sync.Mutex
	var failed []error
	asked := 0
	date := time.Now().UTC().Format(time.DateOnly)
	for c := range 8 {
		token := tokenOf(t, fmt.Sprintf("user-%d", c), false)
		client := &http.Client{Timeout: 20 * time.Second, Transport: &http.Transport{}}
		t.Cleanup(client.CloseIdleConnections)
		running.Go(func() {
			for steps := 1; ; steps++ {
				select {
				case <-stop:
					return
				case <-time.After(10 * time.Millisecond):
				}
				err := errors.Join(
					askOnce(client, http.MethodPost, front.url+"/api/v1/fitness/sync", token, fmt.Sprintf(`{"competition_id":"spring","date":%q,"steps":%d}`, date, steps)),
					askOnce(client, http.MethodGet, front.url+"/api/v1/leaderboard/spring?limit=10", token, ""))
				mu.Lock()
				asked += 2
				if err != nil {
					failed = append(failed, fmt.Errorf("%s: %w", time.Now().Format(time.StampMilli), err))
				}
				mu.Unlock()
			}
		})
	}
	for i := range all {
		all[i].stop()
		start(i)
	}
	close(stop)
	running.Wait()
	t.Logf("%d requests", asked)
	require.Empty(t, failed, "of %d", asked)
	require.Positive(t, asked)
}

// TestClusterCompose holds deploy/cluster to what can be said about it without Docker:
// settings exist and are accepted, and nginx leads to the nodes that there are.
func TestClusterCompose(t *testing.T) {
	text, err := os.ReadFile("../../deploy/cluster/compose.yaml")
	require.NoError(t, err)
	var compose struct {
		Services map[string]struct {
			Environment map[string]string
			Volumes     []string
		}
	}
	require.NoError(t, yaml.Unmarshal(text, &compose))
	conf, err := os.ReadFile("../../deploy/cluster/nginx.conf")
	require.NoError(t, err)
	servers := regexp.MustCompile(`(?m)^ +server (\w+):8081 `).FindAllStringSubmatch(string(conf), -1)
	require.Len(t, servers, 3)
	fill := regexp.MustCompile(`\$\{(\w+):-([^}]*)\}`)
	for _, server := range servers {
		node, there := compose.Services[server[1]]
		require.True(t, there, server[1])
		require.Equal(t, server[1]+":7946", node.Environment["CLUSTER_ADVERTISE"])
		environ := []string{"SUPABASE_JWT_SECRET=" + testSecret}
		for name, value := range node.Environment {
			if value = fill.ReplaceAllString(value, "$2"); name != "SUPABASE_JWT_SECRET" {
				environ = append(environ, name+"="+value)
			}
		}
		settings, err := config.Load(nil, environ, "")
		require.NoError(t, err)
		require.Equal(t, 8081, settings.Port)
		require.Contains(t, node.Volumes, "certificates:"+filepath.Dir(settings.ClusterKey)+":ro")
		_, help, _ := runProgram(t, "serve", "--help")
		for name := range node.Environment {
			require.True(t, hasFlag(help, strings.ReplaceAll(strings.ToLower(name), "_", "-")) || strings.Contains(help, "  "+name+" "), name)
		}
	}
}
