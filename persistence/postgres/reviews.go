package postgres

import (
	"encoding/json"
	"time"

	"github.com/paceboard/paceboard/competition"
)

// reviewColumns are what a review is stored as: packed, for the server, and in
// words, for people. nil, for nearly everybody, is NULL.
func reviewColumns(r *competition.Review) (packed []byte, words *string) {
	if r == nil {
		return nil, nil
	}
	w := reviewWords{Reason: r.Reason, Removal: r.Removal, Corrections: make([]correctionWords, len(r.Corrections)), Flags: make([]flagWords, len(r.Flags))}
	if r.RemovedAt != 0 {
		w.RemovedAt = new(r.RemovedAt.Time())
	}
	for i, c := range r.Corrections {
		w.Corrections[i] = correctionWords{c.Day.String(), wordsOf(c.Metrics), c.Reason}
	}
	for i, f := range r.Flags {
		w.Flags[i] = flagWords{f.Seq, f.At.Time(), f.Day.String(), f.Reason.String(), wordsOf(f.Found), wordsOf(f.Usual)}
	}
	text, err := json.Marshal(&w)
	if err != nil {
		panic("postgres: " + err.Error()) // there is nothing in it that JSON cannot hold
	}
	words = new(string(text))
	return competition.AppendReview(nil, r), words
}

type reviewWords struct {
	Reason      string            `json:"reason"`
	RemovedAt   *time.Time        `json:"removed_at,omitempty"`
	Removal     string            `json:"removal,omitempty"`
	Corrections []correctionWords `json:"corrections"`
	Flags       []flagWords       `json:"flags"`
}

type correctionWords struct {
	Day string `json:"day"`
	metricsWords
	Reason string `json:"reason"`
}

type flagWords struct {
	Seq    uint64       `json:"seq"`
	At     time.Time    `json:"at"`
	Day    string       `json:"day"`
	Reason string       `json:"reason"`
	Found  metricsWords `json:"found"`
	Usual  metricsWords `json:"usual"`
}

type metricsWords struct {
	Steps           int64 `json:"steps"`
	DistanceCm      int64 `json:"distance_cm"`
	EnergyCentikcal int64 `json:"energy_centikcal"`
	ActiveMinutes   int64 `json:"active_minutes"`
}

func wordsOf(m competition.Metrics) metricsWords { return metricsWords(m) }
