package actors

import (
	"errors"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/paceboard/paceboard/competition"
)

// damageEvery is the shortest time between two logs of what is left out: every request
// of a user may meet the same damage.
const damageEvery = time.Minute

// damage counts reads that leave out what cannot be read, so that one damaged
// competition does not keep a user from the others. Safe for concurrent use.
type damage struct {
	logger *slog.Logger
	now    func() time.Time
	reads  prometheus.Counter
	logged atomic.Int64 // when, Unix nanoseconds
}

func newDamage(o *Options) *damage {
	d := &damage{logger: o.Logger, now: o.Now, reads: prometheus.NewCounter(prometheus.CounterOpts{
		Name: "paceboard_incomplete_reads_total", Help: "Reads of a user's competitions, or of a list, that left out damaged ones.",
	})}
	o.Metrics.MustRegister(d.reads)
	return d
}

// tolerate returns the error of such a read, or nil if it names nothing but damage.
func (d *damage) tolerate(what string, err error) error {
	if !errors.Is(err, competition.ErrCorrupt) || errors.Is(err, competition.ErrUnavailable) {
		return err
	}
	d.reads.Inc()
	now, logged := d.now().UnixNano(), d.logged.Load()
	if now-logged >= int64(damageEvery) && d.logged.CompareAndSwap(logged, now) {
		d.logger.Error("what is damaged was left out", "of", what, "error", err)
	}
	return nil
}
