package paceboard

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"strconv"
)

// SubmitSync reports a day's totals so far. It returns what each competition made of
// it: one outcome if the sync names a competition.
func (c *Client) SubmitSync(ctx context.Context, sync Sync) ([]SyncOutcome, error) {
	var answer outcomes
	err := c.call(ctx, true, http.MethodPost, "/api/v1/fitness/sync", sync, &answer)
	return answer, err
}

// SubmitBatch reports up to 1,000 syncs. It returns the outcomes of each, in order.
func (c *Client) SubmitBatch(ctx context.Context, syncs []Sync) ([][]SyncOutcome, error) {
	var answer []outcomes
	if err := c.call(ctx, true, http.MethodPost, "/api/v1/fitness/sync/batch", SubmitBatchJSONBody{Syncs: syncs}, &answer); err != nil {
		return nil, err
	}
	list := make([][]SyncOutcome, len(answer))
	for i, each := range answer {
		list[i] = each
	}
	return list, nil
}

// outcomes are one outcome or a list of them.
type outcomes []SyncOutcome

// UnmarshalJSON decodes either form.
func (o *outcomes) UnmarshalJSON(text []byte) error {
	if bytes.HasPrefix(bytes.TrimSpace(text), []byte("[")) {
		return json.Unmarshal(text, (*[]SyncOutcome)(o))
	}
	*o = make([]SyncOutcome, 1)
	return json.Unmarshal(text, &(*o)[0])
}

// Leaderboard returns a part of the standings. IfNoneMatch is not used.
func (c *Client) Leaderboard(ctx context.Context, competitionID string, part GetLeaderboardParams) (Leaderboard, error) {
	query := url.Values{}
	set(query, "limit", part.Limit, func(n int32) string { return strconv.Itoa(int(n)) })
	set(query, "offset", part.Offset, func(n int64) string { return strconv.FormatInt(n, 10) })
	set(query, "around", part.Around, func(user string) string { return user })
	set(query, "radius", part.Radius, func(n int32) string { return strconv.Itoa(int(n)) })
	var answer Leaderboard
	err := c.Call(ctx, http.MethodGet, at("/api/v1/leaderboard/{}?", competitionID)+query.Encode(), nil, &answer)
	return answer, err
}

func set[T any](query url.Values, name string, value *T, text func(T) string) {
	if value != nil {
		query.Set(name, text(*value))
	}
}

// CreateCompetition makes a competition. Name its id, so that repeating it makes no second one.
func (c *Client) CreateCompetition(ctx context.Context, definition CreateCompetitionJSONBody) (Competition, error) {
	var answer Competition
	err := c.Call(ctx, http.MethodPost, "/api/v1/competitions", definition, &answer)
	return answer, err
}

// Competition returns a competition.
func (c *Client) Competition(ctx context.Context, id string) (Competition, error) {
	var answer Competition
	err := c.Call(ctx, http.MethodGet, at("/api/v1/competitions/{}", id), nil, &answer)
	return answer, err
}

// JoinCompetition enrolls the token's user, and returns the entry on the board.
func (c *Client) JoinCompetition(ctx context.Context, id string, as JoinCompetitionJSONBody) (Entry, error) {
	var answer Entry
	err := c.call(ctx, true, http.MethodPost, at("/api/v1/competitions/{}/join", id), as, &answer)
	return answer, err
}

// LeaveCompetition takes the token's user out of a competition.
func (c *Client) LeaveCompetition(ctx context.Context, id string) error {
	return c.Call(ctx, http.MethodDelete, at("/api/v1/competitions/{}/join", id), nil, nil)
}

// CalculatePrizes works out the prizes of a competition as of now, and pays nothing.
func (c *Client) CalculatePrizes(ctx context.Context, id string, pool CalculatePrizesJSONBody) (Prizes, error) {
	var answer Prizes
	err := c.call(ctx, true, http.MethodPost, at("/api/v1/prizes/calculate/{}", id), pool, &answer)
	return answer, err
}
