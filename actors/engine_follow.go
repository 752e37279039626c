package actors

import (
	"context"
	"errors"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/paceboard/paceboard/competition"
	"github.com/paceboard/paceboard/internal/worker"
)

// Subscribers of a board that another node owns watch it through a follower, one for
// each board. It asks the owner for the board, which answers when the board has
// changed, or after signEvery as a sign of life under its lease; so whatever this
// node's subscribers are shown is as fresh as at the owner. When the board moves, the
// follower asks the next owner, and if that is this node, the actor here takes the
// subscribers over.
const (
	// signEvery is how long an owner waits for a change before it says that there is none.
	signEvery = time.Second
	// silence is after how long without an answer a follower ends its subscriptions:
	// the clients come back, here or elsewhere.
	silence = 5 * time.Second
	// watchesAtOnce is how many questions that wait for a change a node has under way, each of
	// which takes a place among its and the owner's requests. Further boards are asked
	// for every signEvery, and so are shown later.
	watchesAtOnce = 512
	// standingsAtOnce is how many subscribers one request asks about.
	standingsAtOnce = 500
)

var followBackoff = worker.Backoff{First: 20 * time.Millisecond, Max: 500 * time.Millisecond, Jitter: 0.5}

// followers are those of an engine, by competition. Safe for concurrent use.
type followers struct {
	env    followersEnv
	mu     sync.Mutex
	all    map[string]*follower
	places chan struct{}                      // of questions that wait for a change
	moving map[*competition.Subscription]bool // to this node's own actors; true if they ended meanwhile
	closed bool
	ended  chan struct{}  // closed with it
	group  sync.WaitGroup // of followers and what they wake
}

// followersEnv is what followers need.
type followersEnv struct {
	life    context.Context
	logger  *slog.Logger
	timeout time.Duration // of a request
	watches int           // that wait for a change at the same time

	// ask has the owner of a board answer a request, and says which node that is; errIsHere
	// if it is this one.
	ask func(ctx context.Context, id string, request any, deadline time.Time) (node string, answer any, err error)
	// exchange carries a request to a node and its answer back.
	exchange func(node, id string, request any, deadline time.Time) (answer any, err error)
	// subscribe and unsubscribe are Engine's; subscribe gives up once ended is closed.
	subscribe   func(s *competition.Subscription, caller competition.Caller, deadline time.Time, ended <-chan struct{}) error
	unsubscribe func(s *competition.Subscription)
	saw         func(*competition.Board) // is told of each new page
}

// follower shows one board to this node's subscribers.
//
// Invariants:
//
//	F1  a subscription is with a follower, with an actor, or ended; never with two
//	F2  the update's versions only grow, except when the board's journal lost events
//	F3  a follower without subscriptions is not in followers.all, and ends
type follower struct {
	followers *followers
	id        string
	stop      context.CancelFunc

	mu       sync.Mutex
	all      map[*competition.Subscription]subscriber
	ring     fanOutRing
	update   *competition.Update // nil before the first
	hash     uint64              // of its page, as the owner has it
	outdated bool                // some subscribers have an older one: the owner is to tell it again, for all
	heard    time.Time           // when what is shown was last the owner's board
}

func newFollowers(env followersEnv) *followers {
	return &followers{
		env: env, all: map[string]*follower{}, places: make(chan struct{}, env.watches), moving: map[*competition.Subscription]bool{}, ended: make(chan struct{}),
	}
}

// add puts subscriptions with the follower of their board, and starts one if need be.
// Those that come from an actor have the board; others are given top. After close
// they end.
func (f *followers) add(id string, joining map[*competition.Subscription]competition.Caller, top topReply) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.closed {
		for s := range joining {
			s.End()
		}
		return
	}
	one := f.all[id]
	if one == nil {
		ctx, stop := context.WithCancel(f.env.life)
		one = &follower{followers: f, id: id, stop: stop, all: map[*competition.Subscription]subscriber{}, heard: time.Now()}
		f.all[id] = one
		f.group.Go(func() { one.run(ctx) })
	}
	one.mu.Lock()
	defer one.mu.Unlock()
	switch before := one.update; {
	case top.Top == nil:
	case before == nil || before.Epoch == top.Top.Epoch:
		one.advance(top)
		one.outdated = one.outdated || before != nil && one.update != before
	default: // nobody knows which one is newer, but the owner had this one after the subscribers came
		one.outdated = true
	}
	shown := one.update
	if top.Top != nil && shown.Epoch != top.Top.Epoch {
		shown = competition.NextUpdate(nil, top.Top)
	}
	for s, caller := range joining {
		one.all[s] = subscriber{caller: caller, place: one.ring.add(s)}
		if shown != nil {
			s.Put(shown)
		}
	}
}

// close ends all followers and their subscriptions.
func (f *followers) close() {
	f.mu.Lock()
	f.closed = true
	close(f.ended)
	all := slices.Collect(maps.Values(f.all))
	f.mu.Unlock()
	for _, one := range all {
		one.endAll()
	}
	f.group.Wait()
}

// remove takes a subscription away, and reports whether it was with a follower.
func (f *followers) remove(s *competition.Subscription) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if _, moves := f.moving[s]; moves {
		f.moving[s] = true
		return true
	}
	one := f.all[s.CompetitionID]
	return one != nil && one.remove(s)
}

// remove is followers.remove, whose lock the caller holds.
func (f *follower) remove(s *competition.Subscription) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	gone, there := f.all[s]
	if !there {
		return false
	}
	delete(f.all, s)
	if moved := f.ring.remove(gone.place); moved != nil {
		of := f.all[moved]
		of.place = gone.place
		f.all[moved] = of
	}
	if len(f.all) == 0 {
		f.end()
	}
	return true
}

// end takes the follower out of service; the caller holds both locks.
func (f *follower) end() {
	if f.followers.all[f.id] == f {
		delete(f.followers.all, f.id)
	}
	f.stop()
}

// takeAll ends the follower and returns its subscriptions, which are moving now.
func (f *follower) takeAll() map[*competition.Subscription]competition.Caller {
	f.followers.mu.Lock()
	defer f.followers.mu.Unlock()
	f.mu.Lock()
	defer f.mu.Unlock()
	all := make(map[*competition.Subscription]competition.Caller, len(f.all))
	for s, of := range f.all {
		all[s] = of.caller
		f.followers.moving[s] = false
	}
	clear(f.all)
	f.end()
	return all
}

func (f *follower) run(ctx context.Context) {
	failures := 0
	for ctx.Err() == nil {
		began := time.Now()
		pause, err := f.follow(ctx)
		switch {
		case err == nil:
			failures = 0
		case errors.Is(err, errIsHere):
			f.comeHome()
			return
		case ctx.Err() != nil:
			return
		case errors.Is(err, competition.ErrUnknownCompetition), time.Since(f.lastHeard()) > silence:
			f.endAll()
			f.followers.env.logger.WarnContext(ctx, "a board elsewhere cannot be followed; its subscribers come back", "competition", f.id, "error", err)
			return
		default:
			failures++
		}
		pause -= time.Since(began)
		if failures > 0 {
			pause = followBackoff.After(failures)
		}
		worker.Pause(ctx, pause)
	}
}

// endAll ends the follower with its subscriptions: their clients may come back.
func (f *follower) endAll() {
	for s := range f.takeAll() {
		if !f.followers.arrived(s) {
			s.End()
		}
	}
}

func (f *follower) lastHeard() time.Time {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.heard
}

// errIsHere is returned when this node owns the board, or is the one to claim it.
var errIsHere = errors.New("the board is this node's")

// follow asks the owner once, and shows what is new. The next question is due when the
// pause is over that began with this one.
func (f *follower) follow(ctx context.Context) (pause time.Duration, err error) {
	env, question := &f.followers.env, f.held()
	deadline := time.Now().Add(signEvery + env.timeout)
	pause = fanOutEvery
	select {
	case f.followers.places <- struct{}{}:
		defer func() { <-f.followers.places }()
	default:
		question.AtOnce, pause = true, signEvery
	}
	node, answer, err := env.ask(ctx, f.id, question, deadline)
	top, err := exchanged[topReply](answer, err)
	if err != nil {
		return pause, err
	}
	return pause, f.show(node, top, deadline)
}

// held asks for another board than the one that is shown.
func (f *follower) held() *watch {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.update == nil || f.outdated {
		return &watch{}
	}
	return &watch{Version: f.update.Version, Hash: f.hash}
}

// show tells the subscribers what is new.
func (f *follower) show(node string, top topReply, deadline time.Time) error {
	if top.Same {
		f.mu.Lock()
		defer f.mu.Unlock()
		f.heard = time.Now()
		return nil
	}
	standings, err := f.standings(node, deadline)
	if err != nil {
		return err // not heard: what is shown is old
	}
	f.followers.mu.Lock()
	defer f.followers.mu.Unlock()
	var revoked []*competition.Subscription
	f.mu.Lock()
	f.heard = time.Now()
	f.advance(top)
	f.outdated = f.outdated && f.hash != top.Hash
	for s := range f.all {
		standing, asked := standings[s]
		switch {
		case !asked: // it came meanwhile
		case !standing.Readable:
			revoked = append(revoked, s)
			continue
		case s.UserID != "":
			s.PutStanding(standing.Entry, standing.OnBoard)
		}
		s.Offer(f.update)
	}
	f.ring.wakeAll(f.followers.env.life, &f.followers.group)
	f.mu.Unlock()
	for _, s := range revoked {
		f.remove(s)
		s.Revoke()
	}
	return nil
}

// advance makes top the board that is shown, unless it is older. The caller holds the
// lock.
func (f *follower) advance(top topReply) {
	if f.update == nil || f.update.Epoch != top.Top.Epoch || f.update.Version < top.Top.Version || f.update.Version == top.Top.Version && f.hash != top.Hash {
		f.update, f.hash = competition.NextUpdate(f.update, top.Top), top.Hash
		f.update.Changed = time.Now()
		f.followers.env.saw(&top.Top.Board)
	}
}

// standings asks the owner how the subscribers' users stand, and whether they may still
// see the board.
func (f *follower) standings(node string, deadline time.Time) (map[*competition.Subscription]standingReply, error) {
	f.mu.Lock()
	subscriptions := make([]*competition.Subscription, 0, len(f.all))
	query := getStandings{Of: make([]standingQuery, 0, len(f.all))}
	for s, of := range f.all {
		subscriptions = append(subscriptions, s)
		query.Of = append(query.Of, standingQuery{of.caller, s.UserID})
	}
	f.mu.Unlock()
	all := make(map[*competition.Subscription]standingReply, len(subscriptions))
	for from := 0; from < len(subscriptions); from += standingsAtOnce {
		to := min(from+standingsAtOnce, len(subscriptions))
		some, err := exchanged[standingsReply](f.followers.env.exchange(node, f.id, &getStandings{Of: query.Of[from:to]}, deadline))
		if err != nil {
			return nil, err
		}
		if len(some.Of) != to-from {
			return nil, competition.ErrInternal
		}
		for i, s := range subscriptions[from:to] {
			all[s] = some.Of[i]
		}
	}
	return all, nil
}

// begin begins a subscription to a board that a node owns.
func (f *followers) begin(node string, s *competition.Subscription, caller competition.Caller, deadline time.Time) error {
	query := &getStandings{Of: []standingQuery{{caller, s.UserID}}}
	standing, err := exchanged[standingsReply](f.env.exchange(node, s.CompetitionID, query, deadline))
	switch {
	case err != nil:
		return err
	case len(standing.Of) != 1 || !standing.Of[0].Readable:
		return competition.ErrUnknownCompetition
	}
	top, err := exchanged[topReply](f.env.exchange(node, s.CompetitionID, &watch{}, deadline))
	if err != nil {
		return err
	}
	if s.UserID != "" {
		s.PutStanding(standing.Of[0].Entry, standing.Of[0].OnBoard)
	}
	f.add(s.CompetitionID, map[*competition.Subscription]competition.Caller{s: caller}, top)
	return nil
}

// comeHome hands the subscriptions to this node's own actor, or to the next follower.
func (f *follower) comeHome() {
	env := &f.followers.env
	for s, caller := range f.takeAll() {
		err := env.subscribe(s, caller, time.Now().Add(env.timeout), f.followers.ended)
		ended := f.followers.arrived(s)
		if ended || err != nil {
			env.unsubscribe(s)
		}
		if !ended && err != nil {
			s.End()
		}
	}
}

// arrived ends a subscription's move, and reports whether it ended meanwhile.
func (f *followers) arrived(s *competition.Subscription) (ended bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	ended = f.moving[s]
	delete(f.moving, s)
	return ended
}
