package http

import "github.com/paceboard/paceboard/competition"

// The fair play of the fake engine: u1 was excluded, and corrected.
var (
	reviewReply = competition.ReviewReply{UserID: "u1", Excluded: true, Score: 4000, Total: 2, Changed: true}
	rateFlag    = competition.Flag{Seq: 12, At: atStart, Day: 20_574, Reason: competition.RateFlag, Figures: competition.Figures{
		Found: competition.Metrics{Steps: 40_000}, Usual: competition.Metrics{Steps: 18_000, DistanceCm: 37_500_00}, Within: 3_600_000,
	}}
	explanation = competition.Explanation{
		CompetitionID: "spring", UserID: "u1", UserName: "Ada", Status: competition.Active, Scoring: competition.Weights{Step: 1000, Metre: 1},
		Score: 9007, Total: 2, Excluded: true, Reason: `a "car"`,
		Days: []competition.ExplainedDay{
			{
				Day: 20_574, Value: competition.Metrics{Steps: 5000, DistanceCm: 700_001}, Points: competition.Points{Whole: 5007, Parts: 1},
				Reports: []competition.ExplainedReport{
					{
						SourceStats: competition.SourceStats{Source: "phone", RecordedAt: 1_777_654_980e9, Metrics: competition.Metrics{Steps: 5000, DistanceCm: 700_001}},
						Counted:     competition.Metrics{Steps: 5000, DistanceCm: 700_001},
					},
					{SourceStats: competition.SourceStats{Source: "watch", Metrics: competition.Metrics{Steps: 4000}}, Ignored: competition.IgnoredSurpassed},
				},
				Flags: []competition.Flag{rateFlag},
			},
			{
				Day: 20_575, Value: competition.Metrics{Steps: 4000}, Points: competition.Points{Whole: 4000},
				Correction: &competition.Correction{Day: 20_575, Metrics: competition.Metrics{Steps: 4000}, Reason: "a bus"},
				Reports:    []competition.ExplainedReport{{SourceStats: competition.SourceStats{Source: "phone", Metrics: competition.Metrics{Steps: 90_000}}, Ignored: competition.IgnoredCorrected}},
			},
		},
		Sum: competition.Points{Whole: 9007, Parts: 1},
	}
)

func (e *fakeEngine) Flags(id string, caller competition.Caller, before uint64, limit int) ([]competition.FlaggedEntry, uint64, error) {
	list := []competition.FlaggedEntry{{Flag: rateFlag, UserID: "u1", UserName: "Ada", Excluded: true, Value: competition.Metrics{Steps: 4000}}}
	return list, e.nextFlag, e.note("Flags", id, caller, before, limit)
}

func (e *fakeEngine) Exclusions(id string, caller competition.Caller, after uint32, limit int) ([]competition.Exclusion, uint32, error) {
	list := []competition.Exclusion{{UserID: "u1", UserName: "Ada", Score: 4000, Reason: `a "car"`}}
	return list, e.nextPart, e.note("Exclusions", id, caller, after, limit)
}

func (e *fakeEngine) Explain(id string, caller competition.Caller, userID string, span competition.Span) (competition.Explanation, error) {
	if e.explain != nil {
		return e.explain(userID, span)
	}
	return explanation, e.note("Explain", id, caller, userID, span)
}

func (e *fakeEngine) Events(id string, caller competition.Caller, after competition.FeedPlace, limit int) (competition.EventsPage, error) {
	if e.events != nil {
		return e.events(after, limit)
	}
	next := competition.FeedPlace{Version: max(after.Version, 12), Epoch: 0xa0b1c2d3}
	return competition.EventsPage{Events: []competition.PublicEvent{joinedEvent}, Next: next, Rows: 12}, e.note("Events", id, caller, after, limit)
}

// joinedEvent is an event of the fake's feed.
var joinedEvent = competition.PublicEvent{
	ID: "evt_5d41402abc4b2a76b9719d911017c592", Type: "participant.joined", Timestamp: "2026-05-01T18:03:02.114Z", CompetitionID: "spring", Seq: 12,
	Data: competition.PublicData{UserID: "u1", UserName: "Ada"},
}
