package competition

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestEveryKindSaysWhetherItGoesOut, and to whom.
func TestEveryKindSaysWhetherItGoesOut(t *testing.T) {
	require.Len(t, publications, len(kinds), "a kind is missing from publications: say who may be told of it")
	for k, p := range publications {
		if p.to == nobody {
			require.Equal(t, publication{}, p)
			require.False(t, slices.Contains(PublishedKinds(), int32(k)))
			continue
		}
		require.NotEmpty(t, kinds[k].name)
		require.Regexp(t, `^(competition|participant|flag|prize)\.[a-z]+(_[a-z]+)*$`, p.name, kinds[k].name)
		require.NotNil(t, p.say, kinds[k].name)
		require.Contains(t, PublishedKinds(), int32(k))
	}
	// What nobody is told of, on purpose. Who adds a kind decides.
	for k := range publications {
		if publications[k].to == nobody && kinds[k].name != "" {
			require.Contains(t, []string{"sync_accepted"}, kinds[k].name)
		}
	}
}

// lifeOfEveryKind is the journal of everyKind, as stored in the end.
func lifeOfEveryKind(t *testing.T) (*Competition, *store, [][]byte) {
	t.Helper()
	var records [][]byte
	c, s := liveEveryKind(t, func(c *Competition, _ *store, _ any, b *Batch) {
		for rest := b.Records; len(rest) > 0; {
			var record []byte
			var err error
			record, rest, err = SplitRecord(rest)
			require.NoError(t, err)
			records = append(records, slices.Clone(record))
		}
		for i := range b.Events {
			_, err := c.Apply(&b.Events[i])
			require.NoError(t, err)
		}
	})
	return c, s, records
}

// feedOf is what operators, or the creator, are told of records.
func feedOf(t *testing.T, c *Competition, s *store, records [][]byte, operator bool) []PublicEvent {
	t.Helper()
	summary := c.Summary()
	f := NewFeed(&summary, operator)
	for _, record := range records {
		if IsPublished(record) {
			require.NoError(t, f.Add(record))
		}
	}
	var identities []Identity
	for _, number := range f.Numbers() {
		identities = append(identities, s.identities[number])
	}
	return f.Events(identities)
}

// TestWhoIsToldWhat in a life with events of every kind.
func TestWhoIsToldWhat(t *testing.T) {
	c, s, records := lifeOfEveryKind(t)
	toOperators, toCreator := feedOf(t, c, s, records, true), feedOf(t, c, s, records, false)
	types := map[string]bool{}
	text := func(e *PublicEvent) string {
		b, err := e.JSON()
		require.NoError(t, err)
		return string(b)
	}
	ids, last := map[string]bool{}, uint64(0)
	for i := range toOperators {
		e := &toOperators[i]
		types[e.Type] = true
		require.Greater(t, e.Seq, last)
		require.Regexp(t, `^evt_[0-9a-f]{32}$`, e.ID)
		require.False(t, ids[e.ID])
		last, ids[e.ID] = e.Seq, true
		for _, erased := range []string{"ann", "bob", "carol", "fay"} {
			require.NotContains(t, text(e), `"`+erased+`"`, "who was erased has a pseudonym, also in what was before")
		}
		require.NotContains(t, text(e), "steps", "nobody's days")
	}
	for _, name := range PublicTypes() {
		require.True(t, types[name], name)
	}
	all := map[string]string{}
	for i := range toOperators {
		all[toOperators[i].ID] = toOperators[i].Type
	}
	for i := range toCreator {
		e := &toCreator[i]
		require.Equal(t, all[e.ID], e.Type)
		require.NotContains(t, []string{
			"participant.fee_paid", "participant.fee_refunded", "participant.day_corrected", "participant.correction_withdrawn",
			"flag.raised", "prize.confirmed", "prize.failed",
		}, e.Type)
		require.Equal(t, e.Type == "competition.amended", e.Data.Reason != "")
		require.Empty(t, e.Data.Date)
	}
	require.Less(t, len(toCreator), len(toOperators))
}

// TestEventsSayWhatHappened, field by field.
func TestEventsSayWhatHappened(t *testing.T) {
	c, s, records := lifeOfEveryKind(t)
	said := map[string]string{}
	for _, e := range feedOf(t, c, s, records, true) {
		b, err := json.Marshal(e.Data)
		require.NoError(t, err)
		if said[e.Type] == "" || strings.Contains(string(b), `"dan"`) {
			said[e.Type] = string(b)
		}
	}
	for name, want := range map[string]string{
		"competition.status_changed": `{"status":"active"}`,
		"participant.joined":         `{"user_id":"dan","user_name":"Dan"}`,
		"participant.excluded":       `{"user_id":"dan","user_name":"Dan","reason":"a car"}`,
		"flag.raised":                `{"user_id":"dan","user_name":"Dan","date":"2026-05-01","flag":"own_days"}`,
		"competition.continued":      `{"epoch":"00000007"}`,
		"competition.amended":        `{"name":"Spring 2","visibility":"public","start_date":"2026-05-01T00:00:00.000Z","end_date":"2026-05-08T00:00:00.000Z","reason":"a storm"}`,
	} {
		if name == "flag.raised" {
			require.Regexp(t, `^\{"user_id":"dan","user_name":"Dan","date":"2026-05-01","flag":"(rate|own_days)"\}$`, said[name])
			continue
		}
		require.JSONEq(t, want, said[name], name)
	}
	require.Regexp(t, `"amount":5\.00`, said["participant.fee_paid"])
	require.Regexp(t, `"prize_id":"spring\.\d+".*"reason":"no account"|"reason":"no account".*"prize_id":"spring\.\d+"`, said["prize.failed"])
	require.Regexp(t, `"prize_pool":100\.00,"currency":"[A-Z]{3}","pending":true,"prizes_count":\d+,"prizes":\[\{"prize_id":"spring\.\d+"`, said["competition.settled"])
}

// TestADamagedRecordIsNotTold to anybody.
func TestADamagedRecordIsNotTold(t *testing.T) {
	c, _, records := lifeOfEveryKind(t)
	summary := c.Summary()
	for at := range len(records[0]) {
		damaged := slices.Clone(records[0])
		damaged[at] ^= 1
		require.ErrorIs(t, NewFeed(&summary, true).Add(damaged), ErrCorrupt, "byte %d", at)
	}
	require.ErrorIs(t, NewFeed(&summary, true).Add(nil), ErrCorrupt)
	require.True(t, IsPublished(nil), "so that its reader says so")
}

// TestWhereAFeedEnds and for whom.
func TestWhereAFeedEnds(t *testing.T) {
	c := New("spring", countedKeys())
	_, err := c.FeedEnd(operator)
	require.ErrorIs(t, err, ErrUnknownCompetition)
	c, _, records := lifeOfEveryKind(t)
	end, err := c.FeedEnd(operator)
	require.NoError(t, err)
	require.Len(t, records, int(end.Seq))
	for _, who := range []Caller{user("carol"), user("dan"), {}} { // carol was erased
		_, err = c.FeedEnd(who)
		require.ErrorIs(t, err, ErrForbidden)
	}
	require.NoError(t, end.Check(FeedPlace{Version: end.Seq, Epoch: end.Epoch}))
	require.NoError(t, end.Check(FeedPlace{Version: 1}))
	require.ErrorIs(t, end.Check(FeedPlace{Version: end.Seq + 1}), ErrEventsReplaced)
	require.ErrorIs(t, end.Check(FeedPlace{Version: 1, Epoch: end.Epoch + 1}), ErrEventsReplaced)
}

// TestNoEventIsLongerThanReceiversTake, whatever ids and reasons are made of.
func TestNoEventIsLongerThanReceiversTake(t *testing.T) {
	long := func(n int) string { return strings.Repeat("<", n) } // six bytes each
	e := PublicEvent{Type: "competition.settled", CompetitionID: strings.Repeat("c", 64), Data: PublicData{
		UserID: long(128), UserName: long(MaxNameRunes), Name: long(MaxNameRunes), Reason: long(MaxReasonRunes), PrizesCount: 1000,
	}}
	for rank := range publicPrizes {
		e.Data.Prizes = append(e.Data.Prizes, PublicPrize{PrizeID: e.CompetitionID + ".4294967295", UserID: long(128), Rank: rank + 1, Amount: json.RawMessage("1.00")})
	}
	text, err := e.JSON()
	require.NoError(t, err)
	require.LessOrEqual(t, len(text), MaxPublicEventBytes)
	var got PublicEvent
	require.NoError(t, json.Unmarshal(text, &got))
	require.Equal(t, e.Data.Prizes[:50], got.Data.Prizes, "the best are named")
	require.Equal(t, 1000, got.Data.PrizesCount)
	require.Len(t, e.Data.Prizes, publicPrizes, "the event itself is as it was")
	for i := range e.Data.Prizes {
		e.Data.Prizes[i].UserID = "ann"
	}
	text, err = e.JSON()
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(text, &got))
	require.Equal(t, e.Data.Prizes, got.Data.Prizes)
}
