// Package competition holds the rules of a fitness competition: what a sync
// does to a score, who may enrol, when a competition starts and ends, which
// events say so, and how those events are written down.
//
// It is pure. Nothing here starts a goroutine, reads a clock, draws a random
// number, logs, or touches a disk or a network: the time, the ids and the keys
// come in as arguments, so the same events always end in the same state. That
// is what lets a competition be rebuilt from its journal at any moment.
//
// Reading starts at [Competition], which is used in two steps:
//
//	decide  a command is checked against the state and either refused with an
//	        error or turned into events that wait in the competition's outbox
//	apply   once those events are durable they change the state, and only then
//	        can anybody see them
//
// Between the two stands what is decided: the few facts (status, enrolments, the
// last seq) that later decisions must already take into account although nobody
// may see them yet. [Competition.Rollback] forgets it when an append failed.
//
// Files stand in layers. Values ([Definition], [Days], [Review], rows and records)
// know nobody. The state (competition.go, events.go) and what decisions and applied
// events share of it (decided.go, board.go) follow; then the features, each with its
// commands and events; then what knows all events (kinds.go, apply.go), recovery,
// audit and the stores' ports.
//
// The other rooms: [Definition] says what a competition is, [Days] is the
// register set that makes a sync a merge, [Weights] turns totals into a score,
// [Event] and [Chain] are the journal's content and its encoding, [Recover]
// rebuilds a competition, and ports.go names what the stores must do.
package competition
