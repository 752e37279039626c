package postgres

import (
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
)

// A failover moves the address to another server, and what is connected to the old
// one stays there, as long as that answers: a pool that is in use would keep it for
// an hour. So as soon as a server turns out to be no primary, or does not answer,
// nothing that is connected is used any more. beginSession looks at what comes then.

// watch has the pools of a configuration look out for a server that was demoted, and
// drop connections that must not be used again.
func (s *Store) watch(config *pgxpool.Config) {
	before := config.ConnConfig.OnPgError
	config.ConnConfig.OnPgError = func(conn *pgconn.PgConn, err *pgconn.PgError) bool {
		if err.Code == readOnlyTransaction {
			s.reconnect("the server takes no writes any more")
			return false
		}
		return before(conn, err)
	}
	config.ConnConfig.OnNotice = onNotice
	config.AfterRelease = func(conn *pgx.Conn) bool { flag := unconfirmed(conn); return flag != nil && !flag.Load() }
}

// reconnectLogEvery is the shortest time between two logs of it.
const reconnectLogEvery = 10 * time.Second

// reconnect has whatever is done next be done over new connections. What is under
// way goes on.
func (s *Store) reconnect(why string) {
	for _, p := range s.pools() {
		p.replace()
	}
	s.presence.doubt()
	if s.holds != nil {
		s.holds.renew.Store(true)
	}
	if session := s.pipeline.current.Load(); session != nil {
		session.retired.Store(true)
	}
	now, logged := time.Now().UnixNano(), s.reconnected.Load()
	if now-logged >= int64(reconnectLogEvery) && s.reconnected.CompareAndSwap(logged, now) {
		s.logger.Warn("connecting to the database anew", "reason", why)
	}
}
