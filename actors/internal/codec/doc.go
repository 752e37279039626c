// Package codec encodes what nodes ask each other about one competition, and what
// they answer: syncs, boards and errors by hand, since nearly all requests are of
// these, and everything else as CBOR (RFC 8949). It never decides which requests
// there are: the one table of them is in package actors, wire_kinds.go.
//
// Nodes of two versions talk to each other while a new one is rolled out, so:
//
//	W1  a message begins with a byte, the version of its form; see [Begin] and [Open]
//	W2  what is encoded by hand only ever grows at the end of its message, with a
//	    higher version: older nodes ignore what is newer, and newer ones take what is
//	    absent for zero
//	W3  structs in CBOR are maps by the names of the fields: unknown ones are ignored,
//	    absent ones are zero; a field keeps its name and type
//	W4  numbers of kinds and of errors are never used again
//
// Decoders trust nothing: whatever the bytes, they return an error or a value, they
// allocate in proportion to the bytes, and the value shares no memory with them, so
// that callers may use their buffers again.
//
// Reading starts at [AppendSync] and [AppendError].
package codec
