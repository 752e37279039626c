package actors

import (
	"context"
	"log/slog"

	"github.com/maypok86/otter/v2"

	"github.com/paceboard/paceboard/competition/calendar"
)

// maxCreated is how many competitions' beginnings are remembered; each is some
// 100 bytes.
const maxCreated = 100_000

func newCreated() *otter.Cache[string, calendar.Millis] {
	return otter.Must(&otter.Options[string, calendar.Millis]{MaximumSize: maxCreated})
}

// Created returns when each of the competitions was created, in their order: 0 if its
// journal no longer has its beginning (JOURNAL_RETENTION), or if the store cannot
// answer. The store is asked once for those that are not remembered.
func (e *Engine) Created(competitionIDs []string) []calendar.Millis {
	created := make([]calendar.Millis, len(competitionIDs))
	var unknown []string
	var places []int
	for i, id := range competitionIDs {
		if at, ok := e.created.GetIfPresent(id); ok {
			created[i] = at
		} else {
			unknown, places = append(unknown, id), append(places, i)
		}
	}
	if len(unknown) == 0 {
		return created
	}
	ctx, cancel := context.WithDeadline(e.life, e.deadline())
	defer cancel()
	found, err := e.store.Created(ctx, unknown)
	if err != nil {
		// While the store is unreachable summaries are read from memory; they lack this then.
		e.options.Logger.LogAttrs(ctx, slog.LevelDebug, "when competitions were created cannot be read", slog.Any("error", err))
		return created
	}
	for i, at := range found {
		if created[places[i]] = at; at != 0 {
			e.created.Set(unknown[i], at)
		}
	}
	return created
}
