package actors

import (
	"sync"

	"github.com/paceboard/paceboard/competition/calendar"
)

const (
	maxTriesHour = 10
	maxTriers    = 100_000
	anHour       = calendar.Millis(60 * 60 * 1000)
)

// tries counts how many codes each user has tried within an hour. Safe for
// concurrent use.
type tries struct {
	mu    sync.Mutex
	users map[string]tried
}

type tried struct {
	since calendar.Millis
	n     int
}

// take counts a try, and reports whether it is allowed. Cost: linear in the users who
// tried, each time that they have become too many to remember.
func (t *tries) take(userID string, now calendar.Millis) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	mine := t.users[userID]
	if now >= mine.since+anHour {
		mine = tried{since: now}
	}
	if mine.n++; mine.n > maxTriesHour {
		return false
	}
	if t.users == nil || len(t.users) >= maxTriers {
		recent := map[string]tried{}
		for user, other := range t.users {
			if now < other.since+anHour && len(recent) < maxTriers/2 {
				recent[user] = other
			}
		}
		t.users = recent
	}
	t.users[userID] = mine
	return true
}
