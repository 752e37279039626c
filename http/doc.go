// Package http is the front end: it turns requests into calls of an [Engine]
// and the engine's answers into replies. It owns the encoding of what
// clients get, problems, CORS, limits, the live sockets and the metrics of all that.
// Its inner packages accept connections (listen), tell who sends a request (auth)
// and read what was sent (decode).
//
// It never decides a rule of a competition, keeps no state of one, and talks to
// no store. Its contract with clients is openapi.yaml, which it serves itself.
//
// The package is imported as pbhttp, since net/http and fasthttp are always
// near. Reading starts at [New] and the table in routes.go: each row is one
// operation, with who may call it and how large its body may be. A request
// passes through
//
//	handle   handle.go    request id, headers, CORS, panics
//	run      run.go       the token, the body's encoding, type and size
//	a row's handler       reads the request; permit gives it the engine
//	refuse   respond.go   turns any error into an RFC 9457 problem
//
// The files stand in layers: what knows no server (encoding, problems, limits,
// metrics); [Server], the route and the call; what every handler needs (respond.go,
// admit.go); the handlers; and the table, run.go, handle.go and serve.go,
// which know them all. tools/circles holds that.
//
// Strings that Fiber and fasthttp hand out lie in buffers that the next request
// overwrites: whatever goes to the engine is copied first.
package http
