package competition

import (
	"cmp"
	"fmt"
	"maps"
	"math/big"
	"slices"
	"time"

	"github.com/paceboard/paceboard/competition/calendar"
)

// model is a competition as openapi.yaml tells it: maps, everything worked out on
// reading, nothing kept but what cannot be worked out. It was written from the
// contract and shares nothing with the code but the types of commands and
// answers.
type model struct {
	created   bool
	def       Definition
	creator   string
	cancelled bool
	now       calendar.Millis // when the last command came
	updated   calendar.Millis // when the board last changed
	reaches   int             // how often a score changed
	numbers   int             // how many people ever enrolled
	people    map[string]*modelPerson

	settled   bool
	settledAt calendar.Millis
	kept      map[string]modelReview // what was decided about people who were erased, by user ids
	balances  map[string]int64       // of the ledger's accounts
	prizes    []modelPrize           // by rank
}

type modelPrize struct {
	user                 string
	rank                 int
	minor                int64
	status, reason       string
	created, distributed calendar.Millis
}

type modelPerson struct {
	paid       int64
	number     int
	erased     bool
	name       string
	present    bool
	reports    map[modelSlot]modelReport
	score      int64
	reached    int // which of all the changes of scores made it
	updated    calendar.Millis
	lastSynced calendar.Millis
	review     modelReview
}

type modelSlot struct {
	day    calendar.Day
	source string
}

type modelReport struct {
	recordedAt int64 // 0: absent
	metrics    Metrics
}

func newModel() *model {
	return &model{people: map[string]*modelPerson{}, balances: map[string]int64{}, kept: map[string]modelReview{}}
}

func (m *model) clone() *model {
	c := *m
	c.balances, c.prizes, c.kept = maps.Clone(m.balances), slices.Clone(m.prizes), maps.Clone(m.kept)
	c.people = map[string]*modelPerson{}
	for id, p := range m.people {
		q := *p
		q.reports, q.review = maps.Clone(p.reports), p.review.clone()
		c.people[id] = &q
	}
	return &c
}

// answer is what a command is answered with.
type answer struct {
	err     error
	created bool // Create
	changed bool // SubmitSync
}

// do is a command at a time.
func (m *model) do(now calendar.Millis, cmd any) (a answer) {
	before := m.board()
	m.now = now
	if m.status() == Completed && !m.keeps() {
		clear(m.kept)
	}
	defer func() { a.err = m.concealed(cmd, a.err) }()
	switch cmd := cmd.(type) {
	case *CreateCompetition:
		a = m.create(cmd)
	case *SubmitSync:
		a = m.sync(cmd)
	case *JoinCompetition:
		a.err = m.join(cmd)
	case *LeaveCompetition:
		a.err = m.leave(cmd)
	case *RemoveParticipant:
		a.err = m.remove(cmd)
	case *EditCompetition:
		a.err = m.edit(cmd)
	case *CancelCompetition:
		a.err = m.cancel(cmd)
	case *DistributePrizes:
		a.err = m.distribute(cmd)
	case *ConfirmPrize:
		a.err = m.decidePrize(cmd.Caller, cmd.Number, "distributed", "")
	case *FailPrize:
		a.err = m.decidePrize(cmd.Caller, cmd.Number, "failed", cmd.Reason)
	case *ExcludeParticipant:
		a.err = m.exclude(cmd)
	case *RestoreParticipant:
		a.err = m.restore(cmd)
	case *CorrectDay:
		a.err = m.correct(cmd)
	case *WithdrawCorrection:
		a.err = m.withdraw(cmd)
	case *EraseParticipant:
		a.err = m.erase(cmd)
	case tick:
	default:
		panic(fmt.Sprintf("the model does not know %T", cmd))
	}
	if !before.equal(m.board()) {
		m.updated = now
	}
	return a
}

// concealed is a refusal of a command as its caller may hear it: a private
// competition does not exist for those who neither take part nor manage it.
func (m *model) concealed(cmd any, refusal error) error {
	var caller Caller
	switch cmd := cmd.(type) {
	case *SubmitSync:
		caller = Caller{UserID: cmd.UserID, Operator: cmd.Trusted}
	case *JoinCompetition:
		if caller = cmd.Caller; cmd.Invited {
			return refusal
		}
	case *LeaveCompetition:
		caller = cmd.Caller
	case *RemoveParticipant:
		caller = cmd.Caller
	case *EditCompetition:
		caller = cmd.Caller
	case *CancelCompetition:
		caller = cmd.Caller
	default:
		return refusal
	}
	p := m.people[caller.UserID]
	if refusal == nil || m.def.Visibility != Private || m.manages(caller) || p != nil && p.present {
		return refusal
	}
	return ErrUnknownCompetition
}

// tick is time passing.
type tick struct{}

// status: upcoming → active (start_date) → finalizing (end_date) → completed
// (late_sync_hours later); cancelled.
func (m *model) status() Status {
	switch d := m.def; {
	case !m.created:
		return 0
	case m.cancelled:
		return Cancelled
	case m.settled:
		return Settled
	case m.now < d.Start:
		return Upcoming
	case m.now < d.End:
		return Active
	case m.now < d.End+calendar.Millis(d.LateSyncHours)*hour:
		return Finalizing
	default:
		return Completed
	}
}

func (m *model) ended() bool { return m.status() > Active }

func (m *model) present() (n int) {
	for _, p := range m.people {
		if p.onBoard() {
			n++
		}
	}
	return n
}

func (m *model) full() bool {
	return m.def.MaxParticipants > 0 && m.present() >= m.def.MaxParticipants
}

func (m *model) manages(c Caller) bool {
	return c.Operator || m.creator != "" && c.UserID == m.creator
}

// inWindow: a day is in the window when part of it, in time_zone, lies in
// [start_date, end_date).
func (m *model) inWindow(d calendar.Day) bool {
	zone, err := time.LoadLocation(m.def.TimeZone)
	if err != nil {
		panic(err)
	}
	year, month, dom := d.Time().Date()
	begin := time.Date(year, month, dom, 0, 0, 0, 0, zone)
	end := time.Date(year, month, dom+1, 0, 0, 0, 0, zone)
	return begin.Before(m.def.End.Time()) && end.After(m.def.Start.Time())
}

func (m *model) create(cmd *CreateCompetition) answer {
	d := cmd.Definition
	if m.created && m.manages(cmd.Caller) && sameBody(d, m.def) {
		return answer{}
	}
	switch {
	case d.End <= m.now:
		return answer{err: &InvalidError{}}
	case (d.EntryFeeMinor > 0 || d.PrizePoolMinor > 0) && !cmd.Operator:
		return answer{err: ErrForbidden}
	case m.created:
		return answer{err: ErrExists}
	}
	m.created, m.def, m.creator = true, d, cmd.UserID
	return answer{created: true}
}

func (m *model) sync(s *SubmitSync) answer {
	p := m.people[s.UserID]
	enrolled := p != nil && p.present
	firstSyncEnrols := p == nil && !s.MembersOnly && m.def.Enrollment == Open && m.def.EntryFeeMinor == 0 &&
		!m.ended() && m.kept[s.UserID].removedAt == 0
	begins := s.Day.Time().Add(-14 * time.Hour) // where the day begins first
	recorded := time.Unix(0, s.RecordedAt)
	var err error
	switch l, v := m.def.DailyLimits, s.Metrics; {
	case !m.created:
		err = ErrUnknownCompetition
	case !enrolled && !firstSyncEnrols:
		err = ErrNotEnrolled
	case m.status() == Upcoming:
		err = ErrNotStarted
	case m.status() != Active && m.status() != Finalizing:
		err = ErrClosed
	case !enrolled && m.full():
		err = ErrFull
	case !m.inWindow(s.Day):
		err = ErrOutsideWindow
	case begins.After(m.now.Time()):
		err = ErrFutureDate
	case recorded.Truncate(time.Millisecond).Sub(m.now.Time()) > 10*time.Minute:
		err = ErrRecordedInFuture
	case v.Steps > l.Steps, v.DistanceCm > l.DistanceCm, v.EnergyCentikcal > l.EnergyCentikcal, v.ActiveMinutes > l.ActiveMinutes:
		err = ErrImplausible
	case p != nil && m.sourcesFull(p, s):
		err = ErrTooManySources
	}
	if err != nil {
		return answer{err: err}
	}
	if !enrolled {
		p = m.enrol(s.UserID, s.UserName)
	}
	if p.name == "" { // the token's, where none was chosen
		p.name = s.UserName
	}
	before := p.totals()
	slot, report := modelSlot{s.Day, s.Source}, modelReport{s.RecordedAt, s.Metrics}
	if old, ok := p.reports[slot]; ok {
		switch {
		case report.recordedAt < old.recordedAt:
			report = old
		case report.recordedAt == old.recordedAt:
			report.metrics = eachMax(report.metrics, old.metrics)
		}
	}
	flags := m.flag(p, s, p.valueWith(slot, report))
	p.review.flags = append(p.review.flags, flags...)
	p.reports[slot] = report
	if enrolled && p.totals() == before {
		return answer{}
	}
	p.lastSynced = m.now
	if score := m.score(p.totals()); score != p.score {
		m.reaches++
		p.score, p.reached, p.updated = score, m.reaches, m.now
	}
	return answer{changed: true}
}

// sourcesFull: at most 8 sources for a user and day.
func (m *model) sourcesFull(p *modelPerson, s *SubmitSync) bool {
	if _, known := p.reports[modelSlot{s.Day, s.Source}]; known {
		return false
	}
	n := 0
	for slot := range p.reports {
		if slot.day == s.Day {
			n++
		}
	}
	return n == 8
}

func (m *model) enrol(id, name string) *modelPerson {
	m.reaches++
	m.numbers++
	p := &modelPerson{
		number: m.numbers, name: name, present: true, reports: map[modelSlot]modelReport{},
		reached: m.reaches, updated: m.now,
	}
	m.people[id] = p
	m.updated = m.now // even if what was kept takes the entry off the board in the same batch
	m.takeOver(id, p)
	return p
}

func (m *model) join(j *JoinCompetition) error {
	p, own := m.people[j.UserID], j.UserID == j.Caller.UserID
	pay := func(p *modelPerson) {
		if own { // nobody is charged by another
			m.pay(p, j.UserID)
		}
	}
	invited := j.Invited && (j.ByOperator || !m.withMoney()) // with money set, invitations are the operators'
	removed := m.kept[j.UserID].removedAt
	if p != nil {
		removed = p.review.removedAt
	}
	switch {
	case !own && !j.Operator:
		return ErrForbidden
	case !m.created:
		return ErrUnknownCompetition
	case removed > 0: // only a newer invitation lets in who was removed
		if !invited || j.InvitedAt <= removed {
			return ErrInvitationRequired
		}
	case invited:
	case !own && p != nil && !p.present: // who left comes back alone
		return ErrInvitationRequired
	case own && p == nil && m.def.Enrollment == Invite && !j.Operator && (m.withMoney() || !m.manages(j.Caller)):
		return ErrInvitationRequired
	}
	switch {
	case m.ended():
		return ErrClosed
	case p != nil && p.present:
	case m.full() && (p == nil || !p.review.excluded):
		return ErrFull
	case p == nil:
		pay(m.enrol(j.UserID, j.UserName))
		return nil
	default:
		p.present = true
		p.review.removedAt, p.review.removal = 0, ""
		pay(p)
	}
	if j.Rename && own || p.name == "" { // names are one's own
		p.name = j.UserName
	}
	return nil
}

func (m *model) leave(l *LeaveCompetition) error {
	p := m.people[l.UserID]
	switch {
	case l.UserID != l.Caller.UserID:
		return ErrForbidden
	case !m.created:
		return ErrUnknownCompetition
	case p == nil || !p.present:
		return ErrNotEnrolled
	case m.ended():
		return ErrClosed
	}
	p.present = false
	if m.status() == Upcoming {
		m.refund(p, l.UserID)
	}
	return nil
}

func (m *model) edit(e *EditCompetition) error {
	if !m.created {
		return ErrUnknownCompetition
	}
	d, onlyWords := edited(m.def, &e.Patch)
	switch {
	case d.Start >= d.End || d.Name == "":
		return &InvalidError{}
	case m.status() == Upcoming && d.End <= m.now:
		return &InvalidError{}
	case !m.manages(e.Caller):
		return ErrForbidden
	case !e.Operator && (e.Patch.EntryFeeMinor != nil && *e.Patch.EntryFeeMinor > 0):
		return ErrForbidden
	case !e.Operator && e.Patch.Currency != nil && (d.EntryFeeMinor > 0 || d.PrizePoolMinor > 0):
		return ErrForbidden
	case !onlyWords && !m.rules(e.Caller):
		return ErrForbidden
	case m.status() != Upcoming && !onlyWords:
		return ErrStarted
	case d.EntryFeeMinor > 0 && m.def.EntryFeeMinor == 0 && m.numbers > 0:
		return ErrJoined
	case d.Currency != m.def.Currency && m.balances["pool/spring"] > 0:
		return ErrFeesPaid
	}
	m.def = d
	return nil
}

// edited is a definition with those fields of a patch that the tests draw.
func edited(d Definition, p *Patch) (after Definition, onlyWords bool) {
	onlyWords = true
	words := func(to, from *string) {
		if from != nil {
			*to = *from
		}
	}
	words(&d.Name, p.Name)
	words(&d.Description, p.Description)
	if p.Start != nil {
		d.Start, onlyWords = *p.Start, false
	}
	if p.End != nil {
		d.End, onlyWords = *p.End, false
	}
	if p.EntryFeeMinor != nil {
		d.EntryFeeMinor, onlyWords = *p.EntryFeeMinor, false
	}
	if p.Currency != nil {
		d.Currency, onlyWords = *p.Currency, false
	}
	if p.TimeZone != nil {
		d.TimeZone, onlyWords = *p.TimeZone, false
	}
	if p.Scoring != nil {
		d.Scoring, onlyWords = *p.Scoring, false
	}
	if p.MaxParticipants != nil {
		d.MaxParticipants, onlyWords = *p.MaxParticipants, false
	}
	if p.LateSyncHours != nil {
		d.LateSyncHours, onlyWords = *p.LateSyncHours, false
	}
	if p.Enrollment != nil {
		d.Enrollment, onlyWords = *p.Enrollment, false
	}
	if p.Visibility != nil {
		d.Visibility, onlyWords = *p.Visibility, false
	}
	if d.Visibility == Private {
		d.Enrollment = Invite // private implies invite
	}
	return d, onlyWords
}

func (m *model) cancel(c *CancelCompetition) error {
	switch {
	case !m.created:
		return ErrUnknownCompetition
	case !m.rules(c.Caller):
		return ErrForbidden
	case m.cancelled:
		return nil
	case m.status() != Upcoming && !c.Operator:
		return ErrStarted
	case m.settled:
		return ErrClosed
	}
	m.cancelled = true
	clear(m.kept)
	for id, p := range m.people {
		m.refund(p, id)
	}
	return nil
}

// value is a day's value: metric by metric, the maximum over its sources.
func (p *modelPerson) value(d calendar.Day) (v Metrics) {
	for slot, report := range p.reports {
		if slot.day == d {
			v = eachMax(v, report.metrics)
		}
	}
	return v
}

// valueWith is value as it would be with another report.
func (p *modelPerson) valueWith(slot modelSlot, report modelReport) Metrics {
	with := modelPerson{reports: maps.Clone(p.reports)}
	with.reports[slot] = report
	return with.value(slot.day)
}

// totals is the sum over the days of their values.
func (p *modelPerson) totals() (sum Metrics) {
	days := map[calendar.Day]bool{}
	for slot := range p.reports {
		days[slot.day] = true
	}
	for d := range p.review.days {
		days[d] = true
	}
	for d := range days {
		sum = eachSum(sum, p.counts(d))
	}
	return sum
}

func eachMax(a, b Metrics) Metrics {
	return Metrics{
		max(a.Steps, b.Steps), max(a.DistanceCm, b.DistanceCm),
		max(a.EnergyCentikcal, b.EnergyCentikcal), max(a.ActiveMinutes, b.ActiveMinutes),
	}
}

func eachSum(a, b Metrics) Metrics {
	return Metrics{
		a.Steps + b.Steps, a.DistanceCm + b.DistanceCm,
		a.EnergyCentikcal + b.EnergyCentikcal, a.ActiveMinutes + b.ActiveMinutes,
	}
}

func (m *model) score(v Metrics) int64 { return exactScore(m.def.Scoring, v).Int64() }

// exactScore is the sum of weights times totals as a fraction, rounded down.
func exactScore(w Weights, v Metrics) *big.Int {
	sum := new(big.Rat)
	for _, term := range []struct{ amount, perUnit, weight int64 }{
		{v.Steps, 1, w.Step},
		{v.DistanceCm, 100, w.Metre},
		{v.EnergyCentikcal, 100, w.Kcal},
		{v.ActiveMinutes, 1, w.Minute},
	} {
		product := new(big.Rat).Mul(big.NewRat(term.amount, term.perUnit), big.NewRat(term.weight, 1000))
		sum.Add(sum, product)
	}
	return new(big.Int).Div(sum.Num(), sum.Denom())
}

// modelBoard is all that a version of a board stands for.
type modelBoard struct {
	epoch   BoardEpoch
	status  Status
	entries []Entry
}

func (b modelBoard) equal(o modelBoard) bool {
	return b.epoch == o.epoch && b.status == o.status && slices.Equal(b.entries, o.entries)
}

// board is the standings: score descending, then who reached it first, then
// user id.
func (m *model) board() modelBoard {
	b := modelBoard{status: m.status()}
	for id, p := range m.people {
		if p.onBoard() {
			b.entries = append(b.entries, Entry{
				UserID: id, UserName: p.name, Score: p.score, Totals: p.totals(),
				LastSyncedAt: p.lastSynced, UpdatedAt: p.updated,
			})
		}
	}
	slices.SortFunc(b.entries, func(x, y Entry) int {
		return cmp.Or(
			cmp.Compare(y.Score, x.Score),
			cmp.Compare(m.people[x.UserID].reached, m.people[y.UserID].reached),
			cmp.Compare(x.UserID, y.UserID),
		)
	})
	for i := range b.entries {
		b.entries[i].Rank = i + 1
	}
	return b
}

// sameBody reports whether a creator said the same.
func sameBody(a, b Definition) bool {
	a, b = said(a), said(b)
	return sameDefinition(&a, &b)
}

// said is a definition without the days that Complete works out; the model
// works them out from the times.
func said(d Definition) Definition {
	d.FirstDay, d.LastDay = 0, 0
	return d
}
