package tracing

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"time"

	commonpb "go.opentelemetry.io/proto/otlp/common/v1"
	resourcepb "go.opentelemetry.io/proto/otlp/resource/v1"
	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"
)

// postWithin is how long the collector may take for one request.
const postWithin = 10 * time.Second

// maxRetryAfter bounds what a collector may ask for.
const maxRetryAfter = 30 * time.Second

// againError is returned if the collector may take the same spans later (OTLP 1.9,
// OTLP/HTTP Response).
type againError struct {
	error
	after time.Duration
}

func (e *againError) Unwrap() error { return e.error }

// exporter sends spans to a collector.
type exporter struct {
	endpoint          string
	headers, resource map[string]string
	client            *http.Client
}

// post sends spans in one request, by OTLP/HTTP in its binary form.
func (e *exporter) post(ctx context.Context, batch []*Span) error {
	body, err := proto.Marshal(e.encode(batch))
	if err != nil {
		return fmt.Errorf("encode spans: %w", err)
	}
	ctx, cancel := context.WithTimeout(ctx, postWithin)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, e.endpoint, bytes.NewReader(body))
	if err != nil {
		return errors.New("the collector's URL cannot be used") // which may hold a password
	}
	for name, value := range e.headers {
		request.Header.Set(name, value)
	}
	request.Header.Set("Content-Type", "application/x-protobuf")
	response, err := e.client.Do(request)
	if err != nil {
		return &againError{error: withoutURL(err)}
	}
	defer func() { _ = response.Body.Close() }()
	_, _ = io.Copy(io.Discard, io.LimitReader(response.Body, 64<<10)) // so that the connection is used again
	switch status := response.StatusCode; status {
	case http.StatusTooManyRequests, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		seconds, _ := strconv.Atoi(response.Header.Get("Retry-After")) // 0 if it is none, or a date
		return &againError{fmt.Errorf("the collector answered %d", status), min(time.Duration(seconds)*time.Second, maxRetryAfter)}
	default:
		if status/100 != 2 {
			return fmt.Errorf("the collector answered %d", status)
		}
		return nil
	}
}

// withoutURL is an error of the client without the URL, which may hold a password.
func withoutURL(err error) error {
	var of interface{ Unwrap() error }
	if errors.As(err, &of) && of.Unwrap() != nil {
		return of.Unwrap()
	}
	return err
}

// encode makes OTLP's message of spans. It has the wire form of an
// ExportTraceServiceRequest.
func (e *exporter) encode(batch []*Span) *tracepb.TracesData {
	spans := make([]*tracepb.Span, len(batch))
	for i, s := range batch {
		spans[i] = s.encode()
	}
	var resource []*commonpb.KeyValue
	for _, name := range slices.Sorted(maps.Keys(e.resource)) {
		resource = append(resource, textValue(name, e.resource[name]))
	}
	return &tracepb.TracesData{ResourceSpans: []*tracepb.ResourceSpans{{
		Resource:   &resourcepb.Resource{Attributes: resource},
		ScopeSpans: []*tracepb.ScopeSpans{{Scope: &commonpb.InstrumentationScope{Name: "github.com/paceboard/paceboard"}, Spans: spans}},
	}}}
}

func (s *Span) encode() *tracepb.Span {
	const sampled = 1
	encoded := &tracepb.Span{
		TraceId: s.context.Trace[:], SpanId: s.context.Span[:], Flags: sampled, Name: s.name, Kind: tracepb.Span_SpanKind(s.kind),
		StartTimeUnixNano: uint64(s.began.UnixNano()), EndTimeUnixNano: uint64(s.ended.UnixNano()),
	}
	if s.parent != [8]byte{} {
		encoded.ParentSpanId = s.parent[:]
	}
	for _, f := range s.fields {
		if f.text != "" {
			encoded.Attributes = append(encoded.Attributes, textValue(f.name, f.text))
			continue
		}
		encoded.Attributes = append(encoded.Attributes, &commonpb.KeyValue{
			Key: f.name, Value: &commonpb.AnyValue{Value: &commonpb.AnyValue_IntValue{IntValue: f.number}},
		})
	}
	if s.err != "" {
		encoded.Status = &tracepb.Status{Code: tracepb.Status_STATUS_CODE_ERROR, Message: s.err}
	}
	return encoded
}

func textValue(name, text string) *commonpb.KeyValue {
	return &commonpb.KeyValue{Key: name, Value: &commonpb.AnyValue{Value: &commonpb.AnyValue_StringValue{StringValue: text}}}
}
