package competition

import "github.com/paceboard/paceboard/competition/calendar"

// Loaded is a competition that a process has in memory.
type Loaded struct {
	Summary   Summary
	Version   uint64          // of its board
	Events    uint64          // that were applied since it was loaded
	ChangedAt calendar.Millis // when the last of them was; 0 for none
	Bytes     int64           // about how much memory it takes
	Damaged   bool
}

// participantBytes is about what a participant without days takes: the row, the places
// on the board and in the index of users, and the names.
const participantBytes = 320

// MemoryBytes returns about how much memory the competition takes. What erasures have
// freed since it was loaded counts.
func (c *Competition) MemoryBytes() int64 {
	return int64(c.participants.count)*participantBytes + c.dayBytes
}
