//go:build race

package actors

// raceEnabled: see TestMain.
const raceEnabled = true
