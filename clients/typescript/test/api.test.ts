import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { createApi, PaceboardError, type ApiOptions, type ResultOf } from "../src/index.js";

function bench(status: number, body: unknown, headers: Record<string, string> = {}, options: Partial<ApiOptions> = {}) {
  const calls: { url: string; init: RequestInit }[] = [];
  const text = typeof body === "string" ? body : JSON.stringify(body);
  const type = typeof body === "string" ? "text/plain" : status < 400 ? "application/json" : "application/problem+json";
  const api = createApi({
    url: "https://host/", token: "h.p.s",
    fetch: async (url, init) => (calls.push({ url, init }), new Response(text, { status, headers: { "Content-Type": type, ...headers } })),
    ...options,
  });
  return { api, calls };
}

describe("the API", () => {
  it("puts parameters into path and query, and unwraps data", async () => {
    const { api, calls } = bench(200, { success: true, data: { entries: [], version: 3 } });
    const board: ResultOf<"getLeaderboard"> = await api.getLeaderboard({ competition_id: "a b/c", around: "ü", radius: 2, limit: undefined });
    assert.equal(board.version, 3);
    assert.equal(calls[0]?.url, "https://host/api/v1/leaderboard/a%20b%2Fc?around=%C3%BC&radius=2");
    assert.deepEqual([calls[0]?.init.method, calls[0]?.init.headers], ["GET", { Authorization: "Bearer h.p.s" }]);
  });

  it("sends a body as JSON", async () => {
    const { api, calls } = bench(200, { success: true, data: { competition_id: "spring", score: 7 } });
    await api.submitSync({ body: { competition_id: "spring", steps: 7, date: "2026-05-01" } });
    assert.deepEqual(calls[0]?.init.body, '{"competition_id":"spring","steps":7,"date":"2026-05-01"}');
    assert.equal((calls[0]?.init.headers as Record<string, string>)["Content-Type"], "application/json");
  });

  it("gives answers without an envelope as they are", async () => {
    assert.equal((await bench(200, { status: "healthy", service: "paceboard", version: "1" }).api.getHealth()).status, "healthy");
    assert.equal(await bench(200, "text").api.getMetrics(), "text");
  });

  it("throws the problem of a refusal", async () => {
    const problem = { code: "rate_limited", title: "Too many requests", detail: "wait a little", status: 429 };
    const { api } = bench(429, problem, { "Retry-After": "3", "X-Request-Id": "r1" });
    const error = await api.listCompetitions().catch((e: unknown) => e);
    assert.ok(error instanceof PaceboardError);
    assert.deepEqual([error.status, error.code, error.message, error.retryAfter, error.requestId], [429, "rate_limited", "wait a little", 3000, "r1"]);
    assert.equal(error.problem?.title, "Too many requests");
  });

  it("throws no_answer when there is none, and for a request that was aborted", async () => {
    const hang: ApiOptions["fetch"] = (_, { signal }) => new Promise((_resolve, reject) => signal?.addEventListener("abort", () => reject(signal.reason)));
    const refused = createApi({ url: "https://host", fetch: async () => Promise.reject(new TypeError("refused")) });
    const calls = [refused.getHealth(), createApi({ url: "https://host", timeout: 5, fetch: hang }).getHealth()];
    for (const call of calls) {
      const error = await call.catch((e: unknown) => e);
      assert.ok(error instanceof PaceboardError);
      assert.deepEqual([error.status, error.code], [0, "no_answer"]);
    }
  });

  it("asks for the token before each request", async () => {
    let asked = 0;
    const { api, calls } = bench(200, { success: true, data: { competitions: [] } }, {}, { token: async () => `t${++asked}` });
    await api.listCompetitions();
    await api.listCompetitions({ limit: 1 });
    assert.deepEqual(calls.map(({ init }) => (init.headers as Record<string, string>).Authorization), ["Bearer t1", "Bearer t2"]);
  });

  it("is typed: the compiler refuses what the API does not take", () => {
    const { api } = bench(200, {});
    const wrong = (): unknown => [
      // @ts-expect-error: the path's parameter is required
      api.getLeaderboard(),
      // @ts-expect-error: there is no such parameter
      api.getLeaderboard({ competition_id: "c", top: 3 }),
      // @ts-expect-error: steps are a number
      api.submitSync({ body: { steps: "7", date: "2026-05-01" } }),
      // @ts-expect-error: a body is required
      api.createCompetition(),
      // @ts-expect-error: streams are no methods
      api.streamLeaderboard,
    ];
    assert.equal(typeof wrong, "function");
  });
});
