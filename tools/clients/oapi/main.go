// Command oapi runs the main flow with the client that oapi-codegen makes of
// openapi.yaml. The test TestGeneratedClientOfOAPICodegen of cmd/paceboard generates the
// package api, builds this against it and gives it a server.
package main

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"time"

	"github.com/paceboard/paceboard/tools/clients/oapi/api"
)

func main() {
	if err := run(context.Background(), os.Getenv("PACEBOARD_URL"), as(os.Getenv("OPERATOR_TOKEN")), as(os.Getenv("USER_TOKEN"))); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func as(token string) api.RequestEditorFn {
	return func(_ context.Context, r *http.Request) error {
		r.Header.Set("Authorization", "Bearer "+token)
		return nil
	}
}

const (
	id   = "oapi"
	pool = 1234567.89
)

func run(ctx context.Context, url string, operator, user api.RequestEditorFn) error {
	c, err := api.NewClientWithResponses(url)
	if err != nil {
		return err
	}
	now := time.Now()
	made, err := c.CreateCompetitionWithResponse(ctx, api.CreateCompetitionJSONRequestBody{
		Id: ptr(id), Name: "Made by a generated client", StartDate: now.AddDate(0, 0, -2), EndDate: now.AddDate(0, 0, 2),
		Currency: ptr("EUR"), PrizePool: ptr(pool), PrizeSplit: &[]float64{100},
	}, operator)
	if err != nil || made.JSON201 == nil {
		return fmt.Errorf("create: %v %s", err, body(made))
	}
	if got := made.JSON201.Data; got.PrizePool != pool || !got.StartDate.Equal(now.AddDate(0, 0, -2).Truncate(time.Millisecond)) {
		return fmt.Errorf("made with %v from %v", got.PrizePool, got.StartDate)
	}
	joined, err := c.JoinCompetitionWithResponse(ctx, id, api.JoinCompetitionJSONRequestBody{UserName: ptr("Ada")}, user)
	if err != nil || joined.JSON200 == nil {
		return fmt.Errorf("join: %v %s", err, body(joined))
	}
	sync := api.Sync{
		CompetitionId: ptr(id), Steps: ptr(11623.858), Distance: ptr(8000.25), Source: ptr("apple_health"),
		Date: now.AddDate(0, 0, -1).Format(time.DateOnly), RecordedAt: &now,
	}
	synced, err := c.SubmitSyncWithResponse(ctx, sync, user)
	if err != nil || synced.JSON200 == nil {
		return fmt.Errorf("sync: %v %s", err, body(synced))
	}
	if got, err := synced.JSON200.Data.AsSyncResult(); err != nil || got.Score != 11623 || got.Rank != 1 {
		return fmt.Errorf("synced: %v %+v", err, got)
	}
	sync.CompetitionId = ptr("nowhere")
	batch, err := c.SubmitBatchWithResponse(ctx, api.SubmitBatchJSONRequestBody{Syncs: []api.Sync{sync}}, user)
	if err != nil || batch.JSON200 == nil || len(batch.JSON200.Data) != 1 {
		return fmt.Errorf("batch: %v %s", err, body(batch))
	}
	outcome, err := batch.JSON200.Data[0].AsSyncOutcome()
	if err != nil {
		return fmt.Errorf("batch: %w", err)
	}
	if problem, err := outcome.AsProblem(); err != nil || problem.Code != "unknown_competition" || problem.Message != problem.Detail {
		return fmt.Errorf("batch: %v %+v", err, problem)
	}
	board, err := c.GetLeaderboardWithResponse(ctx, id, &api.GetLeaderboardParams{Limit: ptr(int32(10))}, user)
	if err != nil || board.JSON200 == nil || len(board.JSON200.Data.Entries) != 1 {
		return fmt.Errorf("board: %v %s", err, body(board))
	}
	if got := board.JSON200.Data.Entries[0]; got.UserName != "Ada" || got.Score != 11623 || got.Distance == nil || *got.Distance != 8000.25 {
		return fmt.Errorf("board: %+v", got)
	}
	prizes, err := c.CalculatePrizesWithResponse(ctx, id, api.CalculatePrizesJSONRequestBody{PrizePool: ptr(pool)}, operator)
	if err != nil || prizes.JSON200 == nil || len(prizes.JSON200.Data.Prizes) != 1 {
		return fmt.Errorf("calculate: %v %s", err, body(prizes))
	}
	if got := prizes.JSON200.Data; got.PrizePool != pool || got.Prizes[0].Amount != pool {
		return fmt.Errorf("calculate: %v became %v and %v", pool, got.PrizePool, got.Prizes[0].Amount)
	}
	return nil
}

func ptr[T any](v T) *T { return &v }

// body is what was answered, for a failure's text.
func body(response interface{ GetBody() []byte }) (text string) {
	defer func() {
		if recover() != nil {
			text = "no answer"
		}
	}()
	return string(response.GetBody())
}
