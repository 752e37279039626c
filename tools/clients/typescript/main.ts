// Runs the main flow with openapi-fetch and the types that openapi-typescript
// makes of openapi.yaml. The test TestGeneratedClientOfOpenAPITypeScript of cmd/paceboard makes
// schema.d.ts, compiles this against it and gives it a server.
import assert from "node:assert/strict";
import createClient from "openapi-fetch";
import type { paths } from "./schema.js";

const { PACEBOARD_URL: baseUrl, OPERATOR_TOKEN, USER_TOKEN } = process.env;
const as = (token?: string) => createClient<paths>({ baseUrl, headers: { Authorization: `Bearer ${token}` } });
const operator = as(OPERATOR_TOKEN);
const user = as(USER_TOKEN);

const id = "typescript";
const pool = 1234567.89;
const day = (offset: number) => new Date(Date.now() + offset * 86_400_000).toISOString();
const path = { competition_id: id };

const made = await operator.POST("/api/v1/competitions", {
  body: { id, name: "Made by a generated client", start_date: day(-2), end_date: day(2), currency: "EUR", prize_pool: pool, prize_split: [100] },
});
assert.equal(made.response.status, 201, JSON.stringify(made.error));
assert.equal(made.data?.data.prize_pool, pool);

const joined = await user.POST("/api/v1/competitions/{competition_id}/join", { params: { path }, body: { user_name: "Ada" } });
assert.equal(joined.data?.data.user_name, "Ada", JSON.stringify(joined.error));

const sync = { competition_id: id, steps: 11623.858, distance: 8000.25, source: "apple_health", date: day(-1).slice(0, 10), recorded_at: day(0) };
const synced = await user.POST("/api/v1/fitness/sync", { body: sync });
const result = synced.data?.data;
assert.ok(result && "score" in result, JSON.stringify(synced.error));
assert.equal(result.score, 11623);
assert.equal(result.rank, 1);

const batch = await user.POST("/api/v1/fitness/sync/batch", { body: { syncs: [{ ...sync, competition_id: "nowhere" }] } });
const outcome = batch.data?.data[0];
assert.ok(outcome && "code" in outcome, JSON.stringify(batch));
assert.equal(outcome.code, "unknown_competition");
assert.equal(outcome.message, outcome.detail);

const board = await user.GET("/api/v1/leaderboard/{competition_id}", { params: { path, query: { limit: 10 } } });
const entry = board.data?.data.entries[0];
assert.deepEqual([entry?.user_name, entry?.score, entry?.distance], ["Ada", 11623, 8000.25], JSON.stringify(board.error));

const prizes = await operator.POST("/api/v1/prizes/calculate/{competition_id}", { params: { path }, body: { prize_pool: pool } });
assert.equal(prizes.data?.data.prize_pool, pool, JSON.stringify(prizes.error));
assert.deepEqual(prizes.data?.data.prizes.map((prize) => prize.amount), [pool]);
