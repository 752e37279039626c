package main

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// TestWebhooksThroughKills sends events to receivers that are slow, down, answer 410,
// redirect and die in the middle, while the server that sends, one of two with PostgreSQL,
// is killed or frozen at some message: before the receiver has stored it, or after. Each
// receiver takes every event at least once, and in the order of seq within a competition.
// SOAK=2h goes on for half of that on each store.
func TestWebhooksThroughKills(t *testing.T) {
	t.Parallel()
	onEveryStore(t, func(t *testing.T, where string) {
		t.Helper()
		inParallel(t)
		b := startHooked(t, where)
		until := time.Now().Add(soak(t) / 2)
		b.round(0)
		rounds := 1
		for ; time.Now().Before(until); rounds++ {
			b.round(rounds)
		}
		t.Logf("%d rounds, %d strikes, %d messages, %d of them repeats", rounds, b.strikes, b.messages, b.repeats)
		for _, p := range b.at {
			p.node.Load().stop()
		}
	})
}

// hooked is a server, or a cluster of two nodes, that sends events.
type hooked struct {
	*nodes
	random *rand.Rand

	// mayRepeat is how many messages about a competition may be repeated in a round
	// besides those that failed: what was under way at two strikes and a retry, and the
	// places that the embedded store had not yet handed to the system when it was killed.
	mayRepeat int

	strikes, messages, repeats int

	mu  sync.Mutex
	due *strike // nil: no server is to be struck
}

// strike is what is to happen to the server that sends a message.
type strike struct {
	skip   int  // messages before
	stored bool // after the receiver has stored the message
	freeze bool // it is stopped, and goes on when another one sends; otherwise killed
	struck chan *instance
}

func startHooked(t *testing.T, where string) *hooked {
	t.Helper()
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	b := &hooked{random: rand.New(rand.NewPCG(seed, 12))}
	args := []string{"--rate-limit-user", "0", "WEBHOOKS_ANYWHERE=true"}
	if b.mayRepeat = 3; isDatabase(where) {
		b.nodes = startNodes(t, []string{where, where}, args...)
	} else {
		b.mayRepeat = 8
		b.nodes = startNodes(t, []string{where}, append(args, "CLUSTER_LISTEN=")...)
	}
	return b
}

// round has people join two competitions while servers are struck, and checks what each
// receiver took.
func (b *hooked) round(n int) {
	b.t.Helper()
	spring, ours, carla := fmt.Sprintf("spring-%d", n), fmt.Sprintf("ours-%d", n), tokenOf(b.t, "carla", false)
	receivers := b.receivers()
	all, theirs, down := receivers[0], receivers[1], receivers[len(receivers)-1]
	all.make("", "now") // and so everything of competitions to come
	b.create(spring, operatorToken(b.t))
	b.create(ours, carla)
	theirs.owner = carla
	theirs.make(ours, "start")
	for _, r := range receivers[2:] {
		r.make(spring, "start")
	}

	stop, written := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(written)
		for i := 0; ; i++ {
			user := fmt.Sprintf("user-%d-%d", n, i)
			b.insist(http.MethodPost, "/api/v1/competitions/"+[]string{spring, ours}[i%2]+"/join", tokenOf(b.t, user, false), "{}")
			select {
			case <-stop:
				return
			case <-time.After(20 * time.Millisecond):
			}
		}
	}()
	for i := range 2 {
		b.strikeAt(&strike{skip: b.random.IntN(8), stored: i == 1, freeze: i == 1 && len(b.at) > 1})
		if i == 0 {
			all.rotate()
			b.insist(http.MethodDelete, fmt.Sprintf("/api/v1/users/user-%d-0", n), operatorToken(b.t), "")
			down.never(fmt.Sprintf(`"user-%d-0"`, n)) // of whom it was not told before
		}
	}
	close(stop)
	<-written

	told := map[string][]toldEvent{spring: b.feed(spring, operatorToken(b.t)), ours: b.feed(ours, operatorToken(b.t))}
	for _, r := range receivers[1:] {
		r.mend()
	}
	for i, r := range receivers {
		switch i {
		case 0:
			r.finish(told)
		case 1:
			r.finish(map[string][]toldEvent{ours: b.feed(ours, carla)})
		default:
			r.finish(map[string][]toldEvent{spring: told[spring]})
		}
		b.insist(http.MethodDelete, r.path(""), r.owner, "")
	}
}

// strikeAt has a strike happen, and returns when there are as many servers as before.
func (b *hooked) strikeAt(s *strike) {
	b.t.Helper()
	s.struck = make(chan *instance, 1)
	b.mu.Lock()
	b.due = s
	b.mu.Unlock()
	var victim *instance
	select {
	case victim = <-s.struck:
	case <-time.After(time.Minute):
		require.FailNow(b.t, "nothing is sent", b.warnings())
	}
	b.strikes++
	for i, p := range b.at {
		if p.node.Load() == victim {
			b.disturb(i, func(*instance) int {
				if !s.freeze {
					return -1
				}
				<-time.After(4 * time.Second) // longer than the others wait for it
				_ = victim.cmd.Process.Signal(syscall.SIGCONT)
				return 75
			})
		}
	}
}

// struckBy strikes the server that sends a message, if now is the time, and reports
// whether it was killed.
func (b *hooked) struckBy(stored bool) (killed bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	s := b.due
	if s == nil || s.stored != stored {
		return false
	}
	if s.skip--; s.skip >= 0 {
		return false
	}
	victim := b.sending()
	if victim == nil {
		return false
	}
	b.due = nil
	if s.freeze {
		_ = victim.cmd.Process.Signal(syscall.SIGSTOP)
	} else {
		victim.kill()
	}
	s.struck <- victim
	return !s.freeze
}

// sending returns the server that is sending a message now.
func (b *hooked) sending() *instance {
	for _, p := range b.at {
		s := p.node.Load()
		status, answer, err := b.try(s, http.MethodGet, "/metrics", operatorToken(b.t), "")
		if err == nil && status == http.StatusOK && !strings.Contains(string(answer), "\npaceboard_webhook_attempts_underway 0\n") {
			return s
		}
	}
	return nil
}

// create makes a competition that begins tomorrow.
func (b *hooked) create(id, token string) {
	b.t.Helper()
	day := func(n int) string { return time.Now().AddDate(0, 0, n).UTC().Format(time.RFC3339) }
	b.insist(http.MethodPost, "/api/v1/competitions", token,
		fmt.Sprintf(`{"id":%q,"name":"Spring","start_date":%q,"end_date":%q}`, id, day(1), day(30)))
}

// feed reads all events of a competition.
func (b *hooked) feed(id, token string) []toldEvent {
	b.t.Helper()
	reader := readerOf(b.t, id)
	reader.token = token
	reader.read(b.next(), 1000)
	return reader.told
}
