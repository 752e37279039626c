package webhooks

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"testing"
	"time"

	standard "github.com/standard-webhooks/standard-webhooks/libraries/go"
	"github.com/stretchr/testify/require"

	"github.com/paceboard/paceboard/competition"
	"github.com/paceboard/paceboard/competition/calendar"
	"github.com/paceboard/paceboard/internal/worker"
	"github.com/paceboard/paceboard/persistence/porttest"
)

const (
	one = "https://one.example/hooks"
	two = "https://two.example/hooks"
)

func TestEventsAreSentInOrderFromTheFirst(t *testing.T) {
	inBubble(t, func(t *testing.T, b *bench) {
		t.Helper()
		users := namesOf(250) // several pages
		b.join("spring", users...)
		b.join("autumn", users[:30]...)
		s := b.start()
		b.hook(s, operator, "", one)
		b.hook(s, operator, "autumn", two)
		pass(2 * time.Second)
		require.Equal(t, users, b.users(one, "spring"))
		require.Equal(t, users[:30], b.users(one, "autumn"))
		require.Equal(t, users[:30], b.users(two, "autumn"))
		require.Empty(t, b.users(two, "spring"))
		b.requireOrder(one)
		require.Equal(t, "competition.created", b.taken[two][0].Type)

		b.join("spring", "late")
		b.join("winter", "new")
		pass(5 * time.Second)
		require.Equal(t, append(users, "late"), b.users(one, "spring"))
		require.Equal(t, []string{"new"}, b.users(one, "winter"), "a competition that came later")
		require.Equal(t, len(b.taken[one]), b.tried(one), "nothing twice")
	})
}

func TestEventsAreSentFromNowOn(t *testing.T) {
	inBubble(t, func(t *testing.T, b *bench) {
		t.Helper()
		b.join("spring", "before")
		s := b.start()
		_, err := s.Create(operator, "", one, false)
		require.NoError(t, err)
		pass(5 * time.Second)
		require.Zero(t, b.tried(one))
		b.join("spring", "after")
		pass(5 * time.Second)
		require.Equal(t, []string{"after"}, b.users(one, "spring"))
	})
}

// TestSyncsDelayNothingForLong: a competition with syncs alone is looked at now and then.
func TestSyncsDelayNothingForLong(t *testing.T) {
	inBubble(t, func(t *testing.T, b *bench) {
		t.Helper()
		b.join("spring", "ann")
		s := b.start()
		w := b.hook(s, operator, "", one)
		pass(5 * time.Second)
		before := len(b.taken[one])
		for range 30 {
			b.play("spring", func(g *porttest.Game) error { return g.Sync("ann", 0, 1000) })
			pass(time.Second)
		}
		require.Len(t, b.taken[one], before, "nobody is told of syncs")
		b.join("spring", "bob")
		pass(4 * time.Second)
		require.Equal(t, []string{"ann", "bob"}, b.users(one, "spring"))
		list, _, err := s.Cursors(operator, w.ID, "", 10)
		require.NoError(t, err)
		require.Equal(t, list[0].LastSeq, list[0].Seq)
	})
}

// TestMessagesFollowTheSpecification, as its own library reads it.
func TestMessagesFollowTheSpecification(t *testing.T) {
	inBubble(t, func(t *testing.T, b *bench) {
		t.Helper()
		s := b.start(seldom)
		var mu sync.Mutex // of the endpoint, and of whether it has another secret by now
		var w, rotated competition.Webhook
		signed := func(w *competition.Webhook, header http.Header, body []byte) error {
			verifier, err := standard.NewWebhook(w.SecretText())
			require.NoError(t, err)
			return verifier.Verify(body, header)
		}
		seen := 0
		b.answer = func(_ string, e *competition.PublicEvent, header http.Header, body []byte) error {
			mu.Lock()
			defer mu.Unlock()
			seen++
			require.Equal(t, e.ID, header.Get("webhook-id"))
			require.Equal(t, "application/json", header.Get("Content-Type"))
			now := b.found(s, w.ID)
			require.NoError(t, signed(&now, header, body))
			require.Error(t, signed(&now, header, append(body, ' ')))
			if rotated.ID != "" {
				require.NotEqual(t, w.Secret, now.Secret)
				if calendar.MillisOf(time.Now()) < now.OldUntil {
					require.NoError(t, signed(&w, header, body), "the old one is good, too")
				} else {
					require.Error(t, signed(&w, header, body))
				}
			}
			return nil
		}
		b.join("spring", "ann")
		mu.Lock()
		w = b.hook(s, operator, "spring", one)
		mu.Unlock()
		pass(3 * time.Second)
		mu.Lock()
		require.Equal(t, 3, seen)
		var err error
		rotated, err = s.Rotate(operator, w.ID)
		mu.Unlock()
		require.NoError(t, err)
		b.join("spring", "bob")
		pass(23 * time.Hour)
		b.join("spring", "eve")
		pass(2 * time.Hour)
		require.Greater(t, calendar.MillisOf(time.Now()), rotated.OldUntil)
		b.join("spring", "zoe")
		pass(time.Minute)
		require.Equal(t, []string{"ann", "bob", "eve", "zoe"}, b.users(one, "spring"))
	})
}

func TestAReceiverThatIsDownForAnHourMissesNothing(t *testing.T) {
	inBubble(t, func(t *testing.T, b *bench) {
		t.Helper()
		users := namesOf(40)
		b.join("spring", users...)
		b.answer = answers(http.StatusBadGateway)
		s := b.start()
		w := b.hook(s, operator, "spring", one)
		pass(time.Second)
		list, _, err := s.Cursors(operator, w.ID, "", 10)
		require.NoError(t, err)
		require.Equal(t, 1, list[0].Attempts)
		require.Equal(t, "the webhook answered 502", list[0].Error)
		pass(time.Hour)
		tries := b.tried(one)
		require.Greater(t, tries, 7, "5 s, 10 s, … 2,560 s")
		require.Less(t, tries, 14)
		for i, at := range b.at[one][1:4] {
			pause := at.Sub(b.at[one][i])
			whole := 5 * time.Second << i
			require.InDelta(t, whole.Seconds(), pause.Seconds(), whole.Seconds()*.2+1, "pause %d", i)
		}
		b.setAnswer(nil)
		pass(time.Hour + time.Minute)
		require.Equal(t, users, b.users(one, "spring"))
		list, _, err = s.Cursors(operator, w.ID, "", 10)
		require.NoError(t, err)
		require.Zero(t, list[0].Attempts)
		require.Empty(t, list[0].Error)
	})
}

func TestAnEndpointIsDisabledAfterThreeDaysAndItsCursorStays(t *testing.T) {
	for _, discard := range []bool{false, true} {
		t.Run(fmt.Sprint("discard ", discard), func(t *testing.T) {
			inBubble(t, func(t *testing.T, b *bench) {
				t.Helper()
				b.join("spring", "ann", "bob")
				b.answer = answers(http.StatusInternalServerError)
				s := b.start(seldom)
				w := b.hook(s, operator, "spring", one)
				pass(71 * time.Hour)
				require.False(t, func() bool { w := b.found(s, w.ID); return w.IsDisabled() }())
				pass(2 * time.Hour)
				w = b.found(s, w.ID)
				require.True(t, w.IsDisabled())
				require.Contains(t, w.Reason, "the webhook answered 500")
				tries := b.tried(one)
				require.Greater(t, tries, 15)
				require.Less(t, tries, 25)

				b.setAnswer(nil)
				b.join("spring", "eve")
				pass(24 * time.Hour)
				require.Equal(t, tries, b.tried(one), "nothing is sent to a disabled one")
				w, err := s.Resume(operator, w.ID, discard)
				require.NoError(t, err)
				require.False(t, w.IsDisabled())
				b.join("spring", "zoe")
				pass(time.Minute)
				if discard {
					require.Equal(t, []string{"zoe"}, b.users(one, "spring"))
				} else {
					require.Equal(t, []string{"ann", "bob", "eve", "zoe"}, b.users(one, "spring"))
				}
			})
		})
	}
}

func TestRetryNowAttemptsAtOnce(t *testing.T) {
	inBubble(t, func(t *testing.T, b *bench) {
		t.Helper()
		b.join("spring", "ann")
		b.answer = answers(http.StatusInternalServerError)
		s := b.start(seldom)
		w := b.hook(s, operator, "spring", one)
		pass(30 * time.Hour)
		tries := b.tried(one)
		b.setAnswer(nil)
		pass(time.Minute)
		require.Equal(t, tries, b.tried(one), "the next attempt is hours away")
		_, err := s.Retry(operator, w.ID)
		require.NoError(t, err)
		pass(20 * time.Second)
		require.Equal(t, []string{"ann"}, b.users(one, "spring"))
	})
}

// TestAnAttemptIsMadeWhenItsPauseEnds: not before, and then by itself, although nothing else
// happens.
func TestAnAttemptIsMadeWhenItsPauseEnds(t *testing.T) {
	inBubble(t, func(t *testing.T, b *bench) {
		t.Helper()
		b.join("spring", "ann")
		b.answer = answers(http.StatusInternalServerError)
		s := b.start(func(o *Options) { o.Pauses = worker.Backoff{First: 10 * time.Minute, Max: time.Hour} })
		b.hook(s, operator, "spring", one)
		pass(time.Minute)
		require.Equal(t, 1, b.tried(one))
		b.setAnswer(nil)
		pass(10*time.Minute - time.Minute - time.Second)
		require.Equal(t, 1, b.tried(one), "the pause is not over")
		pass(5 * time.Second)
		require.Equal(t, []string{"ann"}, b.users(one, "spring"))
		require.InDelta(t, 10*time.Minute, b.at[one][1].Sub(b.at[one][0]), float64(2*time.Second))
	})
}

// TestAProcessThatIsOffSendsTestsAlone, and leaves the rest to the next one that is not.
func TestAProcessThatIsOffSendsTestsAlone(t *testing.T) {
	inBubble(t, func(t *testing.T, b *bench) {
		t.Helper()
		b.join("spring", "ann")
		off := b.start(func(o *Options) { o.Off = true })
		w := b.hook(off, operator, "spring", one)
		b.join("spring", "bob")
		pass(time.Hour)
		_, err := off.Retry(operator, w.ID)
		require.NoError(t, err)
		pass(time.Hour)
		require.Zero(t, b.tried(one))
		refusal, err := off.Test(operator, w.ID)
		require.NoError(t, err)
		require.NoError(t, refusal)
		require.Equal(t, 1, b.tried(one))
		b.start()
		pass(time.Minute)
		require.Equal(t, []string{"ann", "bob"}, b.users(one, "spring"))
	})
}

func TestAnEndpointThatIsGoneIsDisabledAtOnce(t *testing.T) {
	inBubble(t, func(t *testing.T, b *bench) {
		t.Helper()
		b.join("spring", "ann")
		b.answer = answers(http.StatusGone)
		s := b.start(seldom)
		w := b.hook(s, operator, "spring", one)
		pass(2 * time.Second)
		w = b.found(s, w.ID)
		require.True(t, w.IsDisabled())
		require.Equal(t, "it answered 410 Gone", w.Reason)
		pass(time.Hour)
		require.Equal(t, 1, b.tried(one))
	})
}

// TestASlowEndpointHoldsUpNobodyElse, however many slow ones there are.
func TestASlowEndpointHoldsUpNobodyElse(t *testing.T) {
	inBubble(t, func(t *testing.T, b *bench) {
		t.Helper()
		users := namesOf(100)
		b.join("spring", users...)
		b.answer = func(url string, _ *competition.PublicEvent, _ http.Header, _ []byte) error {
			if url != one {
				pass := time.NewTimer(5 * time.Second)
				<-pass.C
				return errors.New("no answer")
			}
			return nil
		}
		s := b.start()
		for i := range competition.MaxWebhooksOperators - 1 {
			b.hook(s, operator, "spring", fmt.Sprint("https://slow.example/", i))
		}
		b.hook(s, operator, "spring", one)
		pass(2 * time.Second)
		require.Equal(t, users, b.users(one, "spring"))
	})
}

// TestAReceiverThatIsDownIsNotAskedForEachCompetition.
func TestAReceiverThatIsDownIsNotAskedForEachCompetition(t *testing.T) {
	inBubble(t, func(t *testing.T, b *bench) {
		t.Helper()
		for i := range 100 {
			b.game(fmt.Sprintf("c%03d", i))
		}
		b.answer = answers(http.StatusServiceUnavailable)
		s := b.start()
		b.hook(s, operator, "", one)
		pass(time.Minute)
		require.Less(t, b.tried(one), 50)
		b.setAnswer(nil)
		pass(10 * time.Minute)
		for i := range 100 {
			id, told := fmt.Sprintf("c%03d", i), false
			for _, e := range b.taken[one] {
				told = told || e.CompetitionID == id
			}
			require.True(t, told, id)
		}
		b.requireOrder(one)
	})
}

// TestOneEventThatIsNeverTakenHoldsUpItsCompetitionAlone.
func TestOneEventThatIsNeverTakenHoldsUpItsCompetitionAlone(t *testing.T) {
	inBubble(t, func(t *testing.T, b *bench) {
		t.Helper()
		b.join("poisoned", "ann", "bob", "eve")
		b.answer = func(_ string, e *competition.PublicEvent, _ http.Header, _ []byte) error {
			if e.CompetitionID == "poisoned" && e.Data.UserID == "bob" {
				return answers(http.StatusBadRequest)("", nil, nil, nil)
			}
			return nil
		}
		s := b.start(seldom)
		b.hook(s, operator, "", one)
		pass(time.Hour)
		users := namesOf(20)
		b.join("spring", users...)
		pass(time.Minute)
		require.Equal(t, []string{"ann"}, b.users(one, "poisoned"))
		require.Equal(t, users, b.users(one, "spring"))
	})
}

// TestTheCreatorIsToldWhatCreatorsAreTold, and nothing of other competitions.
func TestTheCreatorIsToldWhatCreatorsAreTold(t *testing.T) {
	inBubble(t, func(t *testing.T, b *bench) {
		t.Helper()
		creator := competition.Caller{UserID: "creator"}
		b.join("spring", "ann")
		b.play("spring", func(g *porttest.Game) error { return errors.Join(g.Sync("ann", 0, 90_000), g.Review("ann", 0)) }) // which is flagged
		b.join("autumn", "bob")
		s := b.start()
		_, err := s.Create(competition.Caller{UserID: "ann"}, "spring", one, true)
		require.ErrorIs(t, err, competition.ErrForbidden)
		_, err = s.Create(creator, "", one, true)
		require.ErrorIs(t, err, competition.ErrForbidden)
		_, err = s.Create(creator, "nowhere", one, true)
		require.ErrorIs(t, err, competition.ErrUnknownCompetition)
		w := b.hook(s, creator, "spring", one)
		b.hook(s, operator, "spring", two)
		pass(5 * time.Second)
		require.Equal(t, []string{"ann"}, b.users(one, "spring"))
		require.Empty(t, b.users(one, "autumn"))
		reasons := func(url string) (n int) {
			for _, e := range b.taken[url] {
				if e.Data.Reason != "" || e.Data.Date != "" {
					n++
				}
			}
			return n
		}
		require.Zero(t, reasons(one))
		require.NotZero(t, reasons(two), "the test can fail")

		stranger := competition.Caller{UserID: "ann"}
		_, err = s.Find(stranger, w.ID)
		require.ErrorIs(t, err, competition.ErrUnknownWebhook)
		_, err = s.Rotate(stranger, w.ID)
		require.ErrorIs(t, err, competition.ErrUnknownWebhook)
		_, err = s.Delete(stranger, w.ID)
		require.ErrorIs(t, err, competition.ErrUnknownWebhook)
		_, _, err = s.Cursors(stranger, w.ID, "", 10)
		require.ErrorIs(t, err, competition.ErrUnknownWebhook)
		list, _, err := s.List(creator, "", 10)
		require.NoError(t, err)
		require.Len(t, list, 1)
		list, next, err := s.List(operator, "", 1)
		require.NoError(t, err)
		require.Len(t, list, 1)
		require.NotEmpty(t, next)
		_, err = s.Delete(creator, w.ID)
		require.NoError(t, err)
		b.join("spring", "late")
		pass(5 * time.Second)
		require.Equal(t, []string{"ann"}, b.users(one, "spring"))
	})
}

func TestAnErasedPersonIsNamedByThePseudonym(t *testing.T) {
	inBubble(t, func(t *testing.T, b *bench) {
		t.Helper()
		b.join("spring", "ann", "bob")
		b.answer = answers(http.StatusBadGateway)
		s := b.start()
		b.hook(s, operator, "spring", one)
		pass(10 * time.Second)
		b.play("spring", func(g *porttest.Game) error {
			return g.Erase(competition.Erasure{UserID: "ann", Pseudonym: competition.NewPseudonym([16]byte{7})})
		})
		b.setAnswer(nil)
		pass(time.Minute)
		told := b.users(one, "spring")
		require.Len(t, told, 2)
		require.NotContains(t, told, "ann")
		require.Equal(t, "bob", told[1])
	})
}

// TestWhoMayNotReadAnyMoreIsNotSentAnythingAnyMore.
func TestWhoMayNotReadAnyMoreIsNotSentAnythingAnyMore(t *testing.T) {
	inBubble(t, func(t *testing.T, b *bench) {
		t.Helper()
		b.join("spring", "ann")
		s := b.start()
		w := b.hook(s, competition.Caller{UserID: "creator"}, "spring", one)
		pass(5 * time.Second)
		before := b.tried(one)
		b.mu.Lock()
		b.unread = competition.ErrForbidden
		b.mu.Unlock()
		b.join("spring", "bob")
		pass(5 * time.Second)
		w = b.found(s, w.ID)
		require.True(t, w.IsDisabled())
		require.Contains(t, w.Reason, "may not read")
		require.Equal(t, before, b.tried(one))
	})
}

// TestAFeedThatCannotBeReadIsReadLater, and is no fault of the receiver.
func TestAFeedThatCannotBeReadIsReadLater(t *testing.T) {
	inBubble(t, func(t *testing.T, b *bench) {
		t.Helper()
		b.join("spring", "ann")
		b.game("autumn")
		b.unread = competition.ErrUnavailable
		s := b.start(func(o *Options) { o.Every = time.Hour })
		w := b.hook(s, operator, "", one)
		pass(80 * time.Hour)
		w = b.found(s, w.ID)
		require.False(t, w.IsDisabled())
		b.mu.Lock()
		b.unread = nil
		b.mu.Unlock()
		pass(2 * time.Hour)
		require.Equal(t, []string{"ann"}, b.users(one, "spring"))
	})
}

// TestWhatWasRemovedIsSkipped when a disabled endpoint is resumed too late.
func TestWhatWasRemovedIsSkipped(t *testing.T) {
	inBubble(t, func(t *testing.T, b *bench) {
		t.Helper()
		b.join("spring", "ann", "bob")
		b.answer = answers(http.StatusGone)
		s := b.start()
		w := b.hook(s, operator, "spring", one)
		pass(time.Minute)
		snapshot := b.game("spring").Snapshot()
		require.NoError(t, b.store.Save(t.Context(), &snapshot))
		b.join("spring", "eve")
		old := b.store.(interface {
			Retain(ctx context.Context, olderThan time.Time, step int) (int64, error)
		})
		removed, err := old.Retain(t.Context(), time.Now().AddDate(100, 0, 0), 0)
		require.NoError(t, err)
		require.Positive(t, removed)
		b.setAnswer(nil)
		_, err = s.Resume(operator, w.ID, false)
		require.NoError(t, err)
		pass(time.Minute)
		require.Equal(t, []string{"eve"}, b.users(one, "spring"))
	})
}

// TestAJournalThatLostEventsIsSentAgain from the beginning: the ids tell repeats.
func TestAJournalThatLostEventsIsSentAgain(t *testing.T) {
	inBubble(t, func(t *testing.T, b *bench) {
		t.Helper()
		b.join("spring", "ann")
		s := b.start()
		w := b.hook(s, operator, "spring", one)
		pass(5 * time.Second)
		list, _, err := s.Cursors(operator, w.ID, "", 1)
		require.NoError(t, err)
		list[0].Seq += 100
		require.NoError(t, b.store.SaveWebhookCursor(t.Context(), &list[0]))
		pass(5 * time.Second)
		require.Equal(t, []string{"ann", "ann"}, b.users(one, "spring"))
	})
}

// TestTwoProcessesSendInOrder, with one that hangs in the middle of an attempt and goes
// on later: whoever comes second finds the cursor changed.
func TestTwoProcessesSendInOrder(t *testing.T) {
	inBubble(t, func(t *testing.T, b *bench) {
		t.Helper()
		users := namesOf(120)
		b.join("spring", users...)
		active := []bool{true, false}
		hangs := true
		b.answer = func(_ string, e *competition.PublicEvent, _ http.Header, _ []byte) error {
			b.mu.Lock()
			hang := hangs && e.Data.UserID == users[40]
			if hang {
				hangs = false
			}
			b.mu.Unlock()
			if hang {
				wake := time.NewTimer(3 * time.Second)
				<-wake.C
			}
			return nil
		}
		first := b.start(func(o *Options) {
			o.Active = func() bool { b.mu.Lock(); defer b.mu.Unlock(); return active[0] }
		})
		b.start(func(o *Options) {
			o.Active = func() bool { b.mu.Lock(); defer b.mu.Unlock(); return active[1] }
		})
		b.hook(first, operator, "spring", one)
		pass(1500 * time.Millisecond)
		require.Len(t, b.users(one, "spring"), 40)
		b.mu.Lock()
		active = []bool{true, true} // neither knows of the other
		b.mu.Unlock()
		pass(10 * time.Second)
		b.requireOrder(one)
		told := map[string]bool{}
		for _, user := range b.users(one, "spring") {
			told[user] = true
		}
		require.Len(t, told, len(users))
		require.Len(t, b.users(one, "spring"), len(users)+1, "the one that hung is sent twice, and none after it")
		b.join("spring", "late")
		pass(5 * time.Second)
		require.Contains(t, b.users(one, "spring"), "late")
	})
}

// TestAnAttemptThatWasCutShortIsMadeAgain by the next start.
func TestAnAttemptThatWasCutShortIsMadeAgain(t *testing.T) {
	inBubble(t, func(t *testing.T, b *bench) {
		t.Helper()
		b.join("spring", "ann", "bob")
		stopping := make(chan struct{})
		b.answer = func(_ string, e *competition.PublicEvent, _ http.Header, _ []byte) error {
			if e.Data.UserID == "bob" {
				<-stopping
				return errors.New("cut short")
			}
			return nil
		}
		s := Start(Options{Store: b.store, Events: b.events, post: b.post})
		w := b.hook(s, operator, "spring", one)
		pass(time.Second)
		go func() {
			<-time.After(time.Second)
			close(stopping)
		}()
		s.Stop()
		b.setAnswer(nil)
		next := b.start()
		pass(5 * time.Second)
		require.Equal(t, []string{"ann", "bob"}, b.users(one, "spring"))
		list, _, err := next.Cursors(operator, w.ID, "", 1)
		require.NoError(t, err)
		require.Zero(t, list[0].Attempts, "it was no fault of the receiver")
	})
}

func TestAnEndpointIsTested(t *testing.T) {
	inBubble(t, func(t *testing.T, b *bench) {
		t.Helper()
		b.game("spring")
		s := b.start()
		w, err := s.Create(operator, "spring", one, false)
		require.NoError(t, err)
		refusal, err := s.Test(operator, w.ID)
		require.NoError(t, err)
		require.NoError(t, refusal)
		require.Equal(t, "webhook.test", b.taken[one][0].Type)
		b.setAnswer(answers(http.StatusTeapot))
		refusal, err = s.Test(operator, w.ID)
		require.NoError(t, err)
		require.EqualError(t, refusal, "the webhook answered 418")
		_, err = s.Test(competition.Caller{UserID: "ann"}, w.ID)
		require.ErrorIs(t, err, competition.ErrUnknownWebhook)
	})
}

func TestURLsAreChecked(t *testing.T) {
	inBubble(t, func(t *testing.T, b *bench) {
		t.Helper()
		b.game("spring")
		strict, lenient := b.start(), b.start(func(o *Options) { o.Anywhere = true })
		for _, url := range []string{"http://example.com", "https://127.0.0.1/", "https://u:p@example.com", "example.com"} {
			_, err := strict.Create(operator, "spring", url, false)
			var invalid *competition.InvalidError
			require.ErrorAs(t, err, &invalid, url)
			require.Equal(t, "url", invalid.Fields[0].Field)
		}
		_, err := lenient.Create(operator, "spring", "http://127.0.0.1:1/", false)
		require.NoError(t, err)
	})
}

// TestThePausesAreThoseOfTheContract: 5 seconds to 12 hours, some 18 attempts in 3 days.
func TestThePausesAreThoseOfTheContract(t *testing.T) {
	o := Options{}
	o.setDefaults()
	o.Pauses.Jitter = 0
	require.Equal(t, worker.Backoff{First: 5 * time.Second, Max: 12 * time.Hour}, o.Pauses)
	require.Equal(t, 72*time.Hour, o.GiveUp)
}
