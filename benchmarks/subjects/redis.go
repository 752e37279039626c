package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"github.com/paceboard/paceboard/competition"
	pbhttp "github.com/paceboard/paceboard/http"
)

// overRedis is what people would build instead: the same front end, with its
// tokens and its strict decoding, over a sorted set in Redis.
func overRedis(ctx context.Context, flags *flag.FlagSet, args []string) (err error) {
	common := servingFlags(flags)
	url := flags.String("url", "", "redis:// `URL`")
	pool := flags.Int("pool", 64, "connections to Redis")
	if err := flags.Parse(args); err != nil {
		return err
	}
	options, err := goredis.ParseURL(*url)
	if err != nil {
		return err
	}
	options.PoolSize = *pool
	client := goredis.NewClient(options)
	defer func() { err = errors.Join(err, client.Close()) }()
	server := pbhttp.New(frontOptions(&sortedSets{client: client}))
	return common.until(ctx, server.Serve, server.Shutdown)
}

// sortedSets is an engine that can take a sync, and nothing else. It does less
// than ours: it takes today's steps for the score, keeps no days, knows no rules
// and does not count the participants. What a client gets is as long.
type sortedSets struct {
	pbhttp.Engine // nil: whatever else is asked panics, and is answered 500

	client *goredis.Client
}

// SubmitSync sets the score and asks for the rank, in one round trip.
func (e *sortedSets) SubmitSync(competitionID string, s *competition.SubmitSync) (competition.SyncReply, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	key := "leaderboard:" + competitionID
	commands := e.client.Pipeline()
	commands.ZAdd(ctx, key, goredis.Z{Score: float64(s.Metrics.Steps), Member: s.UserID})
	rank := commands.ZRevRank(ctx, key, s.UserID)
	if _, err := commands.Exec(ctx); err != nil {
		return competition.SyncReply{}, fmt.Errorf("%w: %w", competition.ErrUnavailable, err)
	}
	return competition.SyncReply{Score: s.Metrics.Steps, Rank: int(rank.Val()) + 1, Total: 1000, Changed: true}, nil
}

// Health is always good.
func (*sortedSets) Health() competition.Health { return competition.Health{Ready: true} }
