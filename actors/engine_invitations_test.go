package actors

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/paceboard/paceboard/competition"
	"github.com/paceboard/paceboard/competition/calendar"
	"github.com/paceboard/paceboard/competition/ledger"
	"github.com/paceboard/paceboard/internal/race"
)

// secretEngine runs a private competition "secret" of the creator's.
// handedOut is all that a store holds of the invitations and codes of "secret".
func handedOut(t *testing.T, store competition.InvitationStore) (all string) {
	t.Helper()
	require.NoError(t, store.InvitationsIn(t.Context(), "secret", "", func(i competition.Invitation) bool {
		all += fmt.Sprintf("%+v\n", i)
		return true
	}))
	codes, err := store.JoinCodesOf(t.Context(), "secret")
	require.NoError(t, err)
	return all + fmt.Sprintf("%+v", codes)
}

func secretEngine(t *testing.T, store *memoryStore, change func(*competition.Definition)) *Engine {
	t.Helper()
	e := startEngine(t, store, nil)
	d := running("secret")
	d.Visibility = competition.Private
	if change != nil {
		change(&d)
	}
	d.Complete()
	create(t, e, d)
	return e
}

var theCreator = competition.Caller{UserID: "creator"}

func invite(t *testing.T, e *Engine, user string) competition.Invitation {
	t.Helper()
	list, err := e.Invite("secret", theCreator, []string{user})
	require.NoError(t, err)
	require.Len(t, list, 1)
	return list[0]
}

// members are who is on the board of "secret".
func members(t *testing.T, e *Engine) (users []string) {
	t.Helper()
	entries, _, err := e.Participants("secret", operator, 0, 100, "")
	require.NoError(t, err)
	for _, entry := range entries {
		users = append(users, entry.UserID)
	}
	return users
}

// TestNothingIsKnownOfAPersonBeforeTheyAccept: no board shows them, and none of
// their syncs gets there, until they accept by themselves.
func TestNothingIsKnownOfAPersonBeforeTheyAccept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newMemoryStore()
		e := secretEngine(t, store, nil)
		i := invite(t, e, "ann")
		require.Equal(t, i, invite(t, e, "ann"), "inviting twice gives the open one")
		_, err := e.SubmitEverywhere(steps("ann", 5), nil)
		require.ErrorIs(t, err, competition.ErrNotEnrolled)
		_, err = e.SubmitSync("secret", steps("ann", 5))
		require.ErrorIs(t, err, competition.ErrUnknownCompetition)
		require.Empty(t, members(t, e))
		ties, err := e.Ties("ann", "", 10)
		require.NoError(t, err)
		require.Empty(t, ties)
		offers, _, err := e.InvitationsTo("ann", competition.InvitationPlace{}, 10)
		require.NoError(t, err)
		require.Len(t, offers, 1)
		require.Equal(t, "secret", offers[0].Competition.Definition.ID, "the person sees what it is to")

		for _, stranger := range []string{"bob", "creator"} {
			_, _, err = e.AcceptInvitation(i.ID, join(stranger))
			require.ErrorIs(t, err, competition.ErrUnknownInvitation)
			_, err = e.DeclineInvitation(i.ID, stranger)
			require.ErrorIs(t, err, competition.ErrUnknownInvitation)
		}
		for range 2 {
			id, entry, err := e.AcceptInvitation(i.ID, join("ann"))
			require.NoError(t, err)
			require.Equal(t, "secret ann", id+" "+entry.UserID)
		}
		require.Equal(t, []string{"ann"}, members(t, e))
		_, err = e.WithdrawInvitation("secret", theCreator, i.ID)
		require.ErrorIs(t, err, competition.ErrInvitationDecided)
		_, err = e.SubmitEverywhere(steps("ann", 5), nil)
		require.NoError(t, err)
	})
}

// TestWhoMayInvite: the creator, and operators alone once there is money; others
// hear of a private competition that there is none.
func TestWhoMayInvite(t *testing.T) {
	race.Skip(t)
	synctest.Test(t, func(t *testing.T) {
		e := secretEngine(t, newMemoryStore(), nil)
		create(t, e, running("open"))
		d := running("paid")
		d.PrizePoolMinor = 100
		_, _, err := e.Create(&competition.CreateCompetition{Caller: competition.Caller{UserID: "creator", Operator: true}, Definition: d})
		require.NoError(t, err)
		for _, c := range []struct {
			id     string
			caller competition.Caller
			want   error
		}{
			{"secret", theCreator, nil},
			{"secret", operator, nil},
			{"secret", competition.Caller{UserID: "bob"}, competition.ErrUnknownCompetition},
			{"never", competition.Caller{UserID: "bob"}, competition.ErrUnknownCompetition},
			{"open", competition.Caller{UserID: "bob"}, competition.ErrForbidden},
			{"paid", theCreator, competition.ErrForbidden},
			{"paid", operator, nil},
		} {
			_, err := e.Invite(c.id, c.caller, []string{"ann"})
			require.ErrorIs(t, err, c.want, "%+v", c)
			_, _, err = e.MakeJoinCode(c.id, c.caller, 1, 0)
			require.ErrorIs(t, err, c.want, "%+v", c)
			_, _, _, err = e.Invitations(c.id, c.caller, "", 10)
			require.ErrorIs(t, err, c.want, "%+v", c)
			if c.want != nil {
				_, err = e.WithdrawInvitation(c.id, c.caller, "x")
				require.ErrorIs(t, err, c.want, "%+v", c)
			}
		}
		pass(72 * time.Hour)
		_, err = e.Invite("open", theCreator, []string{"ann"})
		require.ErrorIs(t, err, competition.ErrClosed)
	})
}

// TestAcceptingIsAJoin: what refuses a join refuses an acceptance, the fee is paid
// by it alone, and the name is the person's.
func TestAcceptingIsAJoin(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := startEngine(t, newMemoryStore(), nil)
		d := running("secret")
		d.Visibility, d.EntryFeeMinor, d.MaxParticipants = competition.Private, 2500, 1
		d.Complete()
		_, _, err := e.Create(&competition.CreateCompetition{Caller: operator, Definition: d})
		require.NoError(t, err)
		list, err := e.Invite("secret", operator, []string{"ann", "bob"})
		require.NoError(t, err)
		fees := func(user string) (n int) {
			transactions, _, err := e.TransactionsOf(user, ledger.Place{}, 10)
			require.NoError(t, err)
			return len(transactions)
		}
		require.Zero(t, fees("ann"))
		j := join("ann")
		j.UserName, j.Rename = "Ann", true
		_, entry, err := e.AcceptInvitation(list[0].ID, j)
		require.NoError(t, err)
		require.Equal(t, "Ann", entry.UserName)
		require.Equal(t, 1, fees("ann"))
		_, _, err = e.AcceptInvitation(list[1].ID, join("bob"))
		require.ErrorIs(t, err, competition.ErrFull)
		require.Zero(t, fees("bob"))
		require.NoError(t, obey(e, "secret", &competition.LeaveCompetition{Caller: competition.Caller{UserID: "ann"}, UserID: "ann"}))
		_, _, err = e.AcceptInvitation(list[1].ID, join("bob"))
		require.NoError(t, err, "what was refused is open still")
		require.Equal(t, 1, fees("bob"))
	})
}

// TestJoiningAcceptsTheInvitation: whoever has one need not know its id.
func TestJoiningAcceptsTheInvitation(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := secretEngine(t, newMemoryStore(), nil)
		i := invite(t, e, "ann")
		_, err := e.Join("secret", join("bob"))
		require.ErrorIs(t, err, competition.ErrUnknownCompetition)
		_, err = e.Join("secret", join("ann"))
		require.NoError(t, err)
		_, err = e.DeclineInvitation(i.ID, "ann")
		require.ErrorIs(t, err, competition.ErrInvitationDecided)
		declined := invite(t, e, "cid")
		_, err = e.DeclineInvitation(declined.ID, "cid")
		require.NoError(t, err)
		_, err = e.Join("secret", join("cid"))
		require.ErrorIs(t, err, competition.ErrUnknownCompetition)
		require.Equal(t, []string{"ann"}, members(t, e))
	})
}

// TestAnInvitationLastsNoLongerThanTheCompetition and expires for good.
func TestAnInvitationLastsNoLongerThanTheCompetition(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newMemoryStore()
		e := secretEngine(t, store, func(d *competition.Definition) { d.End += competition.InvitationLife })
		i := invite(t, e, "ann")
		require.Equal(t, i.CreatedAt+competition.InvitationLife, i.ExpiresAt)
		closeEngine(t, e)
		pass(30 * 24 * time.Hour) // without an engine, whose clock would look a quarter of a million times
		e, err := New(Options{Store: store})
		require.NoError(t, err)
		defer closeEngine(t, e)
		_, _, err = e.AcceptInvitation(i.ID, join("ann"))
		require.ErrorIs(t, err, competition.ErrUnknownInvitation)
		list, _, _, err := e.Invitations("secret", theCreator, "", 10)
		require.NoError(t, err)
		require.Empty(t, list)
		again := invite(t, e, "ann")
		require.Equal(t, again.CreatedAt+calendar.MillisOf(time.UnixMilli(0).Add(72*time.Hour)), again.ExpiresAt, "at most until the end")
	})
}

// TestAnAcceptanceThatIsCutShortIsWholeWhenRepeated: whatever the store does not
// answer, the person takes part once, and the note follows.
func TestAnAcceptanceThatIsCutShortIsWholeWhenRepeated(t *testing.T) {
	for _, call := range []string{"FindInvitation", "DecideInvitation"} {
		t.Run(call, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				store := newMemoryStore()
				e := secretEngine(t, store, nil)
				i := invite(t, e, "ann")
				store.failBy(nil, func(_ context.Context, name string) error {
					if name == call {
						return competition.ErrUnavailable
					}
					return nil
				})
				_, _, err := e.AcceptInvitation(i.ID, join("ann"))
				require.ErrorIs(t, err, competition.ErrUnavailable)
				store.failBy(nil, nil)
				_, _, err = e.AcceptInvitation(i.ID, join("ann"))
				require.NoError(t, err)
				list, _, _, err := e.Invitations("secret", theCreator, "", 10)
				require.NoError(t, err)
				require.Equal(t, competition.InvitationAccepted, list[0].State)
				require.Equal(t, []string{"ann"}, members(t, e))
				s, err := e.Competition("secret", operator)
				require.NoError(t, err)
				require.Equal(t, 1, s.Participants)
			})
		})
	}
}

// TestAcceptingAndWithdrawingAtOnce: one of them is first, and what the list says
// is what the board says.
func TestAcceptingAndWithdrawingAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := secretEngine(t, newMemoryStore(), nil)
		taken := 0
		for n := range 40 {
			user := fmt.Sprint("user-", n)
			i := invite(t, e, user)
			var both sync.WaitGroup
			var accepted, withdrawn error
			both.Go(func() { _, _, accepted = e.AcceptInvitation(i.ID, join(user)) })
			both.Go(func() { _, withdrawn = e.WithdrawInvitation("secret", theCreator, i.ID) })
			both.Wait()
			require.NotEqual(t, accepted == nil, withdrawn == nil, "%v, %v", accepted, withdrawn)
			require.ErrorIs(t, errors.Join(accepted, withdrawn), competition.ErrInvitationDecided)
			if accepted == nil {
				taken++
			}
			require.Len(t, members(t, e), taken)
		}
	})
}

// TestWhoWasRemovedDoesNotComeInByAnOldInvitation: a removal takes it back.
func TestWhoWasRemovedDoesNotComeInByAnOldInvitation(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := secretEngine(t, newMemoryStore(), nil)
		_, err := e.Join("secret", &competition.JoinCompetition{Caller: operator, UserID: "ann"})
		require.NoError(t, err)
		i := invite(t, e, "ann") // needless, and open
		require.NoError(t, e.Remove("secret", &competition.RemoveParticipant{Caller: theCreator, UserID: "ann", Reason: "rude"}))
		_, _, err = e.AcceptInvitation(i.ID, join("ann"))
		require.ErrorIs(t, err, competition.ErrInvitationDecided)
		_, err = e.Join("secret", &competition.JoinCompetition{Caller: operator, UserID: "ann"})
		require.ErrorIs(t, err, competition.ErrInvitationRequired, "nor does an operator bring anybody back")
		pass(time.Second)
		again := invite(t, e, "ann")
		require.NotEqual(t, i.ID, again.ID)
		_, _, err = e.AcceptInvitation(again.ID, join("ann"))
		require.NoError(t, err)
	})
}

// TestAJoinCodeCountsExactly: a use for each who joins by it, none for who takes
// part already or is refused.
func TestAJoinCodeCountsExactly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := secretEngine(t, newMemoryStore(), func(d *competition.Definition) { d.MaxParticipants = 3 })
		code, made, err := e.MakeJoinCode("secret", theCreator, 4, 0)
		require.NoError(t, err)
		require.Regexp(t, `^[0-9A-HJKMNP-TV-Z]{10}$`, code)
		require.NotContains(t, handedOut(t, e.store), code)
		left := func() int {
			_, codes, _, err := e.Invitations("secret", theCreator, "", 10)
			require.NoError(t, err)
			require.Equal(t, made.ID, codes[0].ID)
			return codes[0].Uses
		}
		for range 2 {
			id, entry, err := e.JoinByCode("", code, join("ann"))
			require.NoError(t, err)
			require.Equal(t, "secret ann", id+" "+entry.UserID)
			require.Equal(t, 3, left())
		}
		_, err = e.Join("secret", &competition.JoinCompetition{Caller: operator, UserID: "bob"})
		require.NoError(t, err)
		_, _, err = e.JoinByCode("secret", code, join("bob"))
		require.NoError(t, err)
		require.Equal(t, 3, left(), "who takes part already costs nothing")
		_, _, err = e.JoinByCode("other", code, join("cid"))
		require.ErrorIs(t, err, competition.ErrUnknownCode)
		_, _, err = e.JoinByCode("", code[:5]+"-"+code[5:], join("cid"))
		require.NoError(t, err)
		require.Equal(t, 2, left())
		_, _, err = e.JoinByCode("", code, join("dan"))
		require.ErrorIs(t, err, competition.ErrFull)
		require.Equal(t, 2, left(), "who is refused costs nothing")
		offers, _, err := e.InvitationsTo("dan", competition.InvitationPlace{}, 10)
		require.NoError(t, err)
		require.Empty(t, offers)
		_, err = e.WithdrawInvitation("secret", theCreator, made.ID)
		require.NoError(t, err)
		_, _, err = e.JoinByCode("", code, join("eve"))
		require.ErrorIs(t, err, competition.ErrUnknownCode)
	})
}

// TestJoinCodesCannotBeGuessed: 10 tries an hour, right or wrong.
func TestJoinCodesCannotBeGuessed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := secretEngine(t, newMemoryStore(), nil)
		code, _, err := e.MakeJoinCode("secret", theCreator, 4, 0)
		require.NoError(t, err)
		for _, typed := range []string{"0000000000", "", "short", "UUUUUUUUUU", "00000000001", "\x00", "0", "1", "2", "3"} {
			_, _, err := e.JoinByCode("", typed, join("ann"))
			require.ErrorIs(t, err, competition.ErrUnknownCode)
		}
		_, _, err = e.JoinByCode("", code, join("ann"))
		require.ErrorIs(t, err, competition.ErrTooManyTries)
		_, _, err = e.JoinByCode("", code, join("bob"))
		require.NoError(t, err)
		pass(time.Hour)
		_, _, err = e.JoinByCode("", code, join("ann"))
		require.NoError(t, err)
	})
}

// TestACodeShowsWhatItJoins, to whom it would let in, without anybody joining.
func TestACodeShowsWhatItJoins(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := secretEngine(t, newMemoryStore(), func(d *competition.Definition) { d.MaxParticipants = 2 })
		code, made, err := e.MakeJoinCode("secret", theCreator, 1, 0)
		require.NoError(t, err)
		for _, typed := range []string{code[:5] + "-" + code[5:], "\ufeff" + strings.ToLower(code[:5]) + "\u2013" + code[5:] + "\u00a0\n"} {
			_, err = e.PreviewCode(typed, join("ann"))
			require.NoError(t, err, typed)
		}
		s, err := e.PreviewCode(code, join("ann"))
		require.NoError(t, err)
		require.Equal(t, "secret", s.Definition.ID)
		require.Zero(t, s.Participants)
		require.Empty(t, members(t, e), "nobody has joined")
		_, codes, _, err := e.Invitations("secret", theCreator, "", 10)
		require.NoError(t, err)
		require.Equal(t, 1, codes[0].Uses, "nor used the code")
		offers, _, err := e.InvitationsTo("ann", competition.InvitationPlace{}, 10)
		require.NoError(t, err)
		require.Empty(t, offers)

		refused := func(who, code string, want error) {
			t.Helper()
			_, preview := e.PreviewCode(code, join(who))
			require.ErrorIs(t, preview, want)
			_, _, joining := e.JoinByCode("", code, join(who))
			require.ErrorIs(t, joining, want, "a join says the same")
		}
		_, _, err = e.JoinByCode("", code, join("ann"))
		require.NoError(t, err)
		s, err = e.PreviewCode(code, join("ann"))
		require.NoError(t, err, "who joined by it may look again")
		require.Equal(t, 1, s.Participants)
		refused("bob", code, competition.ErrUnknownCode) // used up
		invite(t, e, "bob")
		_, err = e.PreviewCode(code, join("bob"))
		require.NoError(t, err, "who is invited needs no use")

		more, later, err := e.MakeJoinCode("secret", theCreator, 5, e.now()+1000)
		require.NoError(t, err)
		_, _, err = e.JoinByCode("", more, join("bob"))
		require.NoError(t, err)
		refused("cid", more, competition.ErrFull)
		require.NoError(t, e.Remove("secret", &competition.RemoveParticipant{Caller: theCreator, UserID: "bob", Reason: "rude"}))
		refused("bob", more, competition.ErrUnknownCode)
		_, err = e.WithdrawInvitation("secret", theCreator, made.ID)
		require.NoError(t, err)
		refused("dan", code, competition.ErrUnknownCode)
		pass(time.Until(later.ExpiresAt.Time()))
		refused("dan", more, competition.ErrUnknownCode)
	})
}

// TestAPreviewIsATry, like a join; the join of what was previewed is no other.
func TestAPreviewIsATry(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := secretEngine(t, newMemoryStore(), nil)
		code, _, err := e.MakeJoinCode("secret", theCreator, 4, 0)
		require.NoError(t, err)
		other, _, err := e.MakeJoinCode("secret", theCreator, 4, 0)
		require.NoError(t, err)
		for n := range maxTriesHour - 1 {
			_, err := e.PreviewCode(fmt.Sprintf("%010d", n), join("ann"))
			require.ErrorIs(t, err, competition.ErrUnknownCode)
		}
		_, err = e.PreviewCode(code, join("ann"))
		require.NoError(t, err)
		for _, again := range []string{code, other, "short"} {
			_, err = e.PreviewCode(again, join("ann"))
			require.ErrorIs(t, err, competition.ErrTooManyTries)
		}
		_, _, err = e.JoinByCode("", other, join("ann"))
		require.ErrorIs(t, err, competition.ErrTooManyTries)
		_, _, err = e.JoinByCode("", code, join("ann"))
		require.NoError(t, err, "it was shown")
		_, _, err = e.JoinByCode("", code, join("ann"))
		require.ErrorIs(t, err, competition.ErrTooManyTries, "once")
	})
}

// TestAnErasedPersonHasNoInvitations, and made none.
func TestAnErasedPersonHasNoInvitations(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newMemoryStore()
		e := secretEngine(t, store, nil)
		invite(t, e, "ann")
		invite(t, e, "bob")
		for _, user := range []string{"ann", "creator"} {
			_, err := e.EraseUser(user)
			require.NoError(t, err)
			require.NotContains(t, handedOut(t, store), user)
		}
		offers, _, err := e.InvitationsTo("bob", competition.InvitationPlace{}, 10)
		require.NoError(t, err)
		require.Len(t, offers, 1)
	})
}

// TestOldInvitationsAreSwept by the hour.
func TestOldInvitationsAreSwept(t *testing.T) {
	race.Skip(t)
	synctest.Test(t, func(t *testing.T) {
		store := newMemoryStore()
		e := secretEngine(t, store, nil)
		invite(t, e, "ann")
		pass(72*time.Hour + sweepEvery)
		_, err := store.stored.LatestInvitation(t.Context(), "secret", "ann")
		require.ErrorIs(t, err, competition.ErrUnknownInvitation)
		require.True(t, e.Health().Ready)
	})
}

// TestWithMoneyInvitationsAreTheOperators: what the creator handed out before an
// operator set money enrols nobody, at any entrance, until an operator invites.
func TestWithMoneyInvitationsAreTheOperators(t *testing.T) {
	for _, visibility := range []competition.Visibility{competition.Public, competition.Private} {
		t.Run(string(visibility), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				e := startEngine(t, newMemoryStore(), nil)
				d := lasting("secret", time.Hour, 2*time.Hour)
				d.Visibility, d.Enrollment = visibility, competition.Invite
				d.Complete()
				create(t, e, d)
				byCreator := invite(t, e, "ann")
				code, made, err := e.MakeJoinCode("secret", theCreator, 2, 0)
				require.NoError(t, err)
				pool := int64(1000)
				setPool := func() {
					_, err := e.Run("secret", &competition.EditCompetition{Caller: operator, Patch: competition.Patch{PrizePoolMinor: &pool}})
					require.NoError(t, err)
				}
				setPool()

				uses := func() int {
					_, codes, _, err := e.Invitations("secret", operator, "", 10)
					require.NoError(t, err)
					return codes[0].Uses
				}
				refused := func(err error) {
					t.Helper()
					require.ErrorIs(t, err, competition.ErrInvitationRequired)
					require.Empty(t, members(t, e))
					require.Equal(t, made.Uses, uses(), "a refusal costs no use")
				}
				_, _, err = e.AcceptInvitation(byCreator.ID, join("ann"))
				refused(err)
				_, err = e.Join("secret", join("ann"))
				refused(err)
				for _, id := range []string{"", "secret"} { // POST invitations/code, and join with a code
					for _, user := range []string{"bob", "ann"} {
						_, _, err = e.JoinByCode(id, code, join(user))
						refused(err)
						_, err = e.PreviewCode(code, join(user))
						refused(err)
					}
				}
				list, _, err := e.InvitationsTo("ann", competition.InvitationPlace{}, 10)
				require.NoError(t, err)
				require.Len(t, list, 1)
				require.Equal(t, competition.InvitationOpen, list[0].State, "it was not withdrawn")

				// Without money it counts again.
				pool = 0
				setPool()
				_, _, err = e.JoinByCode("", code, join("cid"))
				require.NoError(t, err)
				require.Equal(t, []string{"cid"}, members(t, e))
				pool = 1000
				setPool()
				_, _, err = e.AcceptInvitation(byCreator.ID, join("ann"))
				require.ErrorIs(t, err, competition.ErrInvitationRequired)

				// An operator's counts, and makes the one that is open the operators'.
				all, err := e.Invite("secret", operator, []string{"ann", "dan"})
				require.NoError(t, err)
				require.Equal(t, byCreator.ID, all[0].ID, "inviting twice gives the open one")
				for n, user := range []string{"ann", "dan"} {
					_, _, err = e.AcceptInvitation(all[n].ID, join(user))
					require.NoError(t, err)
				}
				code, _, err = e.MakeJoinCode("secret", operator, 1, 0)
				require.NoError(t, err)
				_, _, err = e.JoinByCode("", code, join("bob"))
				require.NoError(t, err)
				require.Equal(t, []string{"cid", "ann", "dan", "bob"}, members(t, e))
			})
		})
	}
}
