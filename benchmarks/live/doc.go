// Command live measures the live boards of a real server: how soon after a sync
// was acknowledged its effect reaches every subscriber, and what subscribers
// cost.
//
//	go run ./benchmarks/live                       10,000 subscribers, 2,000 syncs a second
//	go run ./benchmarks/live -subscribers 1000     fewer
//	go run ./benchmarks/live -pprof 127.0.0.1:6060 with the server's profiler on
//
// It builds the server, starts it on a free port of loopback, connects the
// subscribers over WebSocket and posts at a fixed rate (open loop: a server that
// lags gets larger batches, not fewer). Each batch ends with a sync of
// one user, the marker, who always leads and whose score is the number of the
// batch; so a frame tells by itself up to which batch it goes, and a latency is
// the time from the batch's acknowledgement to that frame, for each batch and
// each subscriber. Then some subscribers stop reading, and the others are
// measured again.
//
// Everything is bounded in count and time. Client and server share the machine:
// the figures hold the cost of both. What 100,000 subscribers take of memory is
// measured without sockets, by the benchmark in the folder above.
package main
