package tracing

import (
	"encoding/hex"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
	"go.uber.org/goleak"
	"google.golang.org/protobuf/proto"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// answering is a collector that answers as a function says, without a network.
type answering func(*http.Request) (*http.Response, error)

func (f answering) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func answer(status int) *http.Response {
	w := httptest.NewRecorder()
	w.WriteHeader(status)
	return w.Result()
}

func newTracer(share float64, collector answering) *Tracer {
	return New(Options{
		Endpoint: "http://collector/v1/traces", Headers: map[string]string{"X-Key": "secret"}, Resource: map[string]string{"service.name": "test"},
		Share: share, Logger: slog.New(slog.DiscardHandler), Client: &http.Client{Transport: collector},
	})
}

const parent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"

func TestTraceparentsAreReadAsTheStandardSays(t *testing.T) {
	for name, c := range map[string]struct {
		header      string
		ok, sampled bool
	}{
		"the standard's example":             {parent, true, true},
		"not sampled":                        {parent[:54] + "0", true, false},
		"other flags":                        {parent[:53] + "fe", true, false},
		"a later version":                    {"cc" + parent[2:], true, true},
		"a later version with more":          {"cc" + parent[2:] + "-what", true, true},
		"a later version with more, not cut": {"cc" + parent[2:] + "what", false, false},
		"version 00 with more":               {parent + "-what", false, false},
		"the version that is none":           {"ff" + parent[2:], false, false},
		"capitals":                           {"00-4BF92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", false, false},
		"no trace":                           {"00-00000000000000000000000000000000-00f067aa0ba902b7-01", false, false},
		"no span":                            {"00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01", false, false},
		"too short":                          {parent[:54], false, false},
		"other separators":                   {"00_4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", false, false},
		"no digits":                          {"00-4bf92f3577b34da6a3ce929d0e0e473x-00f067aa0ba902b7-01", false, false},
		"nothing":                            {"", false, false},
	} {
		t.Run(name, func(t *testing.T) {
			got, sampled, ok := ParseParent([]byte(c.header))
			require.Equal(t, c.ok, ok)
			require.Equal(t, c.sampled, sampled)
			if ok {
				require.Equal(t, c.header[3:35], hex.EncodeToString(got.Trace[:]))
				require.Equal(t, c.header[36:52], hex.EncodeToString(got.Span[:]))
			}
		})
	}
}

func FuzzParseParent(f *testing.F) {
	f.Add([]byte(parent))
	f.Fuzz(func(t *testing.T, header []byte) {
		if c, _, ok := ParseParent(header); ok != c.Valid() {
			t.Fatal("a context without ids, or ids without a context")
		}
	})
}

func TestWhichRequestsAreTraced(t *testing.T) {
	never, always := newTracer(0, nil), newTracer(1, nil)
	defer never.Close(0)
	defer always.Close(0)
	begin := func(tracer *Tracer, header string) *Span {
		return tracer.Begin([]byte(header), "sync", Server, time.Now())
	}
	require.Nil(t, begin(never, ""))
	require.Nil(t, begin(never, "nonsense"))
	require.NotNil(t, begin(always, "nonsense"), "as if there were none")
	require.Nil(t, begin(always, parent[:54]+"0"), "whoever sent it does not trace it")
	s := begin(never, parent)
	require.Equal(t, parent[3:35], s.TraceID())
	require.Equal(t, parent[36:52], hex.EncodeToString(s.parent[:]))
	require.Nil(t, (*Tracer)(nil).Continue(s.Context(), "actor"))
	require.Nil(t, never.Continue(Context{}, "actor"))
	require.Equal(t, s.TraceID(), never.Continue(s.Context(), "actor").TraceID())

	traced := 1
	for range 10 * maxAsked {
		if begin(never, parent) != nil {
			traced++
		}
	}
	require.Less(t, traced, 3*maxAsked, "anybody can send one")

	always.SetShare(0.5)
	traced = 0
	for range 2000 {
		if begin(always, "") != nil {
			traced++
		}
	}
	require.InDelta(t, 1000, traced, 200, "nine standard deviations")
}

func TestWhatIsNotTracedAllocatesNothing(t *testing.T) {
	tracer := newTracer(0, nil)
	defer tracer.Close(0)
	for name, tracer := range map[string]*Tracer{"by no tracer": nil, "by chance": tracer} {
		require.Zero(t, testing.AllocsPerRun(1000, func() {
			s := tracer.Begin(nil, "sync", Server, time.Time{})
			step := s.Child("actor", Internal)
			step.SetText("competition", "spring")
			step.End(nil)
			s.End(nil)
		}), name)
	}
}

func TestSpansReachTheCollector(t *testing.T) {
	var got tracepb.TracesData
	tracer := newTracer(1, func(r *http.Request) (*http.Response, error) {
		body, err := io.ReadAll(r.Body)
		if err == nil {
			err = proto.Unmarshal(body, &got)
		}
		if r.Header.Get("X-Key") != "secret" || r.Header.Get("Content-Type") != "application/x-protobuf" {
			return answer(http.StatusBadRequest), nil
		}
		return answer(http.StatusOK), err
	})
	began := time.Now().Add(-time.Second)
	s := tracer.Begin(nil, "sync", Server, began)
	step := s.Child("actor", Internal)
	step.SetText("competition", "spring")
	step.SetNumber("seq", 0)
	step.End(errors.New("closed"))
	s.End(nil)
	tracer.Close(time.Minute)
	sent, failed, lost := tracer.Counts()
	require.Equal(t, []uint64{2, 0, 0}, []uint64{sent, failed, lost})
	of := got.ResourceSpans[0]
	require.Equal(t, "test", of.Resource.Attributes[0].Value.GetStringValue())
	spans := of.ScopeSpans[0].Spans
	require.Len(t, spans, 2)
	require.Equal(t, spans[1].TraceId, spans[0].TraceId)
	require.Equal(t, spans[1].SpanId, spans[0].ParentSpanId)
	require.Empty(t, spans[1].ParentSpanId)
	require.EqualValues(t, began.UnixNano(), spans[1].StartTimeUnixNano)
	require.Greater(t, spans[1].EndTimeUnixNano, spans[1].StartTimeUnixNano)
	require.Equal(t, tracepb.Span_SPAN_KIND_SERVER, spans[1].Kind)
	require.Equal(t, "closed", spans[0].Status.Message)
	require.Nil(t, spans[1].Status)
	require.Equal(t, "spring", spans[0].Attributes[0].Value.GetStringValue())
	require.Equal(t, "seq", spans[0].Attributes[1].Key)
}

// TestACollectorThatHangsHoldsNobodyUp: neither those who end spans nor the end.
func TestACollectorThatHangsHoldsNobodyUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tracer := newTracer(1, func(r *http.Request) (*http.Response, error) {
			<-r.Context().Done()
			return nil, r.Context().Err()
		})
		end := func() { tracer.Begin(nil, "sync", Server, time.Now()).End(nil) }
		end()
		time.Sleep(2 * sendEvery) //nolint:forbidigo // in a bubble: it is with the collector now
		synctest.Wait()
		began := time.Now()
		for range maxWaiting + 7 {
			end()
		}
		_, _, lost := tracer.Counts()
		require.EqualValues(t, 7, lost)
		require.Equal(t, began, time.Now(), "nobody waited")
		tracer.Close(time.Second)
		require.Equal(t, time.Second, time.Since(began))
		sent, failed, _ := tracer.Counts()
		require.Zero(t, sent)
		require.EqualValues(t, maxWaiting+1, failed, "each is counted")
	})
}

func TestWhatTheCollectorDoesNotTakeNowIsSentAgain(t *testing.T) {
	for status, want := range map[int]struct {
		posts      int32
		sent, fail uint64
	}{
		http.StatusServiceUnavailable: {3, 1, 0}, http.StatusTooManyRequests: {3, 1, 0}, http.StatusBadRequest: {1, 0, 1},
	} {
		synctest.Test(t, func(t *testing.T) {
			var posts atomic.Int32
			tracer := newTracer(1, func(*http.Request) (*http.Response, error) {
				if posts.Add(1) <= 2 {
					return answer(status), nil
				}
				return answer(http.StatusOK), nil
			})
			tracer.Begin(nil, "sync", Server, time.Now()).End(nil)
			time.Sleep(time.Minute) //nolint:forbidigo // a collector that hangs
			tracer.Close(time.Second)
			sent, failed, _ := tracer.Counts()
			require.Equal(t, want.posts, posts.Load(), status)
			require.Equal(t, []uint64{want.sent, want.fail}, []uint64{sent, failed}, status)
		})
	}
}
