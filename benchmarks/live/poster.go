package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/paceboard/paceboard/benchmarks/internal/measure"
)

const (
	people = 1_000 // who are on the board, the marker not counted
	// marker leads from the start; its score says how far a board goes.
	marker      = "marker"
	markerStart = 50_000
	maxBatches  = 40_000 // markerStart and they stay below a day's limit
	maxBatch    = 1_000
	postEvery   = 10 * time.Millisecond
)

// poster posts at a fixed rate, one batch at a time.
type poster struct {
	server       *server
	token        string
	rate         int
	day          string
	random       *rand.Rand
	steps        [people]int64
	acknowledged []atomic.Int64 // by batch: nanoseconds since measure.Began; 0 is not yet
	batches      int
	synced       atomic.Int64
}

// newPoster creates the competition and puts everybody on the board.
func newPoster(ctx context.Context, s *server, rate int) (*poster, error) {
	p := &poster{
		server: s, rate: rate,
		day:    time.Now().UTC().AddDate(0, 0, -1).Format(time.DateOnly),
		random: rand.New(rand.NewPCG(1, 2)), acknowledged: make([]atomic.Int64, maxBatches), // the same load each time
	}
	var err error
	if p.token, err = measure.Token("boss", true); err != nil {
		return nil, err
	}
	now := time.Now().UTC()
	body := fmt.Sprintf(`{"id":%q,"name":"Live","start_date":%q,"end_date":%q}`, competitionID,
		now.AddDate(0, 0, -3).Format(time.RFC3339), now.AddDate(0, 0, 3).Format(time.RFC3339))
	if err := p.ask(ctx, "/api/v1/competitions", body); err != nil {
		return nil, err
	}
	return p, p.post(ctx, maxBatch)
}

// run posts until ctx ends.
func (p *poster) run(ctx context.Context) error {
	ticks := time.NewTicker(postEvery)
	defer ticks.Stop()
	start, done := time.Now(), 0
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-ticks.C:
		}
		due := int(time.Since(start).Seconds()*float64(p.rate)) - done
		if due <= 0 {
			continue
		}
		size := min(due, maxBatch)
		if err := p.post(ctx, size); err != nil {
			if ctx.Err() != nil {
				return nil
			}
			return err
		}
		done += size
	}
}

// post sends one batch whose last sync is the marker's, and notes when it was
// acknowledged.
func (p *poster) post(ctx context.Context, size int) error {
	if p.batches == maxBatches {
		return errors.New("too many batches for one measurement")
	}
	body := append(make([]byte, 0, size*128), `{"syncs":[`...)
	for i := range size - 1 {
		user := i
		if p.batches > 0 { // the first batch enrols everybody
			user = p.random.IntN(people)
		}
		p.steps[user] += 1 + p.random.Int64N(60)
		body = p.appendSync(body, fmt.Sprintf("user-%05d", user), p.steps[user])
		body = append(body, ',')
	}
	body = p.appendSync(body, marker, markerStart+int64(p.batches))
	body = append(body, `]}`...)
	if err := p.ask(ctx, "/api/v1/fitness/sync/batch", string(body)); err != nil {
		return err
	}
	p.acknowledged[p.batches].Store(int64(time.Since(measure.Began)))
	p.batches++
	p.synced.Add(int64(size))
	return nil
}

// ask posts JSON and wants success.
func (p *poster) ask(ctx context.Context, path, body string) error {
	_, err := measure.Ask(ctx, http.MethodPost, "http://"+p.server.Address+path, body, "Authorization", "Bearer "+p.token)
	return err
}

func (p *poster) appendSync(dst []byte, user string, steps int64) []byte {
	return fmt.Appendf(dst, `{"competition_id":%q,"user_id":%q,"date":%q,"steps":%d}`, competitionID, user, p.day, steps)
}
