// Package actors runs the competitions: one supervised protoactor actor for each
// competition in memory, which is its only writer, and around them the parts that
// they share.
//
//	Engine            the facade that the transport calls; admission and deadlines
//	└ competitions    supervisor: restarts an actor that panicked, forever
//	  └ <id>.<n>      competitionActor: decides, gathers batches, applies, answers
//	writer            makes the batches of all competitions durable, in groups
//	saver             stores snapshots
//	projector         brings them into the lifetime statistics; see internal/projection
//	clock             wakes competitions whose status time changes
//	monitor           asks the store how it is
//	mirror            keeps a competition.Mirror showing the boards, if there is one; see internal/mirror
//	tops, followers   show readers and subscribers boards that other nodes own
//
// The path of a sync: Engine.SubmitSync puts an envelope into the actor's mailbox (see
// internal/mailbox); the actor has the core decide, and keeps the envelope as a waiter
// of the batch being gathered. The batch goes to the writer as soon as no other batch
// of this competition is under way (or, if the journal is a competition.Pipeline, one
// that is no larger). When it is durable, the actor sends the next batch, applies the
// events, and answers the waiters.
//
// In a cluster (Options.Peers), a competition may be another node's. A request to one
// competition then follows a way (engine_owner.go) from submit, forward or Top to its
// owner, as the bytes that the files wire_* make of it, and arrives in Engine.Serve
// there. Only the node that the client talks to asks again; an owner answers from memory
// under its lease alone (engine_confirm.go).
//
// Files named actor_* are what runs inside the actor of one competition, and what it
// needs; files named engine_* are what the Engine offers, and the parts that
// competitions share; files named wire_* are how requests cross between nodes. Each
// part, and the actor, gets what it needs and never the Engine; engine_open.go puts them
// together. Reading starts at [Engine], then actor.go.
//
// Nothing here decides a rule (package competition does), or knows a store (package
// persistence) or HTTP.
package actors
