import { backoffDelay, type Backoff } from "./backoff.js";
import type { Entry, Leaderboard } from "./frames.js";
import type { Clock } from "./link.js";

/** The places around a user, which live frames do not carry. */
export interface Around {
  user: string;
  /** Places above and below, 0 to 500; 5 by default. */
  radius?: number;
}

/** The places are read again at most this often, in milliseconds. */
export const aroundEvery = 2_000;

const patience: Backoff = { base: 4_000, cap: 60_000 };

/** What reading the places came to: a board, `undefined` while the user is not on it; rejected when nobody knows. */
export type ReadAround = (around: Around) => Promise<Leaderboard | undefined>;

/** Keeps the places around a user, and reads them again after the board has changed. One request at a time. */
export class AroundWindow {
  entries: readonly Entry[] | undefined;
  readonly #around: Around;
  readonly #read: ReadAround;
  readonly #clock: Clock;
  readonly #random: () => number;
  readonly #onChange: () => void;
  #timer: unknown;
  #reading = false;
  #again = false;
  #failures = 0;
  #readAt = -Infinity;
  #stopped = false;

  constructor(around: Around, read: ReadAround, clock: Clock, random: () => number, onChange: () => void) {
    this.#around = around;
    this.#read = read;
    this.#clock = clock;
    this.#random = random;
    this.#onChange = onChange;
  }

  /** The board has changed: look again soon. */
  touch(): void {
    this.#again = true;
    if (this.#reading || this.#timer !== undefined || this.#stopped) return;
    const due = this.#readAt + aroundEvery - this.#clock.now();
    if (due <= 0) void this.#run();
    else this.#wait(due);
  }

  stop(): void {
    this.#stopped = true;
    this.#clock.clearTimeout(this.#timer);
  }

  #wait(ms: number): void {
    this.#timer = this.#clock.setTimeout(() => {
      this.#timer = undefined;
      void this.#run();
    }, ms);
  }

  async #run(): Promise<void> {
    this.#reading = true;
    this.#again = false;
    this.#readAt = this.#clock.now();
    const board = await this.#read(this.#around).catch(() => null);
    this.#reading = false;
    if (this.#stopped) return;
    if (board === null) return this.#wait(aroundEvery + backoffDelay(this.#failures++, this.#random, patience));
    this.#failures = 0;
    this.entries = board?.entries ?? [];
    this.#onChange();
    if (this.#again) this.touch();
  }
}
