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

// demo is a competition of 33 real people from the spring of 2016 on, whose hours
// are replayed through the HTTP API, a day every few seconds, month after month.
type demo struct {
	competitionID string // the first one
	loop          *worker.Loop
}

const (
	demoViewer = "you"
	// demoRate is how many hourly reports are posted a second: the month of
	// 22,099 takes a little over 6 minutes.
	demoRate = 60
	// demoDays is how many days the data has, and demoEnd the day after the last.
	demoDays = 31
)

var (
	demoStart = time.Date(2016, 4, 12, 0, 0, 0, 0, time.UTC)
	demoEnd   = demoStart.AddDate(0, 0, demoDays)
)

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
	d := &demo{competitionID: id}
	d.loop = worker.Start(ctx, func(ctx context.Context) {
		if err := walkDemo(ctx, s, url, secret, id, reports); !errors.Is(err, context.Canceled) {
			s.logger.ErrorContext(ctx, "the demo stopped", "error", err)
		}
	})
	return d, nil
}

// walkDemo posts one month after the other. Before they reach the present, which takes
// half a day, it begins with a fresh competition. It returns when it cannot go on.
func walkDemo(ctx context.Context, s *server, url string, secret []byte, id string, reports []activity) error {
	for month := 0; ; month++ {
		if demoEnd.AddDate(0, 0, month*demoDays).After(time.Now()) {
			next, err := createDemo(s)
			if err == nil {
				err = joinDemo(s, next, reports)
			}
			if err != nil {
				return err
			}
			s.logger.InfoContext(ctx, "the demo goes on in a fresh competition", "competition", next)
			id, month = next, 0
		}
		bearer, err := token.User{ID: "demo", Issuer: s.settings.TokenIssuer(), Operator: true, Valid: 24 * time.Hour}.Sign(secret)
		if err != nil {
			return err
		}
		o := replayOptions{url: url, competitionID: id, token: bearer, concurrency: 2, rate: demoRate}
		if _, err := post(ctx, demoMonth(reports, month), o, func() {}); err != nil {
			return err
		}
	}
}

// demoMonth returns what people report in a month, counted from 0. Each month everybody
// walks what another one has walked in the data, so that the lead goes from hand to
// hand; and the viewer walks nearly what one of them does.
func demoMonth(reports []activity, month int) []activity {
	people := demoPeople(reports)
	as := make(map[string]string, len(people))
	for i, user := range people {
		as[user] = people[(i+month)%len(people)]
	}
	companion := people[(5+7*month)%len(people)]
	all := make([]activity, 0, len(reports)+len(reports)/len(people))
	for _, a := range reports {
		a.Date, a.RecordedAt = laterDate(a.Date, month), laterDate(a.RecordedAt, month)
		walker := a.UserID
		a.UserID = as[walker]
		all = append(all, a)
		if walker == companion {
			a.UserID = demoViewer
			a.Steps -= a.Steps / 16
			all = append(all, a)
		}
	}
	return all
}

// laterDate moves the date that a time begins with by a number of months of the data.
func laterDate(text string, months int) string {
	day, err := time.Parse(time.DateOnly, text[:min(len(text), len(time.DateOnly))])
	if err != nil {
		return text
	}
	return day.AddDate(0, 0, months*demoDays).Format(time.DateOnly) + text[len(time.DateOnly):]
}

// demoPeople are the data's people, each once, as they come.
func demoPeople(reports []activity) (people []string) {
	known := map[string]bool{}
	for i := range reports {
		if user := reports[i].UserID; !known[user] {
			known[user] = true
			people = append(people, user)
		}
	}
	return people
}

func createDemo(s *server) (id string, err error) {
	operator := competition.Caller{UserID: demoViewer, Operator: true}
	for n := 1; ; n++ {
		d := competition.Definition{
			ID: "spring-2016", Name: "Spring 2016",
			Description: "33 real people and their trackers, a month in minutes.",
			Start:       calendar.MillisOf(demoStart), End: calendar.MillisOf(time.Now().AddDate(0, 0, 7)),
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
	people := demoPeople(reports)
	for i, user := range append([]string{demoViewer}, people...) {
		name := "Robin"
		if i > 0 {
			name = fitbit.Names[(i-1)%len(fitbit.Names)]
		}
		join := &competition.JoinCompetition{Caller: operator, UserID: user, UserName: name}
		if _, err := s.engine.Join(id, join); err != nil {
			return fmt.Errorf("join %s to the demo: %w", user, err)
		}
	}
	return nil
}
