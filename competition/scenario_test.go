package competition

import (
	"errors"
	"fmt"
	"math"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/datadriven"
	"github.com/stretchr/testify/require"

	"github.com/paceboard/paceboard/competition/calendar"
	"github.com/paceboard/paceboard/competition/ledger"
)

// TestScenarios plays the competitions of testdata/*.txt. What the commands are
// stands in the first of them, lifecycle.txt.
func TestScenarios(t *testing.T) {
	paths, err := filepath.Glob("testdata/*.txt")
	require.NoError(t, err)
	require.NotEmpty(t, paths)
	for _, path := range paths {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".txt"), func(t *testing.T) {
			s := &scenario{store: newStore(), c: New("spring", countedKeys())}
			datadriven.RunTest(t, path, s.run)
		})
	}
}

// scenario is a competition, its store, and a clock that commands set.
type scenario struct {
	c     *Competition
	store *store
	now   calendar.Millis
}

// run is one block of a file.
func (s *scenario) run(t *testing.T, d *datadriven.TestData) string {
	t.Helper()
	if at, ok := d.Arg("at"); ok {
		s.now = timeOf(t, at.SingleVal(t))
	}
	return strings.TrimRight(s.answer(t, d), "\n") + "\n"
}

func (s *scenario) answer(t *testing.T, d *datadriven.TestData) string {
	t.Helper()
	switch d.Cmd {
	case "create":
		return s.do(t, &CreateCompetition{Caller: caller(t, d, "carol"), Definition: s.definition(t, d)})
	case "edit":
		return s.do(t, &EditCompetition{Caller: caller(t, d, "carol"), Patch: patch(t, d)})
	case "cancel":
		return s.do(t, &CancelCompetition{Caller: caller(t, d, "carol")})
	case "join":
		id := who(d)
		name, named := d.Arg("name")
		j := &JoinCompetition{Caller: caller(t, d, id), UserID: id, Rename: named, Invited: d.HasArg("invited")}
		if at, ok := d.Arg("invited"); ok && len(at.Vals) > 0 {
			j.InvitedAt = timeOf(t, at.SingleVal(t))
		}
		if named {
			j.UserName = name.SingleVal(t)
		} else if token, ok := d.Arg("token"); ok { // the name that the token has
			j.UserName = token.SingleVal(t)
		}
		return s.do(t, j)
	case "leave":
		id := who(d)
		return s.do(t, &LeaveCompetition{Caller: caller(t, d, id), UserID: id})
	case "remove":
		return s.do(t, &RemoveParticipant{Caller: caller(t, d, "carol"), UserID: who(d), Reason: because(t, d)})
	case "erase":
		return s.do(t, &EraseParticipant{UserID: who(d)})
	case "sync":
		return s.do(t, report(t, d))
	case "exclude":
		return s.do(t, &ExcludeParticipant{Caller: caller(t, d, "olga"), UserID: who(d), Reason: because(t, d)})
	case "restore":
		return s.do(t, &RestoreParticipant{Caller: caller(t, d, "olga"), UserID: who(d), Reason: because(t, d)})
	case "correct":
		sync := report(t, d)
		return s.do(t, &CorrectDay{Caller: caller(t, d, "olga"), UserID: who(d), Day: sync.Day, Metrics: sync.Metrics, Reason: because(t, d)})
	case "withdraw":
		return s.do(t, &WithdrawCorrection{Caller: caller(t, d, "olga"), UserID: who(d), Day: report(t, d).Day, Reason: because(t, d)})
	case "explain":
		return s.explain(d)
	case "flags":
		return s.flags()
	case "distribute":
		return s.do(t, &DistributePrizes{Caller: operator, PoolMinor: 1000})
	case "prizes":
		text := ""
		for _, p := range s.c.Prizes(100).Prizes {
			text += fmt.Sprintf("%d. %s %d\n", p.Rank, shown(p.UserID), p.Minor)
		}
		return text
	case "tick":
		return s.do(t, tick{})
	case "board":
		return s.board(t, d)
	case "stats":
		return s.stats(t, d)
	case "journal":
		return s.journal(t, d)
	case "snapshot":
		snapshot := s.c.Snapshot()
		require.NoError(t, s.store.save(&snapshot))
		return fmt.Sprintf("as of seq %d, %d rows", snapshot.Seq, len(snapshot.Rows))
	case "restart":
		c := recovered(t, s.store)
		sameState(t, s.c, c)
		sameState(t, s.c, recovered(t, s.store.withoutSnapshot()))
		s.c = c
		return fmt.Sprintf("the same as before, at seq %d", c.Seq())
	default:
		d.Fatalf(t, "there is no command %s", d.Cmd)
		return ""
	}
}

// do decides a command, makes its events durable, applies them, and answers.
func (s *scenario) do(t *testing.T, cmd any) string {
	t.Helper()
	before := s.c.Page(nil, 0, 0).Status
	a, d := perform(s.c, s.now, cmd)
	batch := s.c.Take(Batch{})
	var outcome Outcome
	if !batch.Empty() {
		s.store.append(t, &batch)
		for i := range batch.Events {
			applied, err := s.c.Apply(&batch.Events[i])
			require.NoError(t, err)
			if batch.Events[i].Detail == nil {
				outcome = applied
			}
		}
		s.c.Applied(&batch)
	}
	checkInvariants(t, s.c)

	var lines []string
	if after := s.c.Page(nil, 0, 0).Status; after != before {
		lines = append(lines, "now "+after.String())
	}
	_, isSync := cmd.(*SubmitSync)
	switch {
	case a.err != nil:
		lines = append(lines, "refused: "+code(a.err))
	case isSync:
		reply := s.c.SyncReply(d.Number, !d.Repeat && outcome.Changed)
		line := fmt.Sprintf("score %d, rank %d of %d", reply.Score, reply.Rank, reply.Total)
		if d.Enrolled {
			line += ", enrolled"
		}
		if flags := len(batch.Events) - int(d.Seq-batch.FirstSeq) - 1; !batch.Empty() && flags > 0 {
			line += fmt.Sprintf(", flagged %d", flags)
		}
		if !reply.Changed {
			line += ", nothing changed"
		}
		lines = append(lines, line)
	case batch.Empty():
		lines = append(lines, "nothing to do")
	case len(lines) == 0:
		lines = append(lines, "done")
	}
	return strings.Join(lines, "\n")
}

// code is the word that clients get for a refusal.
func code(err error) string {
	if invalid, ok := errors.AsType[*InvalidError](err); ok {
		var fields []string
		for _, f := range invalid.Fields {
			fields = append(fields, f.Field)
		}
		return "invalid " + strings.Join(fields, " ")
	}
	for sentinel, word := range map[error]string{
		ErrForbidden: "forbidden", ErrInvitationRequired: "invitation_required", ErrUnknownCompetition: "unknown_competition", ErrNotEnrolled: "not_enrolled",
		ErrNotStarted: "competition_not_started", ErrClosed: "competition_closed", ErrFull: "competition_full",
		ErrExists: "competition_exists", ErrStarted: "competition_started", ErrOutsideWindow: "outside_window",
		ErrJoined: "competition_joined", ErrFeesPaid: "fees_paid", ErrNotFinal: "not_final", ErrNoPrizePool: "no_prize_pool", ErrUnknownPrize: "unknown_prize",
		ErrPrizeDecided: "prize_decided", ErrPrizePending: "prize_pending", ErrFutureDate: "future_date", ErrRecordedInFuture: "recorded_in_future", ErrImplausible: "implausible", ErrTooManySources: "too_many_sources",
	} {
		if errors.Is(err, sentinel) {
			return word
		}
	}
	return err.Error()
}

// shown is a user id, or that nobody has it any more.
func shown(userID string) string {
	if IsPseudonym(userID) {
		return "nobody"
	}
	return userID
}

func (s *scenario) board(t *testing.T, d *datadriven.TestData) string {
	t.Helper()
	offset, limit := 0, 1000
	d.MaybeScanArgs(t, "offset", &offset)
	d.MaybeScanArgs(t, "limit", &limit)
	b := s.c.Page(nil, offset, limit)
	if around, ok := d.Arg("around"); ok {
		radius := 5
		d.MaybeScanArgs(t, "radius", &radius)
		var err error
		if b, err = s.c.Around(nil, around.SingleVal(t), radius); err != nil {
			return "refused: " + code(err)
		}
	}
	text := fmt.Sprintf("%v, %d on the board, version %d of %s\n", b.Status, b.Total, b.Version, clock(b.UpdatedAt))
	for _, e := range b.Entries {
		name := shown(e.UserID)
		if e.UserName != "" {
			name += " (" + e.UserName + ")"
		}
		text += fmt.Sprintf("%d. %s %d, reached %s, synced %s, %s\n", e.Rank, name, e.Score, clock(e.UpdatedAt), clock(e.LastSyncedAt), amounts(e.Totals))
	}
	return text
}

func (s *scenario) stats(t *testing.T, d *datadriven.TestData) string {
	t.Helper()
	from, to := calendar.MinDay, calendar.MaxDay
	if arg, ok := d.Arg("from"); ok {
		from = date(arg.SingleVal(t))
	}
	if arg, ok := d.Arg("to"); ok {
		to = date(arg.SingleVal(t))
	}
	stats, err := s.c.Stats(who(d), Span{From: from, To: to})
	if err != nil {
		return "refused: " + code(err)
	}
	text := fmt.Sprintf("score %d, rank %d, %s\n", stats.Score, stats.Rank, amounts(stats.Total))
	for _, day := range stats.Days {
		text += fmt.Sprintf("%v: %s\n", day.Day, amounts(day.Value))
		for _, source := range day.Sources {
			text += fmt.Sprintf("  %s: %s", source.Source, amounts(source.Metrics))
			if source.RecordedAt != 0 {
				text += ", recorded " + time.Unix(0, source.RecordedAt).UTC().Format("01-02 15:04:05.999999999")
			}
			text += "\n"
		}
	}
	return text
}

// journal reads the events from the store, so that nothing but bytes counts.
func (s *scenario) journal(t *testing.T, d *datadriven.TestData) string {
	t.Helper()
	after := 0
	d.MaybeScanArgs(t, "after", &after)
	chain := NewChain("spring")
	var sources []string
	name := func(number uint32) string { return shown(s.store.identities[number].UserID) }
	var text string
	for i, record := range s.store.records {
		e, _, err := chain.Next(record)
		require.NoError(t, err)
		line := ""
		switch what := e.Detail.(type) {
		case nil:
			if e.Sync.NewSource != "" {
				sources = append(sources, e.Sync.NewSource)
			}
			r := e.Sync.Register
			line = fmt.Sprintf("%s synced %v from %s: %s", name(e.Sync.Number), r.Day, sources[r.Source], amounts(r.Metrics))
		case *CompetitionCreated:
			line = "created by " + name(0)
		case *CompetitionEdited:
			line = "edited"
		case *CompetitionAmended:
			line = "amended: " + what.Reason
		case *StatusChanged:
			line = what.Status.String()
		case *ParticipantEnrolled:
			line = fmt.Sprintf("%s is participant %d", name(what.Number), what.Number)
		case *ParticipantRenamed:
			line = name(what.Number) + " has another name"
		case *ParticipantLeft:
			line = name(what.Number) + " left"
		case *ParticipantReturned:
			line = name(what.Number) + " returned"
		case *SyncFlagged:
			line = fmt.Sprintf("%s was flagged for %v: %v, %s", name(what.Number), what.Day, what.Reason, figures(what.Figures))
		case *ParticipantExcluded:
			line = name(what.Number) + " was excluded: " + what.Reason
		case *ParticipantRestored:
			line = name(what.Number) + " was restored: " + what.Reason
		case *DayCorrected:
			line = fmt.Sprintf("%s was corrected for %v to %s: %s", name(what.Number), what.Day, amounts(what.Metrics), what.Reason)
		case *CorrectionWithdrawn:
			line = fmt.Sprintf("%s is not corrected for %v any more: %s", name(what.Number), what.Day, what.Reason)
		case *ParticipantErased:
			line = fmt.Sprintf("participant %d is nobody", what.Number)
		case *ParticipantRemoved:
			line = name(what.Number) + " was removed: " + what.Reason
		case *DecisionsKept:
			line = fmt.Sprintf("participant %d is nobody, about whom decisions are kept", what.Number)
		case *StandingKept:
			line = fmt.Sprintf("participant %d is nobody with a standing", what.Number)
		}
		if i >= after {
			text += fmt.Sprintf("%d. %s %s\n", e.Seq, clock(e.At), line)
		}
	}
	return text
}

// figures are what a flag rests on.
func figures(f Figures) string {
	text := amounts(f.Found) + " against " + amounts(f.Usual)
	if f.Within != 0 {
		text += fmt.Sprintf(" in %d min", f.Within/60_000)
	}
	return text
}

func (s *scenario) explain(d *datadriven.TestData) string {
	x, err := s.c.Explain(who(d), AllDays)
	if err != nil {
		return "refused: " + code(err)
	}
	text := fmt.Sprintf("score %d, rank %d of %d", x.Score, x.Rank, x.Total)
	if x.Excluded {
		text += ", excluded: " + x.Reason
	}
	text += "\n"
	for _, day := range x.Days {
		text += fmt.Sprintf("%v: %s, %d.%05d points\n", day.Day, amounts(day.Value), day.Points.Whole, day.Points.Parts)
		if day.Correction != nil {
			text += "  corrected: " + day.Correction.Reason + "\n"
		}
		for _, report := range day.Reports {
			text += fmt.Sprintf("  %s: %s, counted %s", report.Source, amounts(report.Metrics), amounts(report.Counted))
			if report.Ignored != "" {
				text += ": " + string(report.Ignored)
			}
			text += "\n"
		}
		for _, f := range day.Flags {
			text += fmt.Sprintf("  flagged %s: %v, %s\n", clock(f.At), f.Reason, figures(f.Figures))
		}
	}
	return text + fmt.Sprintf("sum %d.%05d", x.Sum.Whole, x.Sum.Parts)
}

func (s *scenario) flags() string {
	list, _ := s.c.Flags(0, 100)
	text := ""
	for _, f := range list {
		text += fmt.Sprintf("%d. %s %s %v %v: %s\n", f.Seq, clock(f.At), f.UserID, f.Day, f.Reason, figures(f.Figures))
	}
	if text == "" {
		return "none"
	}
	return text
}

// because is the reason of an operator's decision.
func because(t *testing.T, d *datadriven.TestData) string {
	t.Helper()
	if arg, ok := d.Arg("because"); ok {
		return strings.Join(arg.Vals, " ")
	}
	return "it looks odd"
}

// clock is a time without its year; all scenarios are of 2026.
func clock(m calendar.Millis) string {
	if m == 0 {
		return "never"
	}
	return m.Time().Format("01-02 15:04")
}

// amounts leaves out what is 0.
func amounts(m Metrics) string {
	var parts []string
	add := func(n int64, decimals int, unit string) {
		if n != 0 {
			parts = append(parts, ledger.FormatMinor(n, decimals)+unit)
		}
	}
	add(m.Steps, 0, " steps")
	add(m.DistanceCm, 2, " m")
	add(m.EnergyCentikcal, 2, " kcal")
	add(m.ActiveMinutes, 0, " min")
	if parts == nil {
		return "nothing"
	}
	return strings.Join(parts, " ")
}

func timeOf(t *testing.T, s string) calendar.Millis {
	t.Helper()
	for _, layout := range []string{"2006-01-02T15:04Z07:00", time.RFC3339Nano} {
		if at, err := time.Parse(layout, s); err == nil {
			return calendar.MillisOf(at)
		}
	}
	t.Fatalf("%s is no time", s)
	return 0
}

// who is the first word after a command.
func who(d *datadriven.TestData) string { return d.CmdArgs[0].Key }

// caller is who stands after by=, or the usual one. olga is an operator.
func caller(t *testing.T, d *datadriven.TestData, usual string) Caller {
	t.Helper()
	if by, ok := d.Arg("by"); ok {
		usual = by.SingleVal(t)
	}
	if usual == operator.UserID {
		return operator
	}
	return user(usual)
}

func report(t *testing.T, d *datadriven.TestData) *SubmitSync {
	t.Helper()
	s := &SubmitSync{UserID: who(d), Source: "phone", Metrics: metricsOf(t, d)}
	for _, arg := range d.CmdArgs {
		switch arg.Key {
		case "day":
			s.Day = date(arg.SingleVal(t))
		case "source":
			s.Source = arg.SingleVal(t)
		case "name":
			s.UserName = arg.SingleVal(t)
		case "recorded":
			at, err := time.Parse(time.RFC3339Nano, arg.SingleVal(t))
			require.NoError(t, err)
			s.RecordedAt = at.UnixNano()
		case "members-only":
			s.MembersOnly = true
		}
	}
	return s
}

func metricsOf(t *testing.T, d *datadriven.TestData) Metrics {
	t.Helper()
	number := func(key string, decimals int) int64 {
		arg, ok := d.Arg(key)
		if !ok {
			return 0
		}
		return decimal(t, arg.SingleVal(t), decimals)
	}
	return Metrics{number("steps", 0), number("m", 2), number("kcal", 2), number("min", 0)}
}

// decimal is a number with so many decimals as an integer.
func decimal(t *testing.T, s string, decimals int) int64 {
	t.Helper()
	f, err := strconv.ParseFloat(s, 64)
	require.NoError(t, err)
	return int64(math.Round(f * math.Pow10(decimals)))
}

// definition is spring with a creator's words.
func (s *scenario) definition(t *testing.T, d *datadriven.TestData) Definition {
	t.Helper()
	p := patch(t, d)
	return p.apply(spring())
}

// patch is the words of create and edit.
func patch(t *testing.T, d *datadriven.TestData) (p Patch) {
	t.Helper()
	for _, arg := range d.CmdArgs {
		switch arg.Key {
		case "name":
			p.Name = &arg.Vals[0]
		case "start":
			p.Start = new(timeOf(t, arg.SingleVal(t)))
		case "end":
			p.End = new(timeOf(t, arg.SingleVal(t)))
		case "zone":
			p.TimeZone = &arg.Vals[0]
		case "enrollment":
			p.Enrollment = new(Enrollment(arg.SingleVal(t)))
		case "visibility":
			p.Visibility = new(Visibility(arg.SingleVal(t)))
		case "fee":
			p.EntryFeeMinor = new(decimal(t, arg.SingleVal(t), 2))
		case "pool":
			p.PrizePoolMinor = new(decimal(t, arg.SingleVal(t), 2))
		case "max":
			p.MaxParticipants = new(int(decimal(t, arg.SingleVal(t), 0)))
		case "late":
			p.LateSyncHours = new(int(decimal(t, arg.SingleVal(t), 0)))
		case "points":
			p.Scoring = new(Weights)
			for _, val := range arg.Vals {
				weight, unit, _ := strings.Cut(val, " a ")
				of := map[string]*int64{"step": &p.Scoring.Step, "metre": &p.Scoring.Metre, "kcal": &p.Scoring.Kcal, "minute": &p.Scoring.Minute}
				*of[unit] = decimal(t, weight, 3)
			}
		}
	}
	return p
}
