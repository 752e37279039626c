package actors

// The names of what spans say.
const (
	tracedCompetition = "paceboard.competition.id"
	tracedNode        = "paceboard.node.id"
	tracedEvents      = "paceboard.commit.events"
)
