//go:build race

package cluster

// raceEnabled: what explores alone needs no race detector, and is slow under it.
const raceEnabled = true
