package actors

import (
	"errors"
	"slices"
	"sync"

	"github.com/maypok86/otter/v2"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/paceboard/paceboard/competition"
)

// journalEnd is where a journal ended when this process last knew.
type journalEnd struct {
	chain   competition.Chain
	version uint64 // of the board
}

// maxRemembered is how many are remembered; each is some 200 bytes.
const maxRemembered = 100_000

// losses knows what journals must contain, and which of them lost events. Safe for
// concurrent use.
type losses struct {
	ends      *otter.Cache[string, journalEnd]
	elsewhere *otter.Cache[string, competition.BoardVersion] // of boards that other nodes have shown
	continued prometheus.Counter

	mu  sync.Mutex
	ids []string // of competitions that lost events since the start, at most maxLosses
}

// maxLosses is how many competitions health names.
const maxLosses = 1_000

func newLosses(metrics prometheus.Registerer) *losses {
	l := &losses{
		ends:      otter.Must(&otter.Options[string, journalEnd]{MaximumSize: maxRemembered}),
		elsewhere: otter.Must(&otter.Options[string, competition.BoardVersion]{MaximumSize: maxRemembered}),
		continued: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "paceboard_journals_continued_total", Help: "Journals that went on after the store had lost acknowledged events.",
		}),
	}
	metrics.MustRegister(l.continued)
	return l
}

// saw notes a board that its owner elsewhere has shown, and so had durably.
func (l *losses) saw(b *competition.Board) {
	l.elsewhere.Set(b.CompetitionID, competition.BoardVersion{Version: b.Version, Epoch: b.Epoch})
}

func (l *losses) note(id string) {
	l.continued.Inc()
	l.mu.Lock()
	defer l.mu.Unlock()
	if place, there := slices.BinarySearch(l.ids, id); !there && len(l.ids) < maxLosses {
		l.ids = slices.Insert(l.ids, place, id)
	}
}

// named returns the ids of competitions that lost events, in order.
func (l *losses) named() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.ids)
}

// errEnough ends a reading.
var errEnough = errors.New("what is wanted was read")
