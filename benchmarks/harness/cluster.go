package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"
	"golang.org/x/sync/errgroup"

	"github.com/paceboard/paceboard/benchmarks/internal/measure"
	"github.com/paceboard/paceboard/persistence/testservers"
)

// cluster is several nodes on a database of their own.
type cluster struct {
	databaseURL string
	nodes       []*server
	listening   []string // where the nodes reach each other, in the same order
}

// place says which nodes of a cluster requests are sent to.
type place string

const (
	atOwner    place = "owner"      // the one that owns the competition that everybody takes part in
	elsewhere  place = "elsewhere"  // another one
	everywhere place = "everywhere" // all of them, a share of the users each
)

// lease is long: the nodes share their database's server with pgbench, whose 256
// connections may keep it from all others for seconds, and would be declared dead.
const lease = "10s"

// startCluster starts so many nodes, and fills their database when all know each other.
func (b *bench) startCluster(ctx context.Context, name string, nodes int) error {
	if err := b.startDatabase(); err != nil {
		return err
	}
	if err := b.execute(ctx, "CREATE DATABASE "+pgx.Identifier{name}.Sanitize()); err != nil {
		return err
	}
	c := &cluster{databaseURL: testservers.Database(b.postgres.URL(), name)}
	b.clusters[name] = c
	for i := range nodes {
		listen, err := measure.FreeAddress(ctx)
		if err != nil {
			return err
		}
		env := environment("DATABASE_URL="+c.databaseURL, "CLUSTER_LISTEN="+listen, "CLUSTER_LEASE="+lease)
		s, err := b.start(ctx, fmt.Sprintf("%s, node %d", name, i+1), env, "paceboard", "serve")
		if err != nil {
			return err
		}
		c.nodes, c.listening = append(c.nodes, s), append(c.listening, listen)
	}
	if err := c.meet(ctx); err != nil {
		return err
	}
	return b.populate(ctx, c.nodes[0])
}

// meet waits until each node counts all of them. A competition that is created earlier is
// placed among fewer, and moves later.
func (c *cluster) meet(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	for _, s := range c.nodes {
		for {
			families, err := s.metrics(ctx)
			if err != nil {
				return err
			}
			known := 0.0
			if of := families["paceboard_cluster_nodes"].GetMetric(); len(of) > 0 {
				known = of[0].GetGauge().GetValue()
			}
			if int(known) == len(c.nodes) {
				break
			}
			if err := measure.Pause(ctx, 20*time.Millisecond); err != nil { // polling from outside, as a load balancer does
				return fmt.Errorf("a node knows %v of %d: %w", known, len(c.nodes), err)
			}
		}
	}
	return nil
}

// owner returns which node owns the competition that everybody takes part in.
func (c *cluster) owner(ctx context.Context) (int, error) {
	conn, err := pgx.Connect(ctx, c.databaseURL)
	if err != nil {
		return 0, err
	}
	var address string
	failed := conn.QueryRow(ctx, "SELECT address FROM paceboard.heads JOIN paceboard.nodes ON node_id = owner WHERE competition_id = $1", one).Scan(&address)
	if err := errors.Join(failed, conn.Close(ctx)); err != nil {
		return 0, fmt.Errorf("look who owns %q: %w", one, err)
	}
	i := slices.Index(c.listening, address)
	if i < 0 {
		return 0, fmt.Errorf("%q is owned at %s, where no node of ours is", one, address)
	}
	return i, nil
}

// at returns the nodes of a place.
func (c *cluster) at(p place, owner int) []*server {
	switch p {
	case atOwner:
		return c.nodes[owner : owner+1]
	case elsewhere:
		other := (owner + 1) % len(c.nodes)
		return c.nodes[other : other+1]
	case everywhere:
		return c.nodes
	default:
		return nil
	}
}

// consumed is what a cluster has used up so far.
type consumed struct {
	nodes    []time.Duration
	database time.Duration
	machine  measure.MachineTime
}

func (b *bench) consumed(c *cluster) consumed {
	u := consumed{machine: measure.Machine(), database: measure.FamilyCPU(b.postgres.Pid())}
	for _, s := range c.nodes {
		u.nodes = append(u.nodes, s.Usage().CPU)
	}
	return u
}

// mallocs is how many objects all nodes have allocated so far.
func (c *cluster) mallocs(ctx context.Context) (sum int64, err error) {
	for _, s := range c.nodes {
		n, failed := s.mallocs(ctx)
		sum, err = sum+n, errors.Join(err, failed)
	}
	return sum, err
}

// measureCluster is measure for nodes of a cluster. The nodes that nothing is sent to
// count, too.
func (b *bench) measureCluster(ctx context.Context, m *measurement) (round, error) {
	if err := b.hasNumbers(); err != nil {
		return round{}, err
	}
	c := b.clusters[m.subject]
	owner, err := c.owner(ctx)
	if err != nil {
		return round{}, err
	}
	to := c.at(m.at, owner)
	shares, failed := b.shares(ctx, m.load, len(to))
	first, noFirst := c.mallocs(ctx)
	before, noCount := c.mallocs(ctx)
	if err := errors.Join(failed, noFirst, noCount); err != nil {
		return round{}, err
	}
	used, began := b.consumed(c), time.Now()
	answers := make([]wrkResult, len(to))
	var sending errgroup.Group
	for i, s := range to {
		sending.Go(func() (err error) {
			answers[i], err = b.wrk.run(ctx, s.Address, b.connections(m)/len(to), shares[i].file, b.number, b.each)
			return err
		})
	}
	err = sending.Wait()
	usedUp, took := b.consumed(c), time.Since(began)
	after, noCount := c.mallocs(ctx)
	ownerAfter, noOwner := c.owner(ctx)
	if err := errors.Join(err, noCount, noOwner); err != nil {
		return round{}, err
	}
	if ownerAfter != owner {
		return round{}, fmt.Errorf("%q moved to another node meanwhile", one)
	}
	r := round{Stolen: (usedUp.machine.Stolen - used.machine.Stolen).Seconds() / took.Seconds() / float64(b.report.Where.Cores)}
	requests := 0.0
	most := int64(0)
	for _, w := range answers {
		requests += float64(w.requests)
		most = max(most, w.requests)
		r.Rate += float64(w.requests) / w.took.Seconds()
		r.P50, r.P99 = max(r.P50, milliseconds(w.p50)), max(r.P99, milliseconds(w.p99))
	}
	b.sent(most, shares[0].load)
	for i := range c.nodes {
		spent := microseconds(usedUp.nodes[i]-used.nodes[i]) / requests
		r.Server += spent
		if i == owner {
			r.Owner = spent
		}
		r.RSS += c.nodes[i].Usage().RSS
	}
	r.Database = microseconds(usedUp.database-used.database) / requests
	r.Machine = microseconds(usedUp.machine.Busy-used.machine.Busy) / requests
	r.Allocs = max(0, float64(after-before-(before-first))/requests)
	return r, nil
}

// shares divides a load's users among so many, so that nobody's syncs overtake each
// other on two nodes; a share is made once.
func (b *bench) shares(ctx context.Context, name string, among int) ([]*prepared, error) {
	whole, err := b.prepare(ctx, name)
	if err != nil || among == 1 {
		return []*prepared{whole}, err
	}
	all := make([]*prepared, among)
	for i := range all {
		key := fmt.Sprintf("%s-%d-of-%d", name, i+1, among)
		if all[i] = b.files[key]; all[i] != nil {
			continue
		}
		part := &load{dynamic: whole.dynamic}
		for n := i; n < len(whole.requests); n += among {
			part.requests = append(part.requests, whole.requests[n])
		}
		all[i] = &prepared{part, filepath.Join(b.dir, key+".requests")}
		b.files[key] = all[i]
		err = errors.Join(err, part.writeFile(all[i].file))
	}
	return all, err
}
