// Package http is the front end: it turns requests into calls of an [Engine]
// and the engine's answers into replies. It owns authentication, the strict
// reading of what clients send, the encoding of what they get, problems, CORS,
// limits and the metrics of all that.
//
// It never decides a rule of a competition, keeps no state of one, and talks to
// no store. Its contract with clients is openapi.yaml, which it serves itself.
//
// The package is imported as pbhttp, since net/http and fasthttp are always
// near. Reading starts at [New] and the table in routes.go: each row is one
// operation, with who may call it and how large its body may be. A request
// passes through
//
//	handle   server.go    request id, headers, CORS, panics
//	enter    enter.go     the token, the body's encoding, type and size
//	a row's handler       reads the request; permit gives it the engine
//	refuse   problems.go  turns any error into an RFC 9457 problem
//
// Strings that Fiber and fasthttp hand out lie in buffers that the next request
// overwrites: whatever goes to the engine is copied first.
package http
