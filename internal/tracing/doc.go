// Package tracing says where the time of a request goes: its steps, as spans, across the
// nodes that carry it out, for a collector that speaks OpenTelemetry's protocol (OTLP).
//
// A request that is not traced has a nil [Span], all of whose methods do nothing and
// allocate nothing. Which requests are traced is decided once, where a client's request
// arrives: by the traceparent that it brings (W3C Trace Context), or by chance. Ended
// spans wait in a bounded queue for one goroutine that sends them; nobody ever waits for
// it, and what there is no room for is lost and counted.
//
// It knows nothing of what is traced. Reading starts at [Tracer.Begin].
package tracing
