package main

import (
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"
)

// collector takes traces by OTLP/HTTP, as OpenTelemetry's own does.
type collector struct {
	url string

	mu    sync.Mutex
	spans []collected
}

// collected is a span, and which process sent it.
type collected struct {
	*tracepb.Span
	node string
}

func startCollector(t *testing.T) *collector {
	t.Helper()
	c := &collector{}
	server := httptest.NewServer(http.HandlerFunc(c.take))
	t.Cleanup(server.Close)
	c.url = server.URL
	return c
}

func (c *collector) take(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	var data tracepb.TracesData
	if err != nil || proto.Unmarshal(body, &data) != nil || r.URL.Path != "/v1/traces" || r.Header.Get("X-Key") != "a,b" {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, of := range data.ResourceSpans {
		node := ""
		for _, a := range of.Resource.Attributes {
			if a.Key == "service.instance.id" {
				node = a.Value.GetStringValue()
			}
		}
		for _, s := range of.ScopeSpans[0].Spans {
			c.spans = append(c.spans, collected{s, node})
		}
	}
}

// of returns the spans of a trace, by name; nil stands for all traces.
func (c *collector) of(trace string) map[string]collected {
	c.mu.Lock()
	defer c.mu.Unlock()
	found := map[string]collected{}
	for _, s := range c.spans {
		if trace == "" || hex.EncodeToString(s.TraceId) == trace {
			found[s.Name] = s
		}
	}
	return found
}

// syncTraced sends a sync with a traceparent, and returns the status of the answer.
func (s *instance) syncTraced(steps int, traceparent string) (status int) {
	s.t.Helper()
	body := fmt.Sprintf(`{"competition_id":"spring","steps":%d,"date":"2026-05-01"}`, steps)
	request, err := http.NewRequestWithContext(s.t.Context(), http.MethodPost, s.url+"/api/v1/fitness/sync", strings.NewReader(body))
	require.NoError(s.t, err)
	request.Header.Set("Authorization", "Bearer "+tokenOf(s.t, "ann", false))
	if traceparent != "" {
		request.Header.Set("Traceparent", traceparent)
	}
	answer, err := http.DefaultClient.Do(request)
	require.NoError(s.t, err)
	require.NoError(s.t, answer.Body.Close())
	return answer.StatusCode
}

// TestAForwardedSyncIsOneTrace: from the traceparent that the client sends, by way of the
// node that it talks to, to the commit at the node that owns the competition. A sync that
// is not traced leaves nothing.
func TestAForwardedSyncIsOneTrace(t *testing.T) {
	t.Parallel()
	c, where := startCollector(t), newDatabase(t)
	args := []string{"OTEL_EXPORTER_OTLP_ENDPOINT=" + c.url + "/", "OTEL_EXPORTER_OTLP_HEADERS=X-Key=a%2Cb", "OTEL_TRACES_SAMPLER_ARG=0", "ACCESS_LOG=1"}
	nodes := []*instance{startNode(t, where, args...), startNode(t, where, args...)}
	for _, s := range nodes {
		eventuallyStatus(t, s, "/health/ready", http.StatusOK)
	}
	nodes[0].createSpring("spring")
	const span = "00f067aa0ba902b7"
	traces := []string{"4bf92f3577b34da6a3ce929d0e0e4736", "4bf92f3577b34da6a3ce929d0e0e4737"}
	for i, s := range nodes {
		require.Eventually(t, func() bool { // it may have to find its way
			return s.syncTraced(10*i+1, "00-0000000000000000000000000000000a-"+span+"-00") == http.StatusOK
		}, 30*time.Second, 20*time.Millisecond)
		require.Equal(t, http.StatusOK, s.syncTraced(10*i+2, ""))
		require.Equal(t, http.StatusOK, s.syncTraced(10*i+3, "00-"+traces[i]+"-"+span+"-01"))
	}
	nodes[0].waitFor(`"msg":"request"`, `"trace_id":"`+traces[0]+`"`)
	for _, s := range nodes {
		s.stop() // which sends what waits
	}

	forwarded := 0
	for _, trace := range traces {
		spans := c.of(trace)
		parent := func(name string) string { return hex.EncodeToString(spans[name].ParentSpanId) }
		id := func(name string) string { return hex.EncodeToString(spans[name].SpanId) }
		require.Equal(t, span, parent("submitSync"), "the client's")
		require.Equal(t, tracepb.Span_SPAN_KIND_SERVER, spans["submitSync"].Kind)
		require.Equal(t, id("submitSync"), parent("admission"))
		require.Equal(t, id("actor"), parent("commit"))
		require.NotEmpty(t, id("commit"))
		for name, s := range spans {
			require.LessOrEqual(t, s.StartTimeUnixNano, s.EndTimeUnixNano, name)
			require.Nil(t, s.Status, name)
		}
		if len(spans) == 4 {
			require.Equal(t, id("submitSync"), parent("actor"))
			continue
		}
		forwarded++
		require.Len(t, spans, 6)
		require.Equal(t, id("submitSync"), parent("forward"))
		require.Equal(t, id("forward"), parent("serve"))
		require.Equal(t, id("serve"), parent("actor"))
		require.Equal(t, spans["submitSync"].node, spans["forward"].node)
		require.Equal(t, spans["serve"].node, spans["commit"].node)
		require.NotEqual(t, spans["forward"].node, spans["serve"].node)
	}
	require.Equal(t, 1, forwarded, "one of the nodes is not the owner")
	for name, s := range c.of("") {
		require.Contains(t, traces, hex.EncodeToString(s.TraceId), name)
	}
}

// TestACollectorThatHangsDoesNoHarm: not to requests, and not to the stop.
func TestACollectorThatHangsDoesNoHarm(t *testing.T) {
	t.Parallel()
	asked, end := make(chan struct{}, 100), make(chan struct{})
	hangs := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		asked <- struct{}{}
		<-end
	}))
	defer hangs.Close()
	defer close(end)
	s := startServer(t, t.TempDir(), "OTEL_EXPORTER_OTLP_ENDPOINT="+hangs.URL, "OTEL_TRACES_SAMPLER_ARG=1", "RATE_LIMIT_USER=0")
	s.createSpring("spring")
	require.Equal(t, http.StatusOK, s.syncTraced(1, ""))
	<-asked
	began := time.Now()
	const syncs = 200
	for i := range syncs {
		require.Equal(t, http.StatusOK, s.syncTraced(i+2, ""))
	}
	require.Less(t, time.Since(began)/syncs, 100*time.Millisecond)
	began = time.Now()
	require.NoError(t, s.cmd.Process.Signal(syscall.SIGTERM))
	<-s.exited
	require.Zero(t, s.cmd.ProcessState.ExitCode(), s.logs.String())
	require.Less(t, time.Since(began), 8*time.Second, "the stop has 10 s")
}
