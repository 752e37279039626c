package cluster

import (
	"context"
	"slices"
	"time"
)

// linked takes to which other nodes this one is connected, and which are connected to it.
func (n *Node) linked(ctx context.Context, to, from []string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	before, now := n.outlook, n.reach.observe(time.Since(n.began), n.member.nodes, to, from)
	if !now.same(before) {
		n.outlook = now
		n.update(nil, true)
	}
	n.tell(ctx, before, now)
}

// tell tells operators that competitions are not placed where membership would place
// them: when it begins, when it changes, and once a minute.
func (n *Node) tell(ctx context.Context, before, now *outlook) {
	if before == nil {
		before = &outlook{}
	}
	log := n.options.Logger
	wrong, was := len(now.lost) > 0 || now.withdrawn, len(before.lost) > 0 || before.withdrawn
	changed := now.withdrawn != before.withdrawn || !slices.Equal(now.lost, before.lost)
	if !wrong {
		if was {
			log.InfoContext(ctx, "cluster: the nodes reach each other again")
		}
		return
	}
	if changed {
		n.warned.Reset()
	}
	if _, due := n.warned.Due(time.Now()); !due {
		return
	}
	if len(now.lost) > 0 {
		log.WarnContext(ctx, "cluster: nodes that live cannot be reached; nothing is placed there by this one", "nodes", now.lost)
	}
	if now.withdrawn {
		log.WarnContext(ctx, "cluster: no other node connects to this one, so it gives its competitions to them; see CLUSTER_ADVERTISE, the certificates and the network",
			"node", n.options.ID, "address", n.options.Address, "reached", now.reached)
	}
}
