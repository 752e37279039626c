package actors

import (
	"hash/maphash"
	"math"
	"sync"
	"time"

	"github.com/paceboard/paceboard/competition"
	"github.com/paceboard/paceboard/competition/calendar"
)

// A journal keeps all it is given, so a user who changes things endlessly could fill
// the disk for everyone. Each user may add so many bytes of records within a day, in
// all competitions of this process together. What counts is the records that the
// user's commands made: a sync that says nothing new is free. Rows beside the journal
// do not count, since they replace one another.

// budgetHours are the hour under way and the 24 before it: no 24 hours get more
// than the budget.
const budgetHours = 25

const (
	budgetShards = 64
	// maxSpenders is how many users one shard remembers, 131,072 in all. One more
	// replaces the one of lightestOf who has spent least, so that users who have
	// spent much are remembered whatever others do.
	maxSpenders = 2048
	lightestOf  = 8
)

// budgets counts what users have added to journals lately, for those who have added
// anything. Safe for concurrent use; a nil one limits nobody.
type budgets struct {
	limit  int64
	seed   maphash.Seed
	shards [budgetShards]budgetShard
}

type budgetShard struct {
	mu       sync.Mutex
	spenders map[account]*spent
	swept    int64 // the hour when users were last forgotten
}

// account stands for a user, so that no user ids are kept: a hash of 64 bits, so that
// no two users collide, under a key of this process. 0 is nobody's.
type account uint64

// spent is the bytes of one user, by hours. The shard's lock guards it.
type spent struct {
	hour  int64 // the latest, counted from 1970
	total int64 // of all hours
	hours [budgetHours]uint32
}

// newBudgets returns nil if there is no limit.
func newBudgets(limit int64) *budgets {
	if limit <= 0 {
		return nil
	}
	b := &budgets{limit: limit, seed: maphash.MakeSeed()}
	for i := range b.shards {
		b.shards[i].spenders = map[account]*spent{}
	}
	return b
}

// account returns that of a user; empty is nobody.
func (b *budgets) account(user string) account {
	if b == nil || user == "" {
		return 0
	}
	return account(max(maphash.String(b.seed, user), 1))
}

func (b *budgets) shard(a account) *budgetShard { return &b.shards[a%budgetShards] }

// left returns how much a user may add now. If that is nothing, the error is a
// *competition.JournalBudgetError that says when there will be room.
func (b *budgets) left(a account, now calendar.Millis) (bytes int64, err error) {
	if a == 0 {
		return math.MaxInt64, nil
	}
	shard := b.shard(a)
	shard.mu.Lock()
	defer shard.mu.Unlock()
	s := shard.spenders[a]
	if s == nil {
		return b.limit, nil
	}
	s.moveTo(hourOf(now))
	if s.total < b.limit {
		return b.limit - s.total, nil
	}
	return 0, &competition.JournalBudgetError{RetryAfter: s.roomAt(b.limit).Sub(now.Time())}
}

// add counts what a user has added.
func (b *budgets) add(a account, now calendar.Millis, bytes int64) {
	if a == 0 || bytes <= 0 {
		return
	}
	hour := hourOf(now)
	shard := b.shard(a)
	shard.mu.Lock()
	defer shard.mu.Unlock()
	s := shard.spenders[a]
	if s == nil {
		shard.makeRoom(hour)
		s = &spent{hour: hour}
		shard.spenders[a] = s
	}
	s.moveTo(hour)
	place := s.in(s.hour)
	more := min(bytes, math.MaxUint32-int64(*place)) // a budget is less than that
	*place += uint32(more)
	s.total += more
}

// makeRoom forgets users for whom nothing counts any more, once an hour, and another
// one if there are too many.
func (s *budgetShard) makeRoom(hour int64) {
	if s.swept < hour {
		s.swept = hour
		for a, spender := range s.spenders {
			if spender.moveTo(hour); spender.total == 0 {
				delete(s.spenders, a)
			}
		}
	}
	if len(s.spenders) < maxSpenders {
		return
	}
	lightest, least, seen := account(0), int64(math.MaxInt64), 0
	for a, spender := range s.spenders { // in an unpredictable order
		if spender.total < least {
			lightest, least = a, spender.total
		}
		if seen++; seen == lightestOf {
			break
		}
	}
	delete(s.spenders, lightest)
}

// moveTo forgets the hours that have left the window at an hour. After the clock was
// set back, the latest hour goes on.
func (s *spent) moveTo(hour int64) {
	for range min(hour-s.hour, budgetHours) {
		s.hour++
		place := s.in(s.hour)
		s.total -= int64(*place)
		*place = 0
	}
	s.hour = max(s.hour, hour)
}

// in returns the place of an hour in the window. It may be before 1970, if the clock is
// not set yet.
func (s *spent) in(hour int64) *uint32 {
	return &s.hours[(hour%budgetHours+budgetHours)%budgetHours]
}

// roomAt returns when the total falls below a limit that it has reached.
func (s *spent) roomAt(limit int64) time.Time {
	total, hour := s.total, s.hour-budgetHours+1
	for ; hour < s.hour; hour++ {
		if total -= int64(*s.in(hour)); total < limit {
			break
		}
	}
	return time.Unix((hour+budgetHours)*secondsAnHour, 0)
}

const secondsAnHour = 60 * 60

func hourOf(now calendar.Millis) int64 { return int64(now) / (secondsAnHour * 1000) }

// bill is what the decisions on one message cost their payers. With budgets alone set
// it is ready.
type bill struct {
	budgets *budgets
	payer   string
	account account         // of the payer
	now     calendar.Millis // when left was asked for
	left    int64
	written int64
	err     error // of a payer with nothing left
}

// admit admits a payer. Error: *competition.JournalBudgetError.
func (b *bill) admit(payer string, now calendar.Millis) error {
	if payer != b.payer || b.now == 0 || b.err == nil && b.left <= b.written {
		b.settle()
		b.payer, b.account, b.now = payer, b.budgets.account(payer), now
		b.left, b.err = b.budgets.left(b.account, now)
	}
	return b.err
}

// settle counts what was decided, even if it cannot be stored later.
func (b *bill) settle() {
	b.budgets.add(b.account, b.now, b.written)
	b.written = 0
}
