package competition

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// TestPrizesWaitForDecisions: an exclusion that is not applied yet is part of
// what the prizes rest on.
func TestPrizesWaitForDecisions(t *testing.T) {
	c := crowdOf(2, spring(func(d *Definition) { d.PrizeSplit = []int64{WholeSplit} }))
	var batch Batch
	for i := range 2 {
		commit(c, spring().Start+12*hour, &SubmitSync{UserID: member(i), Source: "phone", Day: spring().FirstDay, Metrics: steps(int64(2000 - i))}, &batch)
	}
	now := spring().End + 25*hour
	c.Tick(now)
	land(c, &batch)
	_, err := (&ExcludeParticipant{Caller: operator, UserID: member(0), Reason: "a car"}).Decide(c, now)
	require.NoError(t, err)
	distribute := &DistributePrizes{Caller: operator, PoolMinor: 100}
	d, err := distribute.Decide(c, now)
	require.NoError(t, err)
	require.True(t, d.Later)
	require.Equal(t, c.DecidedSeq(), d.Seq)
	land(c, &batch)
	d, err = distribute.Decide(c, now)
	require.NoError(t, err)
	require.False(t, d.Later)
	land(c, &batch)
	prizes := c.Prizes(10).Prizes
	require.Len(t, prizes, 1)
	require.Equal(t, member(1), prizes[0].UserID)
}

// TestMirrorsHearOfDecisions: each may change an entry; a flag does not.
func TestMirrorsHearOfDecisions(t *testing.T) {
	for _, detail := range []Detail{
		&ParticipantExcluded{verdict{Number: 7}}, &ParticipantRestored{verdict{Number: 7}}, &DayCorrected{Number: 7}, &CorrectionWithdrawn{Number: 7},
	} {
		require.Equal(t, Effect{Entry: 7}, (&Event{Detail: detail}).Effect(Outcome{}), "%T", detail)
	}
	require.Equal(t, Effect{Flag: RateFlag}, (&Event{Detail: &SyncFlagged{Number: 7, Reason: RateFlag}}).Effect(Outcome{}))

	c := crowd(2)
	_, err := (&ExcludeParticipant{Caller: operator, UserID: member(0), Reason: "a car"}).Decide(c, spring().Start+12*hour)
	require.NoError(t, err)
	land(c, new(Batch))
	entries := c.MirrorEntries(nil, []uint32{1, 2})
	require.Equal(t, [2]bool{false, true}, [2]bool{entries[0].Present, entries[1].Present})
	entries, _, _ = c.MirrorScan(nil, 0, 10)
	require.Len(t, entries, 1)
}

// TestLifetimeStaysAsReported: a correction is one competition's judgement.
func TestLifetimeStaysAsReported(t *testing.T) {
	c := crowd(1)
	now := spring().Start + 12*hour
	var batch Batch
	commit(c, now, &SubmitSync{UserID: member(0), Source: "phone", Day: spring().FirstDay, Metrics: steps(9000)}, &batch)
	_, err := (&CorrectDay{Caller: operator, UserID: member(0), Day: spring().FirstDay, Metrics: steps(1), Reason: "a bus"}).Decide(c, now)
	require.NoError(t, err)
	land(c, &batch)
	require.Equal(t, steps(9000), c.History(member(0)).Days.Total())
}
