// Package control is how the program's tools talk to the server on the same
// machine: named calls, and requests of the HTTP API, over a Unix socket in a folder,
// which only the server's own user, and root, can open.
//
// It carries requests and answers and knows none of the calls; the program
// registers them, see [Server.Handle] and [Server.HandleHTTP]. It authenticates nobody: whoever can open
// the socket can read the data folder as well. Reading starts at [Listen] and
// [Dial].
package control
