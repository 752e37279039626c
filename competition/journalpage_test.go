package competition

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestEveryKindOfRecordCanBeRead: an operator who reads a journal sees each kind by its
// name and with its fields, and no keys.
func TestEveryKindOfRecordCanBeRead(t *testing.T) {
	for k := range kinds {
		if kinds[k].name == "" {
			continue
		}
		e := Event{Seq: 1, At: 1_777_593_600_000}
		e.Sync = SyncAccepted{Number: 7, Register: Register{Day: 20_583, Metrics: Metrics{Steps: 900}}}
		if kinds[k].make != nil {
			e.Detail, e.Sync = newDetail(kind(k)), SyncAccepted{}
		}
		chain := NewChain("spring")
		record := chain.Append(nil, &e)
		read, err := ReadRecord("spring", record)
		require.NoError(t, err, kinds[k].name)
		require.Equal(t, kinds[k].name, read.Kind)
		require.Equal(t, "2026-05-01T00:00:00.000Z", read.At)
		require.Equal(t, len(record), read.Bytes)
		text, err := json.Marshal(read)
		require.NoError(t, err)
		for _, hidden := range []string{`"key"`, `"who"`, `"commitment"`, `"creator"`} {
			require.NotContains(t, strings.ToLower(string(text)), hidden, kinds[k].name)
		}
	}
	chain := NewChain("spring")
	record := chain.Append(nil, &Event{Seq: 1, Sync: SyncAccepted{Number: 7, Register: Register{Day: 20_583, RecordedAt: 5, Metrics: Metrics{Steps: 900, DistanceCm: 5}}, NewSource: "watch"}})
	page := JournalPage{Records: make([]JournalRecord, 1)}
	var err error
	page.Records[0], err = ReadRecord("spring", record)
	require.NoError(t, err)
	require.Equal(t, []uint32{7}, page.Numbers())
	page.Name([]Identity{{Number: 7, UserID: "ann"}})
	text, err := json.Marshal(page.Records[0].Data)
	require.NoError(t, err)
	require.JSONEq(t, `{"number":7,"enrolled":false,"new_source":"watch","register":{"day":"2026-05-10","source":0,"recorded_at":5,"metrics":{"steps":900,"distance_cm":5,"energy_centikcal":0,"active_minutes":0}}}`, string(text))
	require.Equal(t, "ann", page.Records[0].UserID)
	record[len(record)-1] ^= 1
	_, err = ReadRecord("spring", record)
	require.ErrorIs(t, err, ErrCorrupt)
}
