// Package webhooks sends the events of competitions to endpoints of other systems.
//
// It owns the endpoints, which operators and creators make, and the order, the
// repetition and the end of what each is sent. Which events there are, and who is told
// what, is decided by the feed (competition.Feed): an endpoint is sent what its owner
// could read there, and nothing is stored for it but a cursor. So the journal is the
// outbox. How a receiver is reached is decided by package sender.
//
// Invariants:
//
//	W1  of one competition, an endpoint gets the events in the order of seq: an event is
//	    sent only after all before it were taken
//	W2  every event is taken at least once, or the cursor stays in front of it: a cursor
//	    passes an event only after the receiver has answered 2xx, or when its owner
//	    discards what is pending, or when the records were removed while the endpoint was
//	    disabled
//	W3  a slow or failing endpoint takes no time from others
//
// W1 and W2 hold whatever number of processes send: each begins at the stored cursor,
// and a cursor is stored only by whoever read it last. Two at once send events twice,
// which a receiver tells by their ids.
//
// Messages follow the Standard Webhooks specification
// (https://www.standardwebhooks.com). Reading starts at [Start].
package webhooks
