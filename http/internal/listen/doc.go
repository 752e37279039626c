// Package listen accepts connections: as many as may be open, of which those that
// are silent hold no memory for reading, large answers leave without being copied,
// and ends do not take from a client what it has not read yet. Reading starts at
// [Limit] and [Lazy].
//
// It knows fasthttp, and nothing of requests.
package listen
