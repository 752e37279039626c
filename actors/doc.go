// Package actors runs the competitions: one supervised protoactor actor for
// each competition in memory, which is its only writer, and around them what
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
//
// The way of a sync: Engine.SubmitSync puts an envelope into the actor's
// mailbox; the actor lets the core decide and keeps the envelope as a waiter of
// the batch being gathered; as soon as no batch of this competition is under
// way (or, where the journal is a competition.Pipeline, one that is no larger) the
// batch goes to the writer; when the writer says that it is durable the
// actor sends the next batch, applies the events, and answers the waiters.
//
// Files named engine_* are what the Engine offers and the parts that competitions
// share, files named actor_* what runs inside the actor of one competition. Reading
// starts at [Engine], then actor.go. Nothing here decides a rule
// (package competition does) or knows a store (package persistence) or HTTP.
package actors
