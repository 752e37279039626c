package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/paceboard/paceboard/cmd/internal/monitoring"
	"github.com/paceboard/paceboard/competition"
	"github.com/paceboard/paceboard/internal/token"
	"github.com/paceboard/paceboard/persistence/testservers"
)

// prometheusServer is a real Prometheus that scrapes servers every second.
type prometheusServer struct {
	t        *testing.T
	url      string
	patience time.Duration // how long it waits for an answer
}

// startPrometheus starts one with the rules that are deployed, except that their times
// are seconds.
func startPrometheus(t *testing.T, servers []*instance, arguments ...string) *prometheusServer {
	t.Helper()
	needPrometheus(t, "prometheus")
	dir, address := t.TempDir(), freeAddress(t)
	scraper, err := token.User{ID: "scraper", Operator: true, Valid: 365 * 24 * time.Hour}.Sign([]byte(testSecret)) // which clocks that jump do not end
	require.NoError(t, err)
	var targets []string
	for _, s := range servers {
		targets = append(targets, strconv.Quote(strings.TrimPrefix(s.url, "http://")))
	}
	require.NoError(t, os.WriteFile(filepath.Join(dir, "rules.yaml"), []byte(monitoring.Rules(monitoring.Cut{For: time.Second, Window: 5 * time.Second})), 0o600))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "prometheus.yaml"), fmt.Appendf(nil, `
global: {scrape_interval: 1s, scrape_timeout: 1s, evaluation_interval: 1s}
rule_files: [rules.yaml]
scrape_configs:
  - job_name: paceboard
    authorization: {credentials: %s}
    static_configs: [{targets: [%s]}]
`, scraper, strings.Join(targets, ",")), 0o600))
	command := exec.Command("prometheus", append([]string{
		"--config.file=" + filepath.Join(dir, "prometheus.yaml"), "--storage.tsdb.path=" + filepath.Join(dir, "data"), "--web.listen-address=" + address, "--log.level=warn",
	}, arguments...)...)
	command.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	command.Stderr = os.Stderr
	require.NoError(t, command.Start())
	t.Cleanup(func() {
		_ = command.Process.Kill()
		_ = command.Wait()
	})
	return &prometheusServer{t: t, url: "http://" + address, patience: time.Minute}
}

// sample is one result of a query.
type sample struct {
	Metric map[string]string
	Value  float64
}

// query asks for samples; none while Prometheus is not ready.
func (p *prometheusServer) query(expr string) (samples []sample) {
	response, err := http.Get(p.url + "/api/v1/query?query=" + url.QueryEscape(expr))
	if err != nil {
		return nil
	}
	defer response.Body.Close()
	var answer struct {
		Data struct {
			Result []struct {
				Metric map[string]string
				Value  [2]any
			}
		}
	}
	if json.NewDecoder(response.Body).Decode(&answer) != nil {
		return nil
	}
	for _, r := range answer.Data.Result {
		text, _ := r.Value[1].(string)
		value, err := strconv.ParseFloat(text, 64)
		require.NoError(p.t, err)
		samples = append(samples, sample{r.Metric, value})
	}
	return samples
}

// awaits waits until a query gives something of which holds is true.
func (p *prometheusServer) awaits(question, expr string, holds func(sample) bool) {
	p.t.Helper()
	var last []sample
	require.Eventually(p.t, func() bool {
		last = p.query(expr)
		return slices.ContainsFunc(last, holds)
	}, p.patience, 200*time.Millisecond, "%s: %s", question, expr)
	p.t.Logf("%s: %s", question, fmt.Sprint(last[:min(len(last), 3)]))
}

func positive(s sample) bool { return s.Value > 0 }

// fires waits until alerts fire.
func (p *prometheusServer) fires(alerts ...string) {
	p.t.Helper()
	for _, alert := range alerts {
		p.awaits(alert+" fires", `ALERTS{alertstate="firing",alertname="`+alert+`"}`, positive)
	}
}

// until does something again and again until an alert fires.
func (p *prometheusServer) until(alert string, do func()) {
	p.t.Helper()
	for ended := time.Now().Add(p.patience); len(p.query(`ALERTS{alertstate="firing",alertname="`+alert+`"}`)) == 0; do() {
		require.True(p.t, time.Now().Before(ended), "%s does not fire", alert)
	}
}

// quiet waits until alerts do not fire, and are not about to.
func (p *prometheusServer) quiet(alerts ...string) {
	p.t.Helper()
	for _, alert := range alerts {
		require.Eventually(p.t, func() bool {
			return len(p.query(`up`)) > 0 && len(p.query(`ALERTS{alertname="`+alert+`"}`)) == 0
		}, p.patience, 200*time.Millisecond, "%s does not stop", alert)
	}
}

// syncSpring sends a sync of today, by a proxy.
func (s *instance) syncSpring(user string, steps int) int {
	body := fmt.Sprintf(`{"competition_id":"spring","date":%q,"steps":%d}`, time.Now().UTC().Format(time.DateOnly), steps)
	request, err := http.NewRequestWithContext(context.Background(), http.MethodPost, s.url+"/api/v1/fitness/sync", strings.NewReader(body))
	if err != nil {
		return 0
	}
	request.Header.Set("Authorization", "Bearer "+tokenOf(s.t, user, false))
	request.Header.Set("X-Forwarded-For", "192.0.2.7")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return 0 // the server was ended
	}
	defer response.Body.Close()
	_, _ = io.Copy(io.Discard, response.Body)
	return response.StatusCode
}

// keepSyncing has a user send syncs to servers until stop is called.
func keepSyncing(user string, to ...*instance) (stop func()) {
	end, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		for n := 0; ; n++ {
			select {
			case <-end:
				return
			case <-time.After(20 * time.Millisecond):
				for _, s := range to {
					s.syncSpring(user, n)
				}
			}
		}
	}()
	return func() {
		close(end)
		<-ended
	}
}

// TestPrometheusAnswersTheTwelveQuestions that an operator asks, and alerts fire while
// their reasons last: a real Prometheus looks at real servers.
func TestPrometheusAnswersTheTwelveQuestions(t *testing.T) {
	t.Parallel()
	needPrometheus(t, "prometheus")
	provider := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusTeapot) }))
	defer provider.Close()
	dir := t.TempDir()
	prepare(t, dir, func(s competition.Store) { playPrizes(t, s, "paid", false) })
	embedded := startServer(t, dir, "--rate-limit-address", "10", "TRUSTED_PROXIES=127.0.0.1/32", "--payout-webhook-url", provider.URL, "PAYOUT_WEBHOOK_SECRET="+testSecret)
	postgres, redis := testservers.Postgres(t), testservers.Redis(t)
	database := postgres.NewDatabase(t, "")
	node := startNode(t, database, "--redis-url", redis.URL(), "--rate-limit-user", "0")
	p := startPrometheus(t, []*instance{embedded, node})
	native := startPrometheus(t, []*instance{embedded}, "--enable-feature=native-histograms")

	node.createSpring("spring")
	embedded.createSpring("spring")
	status, answer := embedded.call(http.MethodPost, "/api/v1/prizes/distribute/paid", operatorToken(t), "")
	require.Equal(t, http.StatusOK, status, string(answer))
	steps := 0
	follow := func() { // a live client comes, sees a change, and goes
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, node.url+"/api/v1/leaderboard/spring/events", nil)
		require.NoError(t, err)
		request.Header.Set("Authorization", "Bearer "+operatorToken(t))
		response, err := http.DefaultClient.Do(request)
		require.NoError(t, err)
		defer response.Body.Close()
		require.Equal(t, http.StatusOK, response.StatusCode)
		steps += 10
		updates := bufio.NewScanner(response.Body)
		for updates.Scan() && !strings.HasPrefix(updates.Text(), "event: leaderboard_update") {
			continue
		}
		require.Equal(t, http.StatusOK, node.syncSpring("anna", steps))
		for updates.Scan() && !strings.HasPrefix(updates.Text(), "event: score_update") {
			continue
		}
	}
	for range 3 {
		follow()
	}
	stop := keepSyncing("bert", embedded, node)

	any1 := func(sample) bool { return true }
	p.awaits("1 which route is slow", `topk(1, histogram_quantile(0.99, sum by (operation, le) (rate(paceboard_http_request_seconds_bucket[5s]))) > 0)`, func(s sample) bool { return s.Metric["operation"] != "" })
	native.awaits("1 the same of native histograms", `histogram_quantile(0.99, sum by (operation) (rate(paceboard_http_request_seconds{operation="submitSync"}[5s])))`, positive)
	p.awaits("2 how many requests fail", `sum by (status) (rate(paceboard_http_requests_total{status="4xx"}[5s]))`, positive)
	p.awaits("3 who is limited", `sum by (limit) (rate(paceboard_limited_total[5s])) > 0`, func(s sample) bool { return s.Metric["limit"] == "address_rate" })
	p.awaits("4 what waits", `paceboard_journal_queued_events`, any1)
	p.awaits("5 how much memory", `process_resident_memory_bytes`, func(s sample) bool { return s.Value > 1<<20 })
	p.awaits("6 who comes and goes", `sum(paceboard_live_closed_total{reason="write_failed"} or paceboard_live_closed_total{reason="client_left"}) > 0`, positive)
	p.awaits("7 how late are live updates", `paceboard_live_lag_seconds_count >= 3 and paceboard_live_lag_seconds_sum / paceboard_live_lag_seconds_count < 5`, positive)
	p.awaits("8 how long a commit takes", `histogram_quantile(0.99, sum by (le, instance) (rate(paceboard_commit_seconds_bucket[5s])))`, positive)
	p.awaits("10 which payouts are pending", `paceboard_payouts_pending{status="waiting"}`, func(s sample) bool { return s.Value == 3 })
	p.awaits("11 how far the clocks are apart", `abs(paceboard_clock_offset_seconds)`, func(s sample) bool { return s.Value < 1 })
	p.awaits("12 how much disk is left", `paceboard_store_free_bytes > paceboard_store_min_free_bytes`, positive)

	p.fires("PaceboardClientsLimited")
	p.quiet("PaceboardDown", "PaceboardStoreDown", "PaceboardRedisBehind")
	redis.Stop()
	p.awaits("9 how late Redis is", `paceboard_dependency_lag_seconds{dependency="redis"} > 0`, positive)
	p.fires("PaceboardRedisBehind")
	redis.Continue()
	stop()
	p.quiet("PaceboardRedisBehind", "PaceboardClientsLimited")
}
