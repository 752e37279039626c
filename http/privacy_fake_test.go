package http

import (
	"slices"

	"github.com/paceboard/paceboard/competition"
)

// The people of the fake engine: u1 takes part in spring.

func (e *fakeEngine) EraseUser(userID string) (competition.Erased, error) {
	done := e.erased
	if done.Competitions == 0 && !e.nobody {
		done = competition.Erased{Competitions: 3, Transactions: 2}
	}
	return done, e.note("EraseUser", "", competition.Caller{}, userID)
}

func (e *fakeEngine) Ties(userID, after string, limit int) ([]string, error) {
	ids := e.ties
	if ids == nil {
		ids = []string{"spring"}
	}
	at, _ := slices.BinarySearch(ids, after+"!")
	return ids[at:min(at+limit, len(ids))], e.note("Ties", "", competition.Caller{}, userID, after, limit)
}

func (e *fakeEngine) Person(id, userID string, span competition.Span) (competition.Person, error) {
	if e.person != nil {
		return e.person(id, userID, span)
	}
	stats := competition.Stats{
		CompetitionID: id, UserID: userID, Score: 12, Rank: 1, LastSyncedAt: atStart, Total: competition.Metrics{Steps: 12},
		Days: []competition.DayStats{{Day: 20_000, Value: competition.Metrics{Steps: 12}, Sources: []competition.SourceStats{
			{Source: "watch", RecordedAt: int64(atStart) * 1e6, Metrics: competition.Metrics{Steps: 12}},
		}}},
	}
	person := competition.Person{UserName: `A "Name"`, Present: true, PaidMinor: 500, Stats: stats, Explanation: &explanation}
	d := competition.Definition{ID: id, Name: "Spring", Currency: "EUR", Start: atStart, End: atStart + 1000}
	d.Complete()
	person.Competition = competition.Summary{Definition: d, Status: competition.Active, Participants: 1}
	return person, e.note("Person", id, competition.Caller{}, userID)
}
