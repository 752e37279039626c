import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { applyFrame, emptyBoard, type Board, type Entry, type Limit, type ScoreUpdate } from "../src/index.js";
import { entry, seeded } from "./fakes.js";

const full = (version: number, entries: Entry[], limit: Limit = 10): Board =>
  applyFrame(emptyBoard("c", limit), {
    type: "leaderboard_update",
    data: { competition_id: "c", status: "active", entries, total_count: entries.length, version },
  });

const delta = (board: Board, data: Partial<ScoreUpdate>): Board =>
  applyFrame(board, {
    type: "score_update",
    data: { competition_id: "c", version: 2, previous_version: 1, changes: [], removed: [], total_count: 3, ...data },
  });

const users = (board: Board): string[] => board.entries.map((e) => e.user_id);

describe("applyFrame", () => {
  const start = full(1, [entry("a", 1, 30), entry("b", 2, 20), entry("c", 3, 10)]);

  it("takes a full board as it is, by rank", () => {
    const board = full(7, [entry("b", 2, 5), entry("a", 1, 9)]);
    assert.deepEqual(users(board), ["a", "b"]);
    assert.equal(board.version, 7);
    assert.equal(board.status, "active");
    assert.equal(board.totalCount, 2);
  });

  it("puts changed entries in and orders by rank", () => {
    const board = delta(start, { changes: [entry("c", 1, 40), entry("a", 2, 30), entry("b", 3, 20)] });
    assert.deepEqual(users(board), ["c", "a", "b"]);
    assert.equal(board.version, 2);
  });

  it("takes those out who left the top", () => {
    const board = delta(start, { removed: ["b"], changes: [entry("c", 2, 10)], total_count: 2 });
    assert.deepEqual(users(board), ["a", "c"]);
    assert.equal(board.totalCount, 2);
  });

  it("cuts to the limit", () => {
    const ten = full(1, Array.from({ length: 10 }, (_, i) => entry(`u${i}`, i + 1, 100 - i)));
    const board = delta(ten, { changes: [entry("new", 11, 1)] });
    assert.equal(board.entries.length, 10);
    assert.ok(!users(board).includes("new"));
  });

  it("moves the version on a change below the limit, and keeps the entries", () => {
    const board = delta(start, { total_count: 4 });
    assert.equal(board.version, 2);
    assert.equal(board.totalCount, 4);
    assert.equal(board.entries, start.entries);
  });

  it("is stale after a gap, and otherwise what it was", () => {
    const board = delta(start, { previous_version: 4, version: 5, removed: ["a"] });
    assert.deepEqual(board, { ...start, stale: true });
  });

  it("drops a repeat", () => {
    assert.equal(delta(start, { previous_version: 0, version: 1, removed: ["a"] }), start);
  });

  it("is stale when a delta comes before any board", () => {
    assert.equal(delta(emptyBoard("c", 10), {}).stale, true);
  });

  it("is mended by a full board, even one of a lower version", () => {
    const stale = delta(start, { previous_version: 4, version: 5 });
    const board = applyFrame(stale, {
      type: "leaderboard_update",
      data: { competition_id: "c", status: "finalizing", entries: [], total_count: 0, version: 0 },
    });
    assert.deepEqual([board.stale, board.version, board.status], [false, 0, "finalizing"]);
  });

  it("leaves other competitions alone", () => {
    assert.equal(delta(start, { competition_id: "other" }), start);
  });

  it("keeps the viewer's standing until it is taken off", () => {
    const standing = entry("me", 214, 3);
    const on = applyFrame(start, { type: "standing", data: standing });
    assert.equal(on.standing, standing);
    const off = applyFrame(on, { type: "standing", data: { competition_id: "c", user_id: "me", removed: true } });
    assert.equal("standing" in off, false);
  });

  it("keeps prizes once they are told", () => {
    const prize = { rank: 1, user_id: "a", user_name: "Anna", amount: 6, currency: "EUR" };
    const settled = applyFrame(start, { type: "status", data: { competition_id: "c", status: "settled", prizes: [prize] } });
    assert.equal(settled.status, "settled");
    assert.deepEqual(applyFrame(settled, { type: "status", data: { competition_id: "c", status: "settled" } }).prizes, [prize]);
  });
});

// The server's side of the contract, as naively as can be: people with scores,
// sorted whole; a delta is the difference of two tops.
class NaiveServer {
  readonly #scores = new Map<string, number>();

  constructor(readonly random: () => number) {}

  step(): void {
    const user = `u${Math.floor(this.random() * 40)}`;
    const dice = this.random();
    if (dice < 0.1) this.#scores.delete(user);
    else if (dice < 0.2) this.#scores.set(user, 0);
    else this.#scores.set(user, (this.#scores.get(user) ?? 0) + Math.floor(this.random() * 50));
  }

  get total(): number {
    return this.#scores.size;
  }

  top(limit: number): Entry[] {
    const sorted = [...this.#scores].sort(([a, x], [b, y]) => y - x || (a < b ? -1 : 1));
    return sorted.slice(0, limit).map(([user, score], i) => entry(user, i + 1, score));
  }
}

function difference(before: Entry[], after: Entry[]): Pick<ScoreUpdate, "changes" | "removed"> {
  const was = new Map(before.map((e) => [e.user_id, e]));
  const is = new Set(after.map((e) => e.user_id));
  return {
    changes: after.filter((e) => was.get(e.user_id)?.score !== e.score || was.get(e.user_id)?.rank !== e.rank),
    removed: before.filter((e) => !is.has(e.user_id)).map((e) => e.user_id),
  };
}

describe("deltas applied one after another", () => {
  it("give the full board, whatever happens and however it is conflated", () => {
    for (let seed = 1; seed <= 200; seed++) {
      const random = seeded(seed);
      const server = new NaiveServer(random);
      const limit: Limit = seed % 2 ? 10 : 25;
      let version = Math.floor(random() * 100);
      let before = server.top(limit);
      let board = full(version, before, limit);
      for (let round = 0; round < 60; round++) {
        const previous = version;
        for (let steps = 1 + Math.floor(random() * 6); steps > 0; steps--, version++) server.step();
        const after = server.top(limit);
        const { changes, removed } = difference(before, after);
        changes.sort(() => random() - 0.5); // the order within a delta means nothing
        const data = { competition_id: "c", version, previous_version: previous, changes, removed, total_count: server.total };
        board = applyFrame(board, { type: "score_update", data });
        assert.deepEqual(board.entries, after, `seed ${seed}, round ${round}`);
        assert.deepEqual([board.version, board.totalCount, board.stale], [version, server.total, false]);
        before = after;
      }
    }
  });
});
