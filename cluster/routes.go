package cluster

import (
	"cmp"
	"sync/atomic"

	"github.com/maypok86/otter/v2"

	"github.com/paceboard/paceboard/competition"
)

// routes says which node a request about a competition goes to: the one that was
// learnt, if it is not dead, or else the one that the competition would be placed at, of
// those that live and are reached. Both may be wrong; the node then says so. Safe for
// concurrent use.
type routes struct {
	self   string
	view   atomic.Pointer[view]
	learnt *otter.Cache[string, string] // competition to node
}

// view is what routes know of the nodes; it is not changed.
type view struct {
	alive   []competition.Node // that are not dead
	living  []candidate        // that take competitions, as membership says
	outlook *outlook           // what links say; nil if nothing is known of them
	places  []candidate        // of living, where competitions are placed
}

// maxLearnt bounds the routes that are remembered: some 10 MB.
const maxLearnt = 1 << 16

func newRoutes(self string) *routes {
	r := &routes{self: self, learnt: otter.Must(&otter.Options[string, string]{MaximumSize: maxLearnt})}
	r.view.Store(&view{})
	return r
}

// update takes over which nodes are not dead, and which of them are reached, and forgets
// routes to the dead.
func (r *routes) update(alive []competition.Node, leaving bool, o *outlook, gone []string) {
	v := &view{alive: alive, outlook: o}
	for _, n := range alive {
		if n.State == competition.NodeLive && (n.ID != r.self || !leaving) {
			v.living = append(v.living, candidateOf(n.ID))
		}
	}
	v.places = o.places(r.self, v.living)
	r.view.Store(v)
	if len(gone) == 0 {
		return
	}
	dead := make(map[string]bool, len(gone))
	for _, node := range gone {
		dead[node] = true
	}
	for id, node := range r.learnt.All() {
		if dead[node] {
			r.learnt.Invalidate(id)
		}
	}
}

// node returns the node that is not dead with an id.
func (r *routes) node(id string) (competition.Node, bool) {
	v := r.view.Load()
	if i := find(v.alive, id); i >= 0 {
		return v.alive[i], true
	}
	return competition.Node{}, false
}

// route returns the node that a request goes to, which may be this one.
func (r *routes) route(competitionID string) string {
	if node, ok := r.learnt.GetIfPresent(competitionID); ok {
		if _, alive := r.node(node); alive {
			return node
		}
	}
	return r.home(competitionID)
}

// home returns the node that a competition belongs to if nobody owns it: this one, if
// it knows no other.
func (r *routes) home(competitionID string) string {
	return cmp.Or(choose(r.view.Load().places, competitionID), r.self)
}

// appointed returns the node that does what one node is enough for. It needs no links, so
// the nodes that live agree on it whatever they reach.
func (r *routes) appointed(task string) string {
	return cmp.Or(choose(r.view.Load().living, task), r.self)
}

// learn notes the owner of a competition; empty forgets it.
func (r *routes) learn(competitionID, node string) {
	if node == "" {
		r.learnt.Invalidate(competitionID)
		return
	}
	r.learnt.Set(competitionID, node)
}
