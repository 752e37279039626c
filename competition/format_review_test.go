package competition

import (
	"encoding/hex"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestReviewsAreWrittenDownLikeThis for good, worked out by hand from codec.go
// and review.go: 500 is f403, the day 300 (zigzag) d804, "no" is 026e6f.
func TestReviewsAreWrittenDownLikeThis(t *testing.T) {
	const seqAndAt = "01" + "0a" // seq 1, at 5 ms (zigzag)
	for _, test := range []struct {
		detail Detail
		want   string
	}{
		{
			&SyncFlagged{Number: 7, Day: 300, Reason: RateFlag, Figures: Figures{Found: Metrics{500, 1, 0, 0}, Usual: Metrics{1, 2, 3, 4}, Within: 5}},
			"0e" + seqAndAt + "07" + "d804" + "01" + "f403010000" + "01020304" + "0a",
		},
		{&ParticipantExcluded{verdict{Number: 7, Reason: "no"}}, "0f" + seqAndAt + "07" + "026e6f"},
		{&ParticipantRestored{verdict{Number: 7, Reason: "no"}}, "10" + seqAndAt + "07" + "026e6f"},
		{&DayCorrected{Number: 7, Correction: Correction{Day: 1, Metrics: steps(500), Reason: "no"}}, "11" + seqAndAt + "07" + "02" + "f403000000" + "026e6f"},
		{&CorrectionWithdrawn{Number: 7, Day: 1, Reason: "no"}, "12" + seqAndAt + "07" + "02" + "026e6f"},
	} {
		chain := NewChain("spring")
		record := chain.Append(nil, &Event{Seq: 1, At: 5, Detail: test.detail})
		require.Equal(t, test.want, hex.EncodeToString(record[afterChainOffset:]), "%T", test.detail)
	}

	row := Row{Number: 1, Days: Days{}, Review: &Review{
		Excluded: true, Reason: "no", Corrections: []Correction{{Day: 1, Metrics: steps(500), Reason: "no"}}, Flags: []Flag{{Seq: 3, At: 5, Day: 1, Reason: RateFlag}},
	}}
	require.Equal(t, "03"+"02"+"00000000"+"00"+"00"+"00"+"00"+"00"+
		"01"+"026e6f"+"01"+"02"+"f403000000"+"026e6f"+"01"+"03"+"0a"+"02"+"01"+"0000000000000000"+"00", hex.EncodeToString(AppendRow(nil, &row)[4:]))
}

// TestJournalCannotReviewWhatIsNotThere: events that no state decides are damage,
// whoever wrote them.
func TestJournalCannotReviewWhatIsNotThere(t *testing.T) {
	exclude := &Review{Excluded: true, Reason: "no"}
	flagged := &Review{Flags: []Flag{{Seq: 1, Day: 5, Reason: RateFlag}}}
	full := &Review{Flags: make([]Flag, MaxFlags)}
	for _, test := range []struct {
		rule   string
		given  *Review
		detail Detail
	}{
		{"an exclusion of nobody", nil, &ParticipantExcluded{verdict{Number: 9}}},
		{"a second exclusion", exclude, &ParticipantExcluded{verdict{Number: 1}}},
		{"a restoration of nobody", nil, &ParticipantRestored{verdict{Number: 9}}},
		{"a restoration of who was not excluded", nil, &ParticipantRestored{verdict{Number: 1}}},
		{"a correction for nobody", nil, &DayCorrected{Number: 9}},
		{"a correction to less than nothing", nil, &DayCorrected{Number: 1, Correction: Correction{Metrics: steps(-1)}}},
		{"a withdrawal for nobody", nil, &CorrectionWithdrawn{Number: 9}},
		{"a withdrawal of nothing", exclude, &CorrectionWithdrawn{Number: 1}},
		{"a flag for nobody", nil, &SyncFlagged{Number: 9, Reason: RateFlag}},
		{"a second flag of a day", flagged, &SyncFlagged{Number: 1, Day: 5, Reason: RateFlag}},
		{"a flag too many", full, &SyncFlagged{Number: 1, Day: 5, Reason: RateFlag}},
		{"a flag without a reason", nil, &SyncFlagged{Number: 1, Day: 5}},
	} {
		t.Run(test.rule, func(t *testing.T) {
			c := crowd(3)
			if test.given != nil {
				c.participants.at(1).review = test.given.clone()
			}
			_, err := c.Apply(&Event{Seq: c.Seq() + 1, At: 1, Detail: test.detail})
			require.ErrorIs(t, err, ErrCorrupt)
		})
	}
}

// TestSnapshotCannotReviewWhatIsNotThere: rows that no state writes are damage.
func TestSnapshotCannotReviewWhatIsNotThere(t *testing.T) {
	for rule, review := range map[string]*Review{
		"a review of nothing":             {},
		"corrections out of order":        {Corrections: []Correction{{Day: 2}, {Day: 1}}},
		"two corrections of a day":        {Corrections: []Correction{{Day: 1}, {Day: 1}}},
		"a correction below 0":            {Corrections: []Correction{{Day: 1, Metrics: steps(-1)}}},
		"flags out of order":              {Flags: []Flag{{Seq: 2, Reason: RateFlag}, {Seq: 1, Reason: RateFlag}}},
		"a flag of later":                 {Flags: []Flag{{Seq: 11, Reason: RateFlag}}},
		"a flag without a reason":         {Flags: []Flag{{Seq: 1}}},
		"a reason without an exclusion":   {Reason: "no", Flags: []Flag{{Seq: 1, Reason: RateFlag}}},
		"a correction that does not fit ": {Corrections: []Correction{{Day: 1, Metrics: steps(5)}}},
	} {
		t.Run(rule, func(t *testing.T) {
			r := &recovery{c: New("spring", nil), progress: func(int, int) {}}
			r.c.applied.Seq = 10
			err := r.row(Row{Number: 1, Review: review})
			require.ErrorIs(t, err, ErrCorrupt)
		})
	}
}

func TestReviewsComeBack(t *testing.T) {
	want := &Review{Excluded: true, Reason: "no", Corrections: []Correction{{Day: 1, Metrics: steps(5), Reason: "a bus"}}}
	got, err := ParseReview(AppendReview(nil, want))
	require.NoError(t, err)
	require.Equal(t, want, got)
	_, err = ParseReview(append(AppendReview(nil, want), 0))
	require.Error(t, err)
}

func TestReasonsDoNotNameAnybody(t *testing.T) {
	for reason, fine := range map[string]bool{
		"she planned a tram": true, "ann drove": false, "it was ann": false, "the account (ann)": false, "user-ann": false,
		"": false, "a\nb": false, "Ann drove": true, "annann and ann": false, "ännann": true,
	} {
		require.Equal(t, fine, CheckReason(reason, "ann") == nil, reason)
	}
	require.NoError(t, CheckReason("5e1f is not the whole id", "5e1f2c7e-93e7-4d6c-8d1f-7ab1f2a55d10"))
	require.Error(t, CheckReason("see 5e1f2c7e-93e7-4d6c-8d1f-7ab1f2a55d10.", "5e1f2c7e-93e7-4d6c-8d1f-7ab1f2a55d10"))
}
