// Package measure is what the measuring programs share: it builds programs and runs
// them as processes of their own, asks them, reads what they use up, signs tokens,
// and draws the frame of a plot. It keeps to loopback, and nothing that it started
// outlives the program that uses it.
//
// Reading starts at [Main], [Build] and [Start].
package measure
