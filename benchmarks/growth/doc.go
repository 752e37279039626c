// Command growth measures how cost grows with size: participants of a board,
// competitions of a server, subscribers of a board, and the journal that a
// recovery reads. To each curve it fits a power law, cost = factor · n^exponent:
// an exponent of 0 is a cost that does not grow, 1 one that grows in proportion.
//
//	make bench-growth                          all sizes, about 4 minutes
//	go run ./benchmarks/growth -most 10000     sizes up to that, to see that it works
//
// Participants and the journal are measured on the core itself, competitions on
// the engine with an embedded store, subscribers over real sockets by the command
// in ../live. docs/capacity.md rests on what this prints.
package main
