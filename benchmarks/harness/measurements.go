package main

import (
	"fmt"
	"slices"
	"strings"
)

// measurement is one thing whose maximum is measured.
type measurement struct {
	part        byte
	what        string // with part and connections its key
	name        string // for people
	subject     string // who is measured
	load        string // what is sent
	connections int
	syncs       int     // in a request, if it has any
	against     string  // key of its limit; empty for a limit itself
	also        string  // key of another that it is compared with
	beside      float64 // syncs a second that our server takes meanwhile
	at          place   // of a cluster
}

func (m *measurement) key() string { return fmt.Sprintf("%c/%s/%d", m.part, m.what, m.connections) }

// The subjects.
const (
	ours      = "paceboard" // the real server on the embedded store
	onPG      = "postgres"  // the same on PostgreSQL
	frontEnd  = "frontend"
	plain     = "plain" // Fiber as it comes
	onLarge   = "large" // the real server with a board of 1,000,000
	always    = "always"
	everysec  = "everysec"
	forgetful = "forgetful"
	inserts   = "pgbench"
	oneNode   = "cluster-1" // the real server as the only node of a cluster
	twoNodes  = "cluster-2"
	fourNodes = "cluster-4"
)

// measurements is everything that there is to measure, in the order in which a
// round does it: what is compared is measured close together.
func measurements() []measurement {
	var all []measurement
	add := func(part byte, what, name, subject, load string, connections, syncs int, more ...func(*measurement)) {
		m := measurement{part: part, what: what, name: name, subject: subject, load: load, connections: connections, syncs: syncs}
		if part != 'a' {
			m.against = limitAt(connections)
		}
		for _, change := range more {
			change(&m)
		}
		all = append(all, m)
	}
	const most = 256 // where most is compared
	asOurs := func(m *measurement) { m.also = fmt.Sprintf("b/one/%d", m.connections) }
	asEmptyGet := func(m *measurement) { m.against = "e/empty/256" }
	for _, connections := range []int{1, 64, 256, 1024} {
		add('a', "post", "front-end limit", frontEnd, "single", connections, 0)
		add('b', "one", "sync, 1 competition", ours, "single", connections, 1)
		add('b', "many", "sync, 100 competitions", ours, "spread", connections, 1, asOurs)
		if connections == most {
			add('h', "always", "Redis, appendfsync always", always, "single", most, 1, asOurs)
			add('h', "everysec", "Redis, appendfsync everysec", everysec, "single", most, 1, asOurs)
		}
		if connections >= most {
			add('i', "forgetful", "sync, journal keeps nothing", forgetful, "single", connections, 1, asOurs)
		}
		if connections == 64 || connections == most {
			add('c', "sync", "sync on PostgreSQL", onPG, "single", connections, 1)
			add('c', "insert", "pgbench, insert of a row", inserts, "", connections, 1)
		}
	}
	add('d', "embedded", "batch of 100, embedded", ours, "batches", 64, batchSize)
	add('d', "postgres", "batch of 100, PostgreSQL", onPG, "batches", 64, batchSize)
	add('e', "empty", "constant of a top 100's bytes", frontEnd, "top", most, 0, func(m *measurement) { m.against = "" })
	add('e', "top", "top 100", ours, "top", most, 0, asEmptyGet)
	changing := func(m *measurement) { m.beside = 1_000 }
	add('e', "changing", "top 100, 1,000 syncs/s beside", ours, "top", most, 0, asEmptyGet, changing)
	add('e', "beside", "the constant, 1,000 syncs/s beside", frontEnd, "top", most, 0, asEmptyGet, changing)
	const few = 64 // where it is compared with what people know of Fiber
	asPlain := func(m *measurement) { m.against = "e/plain/64" }
	add('e', "plain", "plain Fiber, same bytes", plain, "top", few, 0, func(m *measurement) { m.against = "" })
	add('e', "top", "top 100", ours, "top", few, 0, asPlain)
	add('e', "empty", "constant of a top 100's bytes", frontEnd, "top", few, 0, asPlain)
	add('e', "unchanged", "top 100, If-None-Match: 304", ours, "unchanged", most, 0)
	add('f', "rank", "rank-of among 1,000,000", onLarge, "rank", most, 0)
	add('f', "around", "around-me, 11 of 1,000,000", onLarge, "around", most, 0)
	add('f', "deep", "page of 100 anywhere in it", onLarge, "deep", most, 0)
	in := func(at place, against string) func(*measurement) {
		return func(m *measurement) { m.at, m.against = at, against }
	}
	add('j', "local", "sync at the owner of 2 nodes", twoNodes, "single", few, 1, in(atOwner, ""))
	add('j', "forwarded", "sync at the other node", twoNodes, "single", few, 1, in(elsewhere, "j/local/64"))
	add('j', "top-local", "top 100 at the owner", twoNodes, "top", few, 0, in(atOwner, ""))
	add('j', "top", "top 100 at the other node", twoNodes, "top", few, 0, in(elsewhere, "j/top-local/64"))
	add('j', "around-local", "around-me at the owner", twoNodes, "neighbours", few, 0, in(atOwner, ""))
	add('j', "around", "around-me at the other node", twoNodes, "neighbours", few, 0, in(elsewhere, "j/around-local/64"))
	const each = 128 // connections of a node
	add('j', "nodes", "sync, 100 competitions, 1 node", oneNode, "spread", each, 1, in(everywhere, ""))
	add('j', "nodes", "the same, 2 nodes", twoNodes, "spread", 2*each, 1, in(everywhere, "j/nodes/128"))
	add('j', "nodes", "the same, 4 nodes", fourNodes, "spread", 4*each, 1, in(everywhere, "j/nodes/128"))
	return all
}

const parts = "abcdefghij"

// choose is the measurements of some parts, by letters and commas, and those
// that they are compared with; all of them for no parts.
func choose(all []measurement, only string) ([]measurement, error) {
	if only == "" {
		return all, nil
	}
	wanted := map[string]bool{}
	for part := range strings.SplitSeq(only, ",") {
		if part = strings.TrimSpace(part); len(part) != 1 || !strings.Contains(parts, part) {
			return nil, fmt.Errorf("ONLY=%s: %q is no part; they are a to j, by commas", only, part)
		}
		for _, m := range all {
			if m.part == part[0] {
				wanted[m.key()] = true
			}
		}
	}
	for changed := true; changed; {
		changed = false
		for _, m := range all {
			for _, other := range []string{m.against, m.also} {
				if wanted[m.key()] && other != "" && !wanted[other] {
					wanted[other], changed = true, true
				}
			}
		}
	}
	return slices.DeleteFunc(slices.Clone(all), func(m measurement) bool { return !wanted[m.key()] }), nil
}

// timed are the keys whose latency is measured at half of their maximum.
var timed = []string{"b/one/256", "c/sync/256", "f/around/256", "h/always/256", "h/everysec/256"}
