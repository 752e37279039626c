package redis

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"net/url"
	"sync/atomic"
	"time"

	goredis "github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/logging"

	"github.com/paceboard/paceboard/competition"
)

// Options say where the mirror is.
type Options struct {
	// URL is redis://user:password@host:6379/0, or rediss:// for TLS, with any
	// option that go-redis knows and prefix, which stands before all keys and
	// channels. Several servers are named as go-redis's ParseFailoverURL and
	// ParseClusterURL have it, or by the schemes:
	//
	//	redis+sentinel://host:26379/0?master_name=name&addr=host2:26379&password=…
	//	redis+cluster://user:password@host:6379?addr=host2:6379
	//
	// What stands before the host of a sentinel is its own user and password.
	URL string
	// Timeout bounds every call, connecting included. Default 2 s.
	Timeout time.Duration
}

// ErrURL is returned for a URL that names no Redis.
var ErrURL = errors.New("REDIS_URL cannot be used; give one such as redis://:password@host:6379/0?prefix=paceboard: (rediss:// for TLS)")

// Mirror is a competition.Mirror in Redis. Safe for concurrent use.
type Mirror struct {
	client  goredis.UniversalClient
	sharded bool // over the servers of a Redis Cluster
	prefix  string
	timeout time.Duration

	pulse string       // the key
	beats atomic.Int64 // tried
	acked atomic.Int64 // the latest one that was answered; -1 for none

	unheard atomic.Bool  // the last messages were refused
	asked   atomic.Int64 // when the policy was asked for last, Unix nanoseconds
	policy  atomic.Value // a string: what Redis does when its memory is full
}

var _ competition.Mirror = (*Mirror)(nil)

// Open makes a mirror; it does not connect before the first call. Error: ErrURL,
// which tells no password.
func Open(o Options) (*Mirror, error) {
	u, err := url.Parse(o.URL)
	if err != nil {
		return nil, ErrURL // url.Parse would quote it whole
	}
	query := u.Query()
	prefix := query.Get("prefix")
	query.Del("prefix")
	u.RawQuery = query.Encode()
	if o.Timeout <= 0 {
		o.Timeout = 2 * time.Second
	}
	logging.Disable() // what the client would log is in the errors that the caller gets
	client, sharded, err := connect(u, o.Timeout)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrURL, err)
	}
	id := make([]byte, 8)
	rand.Read(id) // never fails, see crypto/rand
	m := &Mirror{
		client: client, sharded: sharded, prefix: prefix, timeout: o.Timeout,
		pulse: prefix + "paceboard:pulse:" + hex.EncodeToString(id),
	}
	m.acked.Store(-1)
	return m, nil
}

// Close ends the connections.
func (m *Mirror) Close() error { return m.client.Close() }

// The keys of a competition. Its id has no colon, so they are of it alone. In a
// cluster they have the id as their hash tag, so that they are together.
func (m *Mirror) board(id string) string { return m.prefix + "leaderboard:" + m.tag(id) }
func (m *Mirror) mark(id string) string  { return m.prefix + "paceboard:mark:" + m.tag(id) }
func (m *Mirror) draft(id, name string) string {
	return m.prefix + "paceboard:draft:" + m.tag(id) + ":" + name
}

func (m *Mirror) draftMark(id, name string) string {
	return m.prefix + "paceboard:draft-mark:" + m.tag(id) + ":" + name
}

// channel is the same everywhere: each server of a cluster passes messages on.
func (m *Mirror) channel(id string) string { return m.prefix + "leaderboard:" + id }

func (m *Mirror) tag(id string) string {
	if m.sharded {
		return "{" + id + "}"
	}
	return id
}
