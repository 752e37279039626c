// Command subjects holds what Paceboard is measured against, each with the
// same front end, and fills boards too large to be synced one by one.
//
//	subjects frontend -post FILE -get FILE   the front end alone, with constant answers
//	subjects plain -get FILE                 Fiber as it comes, with a constant answer
//	subjects forgetful -dir DIR              the server with a journal that keeps nothing
//	subjects redis -url URL                  what people would build instead: ZADD and ZREVRANK
//	subjects fill -dir DIR -id ID …          writes a competition into a data folder, and ends
//
// A subject that serves says so in its log, as a line of JSON with the address,
// and takes -pprof as the server takes PPROF. They trust the harness's tokens,
// listen on loopback alone, and end when they are told to; package harness
// starts them.
package main
