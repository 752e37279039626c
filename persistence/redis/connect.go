package redis

import (
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	goredis "github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"
)

// connections are 4: one who writes, one who looks after the rest, and two to spare.
const connections = 4

// connect makes a client for what a URL names, by its scheme or, as go-redis has it,
// by its parameters: one server, a server that sentinels name, or a cluster. Trying
// again is the caller's, who knows what is worth it.
func connect(u *url.URL, timeout time.Duration) (client goredis.UniversalClient, sharded bool, err error) {
	scheme, kind, _ := strings.Cut(u.Scheme, "+")
	plain := *u
	plain.Scheme = scheme
	query := u.Query()
	switch {
	case kind == "sentinel" || kind == "" && query.Has("master_name"):
		client, err = toSentinel(plain.String(), timeout)
	case kind == "cluster" || kind == "" && query.Has("addr"):
		client, err = toCluster(plain.String(), timeout)
		sharded = true
	case kind == "":
		client, err = toServer(plain.String(), timeout)
	default:
		err = fmt.Errorf("nothing is known of %s", u.Scheme)
	}
	return client, sharded, err
}

func toServer(address string, timeout time.Duration) (goredis.UniversalClient, error) {
	o, err := goredis.ParseURL(address)
	if err != nil {
		return nil, err
	}
	o.MaxRetries, o.DialerRetries, o.ContextTimeoutEnabled = -1, 1, true
	o.DialTimeout, o.ReadTimeout, o.WriteTimeout = timeout, timeout, timeout
	o.PoolSize, o.Protocol, o.DisableIdentity = connections, 2, true
	o.MaintNotificationsConfig = &maintnotifications.Config{Mode: maintnotifications.ModeDisabled}
	return goredis.NewClient(o), nil
}

func toSentinel(address string, timeout time.Duration) (goredis.UniversalClient, error) {
	o, err := goredis.ParseFailoverURL(address)
	if err != nil {
		return nil, err
	}
	if o.MasterName == "" {
		return nil, errors.New("master_name is missing")
	}
	o.MaxRetries, o.DialerRetries, o.ContextTimeoutEnabled = -1, 1, true
	o.DialTimeout, o.ReadTimeout, o.WriteTimeout = timeout, timeout, timeout
	o.PoolSize, o.Protocol, o.DisableIdentity = connections, 2, true
	o.ReplicaOnly, o.RouteRandomly, o.RouteByLatency = false, false, false // boards are written
	return goredis.NewFailoverClient(o), nil
}

func toCluster(address string, timeout time.Duration) (goredis.UniversalClient, error) {
	o, err := goredis.ParseClusterURL(address)
	if err != nil {
		return nil, err
	}
	o.MaxRetries, o.DialerRetries, o.ContextTimeoutEnabled = -1, 1, true
	o.DialTimeout, o.ReadTimeout, o.WriteTimeout = timeout, timeout, timeout
	o.PoolSize, o.Protocol, o.DisableIdentity = connections, 2, true // of each server
	o.ReadOnly, o.RouteRandomly, o.RouteByLatency = false, false, false
	o.MaintNotificationsConfig = &maintnotifications.Config{Mode: maintnotifications.ModeDisabled}
	return goredis.NewClusterClient(o), nil
}
