import { backoffDelay, defaultBackoff, type Backoff } from "./backoff.js";
import { applyFrame, emptyBoard, sinceOf, withoutEpoch, withoutVersion, type Board } from "./board.js";
import { Close, type Leaderboard, type Limit, type Problem, type ServerFrame } from "./frames.js";
import { TokenKeeper } from "./keeper.js";
import { Link, systemClock, type Clock, type SocketLike } from "./link.js";
import { readClaims } from "./token.js";

/** How one watched board stands with the server. */
export type WatchState =
  | { kind: "connecting" }
  | { kind: "live" }
  /** `since`: when we last heard anything; `retryAt`: when the next attempt starts. */
  | { kind: "reconnecting"; since: number; retryAt: number; reason: "lost" | "shutdown" | "too_big" | "token" }
  /** The token was refused and nobody had a better one; `setToken` goes on from here. */
  | { kind: "unauthorized" }
  | { kind: "no_access" }
  | { kind: "not_found" };

export interface WatchOptions {
  limit: Limit;
  /** The board after each frame that changed it. */
  onBoard(board: Board): void;
  onState(state: WatchState): void;
}

/** One board that is being watched. */
export interface Watch {
  /** Asks for another window; the board stays as it is until the answer comes. */
  setLimit(limit: Limit): void;
  /** Takes in a board that came by another way (the GET), when it is newer than ours and the socket is silent. */
  offer(leaderboard: Leaderboard): void;
  stop(): void;
}

export interface ClientOptions {
  /** Where the boards are, without the competition: `wss://host/ws/leaderboard`. */
  url: string;
  token: string;
  /** Asked shortly before the token expires and after a refusal. `undefined`: there is none. */
  renewToken?: () => Promise<string | undefined>;
  onDelay?: (ms: number) => void;
  /** Problems that concern no single board, for a log. */
  onProblem?: (problem: Problem) => void;
  backoff?: Backoff;
  clock?: Clock;
  random?: () => number;
  open?: (url: string, protocols: string[]) => SocketLike;
}

/** Most boards that one socket may watch. */
export const maxWatches = 50;
/** A connection that held for this long starts the back-off anew, in milliseconds. */
export const stableAfter = 10_000;
/** How long a board may wait for what it misses before the connection is given up, in milliseconds. */
export const resyncWithin = 5_000;

interface Watched extends WatchOptions {
  id: string;
  board: Board;
  state: WatchState;
  resync?: unknown;
}

/**
 * Live boards over one WebSocket that mends itself: it reconnects with
 * exponential back-off and full jitter, resumes each board from the version it
 * holds, asks again when a delta does not fit, and renews its token in time.
 *
 * The first board is named in the socket's path, the others are subscribed to.
 */
export class BoardClient {
  readonly #options: Required<Pick<ClientOptions, "backoff" | "clock" | "random" | "open">> & ClientOptions;
  readonly #watched = new Map<string, Watched>();
  readonly #keeper: TokenKeeper;
  #link: Link | undefined;
  #primary: string | undefined;
  #connectedAt: number | undefined;
  #attempt = 0;
  #retryTimer: unknown;
  #renewedInVain = false;
  #closed = false;

  constructor(options: ClientOptions) {
    const open = (url: string, protocols: string[]): SocketLike => new WebSocket(url, protocols);
    this.#options = { backoff: defaultBackoff, clock: systemClock, random: Math.random, open, ...options };
    this.#keeper = new TokenKeeper(options.token, this.#options.clock, options.renewToken, (token) => this.setToken(token));
  }

  /** Starts to watch a board. Throws when it is watched already, or with `maxWatches` others. */
  watch(competitionId: string, options: WatchOptions): Watch {
    if (this.#watched.has(competitionId)) throw new Error(`${competitionId} is watched already`);
    if (this.#watched.size >= maxWatches) throw new RangeError(`more than ${maxWatches} boards on one socket`);
    const board = emptyBoard(competitionId, options.limit);
    const watched: Watched = { ...options, id: competitionId, board, state: { kind: "connecting" } };
    this.#watched.set(competitionId, watched);
    if (this.#connectedAt !== undefined) this.#subscribe(watched);
    else if (!this.#link && this.#retryTimer === undefined) this.#connect();
    return {
      setLimit: (limit) => this.#setLimit(watched, limit),
      offer: (leaderboard) => this.#offer(watched, leaderboard),
      stop: () => this.#stop(watched),
    };
  }

  /** Goes on with another token: at once, on the open socket when it is the same user's. */
  setToken(token: string): void {
    const sameUser = readClaims(token).sub === readClaims(this.#keeper.token).sub;
    this.#keeper.set(token);
    this.#renewedInVain = false;
    if (this.#closed) return;
    if (this.#connectedAt !== undefined && sameUser) {
      this.#link?.send({ type: "auth", data: { token } });
      return;
    }
    for (const watched of this.#watched.values()) {
      if (!sameUser) watched.board = emptyBoard(watched.id, watched.limit);
      this.#setState(watched, { kind: "connecting" });
    }
    this.#connect();
  }

  /** Something may have changed (the network is back, the tab is seen again): look now rather than later. */
  nudge(): void {
    if (this.#connectedAt !== undefined) this.#link?.ping();
    else if (this.#retryTimer !== undefined) this.#connect();
  }

  close(): void {
    this.#closed = true;
    this.#keeper.stop();
    for (const watched of [...this.#watched.values()]) this.#stop(watched);
  }

  // Connecting.

  #connect(): void {
    this.#cancelRetry();
    this.#link?.close(Close.Normal);
    this.#link = undefined;
    this.#connectedAt = undefined;
    const first = this.#wanted()[0];
    if (!first || this.#closed) return;
    this.#primary = first.id;
    const query = new URLSearchParams({ limit: String(first.limit) });
    const since = sinceOf(first.board);
    if (since !== undefined) query.set("since", String(since));
    const url = `${this.#options.url}/${encodeURIComponent(first.id)}?${query}`;
    const socket = this.#options.open(url, [`bearer.${this.#keeper.token}`]);
    this.#link = new Link(socket, this.#options.clock, {
      onFrame: (frame) => this.#receive(frame),
      onClose: (code, lastHeard) => this.#lost(code, lastHeard),
      onDelay: (ms) => this.#options.onDelay?.(ms),
    });
  }

  #receive(frame: ServerFrame): void {
    switch (frame.type) {
      case "connected":
        return this.#connected(frame);
      case "error":
        return this.#refused(frame.data);
      case "pong":
        return;
      default: {
        const watched = this.#watched.get(frame.data.competition_id);
        if (watched) this.#apply(watched, frame);
      }
    }
  }

  #connected(frame: ServerFrame & { type: "connected" }): void {
    if (this.#connectedAt === undefined) {
      this.#connectedAt = this.#options.clock.now();
      this.#renewedInVain = false;
      if (!this.#watched.has(this.#primary!)) this.#unsubscribe(this.#primary!);
      for (const watched of this.#wanted()) if (watched.id !== this.#primary) this.#subscribe(watched);
    }
    const watched = this.#watched.get(frame.data.competition_id);
    if (!watched) return;
    watched.board = applyFrame(watched.board, frame);
    if (watched.board.version !== undefined && !watched.board.stale) this.#setState(watched, { kind: "live" });
  }

  #apply(watched: Watched, frame: ServerFrame): void {
    const board = applyFrame(watched.board, frame);
    if (board !== watched.board) {
      watched.board = board;
      watched.onBoard(board);
    }
    if (board.stale) this.#resync(watched);
    else if (board.version !== undefined) {
      this.#cancelResync(watched);
      if (this.#connectedAt !== undefined) this.#setState(watched, { kind: "live" });
    }
  }

  // A delta did not fit. Deltas that were under way do not fit either; ask once
  // and wait, and when no answer mends the board start over with a full one.
  #resync(watched: Watched): void {
    if (watched.resync !== undefined) return;
    this.#subscribe(watched);
    watched.resync = this.#options.clock.setTimeout(() => {
      delete watched.resync;
      watched.board = withoutVersion(watched.board);
      this.#link?.close(Close.Normal);
      this.#lost(Close.Abnormal, this.#options.clock.now());
    }, resyncWithin);
  }

  #refused(problem: Problem): void {
    const watched = this.#watched.get(problem.competition_id ?? "");
    if (watched && problem.status === 404) this.#setState(watched, { kind: "not_found" });
    else if (watched && problem.status === 403) this.#setState(watched, { kind: "no_access" });
    else this.#options.onProblem?.(problem);
  }

  // Losing the connection.

  #lost(code: number, lastHeard: number): void {
    const { clock, random, backoff } = this.#options;
    const held = this.#connectedAt === undefined ? 0 : clock.now() - this.#connectedAt;
    this.#link = undefined;
    this.#connectedAt = undefined;
    for (const watched of this.#watched.values()) this.#cancelResync(watched);
    if (code === Close.Private || code === Close.Unknown) {
      const watched = this.#watched.get(this.#primary!);
      if (watched) this.#setState(watched, { kind: code === Close.Private ? "no_access" : "not_found" });
      return this.#connect(); // for the other boards
    }
    if (code === Close.BadToken) {
      this.#setReconnecting(lastHeard, clock.now(), "token");
      return void this.#renewAfterRefusal();
    }

    if (held >= stableAfter) this.#attempt = 0;
    // A server that shuts down is away for a moment, and all its readers know it at once: spread them wider.
    if (code === Close.GoingAway) this.#attempt = Math.max(this.#attempt, 2);
    const wait = backoffDelay(this.#attempt++, random, backoff);
    const reason = code === Close.GoingAway ? "shutdown" : code === Close.TooBig ? "too_big" : "lost";
    this.#cancelRetry();
    this.#retryTimer = clock.setTimeout(() => this.#connect(), wait);
    this.#setReconnecting(lastHeard, clock.now() + wait, reason);
  }

  #setReconnecting(lastHeard: number, retryAt: number, reason: "lost" | "shutdown" | "too_big" | "token"): void {
    for (const watched of this.#wanted()) {
      const since = watched.state.kind === "reconnecting" ? watched.state.since : lastHeard;
      this.#setState(watched, { kind: "reconnecting", since, retryAt, reason });
    }
  }

  async #renewAfterRefusal(): Promise<void> {
    const refused = this.#keeper.token;
    const token = this.#renewedInVain ? undefined : await this.#keeper.renew();
    this.#renewedInVain = true;
    if (this.#closed || this.#keeper.token !== refused) return; // setToken came first
    if (token === undefined) {
      for (const watched of this.#wanted()) this.#setState(watched, { kind: "unauthorized" });
      return;
    }
    this.#keeper.set(token);
    this.#connect();
  }

  // The boards.

  #subscribe(watched: Watched): void {
    const since = sinceOf(watched.board);
    const data = { competition_id: watched.id, limit: watched.limit, ...(since !== undefined && { since }) };
    this.#link?.send({ type: "subscribe", data });
    if (watched.state.kind === "reconnecting") {
      this.#setState(watched, since === undefined ? { kind: "connecting" } : { kind: "live" });
    }
  }

  #unsubscribe(competitionId: string): void {
    this.#link?.send({ type: "unsubscribe", data: { competition_id: competitionId } });
  }

  #setLimit(watched: Watched, limit: Limit): void {
    if (limit === watched.limit || this.#watched.get(watched.id) !== watched) return;
    watched.limit = limit;
    // Without its version the board takes no delta of the old window for one of the new.
    watched.board = { ...withoutVersion(watched.board), limit };
    if (this.#connectedAt !== undefined) this.#subscribe(watched);
  }

  #offer(watched: Watched, leaderboard: Leaderboard): void {
    if (watched.state.kind === "live" || this.#watched.get(watched.id) !== watched) return;
    if (leaderboard.version <= (watched.board.version ?? -1)) return;
    watched.board = withoutEpoch(applyFrame(watched.board, { type: "leaderboard_update", data: leaderboard }));
    watched.onBoard(watched.board);
  }

  #stop(watched: Watched): void {
    if (this.#watched.get(watched.id) !== watched) return;
    this.#cancelResync(watched);
    this.#watched.delete(watched.id);
    if (this.#wanted().length === 0) {
      this.#cancelRetry();
      this.#link?.close(Close.Normal);
      this.#link = undefined;
      this.#connectedAt = undefined;
    } else if (this.#connectedAt !== undefined) this.#unsubscribe(watched.id);
  }

  // Those that the server has not refused for good.
  #wanted(): Watched[] {
    return [...this.#watched.values()].filter(({ state }) => state.kind !== "no_access" && state.kind !== "not_found");
  }

  #cancelResync(watched: Watched): void {
    this.#options.clock.clearTimeout(watched.resync);
    delete watched.resync;
  }

  #cancelRetry(): void {
    this.#options.clock.clearTimeout(this.#retryTimer);
    this.#retryTimer = undefined;
  }

  #setState(watched: Watched, state: WatchState): void {
    if (JSON.stringify(watched.state) === JSON.stringify(state)) return;
    watched.state = state;
    watched.onState(state);
  }
}
