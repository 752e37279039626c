package actors

import (
	"context"
	"log/slog"
	"slices"
	"time"

	"github.com/maypok86/otter/v2"

	"github.com/paceboard/paceboard/competition"
	"github.com/paceboard/paceboard/competition/calendar"
)

// Top returns the published top of the board. Where it is, it sends no message, except
// for the first reader in a while, for which the actor makes it; as long as there are
// readers every batch of syncs publishes it.
func (e *Engine) Top(competitionID string, caller competition.Caller) (top *competition.Published, err error) {
	if err := e.admit(); err != nil {
		return nil, err
	}
	defer e.dismiss()
	deadline := e.deadline()
	for way := e.wayTo(competitionID, deadline); ; {
		if node := way.node(); node == "" {
			top, err = e.topHere(competitionID, caller, deadline, deadline)
		} else {
			top, err = e.tops.top(node, competitionID, caller, deadline)
		}
		if !way.again(err, true) {
			return top, err
		}
	}
}

func (e *Engine) topHere(id string, caller competition.Caller, deadline, confirmBy time.Time) (*competition.Published, error) {
	h, err := e.find(id, true, deadline)
	if err != nil {
		return nil, err
	}
	defer h.release()
	if top := h.published(caller); top != nil {
		return top, e.confirm(confirmBy)
	}
	return ask[*competition.Published](e, h, &getTop{Caller: caller}, deadline, confirmBy)
}

// published returns the published top for a caller, if it is the board's last version and
// the caller may see it without the actor's being asked.
func (h *handle) published(caller competition.Caller) *competition.Published {
	if !h.read.Load() { // as in acquire
		h.read.Store(true)
	}
	version := h.version.Load()
	if top := h.top.Load(); top != nil && top.Version >= version && version > 0 && (!top.Private || caller.Operator) {
		return top
	}
	return nil
}

// Page returns the board from offset on, with its entries in room if they fit. After an
// error the caller must not use room any more: the actor may yet write into it.
func (e *Engine) Page(competitionID string, caller competition.Caller, offset, limit int, room []competition.Entry) (competition.Board, error) {
	return send[competition.Board](e, competitionID, &getPage{Caller: caller, Offset: offset, Limit: limit, room: room})
}

// Around returns the board around a user; room is as for Page.
func (e *Engine) Around(competitionID string, caller competition.Caller, userID string, radius int, room []competition.Entry) (competition.Board, error) {
	return send[competition.Board](e, competitionID, &getAround{Caller: caller, UserID: userID, Radius: radius, room: room})
}

// Stats returns a user's part in one competition, with the days of a span. Users see
// their own; operators see everyone's.
func (e *Engine) Stats(competitionID string, caller competition.Caller, userID string, span competition.Span) (competition.Stats, error) {
	if !caller.Operator && caller.UserID != userID {
		return competition.Stats{}, competition.ErrForbidden
	}
	return send[competition.Stats](e, competitionID, &getStats{Caller: caller, UserID: userID, Span: span})
}

// Participants lists the entries of the board, by enrolment, or those that a search finds;
// see [competition.Competition.Participants].
func (e *Engine) Participants(competitionID string, caller competition.Caller, after uint32, limit int, search string) ([]competition.Entry, uint32, error) {
	reply, err := send[participantsReply](e, competitionID, &getParticipants{Caller: caller, After: after, Limit: limit, Search: search})
	return reply.Entries, reply.Next, err
}

// Competition returns the summary of one competition.
func (e *Engine) Competition(competitionID string, caller competition.Caller) (competition.Summary, error) {
	if err := e.admit(); err != nil {
		return competition.Summary{}, err
	}
	defer e.dismiss()
	deadline := e.deadline()
	summary, err := e.summary(competitionID, deadline)
	if err == nil {
		err = e.confirm(deadline)
	}
	if err != nil {
		return competition.Summary{}, err
	}
	if summary.Definition.Visibility == competition.Private && !caller.Operator {
		return forward[competition.Summary](e, competitionID, &getSummary{Caller: caller}, deadline)
	}
	return summary, nil
}

// summary returns a competition's summary without waking it.
func (e *Engine) summary(id string, deadline time.Time) (competition.Summary, error) {
	if s := e.actors.registry.summary(id); s != nil {
		return *s, nil
	}
	ctx, cancel := context.WithDeadline(e.life, deadline)
	defer cancel()
	return e.store.Find(ctx, id)
}

// summaries is summary for several competitions, in their order. Those that do not
// exist, or cannot be read, have the zero value.
func (e *Engine) summaries(ctx context.Context, what string, ids []string) ([]competition.Summary, error) {
	all := make([]competition.Summary, len(ids))
	var unread []string
	var places []int
	for i, id := range ids {
		if s := e.actors.registry.summary(id); s != nil {
			all[i] = *s
			continue
		}
		unread, places = append(unread, id), append(places, i)
	}
	if len(unread) == 0 {
		return all, e.confirm(deadlineOf(ctx))
	}
	found, err := e.store.Summaries(ctx, unread)
	if err := e.damage.tolerate(what, err); err != nil {
		return nil, err
	}
	for i, s := range found {
		all[places[i]] = s
	}
	return all, e.confirm(deadlineOf(ctx))
}

// Competitions lists those that the caller may see; next is the zero value at the end.
// Summaries that cannot be read are left out.
func (e *Engine) Competitions(caller competition.Caller, l competition.Listing) (list []competition.Summary, next competition.ListPlace, err error) {
	ctx, end, err := e.begin()
	if err != nil {
		return nil, next, err
	}
	defer end()
	return e.visible(ctx, caller, l)
}

func (e *Engine) visible(ctx context.Context, caller competition.Caller, l competition.Listing) (list []competition.Summary, next competition.ListPlace, err error) {
	l.Reader, l.Operator = caller.UserID, caller.Operator
	list, next, err = e.store.Visible(ctx, l)
	return list, next, e.damage.tolerate("a list of competitions", err)
}

// OwnFirst lists competitions that are not over: first those that the caller takes part
// in or made, then the others that the caller may see. Each page costs the caller's ties
// to what is not over, besides what the others do.
func (e *Engine) OwnFirst(caller competition.Caller, l competition.Listing) (page competition.ListedPage, err error) {
	ctx, end, err := e.begin()
	if err != nil {
		return page, err
	}
	defer end()
	if len(l.Statuses) == 0 {
		l.Statuses = []competition.Status{competition.Upcoming, competition.Active, competition.Finalizing}
	}
	var ties []competition.Tie
	if caller.UserID != "" {
		ties, err = e.store.OpenTies(ctx, caller.UserID)
		if err := e.damage.tolerate("a user's open competitions", err); err != nil {
			return page, err
		}
	}
	own := make(map[string]bool, len(ties))
	var mine []competition.Summary
	for i := range ties {
		summary := &ties[i].Summary
		own[summary.Definition.ID] = true
		if (l.After == (competition.ListPlace{}) || l.After.Own) && l.Shows(summary) {
			mine = append(mine, *summary)
		}
	}
	page.List, page.Next = l.Page(nil, mine)
	if page.Own = len(page.List); page.Own == l.Limit {
		page.Next = page.List[page.Own-1].Place() // the others follow, if not more of these
		page.Next.Own = true
		return page, nil
	}
	if l.After.Own {
		l.After = competition.ListPlace{}
	}
	l.Limit -= page.Own
	others, next, err := e.visible(ctx, caller, l)
	for i := range others {
		if !own[others[i].Definition.ID] {
			page.List = append(page.List, others[i])
		}
	}
	page.Next = next
	return page, err
}

// tiesExamined is how many ties one page of a user's competitions searches for those
// where the user still takes part.
const tiesExamined = 1_000

// tiesAtOnce is how many are read at least, however short the page is: of a user who
// has left a thousand competitions hardly any are shown.
const tiesAtOnce = 250

// CompetitionsOf lists those that a user takes part in, in the order of ids, after
// one; next is where the list goes on, empty at the end. A page may be short, or
// empty, although there is a next one. Summaries that cannot be read are left out.
func (e *Engine) CompetitionsOf(userID, after string, limit int) (list []competition.Summary, next string, err error) {
	return e.tied(userID, after, limit, func(m *competition.Membership) bool { return m.Present })
}

// CompetitionsMadeBy is CompetitionsOf for those that a user made.
func (e *Engine) CompetitionsMadeBy(userID, after string, limit int) (list []competition.Summary, next string, err error) {
	return e.tied(userID, after, limit, func(m *competition.Membership) bool { return m.Creator })
}

// tied lists the competitions of those of a user's ties that are wanted.
func (e *Engine) tied(userID, after string, limit int, wanted func(*competition.Membership) bool) (list []competition.Summary, next string, err error) {
	ctx, end, err := e.begin()
	if err != nil {
		return nil, "", err
	}
	defer end()
	var ids []string
	atOnce := max(limit+1, tiesAtOnce)
	for examined := 0; next == ""; {
		ties, err := e.store.MembershipsOf(ctx, userID, after, atOnce)
		if err != nil {
			return nil, "", err
		}
		for i := range ties {
			m := &ties[i]
			after = m.CompetitionID
			if !wanted(m) {
				continue
			}
			if len(ids) == limit {
				next = ids[limit-1]
				break
			}
			ids = append(ids, m.CompetitionID)
		}
		if examined += len(ties); len(ties) < atOnce {
			break
		}
		if examined >= tiesExamined && next == "" {
			next = after
		}
	}
	found, err := e.summaries(ctx, "a user's competitions", ids)
	for _, s := range found {
		if s.Definition.ID != "" {
			list = append(list, s)
		}
	}
	return list, next, err
}

// Flags lists the flags of a competition, newest first, those before a seq (0: all);
// next is 0 at the end. It is for operators.
func (e *Engine) Flags(competitionID string, caller competition.Caller, before uint64, limit int) (list []competition.FlaggedEntry, next uint64, err error) {
	if !caller.Operator {
		return nil, 0, competition.ErrForbidden
	}
	reply, err := send[flagsReply](e, competitionID, &getFlags{before, limit})
	return reply.List, reply.Next, err
}

// Exclusions lists who was taken off the board, by enrolment, as Participants lists who is
// on it.
func (e *Engine) Exclusions(competitionID string, caller competition.Caller, after uint32, limit int) (list []competition.Exclusion, next uint32, err error) {
	if !caller.Operator {
		return nil, 0, competition.ErrForbidden
	}
	reply, err := send[exclusionsReply](e, competitionID, &getExclusions{after, limit})
	return reply.List, reply.Next, err
}

// Explain explains a participant's score, with the days of a span. Users see their
// own; operators see everyone's.
func (e *Engine) Explain(competitionID string, caller competition.Caller, userID string, span competition.Span) (competition.Explanation, error) {
	if !caller.Operator && caller.UserID != userID {
		return competition.Explanation{}, competition.ErrForbidden
	}
	return send[competition.Explanation](e, competitionID, &getExplanation{caller, userID, span})
}

// Subscribe begins a subscription, which has its first update when this
// returns. It keeps the competition in memory, here or at its owner, until Unsubscribe.
func (e *Engine) Subscribe(s *competition.Subscription, caller competition.Caller) error {
	if err := e.admit(); err != nil {
		return err
	}
	defer e.dismiss()
	err := e.subscribe(s, caller, e.deadline(), nil)
	if err != nil {
		e.Unsubscribe(s)
	}
	return err
}

// subscribe is Subscribe for a request that was admitted, until ended is closed. After an
// error the subscription may still begin, until Unsubscribe.
func (e *Engine) subscribe(s *competition.Subscription, caller competition.Caller, deadline time.Time, ended <-chan struct{}) (err error) {
	way := e.wayTo(s.CompetitionID, deadline)
	way.ended = ended
	for {
		if node := way.node(); node == "" {
			err = e.subscribeHere(&subscribe{caller: caller, subscription: s}, deadline)
		} else {
			err = e.actors.followers.begin(node, s, caller, deadline)
		}
		if !way.again(err, true) {
			return err
		}
	}
}

func (e *Engine) subscribeHere(m *subscribe, deadline time.Time) error {
	h, err := e.find(m.subscription.CompetitionID, true, deadline)
	if err != nil {
		return err
	}
	defer h.release()
	confirmBy := deadline
	if m.node {
		confirmBy = atOnce
	}
	if _, err = ask[struct{}](e, h, m, deadline, confirmBy); err != nil {
		// After a time-out the actor may still add it; this comes after that.
		e.tell(h, &unsubscribe{subscription: m.subscription, attempt: true})
	}
	return err
}

// Unsubscribe ends a subscription that Subscribe began.
func (e *Engine) Unsubscribe(s *competition.Subscription) {
	if e.actors.followers != nil && e.actors.followers.remove(s) {
		return
	}
	if h := e.actors.registry.find(s.CompetitionID); h != nil {
		e.tell(h, &unsubscribe{subscription: s})
		return
	}
	e.actors.movedOn(s) // after it was looked for
}

// maxCreated is how many competitions' beginnings are remembered; each is some
// 100 bytes.
const maxCreated = 100_000

func newCreated() *otter.Cache[string, calendar.Millis] {
	return otter.Must(&otter.Options[string, calendar.Millis]{MaximumSize: maxCreated})
}

// Created returns when each of the competitions was created, in their order: 0 if its
// journal no longer has its beginning (JOURNAL_RETENTION), or if the store cannot
// answer. The store is asked once for those that are not remembered.
func (e *Engine) Created(competitionIDs []string) []calendar.Millis {
	created := make([]calendar.Millis, len(competitionIDs))
	var unknown []string
	var places []int
	for i, id := range competitionIDs {
		if at, ok := e.created.GetIfPresent(id); ok {
			created[i] = at
		} else {
			unknown, places = append(unknown, id), append(places, i)
		}
	}
	if len(unknown) == 0 {
		return created
	}
	ctx, cancel := context.WithDeadline(e.life, e.deadline())
	defer cancel()
	found, err := e.store.Created(ctx, unknown)
	if err != nil {
		// While the store is unreachable summaries are read from memory; they lack this then.
		e.options.Logger.LogAttrs(ctx, slog.LevelDebug, "when competitions were created cannot be read", slog.Any("error", err))
		return created
	}
	for i, at := range found {
		if created[places[i]] = at; at != 0 {
			e.created.Set(unknown[i], at)
		}
	}
	return created
}

// Health returns how the engine and its dependencies are, from memory.
func (e *Engine) Health() competition.Health {
	store := e.actors.monitor.last.Load()
	h := competition.Health{
		Ready:        store.err == nil && e.actors.clock.hasRead() && !e.draining.Load(),
		Draining:     e.draining.Load(),
		Dependencies: []competition.Dependency{competition.NewDependency("store", store.took, store.err)},
		InFlight:     int(e.inFlight.Load()),
		QueuedEvents: int(e.actors.writer.events.Load()),
		Lifetime:     e.projector.State(),
		Flagged:      e.actors.flagged.counts(),
		LostEvents:   e.actors.losses.named(),
	}
	if took := e.actors.writer.took.Load(); took > 0 {
		h.Dependencies[0].Latency = time.Duration(took)
	}
	if e.actors.mirror != nil {
		h.Dependencies = append(h.Dependencies, e.actors.mirror.Health())
	}
	for _, a := range e.actors.registry.all() {
		h.Active++
		if a.damage.Load() != nil {
			h.Damaged = append(h.Damaged, a.id)
		}
	}
	slices.Sort(h.Damaged)
	return h
}
