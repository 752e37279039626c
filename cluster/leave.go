package cluster

import (
	"context"
	"fmt"
	"time"

	"github.com/paceboard/paceboard/internal/worker"
)

// leaveBackoff is how a leaving node waits between attempts at telling the others.
var leaveBackoff = worker.Backoff{First: 50 * time.Millisecond, Max: time.Second, Jitter: .2}

// Leave says that this node gives its competitions up and takes no more. It goes on
// beating, since it answers until they are released. It tries again until ctx ends.
func (n *Node) Leave(ctx context.Context) error {
	n.mu.Lock()
	n.leaving = true
	n.update(nil, true)
	n.mu.Unlock()
	return n.persist(ctx, "leave", n.options.Nodes.Leave)
}

// Retire ends this node's membership: it must serve and own nothing any more. There is
// no lease and no beat after it. If the others cannot be told before ctx ends, they bury
// it after a TTL.
func (n *Node) Retire(ctx context.Context) error {
	n.Close()
	return n.persist(ctx, "retire", n.options.Nodes.Retire)
}

// Close stops beating at once, without telling anybody: the others bury this node after
// a TTL. Closing twice is a no-op.
func (n *Node) Close() {
	n.mu.Lock()
	n.member.retire()
	n.end(ErrRetired)
	n.mu.Unlock()
	n.beats.Stop()
	n.burials.Stop()
	n.confirms.Stop()
}

// persist writes something about this node into the table of nodes, as often as it
// takes.
func (n *Node) persist(ctx context.Context, what string, write func(context.Context, string) error) error {
	for failures := 1; ; failures++ {
		call, cancel := context.WithTimeout(ctx, n.options.TTL)
		err := write(call, n.options.ID)
		cancel()
		if err == nil {
			return nil
		}
		if !worker.Pause(ctx, leaveBackoff.After(failures)) {
			return fmt.Errorf("%s the cluster: %w", what, err)
		}
	}
}
