// Package testservers starts PostgreSQL and Redis servers of a test's own: on a
// free loopback port, in a folder that goes away with them, as a user who is
// not root. What it starts it can also kill, freeze, and cut off.
//
// A server that is not installed is installed where that is allowed (root, on
// Debian or what derives from it). Where that fails too the test is skipped, or
// fails if CI=true, so that nobody takes an untested store for a tested one.
//
// The servers are as durable as real ones: fsync and synchronous commits are on,
// because what survives a kill is what tests want to know. They end with the
// test, and with the test's process if that is killed.
//
// Reading starts at [Postgres] and [Redis]. The package is for tests alone.
package testservers
