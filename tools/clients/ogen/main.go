// Command ogen runs the main flow with the client that ogen makes of
// openapi.yaml. The test TestGeneratedClientOfOgen of cmd/paceboard generates the
// package api, builds this against it and gives it a server.
package main

import (
	"context"
	"fmt"
	"os"
	"time"

	"github.com/paceboard/paceboard/tools/clients/ogen/api"
)

func main() {
	if err := run(context.Background(), os.Getenv("PACEBOARD_URL"), as(os.Getenv("OPERATOR_TOKEN")), as(os.Getenv("USER_TOKEN"))); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// as is whose token every request carries.
type as string

func (token as) Token(context.Context, api.OperationName) (api.Token, error) {
	return api.Token{Token: string(token)}, nil
}

const (
	id   = "ogen"
	pool = 1234567.89
)

func run(ctx context.Context, url string, operator, user as) error {
	operators, err := api.NewClient(url, operator)
	if err != nil {
		return err
	}
	users, err := api.NewClient(url, user)
	if err != nil {
		return err
	}
	now := time.Now()
	made, err := operators.CreateCompetition(ctx, &api.CreateCompetitionReq{
		ID: api.NewOptNilString(id), Name: "Made by a generated client",
		StartDate: now.AddDate(0, 0, -2), EndDate: now.AddDate(0, 0, 2),
		Currency: api.NewOptNilString("EUR"), PrizePool: api.NewOptNilFloat64(pool), PrizeSplit: api.NewOptNilFloat64Array([]float64{100}),
	})
	if created, ok := made.(*api.CompetitionReplyHeaders); err != nil || !ok || created.Response.Data.PrizePool != pool {
		return fmt.Errorf("create: %v %+v", err, made)
	}
	joined, err := users.JoinCompetition(ctx, api.NewOptJoinCompetitionReq(api.JoinCompetitionReq{UserName: api.NewOptNilString("Ada")}),
		api.JoinCompetitionParams{CompetitionID: id})
	if entry, ok := joined.(*api.JoinCompetitionOKHeaders); err != nil || !ok || entry.Response.Data.UserName != "Ada" {
		return fmt.Errorf("join: %v %+v", err, joined)
	}
	sync := api.Sync{
		CompetitionID: api.NewOptNilString(id), Steps: api.NewOptNilFloat64(11623.858), Distance: api.NewOptNilFloat64(8000.25),
		Source: api.NewOptNilString("apple_health"), Date: now.AddDate(0, 0, -1).Format(time.DateOnly), RecordedAt: api.NewOptNilDateTime(now),
	}
	synced, err := users.SubmitSync(ctx, &sync)
	result, ok := synced.(*api.SubmitSyncOKHeaders)
	if err != nil || !ok || result.Response.Data.SyncResult.Score != 11623 || result.Response.Data.SyncResult.Rank != 1 {
		return fmt.Errorf("sync: %v %+v", err, synced)
	}
	sync.CompetitionID = api.NewOptNilString("nowhere")
	answered, err := users.SubmitBatch(ctx, &api.SubmitBatchReq{Syncs: []api.Sync{sync}})
	batch, ok := answered.(*api.SubmitBatchOKHeaders)
	if err != nil || !ok || len(batch.Response.Data) != 1 || batch.Response.Data[0].SyncOutcome.Problem.Code != "unknown_competition" {
		return fmt.Errorf("batch: %v %+v", err, answered)
	}
	page, err := users.GetLeaderboard(ctx, api.GetLeaderboardParams{CompetitionID: id, Limit: api.NewOptInt32(10)})
	board, ok := page.(*api.GetLeaderboardOKHeaders)
	if err != nil || !ok || len(board.Response.Data.Entries) != 1 {
		return fmt.Errorf("board: %v %+v", err, page)
	}
	if got := board.Response.Data.Entries[0]; got.UserName != "Ada" || got.Score != 11623 || got.Distance.Value != 8000.25 {
		return fmt.Errorf("board: %+v", got)
	}
	worked, err := operators.CalculatePrizes(ctx, api.NewOptCalculatePrizesReq(api.CalculatePrizesReq{PrizePool: api.NewOptNilFloat64(pool)}),
		api.CalculatePrizesParams{CompetitionID: id})
	prizes, ok := worked.(*api.CalculatePrizesOKHeaders)
	if err != nil || !ok || len(prizes.Response.Data.Prizes) != 1 {
		return fmt.Errorf("calculate: %v %+v", err, worked)
	}
	if got := prizes.Response.Data; got.PrizePool != pool || got.Prizes[0].Amount != pool {
		return fmt.Errorf("calculate: %v became %v and %v", pool, got.PrizePool, got.Prizes[0].Amount)
	}
	return nil
}
