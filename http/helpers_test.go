package http

import (
	"context"
	"net"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/valyala/fasthttp"

	"github.com/paceboard/paceboard/competition"
	"github.com/paceboard/paceboard/competition/calendar"
	"github.com/paceboard/paceboard/competition/ledger"
	"github.com/paceboard/paceboard/http/internal/auth/authtest"
)

// fakeEngine is an engine of which a test says what matters to it. What a test
// does not say answers like a competition "spring" where all goes well.
type fakeEngine struct {
	mu    sync.Mutex
	calls []string // names, in order

	createdAt  calendar.Millis // of every competition
	err        error           // what every call but Health returns
	health     *competition.Health
	submit     func(id string, s *competition.SubmitSync) (competition.SyncReply, error)
	batch      func(items []competition.BatchItem)
	top        *competition.Published
	board      competition.Board
	summary    competition.Summary
	created    bool
	joined     []competition.JoinedReply
	stats      competition.Stats
	statsOf    func(userID string, span competition.Span) (competition.Stats, error)
	events     func(after competition.FeedPlace, limit int) (competition.EventsPage, error)
	explain    func(userID string, span competition.Span) (competition.Explanation, error)
	person     func(id, userID string, span competition.Span) (competition.Person, error)
	ties       []string // of everybody; spring alone if nil
	read       int      // ties, to find out
	writes     int      // what an unnamed sync or a batch comes to; 0 asks for no payment
	nextListed competition.ListPlace
	next       string
	nextPart   uint32

	sync   competition.SubmitSync // the last of each
	id     string
	caller competition.Caller
	create competition.CreateCompetition
	join   competition.JoinCompetition
	remove competition.RemoveParticipant
	erased competition.Erased
	nobody bool // whom erasures are of
	args   []any
	ran    competition.Command // the last one that had no method of its own

	nextPlace ledger.Place
	nextPrize ledger.PrizeID
	nextFlag  uint64

	links    []competition.BoardLink
	linksErr error // what finding one returns

	apiKeys []competition.APIKey
	audit   []competition.AuditEntry
}

var (
	start   = authtest.Start // the time on every test's clock
	atStart = calendar.MillisOf(start)
)

func springDefinition() competition.Definition {
	d := defaultDefinition()
	d.ID, d.Name, d.Start, d.End = "spring", "Spring", atStart, atStart+7*24*60*60*1000
	d.PrizePoolMinor, d.Currency = 60_000, "EUR"
	d.Complete()
	return d
}

func newFakeEngine() *fakeEngine {
	board := competition.Board{
		CompetitionID: "spring", Status: competition.Active, Version: 7, Epoch: 0xa0b1c2d3, UpdatedAt: atStart, Total: 3,
		Entries: []competition.Entry{
			{
				UserID: "u1", UserName: "Ada \"the\" Löve", Score: 900, Rank: 1, LastSyncedAt: atStart, UpdatedAt: atStart - 1,
				Totals: competition.Metrics{Steps: 900, DistanceCm: 70050, EnergyCentikcal: 12345, ActiveMinutes: 9},
			},
			{UserID: "u2", Score: 800, Rank: 2, UpdatedAt: atStart, LastSyncedAt: atStart},
			{UserID: "u3", Rank: 3, UpdatedAt: atStart},
		},
	}
	return &fakeEngine{
		board:   board,
		top:     &competition.Published{Board: board},
		summary: competition.Summary{Status: competition.Upcoming, Participants: 3, Definition: springDefinition()},
		created: true,
		joined:  []competition.JoinedReply{{CompetitionID: "spring", SyncReply: competition.SyncReply{Score: 1, Rank: 1, Total: 1}}},
		stats: competition.Stats{
			CompetitionID: "spring", UserID: "u1", Score: 900, Rank: 1, LastSyncedAt: atStart, Source: "watch", Rows: 2,
			Total: competition.Metrics{Steps: 900}, Days: []competition.DayStats{{
				Day: 20_583, Value: competition.Metrics{Steps: 900, DistanceCm: 50},
				Sources: []competition.SourceStats{
					{Source: "watch", RecordedAt: start.UnixNano() + 5, Metrics: competition.Metrics{Steps: 900}},
					{Source: "phone", Metrics: competition.Metrics{Steps: 100, DistanceCm: 50}},
				},
			}},
		},
	}
}

func (e *fakeEngine) note(name, id string, caller competition.Caller, args ...any) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.calls = append(e.calls, name)
	e.id, e.caller, e.args = id, caller, args
	return e.err
}

// called returns the calls so far, and forgets them.
func (e *fakeEngine) called() []string {
	e.mu.Lock()
	defer e.mu.Unlock()
	calls := e.calls
	e.calls = nil
	return calls
}

func (e *fakeEngine) SubmitSync(id string, s *competition.SubmitSync) (competition.SyncReply, error) {
	err := e.note("SubmitSync", id, competition.Caller{})
	e.sync = *s
	if e.submit != nil {
		return e.submit(id, s)
	}
	return competition.SyncReply{Score: 10_000, Rank: 2, Total: 3, Changed: true}, err
}

func (e *fakeEngine) SubmitEverywhere(s *competition.SubmitSync, pay competition.Pay) ([]competition.JoinedReply, error) {
	if e.writes > 0 {
		if err := pay(e.writes, e.read); err != nil {
			return nil, err
		}
	}
	err := e.note("SubmitEverywhere", "", competition.Caller{})
	e.sync = *s
	return e.joined, err
}

func (e *fakeEngine) SubmitBatch(items []competition.BatchItem, pay competition.Pay) error {
	if e.writes > 0 {
		if err := pay(e.writes, e.read); err != nil {
			return err
		}
	}
	_ = e.note("SubmitBatch", "", competition.Caller{})
	for i := range items {
		items[i].Err = e.err
		items[i].Replies = []competition.JoinedReply{{CompetitionID: items[i].CompetitionID, SyncReply: competition.SyncReply{Score: int64(i), Rank: 1, Total: 1}}}
	}
	if e.batch != nil {
		e.batch(items)
	}
	return nil
}

// answering is a competition with one participant, which answers commands.
var answering = sync.OnceValue(func() *competition.Competition {
	c := competition.New("spring", func() (k competition.Key) { return k })
	create := &competition.CreateCompetition{Caller: competition.Caller{Operator: true}, Definition: springDefinition()}
	if _, err := create.Decide(c, atStart); err != nil {
		panic(err)
	}
	if _, err := (&competition.JoinCompetition{Caller: competition.Caller{UserID: "u1"}, UserID: "u1"}).Decide(c, atStart); err != nil {
		panic(err)
	}
	b := c.Take(competition.Batch{})
	for i := range b.Events {
		if _, err := c.Apply(&b.Events[i]); err != nil {
			panic(err)
		}
	}
	return c
})

// Run notes a command by the name of its type, and answers with what it answers.
func (e *fakeEngine) Run(id string, c competition.Command) (any, error) {
	name := reflect.TypeOf(c).Elem().Name()
	err := e.note(name, id, reflect.ValueOf(c).Elem().FieldByName("Caller").Interface().(competition.Caller))
	e.ran = c
	answer := c.Answer(answering(), competition.Decision{Number: 1})
	switch answer.(type) {
	case competition.Summary:
		answer = e.summary
	case competition.ReviewReply:
		answer = reviewReply
	}
	return answer, err
}

func (e *fakeEngine) Stats(id string, caller competition.Caller, userID string, span competition.Span) (competition.Stats, error) {
	if e.statsOf != nil {
		return e.statsOf(userID, span)
	}
	return e.stats, e.note("Stats", id, caller, userID, span)
}

func (e *fakeEngine) Lifetime(caller competition.Caller, userID string) (*competition.Lifetime, error) {
	all := &competition.Lifetime{}
	for _, day := range e.stats.Days {
		h := competition.History{SyncedAt: e.stats.LastSyncedAt}
		for i, source := range day.Sources {
			h.Sources = append(h.Sources, source.Source)
			h.Days, _ = h.Days.Merge(competition.Register{Day: day.Day, Source: uint32(i), RecordedAt: source.RecordedAt, Metrics: source.Metrics})
		}
		all.Add(h)
	}
	return all, e.note("Lifetime", "", caller, userID)
}

func (e *fakeEngine) Top(id string, caller competition.Caller) (*competition.Published, error) {
	return e.top, e.note("Top", id, caller)
}

func (e *fakeEngine) Page(id string, caller competition.Caller, offset, limit int, room []competition.Entry) (competition.Board, error) {
	return e.boardIn(room), e.note("Page", id, caller, offset, limit)
}

func (e *fakeEngine) Around(id string, caller competition.Caller, userID string, radius int, room []competition.Entry) (competition.Board, error) {
	return e.boardIn(room), e.note("Around", id, caller, userID, radius)
}

func (e *fakeEngine) boardIn(room []competition.Entry) competition.Board {
	b := e.board
	b.Entries = append(room[:0], b.Entries...)
	return b
}

func (e *fakeEngine) Create(c *competition.CreateCompetition) (competition.Summary, bool, error) {
	err := e.note("Create", c.Definition.ID, c.Caller)
	e.create = *c
	return e.summary, e.created, err
}

func (e *fakeEngine) Join(id string, j *competition.JoinCompetition) (competition.Entry, error) {
	err := e.note("Join", id, j.Caller)
	e.join = *j
	return competition.Entry{UserID: j.UserID, UserName: j.UserName, Rank: 4, UpdatedAt: atStart}, err
}

func (e *fakeEngine) Created(ids []string) []calendar.Millis {
	created := make([]calendar.Millis, len(ids))
	for i := range created {
		created[i] = e.createdAt
	}
	return created
}

func (e *fakeEngine) Remove(id string, r *competition.RemoveParticipant) error {
	err := e.note("Remove", id, r.Caller)
	e.remove = *r
	return err
}

func (e *fakeEngine) Competition(id string, caller competition.Caller) (competition.Summary, error) {
	return e.summary, e.note("Competition", id, caller)
}

func (e *fakeEngine) Competitions(caller competition.Caller, l competition.Listing) ([]competition.Summary, competition.ListPlace, error) {
	err := e.note("Competitions", "", caller, l)
	return []competition.Summary{e.summary}, e.nextListed, err
}

func (e *fakeEngine) OwnFirst(caller competition.Caller, l competition.Listing) (competition.ListedPage, error) {
	return competition.ListedPage{List: []competition.Summary{e.summary, e.summary}, Own: 1, Next: e.nextListed}, e.note("OwnFirst", "", caller, l)
}

func (e *fakeEngine) CompetitionsOf(userID, after string, limit int) ([]competition.Summary, string, error) {
	err := e.note("CompetitionsOf", "", competition.Caller{}, userID, after, limit)
	return []competition.Summary{e.summary}, e.next, err
}

func (e *fakeEngine) CompetitionsMadeBy(userID, after string, limit int) ([]competition.Summary, string, error) {
	err := e.note("CompetitionsMadeBy", "", competition.Caller{}, userID, after, limit)
	return []competition.Summary{e.summary}, e.next, err
}

func (e *fakeEngine) Participants(id string, caller competition.Caller, after uint32, limit int, search string) ([]competition.Entry, uint32, error) {
	return e.board.Entries, e.nextPart, e.note("Participants", id, caller, after, limit, search)
}

func (e *fakeEngine) Health() competition.Health {
	if e.health != nil {
		return *e.health
	}
	return competition.Health{Ready: true, Active: 2, Dependencies: []competition.Dependency{{Name: "journal", Healthy: true, Latency: 400 * time.Microsecond}}}
}

var secret = authtest.Secret

const (
	projectURL = authtest.ProjectURL
	issuer     = authtest.Issuer
)

// bench is a server with a fake engine, and a client of it that needs no network.
type bench struct {
	*Server
	engine  *fakeEngine
	process *fakeProcess
	now     time.Time
}

// fakeProcess has one setting, and remembers whether it was drained.
type fakeProcess struct {
	level   string
	drained bool
}

func (p *fakeProcess) Settings() map[string]string { return map[string]string{"LOG_LEVEL": p.level} }
func (p *fakeProcess) Drain()                      { p.drained = true }

func (p *fakeProcess) ChangeSettings(values map[string]string) error {
	level, given := values["LOG_LEVEL"]
	if len(values) > 1 || len(values) == 1 && !given {
		return &competition.InvalidError{Fields: []competition.FieldError{{Field: "settings", Detail: "must be LOG_LEVEL"}}}
	}
	if given {
		p.level = level
	}
	return nil
}

func newBench(tb testing.TB, change ...func(*Options)) *bench {
	tb.Helper()
	b := &bench{engine: newFakeEngine(), process: &fakeProcess{level: "info"}, now: start}
	o := Options{
		Engine: b.engine, Webhooks: fakeWebhooks{}, Process: b.process, Secrets: [][]byte{secret}, SupabaseURL: projectURL,
		Now: func() time.Time { return b.now }, NewID: func() string { return "new-id" },
		Build: Build{Version: "1.2.3", Commit: "abc", Go: "go1.26"}, MetricsToken: metricsToken,
	}
	for _, f := range change {
		f(&o)
	}
	b.Server = New(o)
	tb.Cleanup(func() { require.NoError(tb, b.Shutdown(context.WithoutCancel(tb.Context()))) })
	return b
}

// metricsToken is the METRICS_TOKEN of the tests' servers.
const metricsToken = "a token that only the tests' scraper knows"

// scraped is the metrics as they are now.
func (b *bench) scraped(tb testing.TB) response {
	tb.Helper()
	b.scrape.mu.Lock()
	b.scrape.written = nil
	b.scrape.mu.Unlock()
	return b.do(tb, "GET", "/metrics", "", bearer(metricsToken))
}

// header is one header field of a request; a Bearer token is one without a name.
type header struct{ name, value string }

func bearer(token string) header { return header{"Authorization", "Bearer " + token} }

// response is what a client sees.
type response struct {
	status int
	body   string
	header *fasthttp.ResponseHeader
}

func (r response) get(name string) string { return string(r.header.Peek(name)) }

// do sends a request straight to the server's handler.
func (b *bench) do(tb testing.TB, method, target, body string, headers ...header) response {
	tb.Helper()
	var request fasthttp.Request
	request.Header.SetMethod(method)
	request.SetRequestURI(target)
	request.Header.SetHost("paceboard.test")
	if body != "" {
		request.SetBodyString(body)
	}
	for _, h := range headers {
		request.Header.Add(h.name, h.value)
	}
	ctx := &fasthttp.RequestCtx{}
	ctx.Init(&request, &net.TCPAddr{}, nil)
	b.handle(ctx)
	r := response{status: ctx.Response.StatusCode(), body: string(ctx.Response.Body()), header: &ctx.Response.Header}
	document(tb).holds(tb, method, strings.SplitN(target, "?", 2)[0], r)
	return r
}

func (e *fakeEngine) Loaded() []competition.Loaded {
	_ = e.note("Loaded", "", competition.Caller{})
	small := competition.Loaded{Summary: e.summary, Version: 7, Events: 9, ChangedAt: atStart, Bytes: 1 << 10}
	small.Summary.Definition.ID, small.Summary.Participants = "autumn", 1
	return []competition.Loaded{small, {Summary: e.summary, Version: 7, Events: 3, Bytes: 1 << 20}}
}

func (e *fakeEngine) Journal(id string, caller competition.Caller, after uint64, limit int) (competition.JournalPage, error) {
	err := e.note("Journal", id, caller, after, limit)
	r := competition.JournalRecord{Seq: after + 1, At: "2026-05-01T00:00:00.000Z", Kind: "sync_accepted", Hash: "00ff", Bytes: 80, UserID: "u1", Data: map[string]any{"number": 1}}
	return competition.JournalPage{Records: []competition.JournalRecord{r}, Next: after + 1, More: true}, err
}

func (e *fakeEngine) RetryPayouts(competitionID string, limit int) (int, bool, error) {
	return 2, false, e.note("RetryPayouts", competitionID, competition.Caller{}, limit)
}

func (e *fakeEngine) Amendments(id string, caller competition.Caller) ([]competition.Amendment, error) {
	err := e.note("Amendments", id, caller)
	return []competition.Amendment{{At: atStart, End: atStart + 1, DailyLimits: competition.DefaultDailyLimits, Visibility: competition.Public, Reason: "a storm"}}, err
}
