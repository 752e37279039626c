package actors

import (
	"sync/atomic"

	"github.com/paceboard/paceboard/competition"
)

// flagged counts flags by their reasons.
type flagged [len(competition.FlagReasons) + 1]atomic.Uint64

// count notes that a sync was flagged; a reason of 0 is none.
func (f *flagged) count(reason competition.FlagReason) {
	if reason != 0 {
		f[reason].Add(1)
	}
}

// counts are the numbers so far.
func (f *flagged) counts() map[competition.FlagReason]uint64 {
	counts := map[competition.FlagReason]uint64{}
	for _, reason := range competition.FlagReasons {
		counts[reason] = f[reason].Load()
	}
	return counts
}
