// Command scale simulates Paceboard far beyond what was measured: cells of nodes,
// journals on several databases, and one board that is kept by several actors. It
// is what docs/scale.md rests on; nothing here is part of the program.
//
//	go run ./benchmarks/scale            prints the figures, in seconds, and writes them
//	go run ./benchmarks/scale -quick     smaller, to see that it works
//
// Three parts:
//
//   - [plan] is arithmetic: machines for a number of users, from the unit costs of [unitCosts].
//   - [cell] is a queueing simulation of one cell: arrivals, processors, batches, commits,
//     a fan-out, and the loss of a node or a database.
//   - [schedule] takes a sharded board, on the real packages ranking and competition, through
//     a random schedule of delays, repeats, losses and crashes, and compares each of its
//     versions with a single board.
//
// All of it is a function of the seed: no goroutine, no clock.
package main
