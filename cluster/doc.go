// Package cluster makes several processes one service. It owns membership (which
// nodes live), the lease under which a node may answer from memory, and routes (which
// node a request about a competition goes to). It never knows what a request asks,
// touches the state of a competition, or decides which node owns one: the store does, by
// [competition.Ownership].
//
// # The protocol
//
// All nodes share one PostgreSQL. Each has a row there, whose beat it raises every
// fifth of its TTL; the answer shows it the rows of all the others.
//
//	N1  A node that is dead or missing in an answer, or whose beat is higher than the
//	    number of beats that it sent, ends at once: [Node.Done].
//	N2  The lease lasts for 0.9 of its TTL from the moment before the last successful beat was
//	    given to the driver, by the monotonic clock. The wall clock may only end it
//	    earlier (a machine that was suspended).
//	N3  A node is buried, made dead for good, if its beat stood still for its TTL since
//	    the arrival of the first answer that showed it, and still does when the burial
//	    is carried out. A node that could not poll for the time of three beats starts
//	    observing anew: the outage that it had may have been everybody's.
//
// # Why answers from memory are right
//
// Suppose node A answers a read from memory under its lease, while node B has stored a
// change before that read came. B's write needed a claim, and the store grants one only
// after A released the competition or died. A releases only after it has stopped
// answering. If A was buried, its beat had stood still for its TTL since another node saw
// it, so at least a TTL had gone by since A sent that beat, and A's lease had ended at
// 0.9 TTL. So A did not answer under its lease after B's claim. This holds while the
// rates of two clocks differ by less than a tenth.
//
// Where the rates of clocks cannot be relied on, [Node.Confirm] asks the store, after the
// reader has come, whether this node is dead: while it is not, the store has granted
// nobody what it owns.
//
// Everything else may be wrong at any time: which nodes live, which address they have,
// which of them owns what. A wrong route costs a correction, never a wrong answer.
//
// # Where competitions are placed
//
// [Links.Keep] holds a link to every node that lives, and a second state machine
// (reach.go) takes nodes that cannot be reached out of the places for competitions, this
// one included. It changes where requests for what nobody owns go, and what a node gives
// up, and nothing of the above.
//
// The tests explore the protocol exhaustively to a bound and at random, with the
// states of the store, messages and readers around it, and find every mistake that was
// planted on purpose (explore_test.go).
//
// Reading starts at member.go, the protocol as a pure state machine; [Node] runs it
// against a store, and [Cluster] adds routes and the link to other nodes.
package cluster
