// Command harness measures how fast Paceboard is, as ratios that mean the same
// on another machine: each figure is divided by what the same Fiber does with an
// empty handler, at the same number of connections, in the same round.
//
//	make bench               everything, 10 minutes
//	make bench ONLY=b,h      some parts, and what they are divided by
//	make bench QUICK=1       everything once, for a moment: does it still work?
//
// Parts:
//
//	a  front-end limit      Fiber with the server's settings and a constant answer
//	b  single syncs         the real server, embedded store, 1,000 users, HS256 tokens
//	c  on PostgreSQL        the same, beside pgbench's own single-row inserts
//	d  batches of 100       embedded and PostgreSQL
//	e  top-100 reads        cached, while 1,000 syncs a second change the board (and what those
//	                        alone cost a constant), If-None-Match; at 64 connections beside plain Fiber
//	f  a large board        rank-of, around-me and deep pages among 1,000,000
//	g  live boards          says how to run `make bench-live`
//	h  built on Redis       the same front end over ZADD and ZREVRANK
//	i  without a journal    the server with a journal that keeps nothing
//	j  clusters             nodes on one PostgreSQL: what it costs to ask a node that is
//	                        not the owner, and what a sync costs at 1, 2 and 4 nodes
//
// The maximum is measured by wrk in rounds that alternate between all subjects,
// a figure is the median of the rounds with the lowest and the highest beside
// it. Latency is measured open loop at half of the maximum: requests have times
// at which they are due, and a latency counts from then, whether the server was
// ready for them or not (no coordinated omission). Every sync that is sent says
// something new, because a repeated one would not be written. Of clusters the
// processor time of the nodes and of PostgreSQL is compared, not rates, since all
// of them share this machine.
//
// Reading starts at [measurements] (what is measured), then bench.round (how)
// and [goals] (what it must show). Everything keeps to loopback, is bounded in
// count and time, and is stopped and removed at the end, on Ctrl-C too.
package main
