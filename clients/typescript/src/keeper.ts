import { backoffDelay, type Backoff } from "./backoff.js";
import type { Clock } from "./link.js";
import { readClaims } from "./token.js";

/** A token is renewed this long before it expires, in milliseconds; sooner for short-lived ones. */
export const renewAhead = 60_000;
/** How soon a renewal that failed is tried again. */
export const renewBackoff: Backoff = { base: 2_000, cap: 30_000 };

const longestTimer = 6 * 3600_000; // browsers take no more than 24 days

/** What a renewal came to: a token, none because there is no other (`token` undefined), or a failure. */
export type Renewal = { failed: true } | { failed: false; token: string | undefined };

/** Keeps one token, and asks for its successor shortly before it expires, again and again while asking fails. */
export class TokenKeeper {
  #token: string;
  #timer: unknown;
  #failures = 0;
  #asking: Promise<Renewal> | undefined;
  readonly #clock: Clock;
  readonly #random: () => number;
  readonly #ask: (() => Promise<string | undefined>) | undefined;
  readonly #onSuccessor: (token: string) => void;

  constructor(
    token: string, clock: Clock, random: () => number, ask: (() => Promise<string | undefined>) | undefined, onSuccessor: (token: string) => void,
  ) {
    this.#clock = clock;
    this.#random = random;
    this.#ask = ask;
    this.#onSuccessor = onSuccessor;
    this.#token = token;
    this.#arm();
  }

  get token(): string {
    return this.#token;
  }

  set(token: string): void {
    this.#token = token;
    this.#failures = 0;
    this.#arm();
  }

  /** Asks for a token other than the present one. One question at a time. */
  renew(): Promise<Renewal> {
    const old = this.#token;
    const ask = async (): Promise<Renewal> => {
      try {
        const token = await this.#ask?.();
        this.#failures = 0;
        return { failed: false, token: token === old ? undefined : token };
      } catch {
        this.#failures++;
        return { failed: true };
      } finally {
        this.#asking = undefined;
      }
    };
    this.#asking ??= ask();
    return this.#asking;
  }

  /** How long to wait after a renewal that failed, in milliseconds. */
  retryIn(): number {
    return backoffDelay(this.#failures, this.#random, renewBackoff);
  }

  stop(): void {
    this.#clock.clearTimeout(this.#timer);
  }

  #arm(): void {
    this.stop();
    const { expiresAt } = readClaims(this.#token);
    if (expiresAt === undefined || !this.#ask) return;
    const left = expiresAt - this.#clock.now();
    if (left <= 0) return; // the server's refusal will tell
    const wait = left - Math.min(renewAhead, left / 2);
    const run = (): void => (wait > longestTimer ? this.#arm() : void this.#succeed(expiresAt));
    this.#timer = this.#clock.setTimeout(run, Math.min(wait, longestTimer));
  }

  async #succeed(expiresAt: number): Promise<void> {
    const old = this.#token;
    const renewal = await this.renew();
    if (this.#token !== old) return; // set came first
    if (!renewal.failed) return renewal.token === undefined ? undefined : this.#onSuccessor(renewal.token);
    const wait = this.retryIn();
    if (this.#clock.now() + wait < expiresAt) this.#timer = this.#clock.setTimeout(() => void this.#succeed(expiresAt), wait);
  }
}
