//go:build !race

package main

// raceEnabled has the program built as the tests are.
const raceEnabled = false
