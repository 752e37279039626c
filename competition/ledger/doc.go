// Package ledger holds the money of competitions as a double-entry ledger, which is
// only ever added to: money is never made or lost, it moves between accounts.
//
// It says what accounts, transactions and prizes are, how they are written, in which
// currencies, and what a store of them must do. It never decides that money moves:
// package competition does, and derives every transaction from its events, so that
// the ledger can be worked out again and compared.
//
// Reading starts at [Transaction] and [Prize].
package ledger
