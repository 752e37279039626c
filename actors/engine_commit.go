package actors

import (
	"context"
	"time"

	"github.com/paceboard/paceboard/competition"
)

// commit is a group of batches that become durable together; the writer has a
// few, and uses them again.
type commit struct {
	writer  *writer
	jobs    []job
	batches []*competition.Batch // of those jobs that have one, in their order
	events  int
	fenced  bool
	began   time.Time
	cancel  context.CancelFunc
	end     func(errs []error) // c.finish, made once
}

func newCommit(w *writer) *commit {
	c := &commit{writer: w}
	c.end = c.finish
	return c
}

func (c *commit) add(j job, number uint64) {
	c.jobs = append(c.jobs, j)
	if j.batch == nil {
		c.fenced = true
		return
	}
	*j.last = number
	c.batches = append(c.batches, j.batch)
	c.events += len(j.batch.Events)
}

// begin has the batches appended.
func (c *commit) begin() {
	w := c.writer
	if c.fenced { // those before must be done, too
		<-w.places
		w.await()
		w.places <- struct{}{}
	}
	if len(c.batches) == 0 {
		c.end(nil)
		return
	}
	var ctx context.Context
	ctx, c.cancel = context.WithTimeout(w.env.life, w.env.timeout+c.extra())
	c.began = time.Now()
	w.append(ctx, c.batches, c.end)
}

// extra is the time for more than a few rows: a batch that pays very many prizes, or
// refunds very many fees, gets the time that it takes.
func (c *commit) extra() time.Duration {
	rows := 0
	for _, b := range c.batches {
		rows += len(b.Transactions) + len(b.Prizes)
	}
	const perRow = 200 * time.Microsecond
	return time.Duration(rows) * perRow
}

// finish tells everybody what became of it.
func (c *commit) finish(errs []error) {
	w := c.writer
	if len(c.batches) > 0 {
		w.metrics.observe(c.events, len(c.batches), time.Since(c.began))
		c.cancel()
		w.events.Add(-int64(c.events))
	}
	next := 0
	for _, j := range c.jobs {
		if j.batch == nil {
			close(j.fence)
			continue
		}
		if errs != nil {
			j.result.err = errs[next]
		}
		next++
		w.env.root.Send(j.to, j.result)
	}
	clear(c.jobs)
	clear(c.batches)
	c.jobs, c.batches, c.events, c.fenced = c.jobs[:0], c.batches[:0], 0, false
	w.spares <- c
	<-w.places
}
