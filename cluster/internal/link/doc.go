// Package link carries requests between the nodes of a cluster, and their answers. It knows bytes, not what they
// ask, and nothing of owners.
//
// A node has a [Server], which gives other nodes' requests to its [Handler], and a [Dialer], whose Ask sends one
// request to one node and waits for the answer:
//
//	credentials, err := link.NewCredentials(files, logger) // nil without certificates, for loopback addresses alone
//	options := link.Options{Self: nodeID, Credentials: credentials, Logger: logger}
//	server, err := link.Serve(listener, options, handler)
//	dialer := link.NewDialer(options)
//	answer, err := dialer.Ask(link.Node{ID: owner, Address: address}, link.Message{Kind: kind, Body: body}, deadline)
//	dialer.Keep(alive) // whenever the living nodes change; it connects to them
//
// Each node holds one gRPC stream to each that it keeps, or asks; answers come back on the same. What is asked while a frame
// is being sent goes together in the next. The rules:
//
//   - L1: requests of a pair of nodes are handed over in the order in which they were queued, each at most once.
//   - L2: a newer stream of a peer ends the one before: once the handler is given something of the newer, it gets
//     nothing of the older any more.
//   - L3: a frame names its target and its sender by node id. One that is for another node is refused: the address has
//     another process now. Nothing is sent before the node has confirmed its id.
//   - L4: an error says whether the request may have been carried out: [ErrNotSent] or [ErrLost].
//   - L5: nothing waits without a limit: asks and bytes in flight are counted, each ask has a deadline (a duration on
//     the wire, so that clocks need not agree), and a stream without a sign of life is given up.
//   - L6: nothing that a peer sends ends the process, or makes it keep more than the limits.
//
// Reading starts at [Dialer.Ask] and [Handler].
package link
