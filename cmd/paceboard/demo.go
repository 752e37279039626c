package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/paceboard/paceboard/competition"
	"github.com/paceboard/paceboard/competition/calendar"
	"github.com/paceboard/paceboard/internal/token"
	"github.com/paceboard/paceboard/internal/worker"
	fitbit "github.com/paceboard/paceboard/testdata/fitbit-2016"
)

// demo is a competition of 33 real people in the spring of 2016, whose hours
// are replayed through the HTTP API, a day every few seconds.
type demo struct {
	competitionID string
	loop          *worker.Loop
}

const (
	demoViewer = "you"
	// demoRate is how many hourly reports are posted a second: the month of
	// 22,099 takes a little over 6 minutes.
	demoRate = 60
)

// demoNames are shown for the data's people, who have numbers only; they are
// made up.
var demoNames = []string{
	"Ada", "Bruno", "Chiara", "Dmitri", "Elif", "Farid", "Greta", "Hugo", "Ines", "Jonas", "Keiko",
	"Lars", "Mira", "Nils", "Olga", "Pablo", "Quinn", "Rosa", "Samir", "Tilda", "Umar", "Vera",
	"Wanda", "Xenia", "Yusuf", "Zoe", "Anton", "Bella", "Cem", "Dana", "Emil", "Freya", "Goran",
}

// startDemo creates the competition and begins to post. A data folder that has
// a demo already gets a fresh one beside it.
func startDemo(ctx context.Context, s *server, url string, secret []byte) (*demo, error) {
	reports, err := readActivity(bytes.NewReader(fitbit.HourlyCSV), "tracker")
	if err != nil {
		return nil, fmt.Errorf("demo data: %w", err)
	}
	id, err := createDemo(s)
	if err != nil {
		return nil, err
	}
	if err := joinDemo(s, id, reports); err != nil {
		return nil, err
	}
	bearer, err := token.User{ID: "demo", Issuer: s.settings.TokenIssuer(), Operator: true, Valid: 24 * time.Hour}.Sign(secret)
	if err != nil {
		return nil, err
	}
	return &demo{competitionID: id, loop: worker.Start(ctx, func(ctx context.Context) {
		o := replayOptions{url: url, competitionID: id, token: bearer, concurrency: 2, rate: demoRate}
		_, err := post(ctx, reports, o, func() {})
		switch {
		case err == nil:
			s.logger.InfoContext(ctx, "the demo's month is over; start again for another")
		case !errors.Is(err, context.Canceled):
			s.logger.ErrorContext(ctx, "the demo stopped", "error", err)
		}
	})}, nil
}

func createDemo(s *server) (id string, err error) {
	start := time.Date(2016, 4, 12, 0, 0, 0, 0, time.UTC)
	operator := competition.Caller{UserID: demoViewer, Operator: true}
	for n := 1; ; n++ {
		d := competition.Definition{
			ID: "spring-2016", Name: "Spring 2016",
			Description: "33 real people and their trackers, a month in minutes.",
			Start:       calendar.MillisOf(start), End: calendar.MillisOf(time.Now().AddDate(0, 0, 7)),
			PrizePoolMinor: 1_000_00, Currency: "EUR", Scoring: competition.Weights{Step: 1000},
			PrizeSplit: []int64{60_000, 30_000, 10_000}, DailyLimits: competition.DefaultDailyLimits,
			LateSyncHours: competition.DefaultLateSyncHours,
		}
		if n > 1 {
			d.ID, d.Name = fmt.Sprintf("spring-2016-%d", n), fmt.Sprintf("Spring 2016, run %d", n)
		}
		d.Complete()
		_, _, err = s.engine.Create(&competition.CreateCompetition{Caller: operator, Definition: d})
		if errors.Is(err, competition.ErrExists) {
			continue
		}
		if err != nil {
			return "", fmt.Errorf("create the demo: %w", err)
		}
		return d.ID, nil
	}
}

// joinDemo enrols everybody under a name, and the viewer.
func joinDemo(s *server, id string, reports []activity) error {
	operator := competition.Caller{UserID: demoViewer, Operator: true}
	names := map[string]string{demoViewer: "Robin"}
	users := []string{demoViewer}
	for i := range reports {
		user := reports[i].UserID
		if _, known := names[user]; !known {
			names[user] = demoNames[(len(users)-1)%len(demoNames)]
			users = append(users, user)
		}
	}
	for _, user := range users {
		join := &competition.JoinCompetition{Caller: operator, UserID: user, UserName: names[user]}
		if _, err := s.engine.Join(id, join); err != nil {
			return fmt.Errorf("join %s to the demo: %w", user, err)
		}
	}
	return nil
}
