package transfer

import (
	"bytes"
	"crypto/sha256"
	littleendian "encoding/binary"
	"hash/crc32"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/paceboard/paceboard/competition"
	"github.com/paceboard/paceboard/persistence/porttest"
)

// forge replaces bytes in every line of an export of one competition by others of
// the same length, and makes the checksums, commitments and the hash chain right
// again, as somebody would who wants to get something past the import. It returns
// the number of the first line that differs in more than that.
func forge(t *testing.T, export []byte, from, to string) (forged []byte, line int) {
	t.Helper()
	require.Len(t, to, len(from))
	swap := func(b []byte) []byte { return bytes.ReplaceAll(b, []byte(from), []byte(to)) }
	var commitments [][2][]byte
	var last [32]byte
	sum := sha256.New()
	for n, raw := range bytes.SplitAfter(export, []byte("\n")) {
		if len(raw) == 0 {
			break
		}
		l, err := decodeLine(raw)
		require.NoError(t, err)
		if line == 0 && (l.Identities != nil && bytes.Contains(raw, []byte(from)) || bytes.Contains(l.Records, []byte(from))) {
			line = n + 1
		}
		l.Summary = swap(l.Summary)
		for i := range l.Identities {
			id := &l.Identities[i]
			row := competition.Identity{Number: id.Number, Key: competition.Key(id.Key), UserID: id.UserID, UserName: id.UserName}
			before := row.Commitment()
			id.UserID = strings.ReplaceAll(id.UserID, from, to)
			row.UserID = id.UserID
			after := row.Commitment()
			commitments = append(commitments, [2][]byte{before[:], after[:]})
		}
		for i := range l.Memberships {
			l.Memberships[i].UserID = strings.ReplaceAll(l.Memberships[i].UserID, from, to)
		}
		for rest := l.Records; len(rest) > 0; {
			var record []byte
			record, rest, err = competition.SplitRecord(rest)
			require.NoError(t, err)
			copy(record, swap(record))
			for _, c := range commitments {
				copy(record, bytes.ReplaceAll(record, c[0], c[1]))
			}
			if last != ([32]byte{}) {
				copy(record[9:], last[:])
			}
			last = sha256.Sum256(record[8:])
			littleendian.LittleEndian.PutUint32(record[4:], crc32.Checksum(record[8:], crc32.MakeTable(crc32.Castagnoli)))
		}
		if l.End != "" {
			l.Hash, l.SHA256 = last[:], sum.Sum(nil)
		}
		raw, err = l.encode()
		require.NoError(t, err)
		if l.Paceboard == "" {
			sum.Write(raw)
		}
		forged = append(forged, raw...)
	}
	return forged, line
}

// TestImportRefusesWhatIsNotSound takes exports whose chain verifies and whose
// contents no version accepted.
func TestImportRefusesWhatIsNotSound(t *testing.T) {
	from := inMemory(t)
	g, err := porttest.Begin(t.Context(), from, "game")
	require.NoError(t, err)
	for range 400 { // more than a line of records
		require.NoError(t, g.Sync("anna", 0, int64(g.C.Seq())))
		require.NoError(t, g.Commit(t.Context()))
	}
	export := exported(t, from)
	definition := g.C.Summary().Definition

	same, _ := forge(t, export, "x-y-z", "x-y-z")
	require.Equal(t, string(export), string(same), "what is not changed is forged to the same")
	for what, c := range map[string]struct{ from, to, says string }{
		"a visibility":          {string(definition.Visibility), "secret", "visibility"},
		"a currency":            {definition.Currency, "U\x1bD", "currency"},
		"a user with NUL":       {"anna", "an\x00a", "user id"},
		"a user with ESC":       {"anna", "\x1b[2J", "user id"},
		"a source with ESC":     {"phone", "p\x1b[1m", "source"},
		"an unknown kind of it": {string(definition.Type), "custum", "type"},
	} {
		forged, line := forge(t, export, c.from, c.to)
		require.Positive(t, line, what)
		s := inMemory(t)
		_, err := importInto(t.Context(), s, forged)
		require.ErrorContains(t, err, c.says, what)
		var placed *lineError
		require.ErrorAs(t, err, &placed, what)
		require.Equal(t, line, placed.line, what)
		_, err = s.Find(t.Context(), "game")
		require.ErrorIs(t, err, competition.ErrUnknownCompetition, "nothing of it was stored")
		require.NotContains(t, placed.Error(), "\x1b")
	}
}
