package competition

import (
	"github.com/paceboard/paceboard/competition/calendar"
	"github.com/paceboard/paceboard/ranking"
)

// participant is one person's part in a competition.
type participant struct {
	userID, userName string
	days             Days
	totals           Metrics
	score            int64
	reached          uint64          // seq of the event that last changed the score, or enrolled
	updatedAt        calendar.Millis // when that was
	lastSynced       calendar.Millis // the last sync that changed a total or the score, or enrolled
	paid             int64           // minor units paid in and not refunded
	review           *Review         // nil for nearly everybody
	number           uint32
	present          bool // takes part; on the board unless excluded
	changed          bool // the row differs from the last snapshot
}

func (p *participant) key() ranking.Entry {
	return ranking.Entry{Score: p.score, Reached: p.reached, Member: p.number}
}

// roster holds the participants by number, which counts from 1, in chunks, so
// that growing never copies more than one chunk. A pointer to a participant is
// good until the next add.
type roster struct {
	chunks [][]participant
	byUser map[string]uint32
	count  uint32
}

const chunkSize = 1024

// at returns the participant with a number from 1 to count.
func (r *roster) at(number uint32) *participant {
	return &r.chunks[(number-1)/chunkSize][(number-1)%chunkSize]
}

func (r *roster) has(number uint32) bool { return number > 0 && number <= r.count }

func (r *roster) find(userID string) *participant {
	if number, ok := r.byUser[userID]; ok {
		return r.at(number)
	}
	return nil
}

// add appends a participant with the next number, not identified yet.
func (r *roster) add() *participant {
	last := len(r.chunks) - 1
	if last < 0 || len(r.chunks[last]) == cap(r.chunks[last]) {
		r.grow()
		last = len(r.chunks) - 1
	}
	r.count++
	r.chunks[last] = append(r.chunks[last], participant{number: r.count})
	return r.at(r.count)
}

// identify says who a number is.
func (r *roster) identify(number uint32, userID, userName string) {
	if r.byUser == nil {
		r.byUser = map[string]uint32{}
	}
	p := r.at(number)
	p.userID, p.userName = userID, userName
	if !IsPseudonym(userID) { // which several numbers may have, and nobody asks for
		r.byUser[userID] = number
	}
}

// forget takes it back that a number is a user.
func (r *roster) forget(number uint32) {
	if p := r.at(number); r.byUser[p.userID] == number {
		delete(r.byUser, p.userID)
	}
}

// grow makes room for one more: the first chunk doubles until it is whole, and
// then whole chunks follow.
func (r *roster) grow() {
	if n := len(r.chunks); n == 1 && cap(r.chunks[0]) < chunkSize {
		bigger := make([]participant, len(r.chunks[0]), min(2*cap(r.chunks[0]), chunkSize))
		copy(bigger, r.chunks[0])
		r.chunks[0] = bigger
		return
	}
	size := chunkSize
	if len(r.chunks) == 0 {
		size = 8
	}
	r.chunks = append(r.chunks, make([]participant, 0, size))
}

// sources are the names of the sources that registers refer to by index.
// Names from applied on belong to events that are not applied yet.
type sources struct {
	names   []string
	index   map[string]uint32
	applied int
}

func (s *sources) find(name string) (index uint32, known bool) {
	index, known = s.index[name]
	return index, known
}

func (s *sources) add(name string) {
	if s.index == nil {
		s.index = map[string]uint32{}
	}
	s.index[name] = uint32(len(s.names))
	s.names = append(s.names, name)
}

// apply confirms a name that an applied event brought; false means that the
// event does not fit.
func (s *sources) apply(index uint32, name string) bool {
	if int(index) != s.applied {
		return false
	}
	if s.applied == len(s.names) {
		s.add(name)
	}
	s.applied++
	return s.names[index] == name
}

// rollback forgets the names that are not applied.
func (s *sources) rollback() {
	for _, name := range s.names[s.applied:] {
		delete(s.index, name)
	}
	s.names = s.names[:s.applied]
}

func (p *participant) onBoard() bool { return p.present && !p.review.isExcluded() }

// who returns the participant's user id, or nothing if nobody can tell.
func (p *participant) who() string {
	if IsPseudonym(p.userID) {
		return ""
	}
	return p.userID
}

// valueOf returns what a day counts for.
func (p *participant) valueOf(day calendar.Day) Metrics {
	if correction := p.review.correction(day); correction != nil {
		return correction.Metrics
	}
	return p.days.value(day)
}

// totalOf returns what days come to with their corrections.
func totalOf(days Days, r *Review) Metrics {
	total := days.Total()
	if r != nil {
		for i := range r.Corrections {
			total = total.Plus(r.Corrections[i].Metrics).Minus(days.value(r.Corrections[i].Day))
		}
	}
	return total
}
