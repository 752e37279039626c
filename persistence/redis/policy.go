package redis

import (
	"context"
	"fmt"
	"strings"
	"time"
)

// policyEvery is how often a mirror asks what Redis does when its memory is full.
const policyEvery = time.Minute

// evicting returns a warning if Redis may drop boards when its memory is full. What it
// drops is found and written again within minutes, but whoever reads meanwhile finds
// nothing. A Redis that does not tell is not warned of.
func (m *Mirror) evicting(ctx context.Context) error {
	if now, asked := time.Now().UnixNano(), m.asked.Load(); now-asked >= int64(policyEvery) && m.asked.CompareAndSwap(asked, now) {
		if info, err := m.client.Info(ctx, "memory").Result(); err == nil {
			m.policy.Store(policyOf(info))
		}
	}
	policy, _ := m.policy.Load().(string)
	if !strings.HasPrefix(policy, "allkeys-") {
		return nil // or nothing with boards, which do not expire
	}
	return fmt.Errorf("when its memory is full, Redis drops boards (maxmemory-policy is %s); "+
		"they are written again within 5 minutes; set noeviction or volatile-lru, and enough maxmemory", policy)
}

// Reach reports whether Redis answers, and warns as evicting does.
func (m *Mirror) Reach(ctx context.Context) (warning, err error) {
	ctx, cancel := context.WithTimeout(ctx, m.timeout)
	defer cancel()
	if err := m.client.Ping(ctx).Err(); err != nil {
		return nil, err
	}
	return m.evicting(ctx), nil
}

// policyOf reads INFO: "" if no memory limit is set.
func policyOf(info string) (policy string) {
	limited := false
	for line := range strings.Lines(info) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), ":")
		switch name {
		case "maxmemory":
			limited = value != "0"
		case "maxmemory_policy":
			policy = value
		}
	}
	if !limited {
		return ""
	}
	return policy
}
