package archive

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/paceboard/paceboard/cmd/internal/archive/s3test"
	"github.com/paceboard/paceboard/competition"
	"github.com/paceboard/paceboard/competition/calendar"
	"github.com/paceboard/paceboard/persistence/embedded"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// writer is a server as far as its store knows.
type writer struct {
	t     *testing.T
	dir   string
	grown *Grown
	store *embedded.Store
	cores map[string]*competition.Competition
	keys  byte
}

const began = calendar.Millis(1_777_593_600_000) // 2026-05-01

func openWriter(t *testing.T, dir string) *writer {
	t.Helper()
	w := &writer{t: t, dir: dir, grown: NewGrown(), cores: map[string]*competition.Competition{}}
	var err error
	w.store, err = embedded.Open(t.Context(), embedded.Options{Dir: dir, BallastBytes: -1, OnAppend: w.grown.Note, Archived: true})
	require.NoError(t, err)
	return w
}

func (w *writer) close() { require.NoError(w.t, w.store.Close()) }

func (w *writer) core(id string) *competition.Competition {
	w.t.Helper()
	c := w.cores[id]
	if c == nil {
		var err error
		c, err = competition.Recover(w.t.Context(), id, w.store, func() competition.Key {
			w.keys++
			return competition.Key{w.keys, byte(len(w.dir))}
		}, nil)
		require.NoError(w.t, err)
		w.cores[id] = c
	}
	return c
}

// do carries out a command and stores what it decides.
func (w *writer) do(id string, at calendar.Millis, cmd competition.Command) {
	w.t.Helper()
	_, err := cmd.Decide(w.core(id), at)
	require.NoError(w.t, err)
	w.save(id)
}

func (w *writer) save(id string) {
	w.t.Helper()
	c := w.core(id)
	b := c.Take(competition.Batch{})
	if b.Empty() {
		return
	}
	require.Nil(w.t, w.store.Append(w.t.Context(), []*competition.Batch{&b}))
	for i := range b.Events {
		_, err := c.Apply(&b.Events[i])
		require.NoError(w.t, err)
	}
	c.Applied(&b)
}

func (w *writer) create(id string) {
	w.t.Helper()
	d := competition.Definition{ID: id, Name: "Spring", Start: began, End: began + 30*24*3600_000, Scoring: competition.Weights{Step: 1000}, DailyLimits: competition.DefaultDailyLimits, PrizeSplit: []int64{100_000}}
	d.Complete()
	w.do(id, began, &competition.CreateCompetition{Caller: competition.Caller{Operator: true, UserID: "op"}, Definition: d})
}

func (w *writer) join(id, user, name string) {
	w.t.Helper()
	w.do(id, began+1, &competition.JoinCompetition{Caller: competition.Caller{UserID: user}, UserID: user, UserName: name, Rename: name != ""})
}

// continued begins an epoch, as the engine does after a restore.
func (w *writer) continued(id string) {
	w.t.Helper()
	_, err := w.core(id).Continue(began+2, competition.BoardEpoch(w.keys)+7, 0)
	require.NoError(w.t, err)
	w.save(id)
}

// rows are all rows of a store's competitions that an archive must give back.
func rows(t *testing.T, s *embedded.Store) map[string]string {
	t.Helper()
	all := map[string]string{}
	require.NoError(t, s.List(t.Context(), "", func(summary competition.Summary) bool {
		id := summary.Definition.ID
		text := fmt.Sprintf("%x\n", competition.AppendSummary(nil, &summary))
		require.NoError(t, s.ReadIdentities(t.Context(), id, func(i competition.Identity) error {
			text += fmt.Sprintln(i)
			return nil
		}))
		require.NoError(t, s.MembershipsIn(t.Context(), id, func(m competition.Membership) error {
			text += fmt.Sprintln(m)
			return nil
		}))
		require.NoError(t, s.Read(t.Context(), id, 0, func(records []byte) error {
			text += fmt.Sprintf("%x", records)
			return nil
		}))
		all[id] = text
		return true
	}))
	return all
}

// shipper begins to archive the writer's store; its rounds are those of the test.
func (w *writer) shipper(bucket Bucket) *Shipper {
	return Start(w.store, Options{Bucket: bucket, Grown: w.grown, Logger: slog.New(slog.DiscardHandler), Metrics: prometheus.NewRegistry(), Every: time.Hour})
}

// ship archives all that there is, in a server's life of its own, and returns why it could not.
func (w *writer) ship(bucket Bucket) error {
	s := Start(w.store, Options{Bucket: bucket, Grown: w.grown, Logger: slog.New(slog.DiscardHandler), Metrics: prometheus.NewRegistry(), Every: time.Hour})
	s.loop.Stop() // the first round may have ended by itself
	defer bucket.Close()
	return s.round(w.t.Context(), true)
}

// restored restores what the archive has, after a checkpoint or nothing.
func restored(t *testing.T, bucket Bucket, checkpoint string, target Target, untilSegment uint64) (dir string, done Extended, err error) {
	t.Helper()
	dir = filepath.Join(t.TempDir(), "restored")
	fetch := func(to string) error {
		if checkpoint == "" {
			return nil
		}
		return os.CopyFS(to, os.DirFS(checkpoint))
	}
	_, err = embedded.Restore(t.Context(), embedded.Options{Dir: dir, BallastBytes: -1}, fetch, func(ctx context.Context, s *embedded.Store) error {
		position, err := s.ArchivePosition()
		require.NoError(t, err)
		view, err := s.ArchiveView(ctx)
		require.NoError(t, err)
		ends := map[string]competition.Chain{}
		require.NoError(t, view.Ends(ctx, func(end competition.Chain) { ends[end.CompetitionID] = end }))
		require.NoError(t, view.Close())
		plan, err := ReadPlan(ctx, bucket, PlanOptions{Dir: t.TempDir(), Position: position, Ends: ends, UntilSegment: untilSegment})
		if err != nil {
			return err
		}
		if err := plan.Check(target); err != nil {
			return err
		}
		if done, err = plan.Extend(ctx, s, target, func(int) {}); err != nil {
			return err
		}
		return s.SaveArchived(plan.Position, done.Ends, false)
	})
	return dir, done, err
}

// requireRestores holds what is restored against what there was.
func requireRestores(t *testing.T, want map[string]string, bucket Bucket, checkpoint string, target Target, untilSegment uint64) (dir string) {
	t.Helper()
	dir, _, err := restored(t, bucket, checkpoint, target, untilSegment)
	require.NoError(t, err)
	w := openWriter(t, dir)
	defer w.close()
	require.Equal(t, maps.Collect(maps.All(want)), rows(t, w.store))
	return dir
}

// checkpoint copies a checkpoint of the store.
func (w *writer) checkpoint() (dir string) {
	w.t.Helper()
	made, release, err := w.store.Checkpoint(w.t.Context())
	require.NoError(w.t, err)
	dir = w.t.TempDir()
	require.NoError(w.t, os.CopyFS(dir, os.DirFS(made)))
	require.NoError(w.t, release())
	return dir
}

// buckets are those that archives may be in.
func buckets(t *testing.T) map[string]Bucket {
	t.Helper()
	server := s3test.Start(t)
	bucket, err := Open(server.URL, Credentials{AccessKey: s3test.AccessKey, SecretKey: s3test.SecretKey})
	require.NoError(t, err)
	dir, err := Open("file://"+t.TempDir(), Credentials{})
	require.NoError(t, err)
	return map[string]Bucket{"a folder": dir, "S3": bucket}
}

func TestBuckets(t *testing.T) {
	for name, b := range buckets(t) {
		t.Run(name, func(t *testing.T) {
			_, err := b.Get(t.Context(), "a/x")
			require.ErrorIs(t, err, errNotThere)
			var want []string
			for n := range 7 { // several pages
				name := fmt.Sprintf("a/%d", n)
				require.NoError(t, b.Put(t.Context(), name, []byte(name)))
				want = append(want, name)
			}
			require.ErrorIs(t, b.Put(t.Context(), "a/3", []byte("another")), errExists)
			require.NoError(t, b.Replace(t.Context(), "b", []byte("1")))
			require.NoError(t, b.Replace(t.Context(), "b", []byte("2")))
			for name, content := range map[string]string{"a/3": "a/3", "b": "2"} {
				got, err := b.Get(t.Context(), name)
				require.NoError(t, err)
				require.Equal(t, content, string(got))
			}
			for after, from := range map[string]int{"": 0, "a/2": 3, "a/6": 7} {
				var got []string
				require.NoError(t, b.List(t.Context(), "a/", after, func(name string) error {
					got = append(got, name)
					return nil
				}))
				require.True(t, slices.Equal(want[from:], got), "%v after %q", got, after)
			}
			b.Close()
		})
	}
	for _, wrong := range []string{"ftp://x/y", ":"} {
		_, err := Open(wrong, Credentials{})
		require.Error(t, err)
	}
}

// TestHistories: whatever was restored, and how often, an archive gives back the latest
// history and no other, and an earlier one by its last segment.
func TestHistories(t *testing.T) {
	bucket := buckets(t)["a folder"]
	w := openWriter(t, t.TempDir())
	w.create("spring")
	w.create("autumn")
	for n := range 5 {
		w.join("spring", fmt.Sprintf("user-%d", n), fmt.Sprint("Name ", n))
	}
	w.join("spring", "user-1", "Another") // before the first name was archived
	require.NoError(t, w.ship(bucket))
	at1, seq1 := rows(t, w.store), w.core("spring").Seq()
	early := w.checkpoint()
	w.create("winter")
	w.join("spring", "user-9", "")
	w.join("autumn", "user-9", "Nine")
	w.do("spring", began+3, &competition.EraseParticipant{UserID: "user-2"})
	require.NoError(t, w.ship(bucket))
	require.NoError(t, w.ship(bucket), "twice is no other thing than once")
	lost, given := rows(t, w.store), uint64(2)
	late := w.checkpoint()
	w.close()

	requireRestores(t, lost, bucket, early, Target{}, 0)
	requireRestores(t, lost, bucket, late, Target{}, 0)
	for _, seq := range []uint64{1, seq1 - 1} { // between two names
		_, done, err := restored(t, bucket, "", Target{Seqs: map[string]uint64{"spring": seq}}, 0)
		require.NoError(t, err)
		i := slices.IndexFunc(done.Ends, func(end competition.Chain) bool { return end.CompetitionID == "spring" })
		require.Equal(t, seq, done.Ends[i].Seq)
	}
	again := openWriter(t, requireRestores(t, at1, bucket, "", Target{}, 1))
	again.continued("spring") // autumn waits, and winter does not exist any more
	again.join("spring", "user-7", "Seven")
	require.NoError(t, again.ship(bucket))
	now := rows(t, again.store)
	require.NotContains(t, now, "winter")
	again.close()
	requireRestores(t, now, bucket, "", Target{}, 0)
	requireRestores(t, now, bucket, early, Target{}, 0)
	requireRestores(t, lost, bucket, early, Target{}, given)
	_, _, err := restored(t, bucket, late, Target{}, 0)
	require.ErrorIs(t, err, ErrOtherHistory)

	third := openWriter(t, requireRestores(t, lost, bucket, late, Target{}, given)) // it was a mistake
	third.continued("winter")
	require.NoError(t, third.ship(bucket))
	now = rows(t, third.store)
	after := third.checkpoint()
	third.join("winter", "user-7", "Seven")
	require.NoError(t, third.ship(bucket))
	end := rows(t, third.store)
	third.close()
	requireRestores(t, end, bucket, "", Target{}, 0)
	requireRestores(t, end, bucket, late, Target{}, 0)
	requireRestores(t, end, bucket, after, Target{}, 0)
	requireRestores(t, now, bucket, after, Target{Seqs: map[string]uint64{"winter": 3}}, 0)
}

// TestTimes: a time names the events up to it, and only one that the archive is complete for.
func TestTimes(t *testing.T) {
	bucket := buckets(t)["a folder"]
	w := openWriter(t, t.TempDir())
	w.create("spring")
	w.join("spring", "ann", "")
	want := rows(t, w.store)
	w.do("spring", began+3, &competition.JoinCompetition{Caller: competition.Caller{UserID: "bob"}, UserID: "bob"})
	require.NoError(t, w.ship(bucket))
	w.close()
	requireRestores(t, want, bucket, "", Target{Time: (began + 2).Time()}, 0)
	b, err := bucket.Get(t.Context(), headName)
	require.NoError(t, err)
	var h head
	require.NoError(t, json.Unmarshal(b, &h))
	h.Closed = false // as after a kill
	b, err = json.Marshal(h)
	require.NoError(t, err)
	require.NoError(t, bucket.Replace(t.Context(), headName, b))
	_, _, err = restored(t, bucket, "", Target{Time: h.Through}, 0)
	require.ErrorIs(t, err, ErrShort)
	_, _, err = restored(t, bucket, "", Target{Time: h.Through.Add(-settled)}, 0)
	require.NoError(t, err)
	for _, seqs := range []map[string]uint64{{"spring": 9}, {"summer": 1}} {
		_, _, err = restored(t, bucket, "", Target{Seqs: seqs}, 0)
		require.ErrorIs(t, err, ErrShort)
	}
}

// TestDamage: whatever is changed, cut, missing or in another's place is found, and what
// was begun is refused as a data folder.
func TestDamage(t *testing.T) {
	server := s3test.Start(t)
	bucket, err := Open(server.URL, Credentials{AccessKey: s3test.AccessKey, SecretKey: s3test.SecretKey})
	require.NoError(t, err)
	w := openWriter(t, t.TempDir())
	w.create("spring")
	for n := range 4 {
		w.join("spring", fmt.Sprintf("user-%d", n), "")
		require.NoError(t, w.ship(bucket))
	}
	w.close()
	sound := maps.Clone(server.Objects)
	names := slices.Sorted(maps.Keys(sound))
	require.Len(t, names, 6)
	for _, name := range names {
		content := sound[name]
		changes := map[string]func(map[string][]byte){
			"missing": func(o map[string][]byte) { delete(o, name) },
			"empty":   func(o map[string][]byte) { o[name] = nil },
			"cut":     func(o map[string][]byte) { o[name] = content[:len(content)-1] },
		}
		if _, segment := segmentNumber(name[len("spring/"):]); segment {
			for at := range len(content) / 97 {
				changes[fmt.Sprint("changed at ", at*97)] = func(o map[string][]byte) {
					o[name] = slices.Clone(content)
					o[name][at*97] ^= 1
				}
			}
			for _, other := range names[2:] {
				if other != name {
					changes["another's, "+other] = func(o map[string][]byte) { o[name] = sound[other] }
				}
			}
		}
		for what, change := range changes {
			server.Change(func(o map[string][]byte) {
				maps.Copy(o, sound)
				change(o)
			})
			_, err := ReadPlan(t.Context(), bucket, PlanOptions{Dir: t.TempDir()})
			require.Error(t, err, "%s is %s", name, what)
			require.True(t, errorsIsAny(err, ErrDamaged, ErrMissing), "%s is %s: %v", name, what, err)
		}
		dir, _, err := restored(t, bucket, "", Target{}, 0)
		require.Error(t, err)
		_, err = embedded.Open(t.Context(), embedded.Options{Dir: dir, BallastBytes: -1})
		require.ErrorIs(t, err, embedded.ErrUnfinished)
	}
	bucket.Close()
}

func errorsIsAny(err error, these ...error) bool {
	return slices.ContainsFunc(these, func(one error) bool { return errors.Is(err, one) })
}

// TestWhoMayWrite: an archive has one writer, whose store has all that the archive has.
func TestWhoMayWrite(t *testing.T) {
	bucket := buckets(t)["a folder"]
	w := openWriter(t, t.TempDir())
	w.create("spring")
	before := w.checkpoint()
	require.NoError(t, w.ship(bucket))
	old := w.checkpoint()
	w.join("spring", "ann", "")
	first := w.shipper(bucket)
	first.loop.Stop()
	require.NoError(t, first.round(t.Context(), false))
	want := rows(t, w.store)
	w.close()

	stranger := openWriter(t, t.TempDir())
	stranger.create("spring")
	require.ErrorIs(t, stranger.ship(bucket), ErrForeign)
	stranger.close()
	for _, dir := range []string{before, old} { // copied back by hand
		w := openWriter(t, dir)
		err := w.ship(bucket)
		require.True(t, errorsIsAny(err, ErrForeign, ErrOlder), err)
		w.close()
	}
	drill, _, err := restored(t, bucket, "", Target{}, 0)
	require.NoError(t, err)
	d := openWriter(t, drill)
	require.ErrorIs(t, d.ship(bucket), ErrBusy, "the first server wrote just now")
	d.close()
	requireRestores(t, want, bucket, "", Target{}, 0)
}

// TestAttemptsThatFail: what fails is repeated, whatever of it was done, and the archive is
// whole; nobody waits meanwhile, and the lag says how much is missing.
func TestAttemptsThatFail(t *testing.T) {
	server := s3test.Start(t)
	bucket, err := Open(server.URL, Credentials{AccessKey: s3test.AccessKey, SecretKey: s3test.SecretKey})
	require.NoError(t, err)
	w := openWriter(t, t.TempDir())
	w.create("spring")
	s := w.shipper(bucket)
	s.loop.Stop()
	calls, random := 0, rand.New(rand.NewPCG(1, 2))
	for round := range 8 {
		w.join("spring", fmt.Sprintf("user-%d", round), "Name")
		server.Fail(func(string, string) int {
			if calls++; random.IntN(4) == 0 {
				return http.StatusServiceUnavailable
			}
			return 0
		})
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		for err := s.round(ctx, false); err != nil; err = s.round(ctx, false) {
			require.NotErrorIs(t, err, context.DeadlineExceeded)
			w.join("spring", fmt.Sprintf("user-%d-%d", round, calls), "Name")
		}
		cancel()
		server.Fail(nil)
		if round == 4 { // killed, and it had not noted the last segments
			w.close()
			w = openWriter(t, w.dir)
			s = w.shipper(bucket)
			s.loop.Stop()
		}
	}
	require.Less(t, s.lag(), time.Minute)
	require.True(t, s.Health().Healthy)
	want := rows(t, w.store)
	w.close()
	requireRestores(t, want, bucket, "", Target{}, 0)
	bucket.Close()
}

// TestRetentionKeepsWhatIsNotArchived: see embedded.Options.Archived.
func TestRetentionKeepsWhatIsNotArchived(t *testing.T) {
	bucket := buckets(t)["a folder"]
	w := openWriter(t, t.TempDir())
	defer w.close()
	w.create("spring")
	for n := range 3 {
		w.join("spring", fmt.Sprintf("user-%d", n), "")
	}
	snapshot := w.core("spring").Snapshot()
	require.NoError(t, w.store.Save(t.Context(), &snapshot))
	gone, err := w.store.Retain(t.Context(), time.Now(), 0)
	require.NoError(t, err)
	require.Zero(t, gone)
	require.NoError(t, w.ship(bucket))
	gone, err = w.store.Retain(t.Context(), time.Now(), 0)
	require.NoError(t, err)
	require.Positive(t, gone)
}
