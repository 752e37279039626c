package porttest

import (
	"fmt"
	"slices"
	"strconv"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/paceboard/paceboard/competition"
	"github.com/paceboard/paceboard/competition/calendar"
)

func user(id string) competition.Subject {
	return competition.Subject{Kind: competition.UserSubject, ID: id}
}

// entryNumber is an entry that ada made a while after the one before.
func entryNumber(i int, targets ...competition.AuditTarget) competition.AuditEntry {
	return competition.AuditEntry{
		ID: fmt.Sprintf("%03d", i), At: calendar.Millis(1_800_000_000_000 + i), Actor: user("ada"), Action: "cancelCompetition",
		Route: "/api/v1/competitions/:competition_id", Targets: targets, Status: 200 + i, RequestID: "r",
	}
}

func target(place string, kind competition.SubjectKind, id string) competition.AuditTarget {
	return competition.AuditTarget{Place: place, Subject: competition.Subject{Kind: kind, ID: id}}
}

// note appends an entry and returns it as it should be read again.
func note(t *testing.T, h *harness, seq uint64, e competition.AuditEntry) competition.AuditEntry {
	t.Helper()
	require.NoError(t, h.store.Note(t.Context(), e))
	e.Seq = seq
	return e
}

// pseudonymise has the log forget a user.
func pseudonymise(t *testing.T, h *harness, e competition.Erasure) {
	t.Helper()
	n := 0
	newID := func() string {
		n++
		return "erasure-" + strconv.Itoa(n)
	}
	require.NoError(t, h.store.Pseudonymise(t.Context(), e, 1_800_000_001_000, newID))
}

// theLog is what the audit log says of itself, which is nothing wrong.
func theLog(t *testing.T, h *harness) *competition.AuditedLog {
	t.Helper()
	log := must(competition.AuditTheLog(t.Context(), h.store, func(int) {}))(t)
	require.Empty(t, log.Findings)
	return log
}

// backwards is all that a list has, read in pages.
func backwards(t *testing.T, page func(before uint64, limit int) ([]competition.AuditEntry, error)) (all []competition.AuditEntry) {
	t.Helper()
	for before := uint64(0); ; before = all[len(all)-1].Seq {
		some := must(page(before, 3))(t)
		if len(some) == 0 {
			slices.Reverse(all)
			return all
		}
		require.LessOrEqual(t, len(some), 3)
		all = append(all, some...)
	}
}

func wholeLog(t *testing.T, h *harness) []competition.AuditEntry {
	t.Helper()
	return backwards(t, func(before uint64, limit int) ([]competition.AuditEntry, error) {
		return h.store.AuditLog(t.Context(), before, limit)
	})
}

func logOf(t *testing.T, h *harness, userID string) (seqs []uint64) {
	t.Helper()
	seqs = []uint64{}
	for _, e := range backwards(t, func(before uint64, limit int) ([]competition.AuditEntry, error) {
		return h.store.AuditLogOf(t.Context(), userID, before, limit)
	}) {
		require.True(t, e.Names(userID))
		seqs = append(seqs, e.Seq)
	}
	return seqs
}

// auditLogRules hold competition.AuditLogStore, and what an erasure does to it.
var auditLogRules = []rule{
	{"an empty log is whole", func(t *testing.T, h *harness) {
		require.Equal(t, competition.NewAuditHead(), theLog(t, h).Head)
		require.Empty(t, wholeLog(t, h))
		require.Empty(t, logOf(t, h, "ada"))
	}},

	{"entries are read backwards, a page at a time, as they were noted", func(t *testing.T, h *harness) {
		var want []competition.AuditEntry
		for i := range 7 {
			e := entryNumber(i, target("competition_id", competition.CompetitionSubject, "spring"), target("user_id", competition.UserSubject, "u"+strconv.Itoa(i)))
			if i == 3 {
				e.Targets, e.Actor = nil, competition.Subject{Kind: competition.KeySubject, ID: "K"}
			}
			want = append(want, note(t, h, uint64(i+1), e))
		}
		for range 2 {
			require.Equal(t, want, wholeLog(t, h))
			require.Equal(t, uint64(7), theLog(t, h).Head.Last)
			h.reopen(t)
		}
	}},

	{"appends at the same time come one after another", func(t *testing.T, h *harness) {
		const writers, each = 8, 12
		var running sync.WaitGroup
		errs := make([]error, writers*each)
		for w := range writers {
			running.Go(func() {
				for i := range each {
					errs[w*each+i] = h.store.Note(t.Context(), entryNumber(w*each+i))
				}
			})
		}
		running.Wait()
		for _, err := range errs {
			require.NoError(t, err)
		}
		require.Equal(t, writers*each, theLog(t, h).Entries)
	}},

	{"a user is found as an actor and as a target, and nobody else of that id", func(t *testing.T, h *harness) {
		competitionV1, keyV1 := target("competition_id", competition.CompetitionSubject, "v1"), target("key_id", competition.KeySubject, "v1")
		userV1, userV11 := target("user_id", competition.UserSubject, "v1"), target("user_id", competition.UserSubject, "v11")
		for i, targets := range [][]competition.AuditTarget{{competitionV1}, {competitionV1, userV1}, {keyV1}, {userV11}, {userV1, userV1}} {
			note(t, h, uint64(i+1), entryNumber(i, targets...))
		}
		byKey, byUser := entryNumber(5), entryNumber(6)
		byKey.Actor, byUser.Actor = keyV1.Subject, userV1.Subject
		note(t, h, 6, byKey)
		note(t, h, 7, byUser)
		require.Equal(t, []uint64{2, 5, 7}, logOf(t, h, "v1"))
		require.Equal(t, []uint64{4}, logOf(t, h, "v11"))
		require.Equal(t, []uint64{1, 2, 3, 4, 5}, logOf(t, h, "ada"))
		require.Empty(t, logOf(t, h, "v"))
		require.Empty(t, logOf(t, h, "key:v1"))
	}},

	{"erasing a user touches no key, competition or role of that id", func(t *testing.T, h *harness) {
		key := competition.Subject{Kind: competition.KeySubject, ID: "k1"}
		for i, e := range []competition.AuditEntry{
			entryNumber(0, target("competition_id", competition.CompetitionSubject, "v1")),
			entryNumber(1, target("user_id", competition.UserSubject, "v1"), target("competition_id", competition.CompetitionSubject, "v1")),
			entryNumber(2), entryNumber(3), entryNumber(4),
		} {
			switch i {
			case 2:
				e.Actor = key
			case 3:
				e.Actor = competition.Subject{Kind: competition.RoleSubject, ID: competition.ServiceRole}
			}
			note(t, h, uint64(i+1), e)
		}
		before := wholeLog(t, h)
		for _, id := range []string{"key:k1", "k1", competition.ServiceRole, "api", "competitions", "spring"} {
			pseudonymise(t, h, gone(1, id))
			require.Equal(t, before, wholeLog(t, h), "erasing the user %q", id)
		}
		e := gone(2, "v1")
		for range 2 {
			pseudonymise(t, h, e)
			before[1].Targets[0].ID = e.Pseudonym
			after := wholeLog(t, h)
			require.Equal(t, before, after[:5])
			require.Len(t, after, 6)
			require.Equal(t, &competition.AuditErasure{Pseudonym: e.Pseudonym, Places: []competition.AuditPlace{{Seq: 2, N: 1}}}, after[5].Erased)
			require.Equal(t, 1, theLog(t, h).Erased)
			require.Empty(t, logOf(t, h, "v1"))
			require.Equal(t, []uint64{2}, logOf(t, h, e.Pseudonym))
			h.reopen(t)
		}
		note(t, h, 7, entryNumber(7, target("user_id", competition.UserSubject, "v1")))
		require.Equal(t, []uint64{7}, logOf(t, h, "v1"), "somebody new")
		theLog(t, h)
	}},

	{"whoever is in many entries is erased from all of them", func(t *testing.T, h *harness) {
		const each = 90
		targets := slices.Repeat([]competition.AuditTarget{target("user_id", competition.UserSubject, "anna")}, each)
		const entries = 2*competition.MaxErasedPlaces/each + 3
		for i := range entries {
			note(t, h, uint64(i+1), entryNumber(i, targets...))
		}
		e := gone(1, "anna")
		pseudonymise(t, h, e)
		require.Empty(t, logOf(t, h, "anna"))
		log := theLog(t, h)
		require.Equal(t, entries*each, log.Erased)
		require.Greater(t, log.Entries, entries+1, "an entry of an erasure names only so many")
	}},

	{"what is removed leaves an anchor from which the rest verifies", func(t *testing.T, h *harness) {
		for i := range 10 {
			note(t, h, uint64(i+1), entryNumber(i, target("user_id", competition.UserSubject, "u"+strconv.Itoa(i%2))))
		}
		whole := wholeLog(t, h)
		pseudonymise(t, h, gone(1, "u1"))
		require.Zero(t, must(h.store.RetainAuditLog(t.Context(), whole[0].At, 2))(t))
		require.Equal(t, int64(5), must(h.store.RetainAuditLog(t.Context(), whole[5].At, 2))(t))
		for range 2 {
			log := theLog(t, h)
			require.Equal(t, uint64(6), log.Head.First)
			require.Equal(t, 6, log.Entries)
			require.Equal(t, uint64(6), wholeLog(t, h)[0].Seq)
			require.Equal(t, []uint64{7, 9}, logOf(t, h, "u0"))
			h.reopen(t)
		}
		pseudonymise(t, h, gone(2, "u0"))
		theLog(t, h)
		require.Equal(t, int64(7), must(h.store.RetainAuditLog(t.Context(), 1_900_000_000_000, 0))(t))
		require.Empty(t, wholeLog(t, h))
		require.Equal(t, uint64(13), theLog(t, h).Head.First)
		note(t, h, 13, entryNumber(13))
		h.reopen(t)
		require.Equal(t, []uint64{13}, logOf(t, h, "ada"))
		require.Equal(t, 1, theLog(t, h).Entries)
	}},

	{"nothing is removed after a younger entry", func(t *testing.T, h *harness) {
		for i, at := range []calendar.Millis{5, 9, 6} { // a clock that went back
			e := entryNumber(i)
			e.At = at
			note(t, h, uint64(i+1), e)
		}
		require.Equal(t, int64(1), must(h.store.RetainAuditLog(t.Context(), 8, 0))(t))
		require.Equal(t, uint64(2), theLog(t, h).Head.First)
	}},
}
