import type { Clock, Entry, ServerFrame, SocketLike } from "../src/index.js";

/** A clock that stands still until it is told to go on. */
export class FakeClock implements Clock {
  #now = Date.UTC(2026, 4, 1);
  #next = 1;
  readonly #timers = new Map<number, { at: number; run: () => void }>();

  now(): number {
    return this.#now;
  }

  setTimeout(run: () => void, ms: number): unknown {
    this.#timers.set(this.#next, { at: this.#now + ms, run });
    return this.#next++;
  }

  clearTimeout(timer: unknown): void {
    this.#timers.delete(timer as number);
  }

  /** Goes on by `ms`, running what falls due in its order. */
  advance(ms: number): void {
    const end = this.#now + ms;
    for (;;) {
      const due = [...this.#timers].filter(([, { at }]) => at <= end).sort(([, a], [, b]) => a.at - b.at)[0];
      if (!due) break;
      this.#timers.delete(due[0]);
      this.#now = due[1].at;
      due[1].run();
    }
    this.#now = end;
  }
}

/** A socket whose other end is the test. */
export class FakeSocket implements SocketLike {
  onmessage: ((event: { data: unknown }) => void) | null = null;
  onclose: ((event: { code: number }) => void) | null = null;
  readonly sent: any[] = [];
  closedWith: number | undefined;
  closed = false;

  constructor(
    readonly url: string,
    readonly protocols: string[],
  ) {}

  send(text: string): void {
    this.sent.push(JSON.parse(text));
  }

  close(code?: number): void {
    this.closed = true;
    this.closedWith = code;
  }

  give(type: ServerFrame["type"], data?: unknown): void {
    this.onmessage?.({ data: JSON.stringify({ type, data, timestamp: "2026-05-01T00:00:00Z" }) });
  }

  drop(code: number): void {
    this.onclose?.({ code });
  }

  /** What was sent of one type. */
  of(type: string): any[] {
    return this.sent.filter((frame) => frame.type === type);
  }
}

/** A stream of events whose other end is the test. */
export class FakeStream {
  stopped = false;
  readonly stop = (): void => {
    this.stopped = true;
  };

  constructor(
    readonly url: string,
    readonly headers: Record<string, string>,
    readonly onText: (text: string) => void,
    readonly end: (status: number) => void,
  ) {}

  give(type: ServerFrame["type"], data: unknown): void {
    this.onText(`event: ${type}\ndata: ${JSON.stringify({ type, data })}\n\n`);
  }

  comment(): void {
    this.onText(": still here\n\n");
  }
}

export function entry(user: string, rank: number, score: number, competition = "c"): Entry {
  return { user_id: user, user_name: user.toUpperCase(), competition_id: competition, rank, score };
}

/** An unsigned token; the client never looks at the signature. */
export function token(claims: object): string {
  const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString("base64url");
  return `${part({ alg: "none" })}.${part(claims)}.sig`;
}

/** A small seeded generator (mulberry32): the same numbers in every run. */
export function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}
