package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"time"

	"github.com/paceboard/paceboard/actors"
	"github.com/paceboard/paceboard/cluster"
	"github.com/paceboard/paceboard/competition"
	"github.com/paceboard/paceboard/config"
	"github.com/paceboard/paceboard/internal/worker"
	"github.com/paceboard/paceboard/persistence/postgres"
)

// wireVersion is that of the messages between nodes. Kinds of messages and fields at
// their ends may be added without a new one: what a node does not know it answers as
// unsupported, or skips. It grows with any other change, and then this version must still
// speak the one before: nodes of neighbouring versions run together, and the store
// refuses to register a node that is further away from one that lives.
const wireVersion = 1

// errStartAgain is returned by a process that the others count as dead: another one may
// have what it owned. The process ends with cluster.ExitCode, and its process manager
// starts it again, under a new node id.
var errStartAgain = errors.New("this process must be started again")

// clusterPart is this process as a node of a cluster. The methods of a nil one, of a
// process that is alone, do nothing, unless they say otherwise.
type clusterPart struct {
	settings config.Settings
	logger   *slog.Logger
	now      func() time.Time
	lost     func(error) // told if the others do without this process
	self     competition.Node

	listener    net.Listener // serve takes it
	serving     bool
	certificate certificateCheck
	links       *cluster.Links // from join on, as the rest
	node        *cluster.Node
	peers       *cluster.Cluster
	holds       competition.Holds
	fate        *worker.Loop // waits for the end of the node
}

// listenForNodes takes the address at which other nodes reach this one; nil if the
// settings make none of it.
func listenForNodes(ctx context.Context, settings config.Settings, logger *slog.Logger, now func() time.Time, lost func(error)) (*clusterPart, error) {
	if settings.ClusterListen == "" {
		return nil, nil //nolint:nilnil // nil is a process that is alone
	}
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", settings.ClusterListen)
	if err != nil {
		return nil, fmt.Errorf("listen for other nodes: %w; set CLUSTER_LISTEN to what is free", err)
	}
	address := settings.ClusterAdvertise
	if address == "" {
		host, _, _ := net.SplitHostPort(settings.ClusterListen)   // config has looked at it
		_, port, _ := net.SplitHostPort(listener.Addr().String()) // which the system may have chosen
		address = net.JoinHostPort(host, port)
	}
	self := competition.Node{ID: postgres.NewNodeID(), Address: address, WireVersion: wireVersion, Level: competition.FormatLevel, State: competition.NodeLive}
	return &clusterPart{settings: settings, logger: logger, now: now, lost: lost, self: self, listener: listener}, nil
}

// storeOptions are what the store must know of it; nil for a process that is alone.
func (c *clusterPart) storeOptions() *postgres.ClusterOptions {
	if c == nil {
		return nil
	}
	return &postgres.ClusterOptions{Node: c.self}
}

// join makes this process a node: from here on the others count with it. Their requests
// wait until serve.
func (c *clusterPart) join(ctx context.Context, s store) (err error) {
	if c == nil {
		return nil
	}
	nodes, ok := s.(competition.Nodes)
	if !ok {
		return errors.New("this store has no table of nodes")
	}
	if c.holds, ok = s.(competition.Holds); !ok {
		return errors.New("nodes cannot take turns by this store")
	}
	if c.links, err = cluster.NewLinks(cluster.LinkOptions{
		Self: c.self.ID, Logger: c.logger, CA: c.settings.ClusterCA, Cert: c.settings.ClusterCert, Key: c.settings.ClusterKey,
	}); err != nil {
		return fmt.Errorf("%w; see CLUSTER_CA, CLUSTER_CERT and CLUSTER_KEY", err)
	}
	joining, cancel := context.WithTimeout(ctx, joinWithin)
	defer cancel()
	if c.node, err = cluster.Join(joining, cluster.Options{
		Nodes: nodes, ID: c.self.ID, Logger: c.logger, Address: c.self.Address, WireVersion: c.self.WireVersion, Level: c.self.Level, TTL: c.settings.ClusterLease, Now: c.now,
	}); err != nil {
		return err
	}
	c.links.Keep(c.node)
	c.peers = cluster.New(c.node, c.links)
	c.fate = worker.Start(context.WithoutCancel(ctx), func(ctx context.Context) {
		select {
		case <-ctx.Done():
		case <-c.node.Done():
			if err := c.node.Err(); !errors.Is(err, cluster.ErrRetired) {
				c.lost(err)
			}
		}
	})
	c.logger.InfoContext(ctx, "this process is a node of a cluster", "node", c.self.ID, "address", c.self.Address)
	return nil
}

const (
	// joinWithin is how long a node waits for its registration.
	joinWithin = 10 * time.Second
	// leaveWithin is how long a node waits for the store when it leaves the cluster. If
	// that fails, the others find out within CLUSTER_LEASE.
	leaveWithin = time.Second
)

// forEngine adds the engine's part in the cluster to its options.
func (c *clusterPart) forEngine(o *actors.Options) {
	if c == nil {
		return
	}
	o.Peers, o.Lease, o.Holds = c.peers, c.node.Lease(), c.holds
	if c.settings.ClusterReads == config.ReadsConfirmed {
		o.Confirm = c.node.Confirm
	}
}

// only returns whether it is up to this process to do what one node is enough for; nil
// for a process that is alone. The names are no competitions'.
func (c *clusterPart) only(name string) func() bool {
	if c == nil {
		return nil
	}
	return func() bool { return c.peers.Appointed(name) }
}

// serve begins to take what other nodes ask.
func (c *clusterPart) serve(local cluster.Local) error {
	if c == nil {
		return nil
	}
	err := c.links.Serve(c.listener, local)
	c.serving = err == nil
	return err
}

// leave tells the other nodes that this one takes nothing more. It goes on serving what
// it owns, and their requests about that.
func (c *clusterPart) leave(ctx context.Context) error {
	if c == nil || c.node == nil {
		return nil
	}
	select {
	case <-c.node.Done(): // the others do without it already
		return nil
	default:
		return c.node.Leave(ctx)
	}
}

// retire ends this process's part in the cluster, when it owns nothing any more.
func (c *clusterPart) retire() (err error) {
	if c == nil {
		return nil
	}
	if c.links != nil {
		c.links.Close()
	}
	if c.node != nil {
		if c.node.Err() == nil {
			ctx, cancel := context.WithTimeout(context.Background(), leaveWithin)
			defer cancel()
			err = c.node.Retire(ctx)
		} else {
			c.node.Close()
		}
		c.fate.Stop()
	}
	if !c.serving {
		err = errors.Join(err, c.listener.Close())
	}
	return err
}
