package competition

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestTargetsAreTypedByTheirPlaces(t *testing.T) {
	long := strings.Repeat("x", 200)
	for _, c := range []struct {
		place, written string
		want           Subject
	}{
		{"user_id", "u1", Subject{UserSubject, "u1"}},
		{"user_id", "a%2Fb%25c", Subject{UserSubject, "a/b%c"}},
		{"user_id", "%61%2fb", Subject{UserSubject, "a/b"}},
		{"user_id", "a%zz", Subject{OtherSubject, "a%zz"}},
		{"user_id", "a%4", Subject{OtherSubject, "a%4"}},
		{"user_id", "a%00", Subject{OtherSubject, "a%00"}},
		{"user_id", "a\x00\xffü", Subject{OtherSubject, "a%00%FF%C3%BC"}},
		{"user_id", long, Subject{OtherSubject, long}},
		{"user_id", long + long, Subject{OtherSubject, (long + long)[:256]}},
		{"user_id", "", Subject{OtherSubject, ""}},
		{"competition_id", "spring", Subject{CompetitionSubject, "spring"}},
		{"competition_id", "sp.ring", Subject{OtherSubject, "sp.ring"}},
		{"key_id", "K", Subject{KeySubject, "K"}},
		{"id", "spring.1", Subject{PrizeSubject, "spring.1"}},
		{"node_id", "host-12-ab", Subject{NodeSubject, "host-12-ab"}},
		{"date", "2026-05-01", Subject{DaySubject, "2026-05-01"}},
		{"date", "2026-05-41", Subject{OtherSubject, "2026-05-41"}},
		{"anything", "x", Subject{OtherSubject, "x"}},
	} {
		require.Equal(t, AuditTarget{c.place, c.want}, TargetAt(c.place, c.written), "%q", c.written)
	}
	require.Equal(t, Subject{UserSubject, "a%2Fb"}, TargetIn("user_id", "a%2Fb").Subject, "a body is not percent-encoded")
	require.Equal(t, Subject{OtherSubject, "a%20b"}, TargetIn("user_id", "a b").Subject)
}

func TestThePathOfAnEntryHasItsTargets(t *testing.T) {
	e := AuditEntry{Route: "/api/v1/competitions/:competition_id/participants/:user_id/days/:date"}
	require.Equal(t, e.Route, e.Path())
	e.Targets = []AuditTarget{TargetAt("user_id", "a%2Fb"), TargetAt("date", "no%20day"), TargetIn("user_id", "another")}
	require.Equal(t, "/api/v1/competitions/:competition_id/participants/a%2Fb/days/no%20day", e.Path())
	require.True(t, e.Names("a/b"))
	require.True(t, e.Names("another"))
	for _, other := range []string{"days", "api", "v1", "no%20day", ""} {
		require.False(t, e.Names(other), other)
	}
}

// TestOlderEntriesAreTypedByARule, whatever their text looks like.
func TestOlderEntriesAreTypedByARule(t *testing.T) {
	const pseudonym = "erased-00000000000000000000000000000001"
	isKey := func(id string) bool { return id == "K" }
	spring := AuditTarget{"competition_id", Subject{CompetitionSubject, "spring"}}
	for _, c := range []struct {
		actor, action, target string
		by                    Subject
		route                 string
		targets               []AuditTarget
	}{
		{"ada", "cancelCompetition", "/api/v1/competitions/spring", Subject{UserSubject, "ada"}, "", []AuditTarget{spring}},
		{"key:K", "cancelCompetition", "/API/v1/competitions/spring/", Subject{KeySubject, "K"}, "", []AuditTarget{spring}},
		{"key:L", "createAPIKey", "/api/v1/api-keys", Subject{UserSubject, "key:L"}, "", nil},
		{"service_role", "createAPIKey", "/api/v1/api-keys", Subject{RoleSubject, "service_role"}, "", nil},
		{"self", "eraseUser", "/api/v1/users/:user_id", Subject{RoleSubject, "self"}, "", nil},
		{"self", "createAPIKey", "/api/v1/api-keys", Subject{UserSubject, "self"}, "", nil},
		{pseudonym, "exportUser", "/api/v1/users/" + pseudonym + "/export", Subject{UserSubject, pseudonym}, "", []AuditTarget{{"user_id", Subject{UserSubject, pseudonym}}}},
		{"ada", "exportUser", "/api/v1/users/v1/export", Subject{UserSubject, "ada"}, "", []AuditTarget{{"user_id", Subject{UserSubject, "v1"}}}},
		{"ada", "correctDay", "/api/v1/competitions/spring/participants/a%2Fb/days/2026-05-01", Subject{UserSubject, "ada"}, "", []AuditTarget{
			spring, {"user_id", Subject{UserSubject, "a/b"}}, {"date", Subject{DaySubject, "2026-05-01"}},
		}},
		{"ada", "confirmPrize", "/api/v1/prizes/spring.1/confirm", Subject{UserSubject, "ada"}, "", []AuditTarget{{"id", Subject{PrizeSubject, "spring.1"}}}},
		{"ada", "revokeAPIKey", "/api/v1/api-keys/K", Subject{UserSubject, "ada"}, "", []AuditTarget{{"key_id", Subject{KeySubject, "K"}}}},
		{"ada", "somethingElse", "/api/v1/else/x", Subject{UserSubject, "ada"}, "/:path", []AuditTarget{{"path", Subject{OtherSubject, "api/v1/else/x"}}}},
		{"ada", "exportUser", "/api/v1/users/x", Subject{UserSubject, "ada"}, "/:path", []AuditTarget{{"path", Subject{OtherSubject, "api/v1/users/x"}}}},
	} {
		old := UntypedEntry{ID: "1", At: 5, Actor: c.actor, Action: c.action, Target: c.target, Status: 403, RequestID: "r"}
		if c.route == "" {
			c.route = untypedRoutes[c.action]
		}
		want := AuditEntry{ID: "1", At: 5, Actor: c.by, Action: c.action, Route: c.route, Targets: c.targets, Status: 403, RequestID: "r"}
		got := old.Type(isKey)
		require.Equal(t, want, got)
		require.True(t, strings.EqualFold(strings.TrimSuffix(c.target, "/"), got.Path()), "%q became %q", c.target, got.Path())
		require.Equal(t, c.actor, got.Actor.String(), "older clients see what they saw")
	}
}

func TestSubjectsOfOlderRowsAreText(t *testing.T) {
	for text, want := range map[string]Subject{
		`"ada"`: {UserSubject, "ada"}, `"service_role"`: {RoleSubject, "service_role"}, `{"Kind":2,"ID":"K"}`: {KeySubject, "K"},
	} {
		var got Subject
		require.NoError(t, json.Unmarshal([]byte(text), &got))
		require.Equal(t, want, got)
		again, err := json.Marshal(got)
		require.NoError(t, err)
		require.NoError(t, json.Unmarshal(again, &got))
		require.Equal(t, want, got)
	}
	for k := UserSubject; int(k) <= len(subjectKindNames); k++ {
		parsed, err := ParseSubjectKind(k.String())
		require.NoError(t, err)
		require.Equal(t, k, parsed)
	}
	_, err := ParseSubjectKind(SubjectKind(len(subjectKindNames) + 1).String())
	require.Error(t, err, "a kind without a word")
}

// auditText is the entry that the tests of records use.
func auditText() AuditEntry {
	return AuditEntry{
		ID: "e1", At: 3, Actor: Subject{UserSubject, "ada"}, Action: "act", Route: "/:user_id",
		Targets: []AuditTarget{TargetAt("user_id", "u1")}, Status: 200, RequestID: "r",
	}
}

// TestTheHashOfARecordNeverChanges: it is made here by hand, as every version must
// make it.
func TestTheHashOfARecordNeverChanges(t *testing.T) {
	head := NewAuditHead()
	r := head.Append(auditText(), countedKeys())
	anchor := sha256.Sum256([]byte("paceboard audit log 1"))
	b := append([]byte{1}, anchor[:]...)
	b = append(b, 1, 6) // the seq, and the time in zigzag
	b = append(b, "\x02e1\x03act\x09/:user_id\x01r"...)
	b = append(b, 0xc8, 0x01, 1) // the status, and how many targets
	b = append(b, "\x07user_id"...)
	for i, text := range []string{"\x01ada", "\x01u1"} {
		mac := hmac.New(sha256.New, r.Subjects[i].Key[:])
		mac.Write([]byte(text))
		b = mac.Sum(b)
	}
	b = append(b, 0)
	require.Equal(t, b, AppendAuditRecord(nil, r))
	require.Equal(t, AuditHead{First: 1, Anchor: anchor, Last: 1, Hash: sha256.Sum256(b)}, head)
	require.NotEqual(t, r.Subjects[0].Key, r.Subjects[1].Key)
	require.NotContains(t, string(b), "ada", "a record names nobody")
	require.NotContains(t, string(b), "u1")

	e := auditText()
	e.Seq = 1
	whole, err := r.Whole()
	require.NoError(t, err)
	require.Equal(t, e, whole)
	r.Subjects = r.Subjects[:1]
	_, err = r.Whole()
	require.ErrorIs(t, err, ErrCorrupt)
}

func FuzzAuditRecord(f *testing.F) {
	head := NewAuditHead()
	keys := countedKeys()
	f.Add(AppendAuditRecord(nil, head.Append(auditText(), keys)))
	f.Add(AppendAuditRecord(nil, head.Append(NewAuditErasure("e", 1, NewPseudonym([16]byte{1}), []AuditPlace{{1, 1}, {200, 0}}), keys)))
	f.Fuzz(func(t *testing.T, b []byte) {
		r, err := ParseAuditRecord(b)
		if err != nil {
			return
		}
		again, err := ParseAuditRecord(AppendAuditRecord(nil, r))
		require.NoError(t, err)
		require.Equal(t, r, again)
	})
}

func TestRecordsOfNewerVersionsAreSaidToBe(t *testing.T) {
	head := NewAuditHead()
	b := AppendAuditRecord(nil, head.Append(auditText(), countedKeys()))
	b[0]++
	_, err := ParseAuditRecord(b)
	require.ErrorContains(t, err, "made by a newer version")
	_, err = ParseAuditRecord(nil)
	require.Error(t, err)
	_, err = ParseAuditErasure([]byte{0, 0})
	require.Error(t, err, "an erasure of nothing")
}

// listedLog is a log in memory, which a test can tamper with.
type listedLog struct {
	AuditLogStore

	head    AuditHead
	records []*AuditRecord
}

func (l *listedLog) note(e AuditEntry, keys func() Key) {
	l.records = append(l.records, l.head.Append(e, keys))
}

// erase is what a store does.
func (l *listedLog) erase(userID, pseudonym string, keys func() Key) {
	var places []AuditPlace
	for _, r := range l.records {
		for n := range r.Subjects {
			if r.Subjects[n].isUser(userID) {
				r.Subjects[n] = AuditSubject{Subject: Subject{UserSubject, pseudonym}}
				places = append(places, AuditPlace{r.Entry.Seq, n})
			}
		}
	}
	l.note(NewAuditErasure("erasure", 9, pseudonym, places), keys)
}

func (l *listedLog) ReadAuditLog(_ context.Context, head func(AuditHead) error, record func(*AuditRecord) error) error {
	err := head(l.head)
	for i := 0; err == nil && i < len(l.records); i++ {
		err = record(l.records[i])
	}
	return err
}

func (l *listedLog) AuditLogOf(_ context.Context, userID string, before uint64, limit int) (page []AuditEntry, err error) {
	for _, r := range slices.Backward(l.records) {
		if e, _ := r.Whole(); e.Seq < before && e.Names(userID) && len(page) < limit {
			page = append(page, e)
		}
	}
	return page, nil
}

// TestTheAuditOfTheLogFindsWhatIsWrong: each case is a fault of a store, or of
// somebody who was at its rows.
func TestTheAuditOfTheLogFindsWhatIsWrong(t *testing.T) {
	gone, other := NewPseudonym([16]byte{1}), NewPseudonym([16]byte{2})
	for name, c := range map[string]struct {
		tamper  func(l *listedLog)
		finding string
	}{
		"nothing":                        {func(*listedLog) {}, ""},
		"the first ones were retained":   {func(l *listedLog) { l.records, l.head.First, l.head.Anchor = l.records[3:], 4, l.records[2].Hash() }, ""},
		"all were retained":              {func(l *listedLog) { l.records, l.head.First, l.head.Anchor = nil, l.head.Last+1, l.head.Hash }, ""},
		"the first ones are missing":     {func(l *listedLog) { l.records = l.records[2:] }, "entries 1 to 2 of the audit log are missing"},
		"an anchor of another log":       {func(l *listedLog) { l.records, l.head.First = l.records[2:], 3 }, "entry 3 of the audit log does not follow"},
		"another beginning":              {func(l *listedLog) { l.head.Anchor[0]++ }, "does not begin as every log does"},
		"one is missing":                 {func(l *listedLog) { l.records = slices.Delete(l.records, 2, 3) }, "entries 3 to 3 of the audit log are missing"},
		"the last is missing":            {func(l *listedLog) { l.records = l.records[:len(l.records)-1] }, "ends before entry 6, and should go on to entry 6"},
		"a status was changed":           {func(l *listedLog) { l.records[1].Entry.Status = 403 }, "entry 3 of the audit log does not follow"},
		"the last one was changed":       {func(l *listedLog) { l.records[5].Entry.At++ }, "entry 6 of the audit log was changed"},
		"another actor":                  {func(l *listedLog) { l.records[0].Subjects[0].ID = "bob" }, "subject 0 of entry 1 of the audit log was changed"},
		"another kind":                   {func(l *listedLog) { l.records[0].Subjects[0].Kind = KeySubject }, "subject 0 of entry 1 of the audit log was changed"},
		"another kind of whom is erased": {func(l *listedLog) { l.records[1].Subjects[1].Kind = KeySubject }, "was erased by entry 5, and does not name its pseudonym"},
		"a pseudonym that was not told":  {func(l *listedLog) { l.records[3].Subjects[1].ID = gone }, "subject 1 of entry 4 of the audit log was changed"},
		"another pseudonym":              {func(l *listedLog) { l.records[1].Subjects[1].ID = other }, "was erased by entry 5, and does not name its pseudonym"},
		"the erased is back":             {func(l *listedLog) { l.records[1].Subjects[1].ID = "u1" }, "was erased by entry 5, and does not name its pseudonym"},
		"an erasure by no pseudonym":     {func(l *listedLog) { l.records[4].Entry.Erased.Pseudonym = "bob" }, "which is no pseudonym"},
		"a subject is missing":           {func(l *listedLog) { l.records[0].Subjects = l.records[0].Subjects[:1] }, "has 2 subjects, and 1 rows of them"},
	} {
		t.Run(name, func(t *testing.T) {
			l, keys := &listedLog{head: NewAuditHead()}, countedKeys()
			for range 4 {
				e := auditText()
				if l.head.Last == 3 {
					e.Targets = []AuditTarget{TargetAt("user_id", "u2")}
				}
				l.note(e, keys)
			}
			l.erase("u1", gone, keys)
			l.note(auditText(), keys)
			c.tamper(l)
			audited, err := AuditTheLog(t.Context(), l, func(int) {})
			require.NoError(t, err)
			if c.finding == "" {
				require.Empty(t, audited.Findings)
				return
			}
			require.Contains(t, strings.Join(audited.Findings, "\n"), c.finding)
		})
	}
	t.Run("an entry cannot be found by a user's id", func(t *testing.T) {
		l, keys := &blindLog{listedLog{head: NewAuditHead()}}, countedKeys()
		l.note(auditText(), keys)
		audited, err := AuditTheLog(t.Context(), l, func(int) {})
		require.NoError(t, err)
		require.Len(t, audited.Findings, 2)
		require.Contains(t, audited.Findings[0], "is named in 1 entries of the audit log, and found in 0")
	})
}

// blindLog is a log whose index has nothing.
type blindLog struct{ listedLog }

func (*blindLog) AuditLogOf(context.Context, string, uint64, int) ([]AuditEntry, error) {
	return nil, nil
}
