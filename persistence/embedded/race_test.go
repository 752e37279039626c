//go:build race

package embedded

// raceEnabled says that everything takes ten times as long.
const raceEnabled = true
