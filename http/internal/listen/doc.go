// Package listen accepts connections: it limits how many are open, keeps no memory for
// reading those that are silent, sends large answers without copying them, and closes
// connections without taking from a client what it has not read yet. Reading starts at
// [Limit] and [Lazy].
//
// It knows fasthttp, but no route and no problem.
package listen
