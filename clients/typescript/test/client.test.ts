import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  aroundEvery, backoffDelay, blockedAfter, BoardClient, deadAfter, decodeFrame, eventsFor, maxWatches, pingEvery, readClaims, renewAhead, resyncWithin, stableAfter,
  type Board, type ClientOptions, type WatchState,
} from "../src/index.js";
import { entry, FakeClock, FakeSocket, FakeStream, token } from "./fakes.js";

const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

class Bench {
  readonly clock = new FakeClock();
  readonly sockets: FakeSocket[] = [];
  readonly states: WatchState[] = [];
  readonly delays: number[] = [];
  board: Board | undefined;
  readonly client: BoardClient;

  constructor(options: Partial<ClientOptions> = {}) {
    this.client = new BoardClient({
      url: "http:/host/",
      transport: "websocket",
      token: token({ sub: "me" }),
      clock: this.clock,
      random: () => 0.5,
      onDelay: (ms) => this.delays.push(ms),
      open: (url, protocols) => {
        this.sockets.push(new FakeSocket(url, protocols));
        return this.socket;
      },
      ...options,
    });
  }

  get socket(): FakeSocket {
    return this.sockets.at(-1)!;
  }

  get state(): WatchState | undefined {
    return this.states.at(-1);
  }

  watch(id = "c") {
    return this.client.watch(id, { limit: 25, onBoard: (board) => (this.board = board), onState: (state) => this.states.push(state) });
  }

  /** Goes on until the next attempt to connect. */
  retry(): void {
    assert.ok(this.state?.kind === "reconnecting");
    this.clock.advance(this.state.retryAt - this.clock.now());
  }

  /** The server's greeting, with a board of one. */
  greet(version = 5, id = "c"): void {
    this.socket.give("connected", { competition_id: id, version, limit: 25 });
    this.full(version, id);
  }

  full(version: number, id = "c"): void {
    this.socket.give("leaderboard_update", {
      competition_id: id, status: "active", entries: [entry("a", 1, 10, id)], total_count: 1, version,
    });
  }

  delta(previous: number, version: number, score = 11): void {
    this.socket.give("score_update", {
      competition_id: "c", version, previous_version: previous, changes: [entry("a", 1, score)], removed: [], total_count: 1,
    });
  }
}

describe("connecting", () => {
  it("carries the token as a subprotocol and names board and window in the URL", () => {
    const bench = new Bench({ token: "h.p.s" });
    bench.watch("spring");
    assert.deepEqual(bench.socket.protocols, ["bearer.h.p.s"]);
    assert.equal(bench.socket.url, "ws:/host/ws/leaderboard/spring?limit=25");
  });

  it("is live with the first board", () => {
    const bench = new Bench();
    bench.watch();
    bench.socket.give("connected", { competition_id: "c", version: 5, limit: 25 });
    assert.equal(bench.state, undefined);
    bench.full(5);
    assert.deepEqual(bench.state, { kind: "live" });
    bench.delta(5, 6);
    assert.equal(bench.board?.version, 6);
    assert.equal(bench.board?.entries[0]?.score, 11);
  });

  it("ignores what it does not understand", () => {
    const bench = new Bench();
    bench.watch();
    bench.greet();
    bench.socket.onmessage?.({ data: "not json" });
    bench.socket.onmessage?.({ data: '{"type":"news","data":{}}' });
    bench.socket.onmessage?.({ data: new ArrayBuffer(3) });
    assert.equal(bench.board?.version, 5);
  });

  it("reads null lists as empty", () => {
    const frame = decodeFrame('{"type":"score_update","data":{"competition_id":"c","version":2,"previous_version":1,"changes":null}}');
    assert.deepEqual(frame?.type === "score_update" && [frame.data.changes, frame.data.removed], [[], []]);
  });

  it("refuses a version that is no integer", () => {
    assert.equal(decodeFrame('{"type":"leaderboard_update","data":{"competition_id":"c","version":1.5,"entries":[]}}'), undefined);
  });
});

describe("reconnecting", () => {
  it("resumes from the version held", () => {
    const bench = new Bench();
    bench.watch();
    bench.greet(5);
    bench.delta(5, 9);
    bench.socket.drop(1006);
    assert.equal(bench.state?.kind, "reconnecting");
    bench.clock.advance(250);
    assert.equal(bench.sockets.length, 2);
    assert.match(bench.socket.url, /since=9$/);
    bench.socket.give("connected", { competition_id: "c", version: 9, limit: 25 });
    assert.deepEqual(bench.state, { kind: "live" });
    bench.delta(9, 12, 30);
    assert.equal(bench.board?.entries[0]?.score, 30);
  });

  it("resumes from the version and the epoch held", () => {
    const bench = new Bench();
    bench.watch();
    bench.socket.give("connected", { competition_id: "c", version: 5, epoch: "a0b1c2d3", limit: 25 });
    bench.full(5);
    bench.delta(5, 9);
    bench.socket.drop(1006);
    bench.clock.advance(250);
    assert.match(bench.socket.url, /since=9.a0b1c2d3$/);
    bench.socket.give("connected", { competition_id: "c", version: 9, epoch: "a0b1c2d3", limit: 25 });
    assert.deepEqual(bench.state, { kind: "live" });
    bench.delta(9, 12, 30);
    assert.equal(bench.board?.entries[0]?.score, 30);
  });

  it("never takes a version for one of another epoch, however the connection ends", () => {
    const bench = new Bench();
    bench.watch();
    bench.socket.give("connected", { competition_id: "c", version: 5, epoch: "a0b1c2d3", limit: 25 });
    bench.full(5);
    bench.socket.drop(1006);
    bench.clock.advance(250);
    bench.socket.give("connected", { competition_id: "c", version: 7, epoch: "ffffffff", limit: 25 });
    assert.equal(bench.state?.kind, "reconnecting", "until the whole board is there");
    bench.socket.drop(1006); // before it
    bench.clock.advance(30_000);
    assert.doesNotMatch(bench.socket.url, /since/);
    bench.socket.give("connected", { competition_id: "c", version: 7, epoch: "ffffffff", limit: 25 });
    bench.full(7);
    assert.deepEqual(bench.state, { kind: "live" });
    bench.socket.drop(1006);
    bench.clock.advance(30_000);
    assert.match(bench.socket.url, /since=7.ffffffff$/);
  });

  it("takes a whole board of a lower version when the epoch changes on an open connection", () => {
    const bench = new Bench();
    bench.watch();
    bench.socket.give("connected", { competition_id: "c", version: 5, epoch: "a0b1c2d3", limit: 25 });
    bench.full(5);
    bench.socket.give("connected", { competition_id: "c", version: 3, epoch: "ffffffff", limit: 25 });
    bench.full(3);
    assert.equal(bench.board?.version, 3);
    bench.delta(3, 4, 30);
    assert.deepEqual([bench.board?.version, bench.board?.stale, bench.state?.kind], [4, false, "live"]);
  });

  it("names no epoch for a board that came by another way", () => {
    const bench = new Bench();
    const watch = bench.watch();
    bench.socket.give("connected", { competition_id: "c", version: 5, epoch: "a0b1c2d3", limit: 25 });
    bench.full(5);
    bench.socket.drop(1006);
    watch.offer({ competition_id: "c", status: "active", entries: [], total_count: 0, version: 8 });
    bench.clock.advance(30_000);
    assert.match(bench.socket.url, /since=8$/);
    bench.socket.give("connected", { competition_id: "c", version: 8, epoch: "a0b1c2d3", limit: 25 });
    assert.deepEqual(bench.state, { kind: "live" });
    bench.delta(8, 9);
    bench.socket.drop(1006);
    bench.clock.advance(30_000);
    assert.match(bench.socket.url, /since=9.a0b1c2d3$/);
  });

  it("waits longer each time, up to the cap", () => {
    const bench = new Bench();
    bench.watch();
    const waits: number[] = [];
    for (let i = 0; i < 9; i++) {
      bench.socket.drop(1006);
      const state = bench.state;
      assert.ok(state?.kind === "reconnecting");
      waits.push(state.retryAt - bench.clock.now());
      bench.clock.advance(state.retryAt - bench.clock.now());
    }
    assert.deepEqual(waits, [250, 500, 1000, 2000, 4000, 8000, 15_000, 15_000, 15_000]);
  });

  it("remembers since when, through failed attempts", () => {
    const bench = new Bench();
    bench.watch();
    bench.greet();
    const heard = bench.clock.now();
    bench.clock.advance(3000);
    for (let i = 0; i < 3; i++) {
      bench.socket.drop(1006);
      assert.ok(bench.state?.kind === "reconnecting");
      assert.equal(bench.state.since, heard);
      bench.clock.advance(5000);
    }
  });

  it("starts anew after a connection that held, but not after one that broke at once", () => {
    const bench = new Bench();
    bench.watch();
    const wait = (): number => (bench.state?.kind === "reconnecting" ? bench.state.retryAt - bench.clock.now() : NaN);
    for (const expected of [250, 500]) {
      bench.greet();
      bench.socket.drop(1006);
      assert.equal(wait(), expected);
      bench.clock.advance(expected);
    }
    bench.greet();
    bench.clock.advance(stableAfter);
    bench.socket.drop(1006);
    assert.equal(wait(), 250);
  });

  it("spreads wider when the server shuts down", () => {
    const bench = new Bench();
    bench.watch();
    bench.greet();
    bench.socket.drop(1001);
    assert.deepEqual(bench.state, { kind: "reconnecting", since: bench.clock.now(), retryAt: bench.clock.now() + 1000, reason: "shutdown" });
  });

  it("tells a frame that was too big", () => {
    const bench = new Bench();
    bench.watch();
    bench.socket.drop(1009);
    assert.ok(bench.state?.kind === "reconnecting" && bench.state.reason === "too_big");
  });

  it("does not wait when nudged", () => {
    const bench = new Bench();
    bench.watch();
    bench.socket.drop(1006);
    bench.client.nudge();
    assert.equal(bench.sockets.length, 2);
    bench.clock.advance(1000);
    assert.equal(bench.sockets.length, 2);
  });

  it("takes a newer board by another way while the socket is silent, and no older one", () => {
    const bench = new Bench();
    const watch = bench.watch();
    bench.greet(5);
    bench.socket.drop(1006);
    const board = { competition_id: "c", status: "active", entries: [], total_count: 0 } as const;
    watch.offer({ ...board, entries: [], version: 4 });
    assert.equal(bench.board?.version, 5);
    watch.offer({ ...board, entries: [], version: 8 });
    assert.equal(bench.board?.version, 8);
    assert.equal(bench.state?.kind, "reconnecting");
  });
});

describe("back-off", () => {
  it("is uniform below a bound that doubles up to the cap", () => {
    const bounds = [0, 1, 2, 3, 10, 5000].map((attempt) => backoffDelay(attempt, () => 0.999999, { base: 100, cap: 1000 }));
    assert.deepEqual(bounds, [99, 199, 399, 799, 999, 999]);
    assert.equal(backoffDelay(3, () => 0), 0);
  });
});

describe("keep-alive", () => {
  it("measures the way there and back", () => {
    const bench = new Bench();
    bench.watch();
    bench.greet();
    assert.equal(bench.socket.of("ping").length, 1);
    bench.clock.advance(42);
    bench.socket.give("pong");
    assert.deepEqual(bench.delays, [42]);
    bench.clock.advance(pingEvery - 42);
    assert.equal(bench.socket.of("ping").length, 2);
  });

  it("gives up a connection that is silent after a ping", () => {
    const bench = new Bench();
    bench.watch();
    bench.greet();
    const heard = bench.clock.now();
    bench.clock.advance(pingEvery + deadAfter - 1);
    assert.deepEqual(bench.state, { kind: "live" });
    bench.clock.advance(1);
    assert.ok(bench.state?.kind === "reconnecting");
    assert.equal(bench.state.since, heard);
    assert.equal(bench.socket.closed, true);
  });

  it("takes any frame for a sign of life", () => {
    const bench = new Bench();
    bench.watch();
    bench.greet();
    for (let version = 5; version < 15; version++) {
      bench.clock.advance(deadAfter - 1);
      bench.delta(version, version + 1);
    }
    assert.deepEqual(bench.state, { kind: "live" });
  });

  it("gives up a server that accepts and says nothing", () => {
    const bench = new Bench();
    bench.watch();
    bench.clock.advance(deadAfter);
    assert.equal(bench.state?.kind, "reconnecting");
  });
});

describe("a delta that does not fit", () => {
  it("asks once for what is missing, from the version held", () => {
    const bench = new Bench();
    bench.watch();
    bench.greet(5);
    bench.delta(7, 8);
    bench.delta(8, 9);
    const asked = bench.socket.of("subscribe").map((frame) => frame.data);
    assert.deepEqual(asked, [{ competition_id: "c", limit: 25, since: 5 }]);
    bench.delta(5, 9, 77);
    assert.deepEqual([bench.board?.version, bench.board?.entries[0]?.score, bench.board?.stale], [9, 77, false]);
  });

  it("starts over with a full board when no answer mends it", () => {
    const bench = new Bench();
    bench.watch();
    bench.greet(5);
    bench.delta(7, 8);
    bench.clock.advance(resyncWithin);
    assert.equal(bench.state?.kind, "reconnecting");
    bench.clock.advance(1000);
    assert.doesNotMatch(bench.socket.url, /since/);
    bench.greet(9);
    assert.deepEqual([bench.board?.version, bench.board?.stale], [9, false]);
  });
});

describe("several boards on one socket", () => {
  it("subscribes to the others once connected, and again with since after a loss", () => {
    const bench = new Bench();
    bench.watch("c");
    bench.watch("d");
    assert.equal(bench.sockets.length, 1);
    assert.equal(bench.socket.of("subscribe").length, 0);
    bench.greet(5, "c");
    assert.deepEqual(bench.socket.of("subscribe")[0].data, { competition_id: "d", limit: 25 });
    bench.full(3, "d");
    bench.socket.drop(1006);
    bench.clock.advance(1000);
    bench.greet(5, "c");
    assert.deepEqual(bench.socket.of("subscribe")[0].data, { competition_id: "d", limit: 25, since: 3 });
  });

  it("unsubscribes, and closes after the last", () => {
    const bench = new Bench();
    const [c, d] = [bench.watch("c"), bench.watch("d")];
    bench.greet();
    c.stop();
    assert.deepEqual(bench.socket.of("unsubscribe")[0].data, { competition_id: "c" });
    assert.equal(bench.socket.closed, false);
    d.stop();
    assert.equal(bench.socket.closedWith, 1000);
    bench.clock.advance(60_000);
    assert.equal(bench.sockets.length, 1);
  });

  it("asks for another window without since", () => {
    const bench = new Bench();
    const watch = bench.watch();
    bench.greet();
    watch.setLimit(100);
    assert.deepEqual(bench.socket.of("subscribe")[0].data, { competition_id: "c", limit: 100 });
  });

  it("refuses one too many", () => {
    const bench = new Bench();
    for (let i = 0; i < maxWatches; i++) bench.watch(`c${i}`);
    assert.throws(() => bench.watch("more"), RangeError);
  });
});

describe("those who watch one board", () => {
  const watcher = (bench: Bench, limit: 10 | 25 | 50) => {
    const seen = { boards: [] as Board[], states: [] as string[] };
    const watch = bench.client.watch("c", { limit, onBoard: (board) => seen.boards.push(board), onState: ({ kind }) => seen.states.push(kind) });
    return { seen, watch };
  };
  const many = (bench: Bench, version: number, limit: number): void => {
    const entries = Array.from({ length: limit }, (_, i) => entry(`u${i}`, i + 1, 100 - i));
    bench.socket.give("leaderboard_update", { competition_id: "c", status: "active", entries, total_count: limit, version });
  };

  it("share one subscription, which ends with the last of them", async () => {
    const bench = new Bench();
    const a = watcher(bench, 25);
    bench.greet();
    const b = watcher(bench, 25);
    assert.equal(b.seen.boards.at(-1), undefined, "not within the call");
    await settle();
    assert.deepEqual([b.seen.boards.at(-1)?.version, b.seen.states], [5, ["live"]]);
    bench.delta(5, 6);
    assert.deepEqual([a.seen.boards.at(-1)?.version, b.seen.boards.at(-1)?.version, b.watch.board.version, b.watch.state.kind], [6, 6, 6, "live"]);
    assert.equal(bench.socket.of("subscribe").length, 0);
    a.watch.stop();
    a.watch.stop();
    bench.delta(6, 7);
    assert.deepEqual([a.seen.boards.at(-1)?.version, b.seen.boards.at(-1)?.version, bench.socket.closed], [6, 7, false]);
    b.watch.stop();
    assert.equal(bench.socket.closedWith, 1000);
  });

  it("each see their own window of the widest that anybody asks for", async () => {
    const bench = new Bench();
    const small = watcher(bench, 10);
    bench.socket.give("connected", { competition_id: "c", version: 5, limit: 10 });
    many(bench, 5, 10);
    const wide = watcher(bench, 50);
    assert.deepEqual(bench.socket.of("subscribe").map((frame) => frame.data), [{ competition_id: "c", limit: 50 }]);
    many(bench, 5, 50);
    assert.deepEqual([small.seen.boards.at(-1)?.entries.length, small.seen.boards.at(-1)?.limit], [10, 10]);
    assert.deepEqual([wide.seen.boards.at(-1)?.entries.length, wide.seen.boards.at(-1)?.limit], [50, 50]);
    wide.watch.stop();
    assert.equal(bench.socket.of("subscribe").at(-1).data.limit, 10);
  });
});

describe("refusals", () => {
  for (const [code, kind] of [[4403, "no_access"], [4404, "not_found"]] as const) {
    it(`${code} is ${kind}, for good, and the other boards go on`, () => {
      const bench = new Bench();
      bench.watch("c");
      bench.socket.drop(code);
      assert.deepEqual(bench.state, { kind });
      bench.clock.advance(60_000);
      assert.equal(bench.sockets.length, 1);
      bench.watch("d");
      assert.match(bench.socket.url, /\/d\?/);
    });
  }

  it("an error frame refuses one subscription", () => {
    const bench = new Bench();
    bench.watch("c");
    bench.greet();
    bench.watch("d");
    bench.socket.give("error", { status: 404, code: "unknown_competition", competition_id: "d" });
    assert.deepEqual(bench.state, { kind: "not_found" });
    assert.equal(bench.socket.closed, false);
  });

  it("1008 asks once for another token and goes on with it", async () => {
    const bench = new Bench({ renewToken: async () => "x.y.z" });
    bench.watch();
    bench.socket.drop(1008);
    await settle();
    assert.deepEqual(bench.socket.protocols, ["bearer.x.y.z"]);
    bench.socket.drop(1008);
    await settle();
    assert.deepEqual(bench.state, { kind: "unauthorized" });
    assert.equal(bench.sockets.length, 2);
  });

  it("1008 without another token waits for setToken", async () => {
    const bench = new Bench();
    bench.watch();
    bench.socket.drop(1008);
    await settle();
    assert.deepEqual(bench.state, { kind: "unauthorized" });
    bench.client.setToken("n.e.w");
    assert.deepEqual(bench.socket.protocols, ["bearer.n.e.w"]);
    bench.greet();
    assert.deepEqual(bench.state, { kind: "live" });
  });
});

describe("the token", () => {
  const expiring = (bench: FakeClock, inMs: number): string => token({ sub: "me", exp: (bench.now() + inMs) / 1000 });

  it("is renewed before it expires, on the open socket", async () => {
    const start = new FakeClock();
    const next = expiring(start, 7200_000);
    const bench = new Bench({ token: expiring(start, 3600_000), renewToken: async () => next });
    bench.watch();
    bench.greet();
    const alive = setInterval(() => {}, 1000);
    for (let i = 0; i < 3600 - renewAhead / 1000; i++) {
      bench.clock.advance(1000);
      if (i % 5 === 0) bench.socket.give("pong");
    }
    await settle();
    clearInterval(alive);
    assert.deepEqual(bench.socket.of("auth").map((frame) => frame.data), [{ token: next }]);
    assert.equal(bench.sockets.length, 1);
  });

  it("is asked for again while asking fails, and the socket stays", async () => {
    const start = new FakeClock();
    const next = expiring(start, 7200_000);
    let asked = 0;
    const bench = new Bench({ token: expiring(start, 100_000), renewToken: async () => {
      if (++asked < 3) throw new Error("no network");
      return next;
    } });
    bench.watch();
    bench.greet();
    for (let i = 0; i < 90; i++) {
      bench.clock.advance(1000);
      bench.socket.give("pong");
      await settle();
    }
    assert.equal(asked, 3);
    assert.deepEqual([bench.socket.of("auth").map((frame) => frame.data.token), bench.sockets.length], [[next], 1]);
  });

  it("is asked for again after a refusal while asking fails", async () => {
    let asked = 0;
    const bench = new Bench({ renewToken: async () => {
      if (++asked < 3) throw new Error("no network");
      return "x.y.z";
    } });
    bench.watch();
    bench.socket.drop(1008);
    await settle();
    assert.ok(bench.state?.kind === "reconnecting" && bench.state.reason === "token" && bench.state.retryAt > bench.clock.now());
    while (bench.sockets.length === 1) {
      bench.clock.advance(1000);
      await settle();
    }
    assert.deepEqual([asked, bench.sockets.length, bench.socket.protocols], [3, 2, ["bearer.x.y.z"]]);
  });

  it("of another user means another connection and an empty board", () => {
    const bench = new Bench();
    bench.watch();
    bench.greet();
    bench.client.setToken(token({ sub: "you" }));
    assert.equal(bench.sockets.length, 2);
    assert.doesNotMatch(bench.socket.url, /since/);
  });

  it("tells who and until when, in any alphabet", () => {
    const claims = readClaims(token({ sub: "u1", exp: 1000, user_metadata: { full_name: "Zoë 李" } }));
    assert.deepEqual(claims, { sub: "u1", expiresAt: 1_000_000, name: "Zoë 李" });
  });

  it("tells nothing when it is none", () => {
    for (const text of ["", "a.b", "a.b.c", "ä.b.c", "a.b.c d"]) assert.deepEqual(readClaims(text), {});
  });
});

describe("where WebSockets are blocked", () => {
  const blocked = (options: Partial<ClientOptions> = {}) => {
    const streams: FakeStream[] = [];
    const bench = new Bench({ transport: "auto", openStream: (...args) => streams[streams.push(new FakeStream(...args)) - 1]!.stop, ...options });
    const lose = (): void => {
      bench.socket.drop(1006);
      bench.retry();
    };
    return { bench, streams, lose };
  };

  it("events take their place after two that never said a word, and go on from the version held", () => {
    const { bench, streams, lose } = blocked({ token: "h.p.s" });
    bench.watch();
    for (let i = 0; i < blockedAfter; i++) lose();
    assert.equal(bench.sockets.length, blockedAfter);
    assert.deepEqual([streams[0]?.url, streams[0]?.headers], ["http:/host/api/v1/leaderboard/c/events?limit=25", { Authorization: "Bearer h.p.s" }]);
    streams[0]!.give("connected", { competition_id: "c", version: 5, limit: 25 });
    streams[0]!.give("leaderboard_update", { competition_id: "c", status: "active", entries: [entry("a", 1, 10)], total_count: 1, version: 5 });
    assert.deepEqual([bench.state, bench.board?.version], [{ kind: "live" }, 5]);
    streams[0]!.end(200);
    bench.retry();
    assert.match(streams[1]!.url, /limit=25&since=5$/);
    assert.equal(bench.sockets.length, blockedAfter, "no WebSocket is tried for a while");
  });

  it("both are tried in turn while the server is away, and a WebSocket is what stays", () => {
    const { bench, streams, lose } = blocked();
    bench.watch();
    for (let i = 0; i < blockedAfter; i++) lose();
    streams[0]!.end(0);
    bench.retry();
    assert.equal(bench.sockets.length, 3);
    bench.greet();
    lose();
    assert.deepEqual([bench.sockets.length, streams.length], [4, 1]);
  });

  it("a WebSocket is tried again in time", () => {
    const { bench, streams, lose } = blocked();
    bench.watch();
    for (let i = 0; i < blockedAfter; i++) lose();
    streams[0]!.give("connected", { competition_id: "c", version: 5, limit: 25 });
    for (let passed = 0; passed < eventsFor; passed += 5000) {
      streams[0]!.comment();
      bench.clock.advance(5000);
    }
    streams[0]!.end(200);
    bench.retry();
    assert.equal(bench.sockets.length, blockedAfter + 1);
  });

  it("each board has a stream, a refused one ends alone, and a silent one ends all", () => {
    const { bench, streams } = blocked({ transport: "events" });
    const states: WatchState[] = [];
    bench.watch("c");
    bench.client.watch("d", { limit: 10, onBoard: () => {}, onState: (state) => states.push(state) });
    streams[0]!.give("connected", { competition_id: "c", version: 5, limit: 25 });
    streams[0]!.give("leaderboard_update", { competition_id: "c", status: "active", entries: [], total_count: 0, version: 5 });
    assert.match(streams[1]!.url, /\/d\/events\?limit=10$/);
    streams[1]!.end(404);
    assert.deepEqual([states.at(-1)?.kind, bench.state?.kind, streams[0]!.stopped], ["not_found", "live", false]);
    bench.clock.advance(pingEvery + deadAfter);
    assert.deepEqual([bench.state?.kind, streams[0]!.stopped], ["reconnecting", true]);
  });

  it("an expired token is one there, too", async () => {
    for (const expire of [(stream: FakeStream) => stream.end(401), (stream: FakeStream) => stream.give("error", { status: 401, code: "token_expired" })]) {
      const { bench, streams } = blocked({ transport: "events", renewToken: async () => "x.y.z" });
      bench.watch();
      expire(streams[0]!);
      await settle();
      assert.deepEqual(streams[1]?.headers, { Authorization: "Bearer x.y.z" });
    }
  });

  it("lines may come in any pieces", () => {
    const { bench, streams } = blocked({ transport: "events" });
    bench.watch();
    const text = 'event: connected\ndata: {"type":"connected","data":{"competition_id":"c","version":1,"limit":25}}\n\nid: 1\ndata: {"type":"leaderboard_update","data":{"competition_id":"c","status":"active","entries":[],"total_count":7,"version":1}}\n\n';
    for (const char of text) streams[0]!.onText(char);
    assert.deepEqual([bench.board?.totalCount, bench.state?.kind], [7, "live"]);
  });
});

describe("the places around a user", () => {
  const answer = (status: number, entries: unknown[] = []): Response => new Response(JSON.stringify({ success: true, data: { entries } }), { status });

  it("are read after the board has changed, every two seconds at most", async () => {
    const urls: string[] = [];
    let next = answer(200, [entry("me", 4000, 3)]);
    const bench = new Bench({ fetch: async (url) => (urls.push(url), next) });
    const boards: Board[] = [];
    bench.client.watch("c", { limit: 10, around: { user: "me", radius: 2 }, onBoard: (board) => boards.push(board), onState: () => {} });
    bench.greet(5);
    await settle();
    assert.deepEqual(urls, ["http:/host/api/v1/leaderboard/c?around=me&radius=2"]);
    assert.deepEqual(boards.at(-1)?.around?.map(({ rank }) => rank), [4000]);
    next = answer(404);
    for (let version = 5; version < 15; version++) bench.delta(version, version + 1);
    await settle();
    assert.equal(urls.length, 1);
    bench.clock.advance(aroundEvery);
    await settle();
    assert.deepEqual([urls.length, boards.at(-1)?.around, boards.at(-1)?.version], [2, [], 15]);
    bench.clock.advance(60_000);
    await settle();
    assert.equal(urls.length, 2, "nothing changed");
  });

  it("are tried again after a failure, ever more seldom", async () => {
    let asked = 0;
    const bench = new Bench({ fetch: async () => (asked++, answer(503)) });
    bench.client.watch("c", { limit: 10, around: { user: "me" }, onBoard: () => {}, onState: () => {} });
    bench.greet(5);
    for (let i = 0; i < 120; i++) {
      bench.clock.advance(1000);
      bench.socket.give("pong");
      await settle();
    }
    assert.ok(asked >= 4 && asked <= 10, String(asked));
  });
});
