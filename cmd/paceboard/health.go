package main

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/paceboard/paceboard/actors"
	"github.com/paceboard/paceboard/cluster"
	"github.com/paceboard/paceboard/cmd/internal/archive"
	"github.com/paceboard/paceboard/cmd/internal/clock"
	"github.com/paceboard/paceboard/competition"
)

// servedEngine is the engine as the front end serves it. Its health is that of the whole
// process.
type servedEngine struct {
	*actors.Engine
	clock   *clock.Clock
	cluster *clusterPart     // nil for a process that is alone
	archive *archive.Shipper // nil without one
	leaving *atomic.Bool
}

// Health returns the engine's health, and what the process knows besides: what time it is,
// whether it stops, and its part in the cluster.
func (e servedEngine) Health() competition.Health {
	h := e.Engine.Health()
	h.Dependencies = append(h.Dependencies, competition.NewDependency("clock", 0, e.clock.Health()))
	if e.cluster != nil {
		part, ready := e.cluster.health()
		h.Dependencies = append(h.Dependencies, part)
		h.Ready = h.Ready && ready
	}
	if e.archive != nil {
		h.Dependencies = append(h.Dependencies, e.archive.Health())
	}
	if e.leaving.Load() {
		h.Ready, h.Draining = false, true
	}
	return h
}

// clusterName is what /health calls a node's part in the cluster.
const clusterName = "cluster"

// maxClockOffset is how far a node's time may be from the store's. Competitions begin and
// end by the time of the node that owns them.
const maxClockOffset = 5 * time.Second

var errLeaseEnded = errors.New("the lease has ended: nothing is answered from memory until a beat succeeds; can PostgreSQL be reached?")

var (
	errWithdrawn = errors.New("no other node connects to this one, so its competitions go to the others, which it asks for its clients: see CLUSTER_ADVERTISE, the certificates and the network")
	errCutOff    = errors.New("this node and the others do not reach each other, so its competitions go to them and it can answer for none: see CLUSTER_LISTEN, CLUSTER_ADVERTISE, the certificates and the network")
)

// health is that of a node's part in the cluster, and whether clients should come here:
// they may if it has withdrawn but reaches other nodes.
func (c *clusterPart) health() (d competition.Dependency, ready bool) {
	state := c.node.State()
	err := c.node.Err()
	switch offset := state.ClockOffset.Abs(); {
	case err != nil:
	case state.LeaseLeft == 0:
		err = errors.Join(errLeaseEnded, state.BeatError)
	case offset > maxClockOffset:
		err = fmt.Errorf("the time in use, which is this machine's unless its clock has jumped, is %v away from PostgreSQL's; run NTP on both", offset.Round(time.Millisecond))
	case state.CutOff:
		err = errCutOff
	case state.Withdrawn:
		err, ready = errWithdrawn, true
	default:
		err, ready = c.certificate.refused(c.links), true
	}
	d = competition.NewDependency(clusterName, 0, err)
	links := c.links.Figures()
	if err == nil {
		d.Detail = fmt.Sprintf("node %s; %d nodes, %d connected to this one, %d that it is connected to; lease for %v",
			c.self.ID, len(state.Nodes), c.links.Nodes(), links.Up, state.LeaseLeft.Round(time.Millisecond))
	}
	if len(state.Unreached) > 0 {
		d.Detail += "; nothing is placed at " + strings.Join(state.Unreached, ", ")
	}
	if len(links.Unreachable) > 0 {
		d.Detail += "; " + strings.Join(links.Unreachable, "; ")
	}
	return d, ready
}

// certificateCheck remembers whether other nodes would refuse this one's certificate: the
// health is asked for often, by anybody.
type certificateCheck struct {
	mu    sync.Mutex
	at    time.Time // of the last look
	found error
}

// refused returns why they would, as it was a second ago or later.
func (k *certificateCheck) refused(links *cluster.Links) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	if time.Since(k.at) < time.Second {
		return k.found
	}
	k.at, k.found = time.Now(), links.Refused()
	if k.found != nil {
		k.found = fmt.Errorf("other nodes refuse this one: %w", k.found)
	}
	return k.found
}

// measure registers the metrics of a node, if this process is one.
func (c *clusterPart) measure(registry prometheus.Registerer) {
	if c == nil {
		return
	}
	gauge := func(name, help string, value func() float64) {
		registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Namespace: "paceboard", Subsystem: "cluster", Name: name, Help: help}, value))
	}
	counter := func(name, help string, value func() float64) {
		registry.MustRegister(prometheus.NewCounterFunc(prometheus.CounterOpts{Namespace: "paceboard", Subsystem: "cluster", Name: name, Help: help}, value))
	}
	gauge("nodes", "Nodes that are not dead, this one included.", func() float64 { return float64(len(c.node.State().Nodes)) })
	gauge("links", "Other nodes that are connected to this one.", func() float64 { return float64(c.links.Nodes()) })
	gauge("peers_up", "Other nodes that this one is connected to.", func() float64 { return float64(c.links.Figures().Up) })
	gauge("peers_down", "Other nodes that this one cannot reach now.", func() float64 { return float64(c.links.Figures().Down) })
	gauge("nodes_unreached", "Other nodes that this one has not reached for a while: it places no competitions there.", func() float64 { return float64(len(c.node.State().Unreached)) })
	gauge("withdrawn", "1 if no other node has connected to this one for a while, so that its competitions go to others.", func() float64 { return oneIf(c.node.State().Withdrawn) })
	gauge("asks_in_flight", "Requests to other nodes without an answer.", func() float64 { return float64(c.links.Figures().InFlight) })
	counter("connections_refused_total", "Connections to CLUSTER_LISTEN that were refused because too many were open.", func() float64 { return float64(c.links.Figures().Refused) })
	for _, outcome := range cluster.Outcomes() {
		registry.MustRegister(prometheus.NewCounterFunc(prometheus.CounterOpts{
			Namespace: "paceboard", Subsystem: "cluster", Name: "asks_total", Help: "Requests to other nodes, by outcome.",
			ConstLabels: prometheus.Labels{"outcome": outcome.String()},
		}, func() float64 { return float64(c.links.Asked(outcome)) }))
	}
	gauge("lease_seconds", "How long this node may still answer from memory.", func() float64 { return c.node.State().LeaseLeft.Seconds() })
	gauge("clock_offset_seconds", "How far PostgreSQL's clock is ahead of the time that this node uses.", func() float64 { return c.node.State().ClockOffset.Seconds() })
	counter("beats_total", "Signs of life that this node sent.", func() float64 { return float64(c.node.State().Beats) })
	counter("beat_errors_total", "Signs of life that PostgreSQL did not take in time.", func() float64 { return float64(c.node.State().BeatErrors) })
	counter("confirmations_total", "Questions to PostgreSQL whether this node lives, each for all readers that waited (CLUSTER_READS=confirmed).", func() float64 { return float64(c.node.State().Confirmations) })
	counter("burials_total", "Silent nodes that this one declared dead.", func() float64 { return float64(c.node.State().Burials) })
	counter("burial_errors_total", "Silent nodes that this one could not declare dead.", func() float64 { return float64(c.node.State().BurialErrors) })
}

func oneIf(set bool) float64 {
	if set {
		return 1
	}
	return 0
}
