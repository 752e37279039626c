package actors

import "github.com/paceboard/paceboard/actors/internal/mirror"

// trackAnew begins with a state of which the mirror may know nothing: one that
// was recovered, or caught up with.
func (a *competitionActor) trackAnew() {
	if a.env.mirror != nil {
		a.changes = mirror.Since(a.core.Mark())
		a.tellMirror()
	}
}

// tellMirror says, once until the next pull, that there is something to pull.
func (a *competitionActor) tellMirror() {
	if a.env.mirror != nil && !a.changes.Told() {
		a.env.mirror.Tell(&a.handle.mirrored, a.self)
	}
}
