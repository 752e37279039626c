package porttest

import "os"

// sample is how often a rule that is held against chance is tried: some times, or all of
// them with SOAK.
func sample(some, all int) int {
	if os.Getenv("SOAK") != "" {
		return all
	}
	return some
}
