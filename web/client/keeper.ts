import type { Clock } from "./link.js";
import { readClaims } from "./token.js";

/** A token is renewed this long before it expires, in milliseconds; sooner for short-lived ones. */
export const renewAhead = 60_000;

const longestTimer = 6 * 3600_000; // browsers take no more than 24 days

/** Keeps one token, and asks for its successor shortly before it expires. */
export class TokenKeeper {
  #token: string;
  #timer: unknown;
  #asking: Promise<string | undefined> | undefined;
  readonly #clock: Clock;
  readonly #ask: (() => Promise<string | undefined>) | undefined;
  readonly #onSuccessor: (token: string) => void;

  constructor(token: string, clock: Clock, ask: (() => Promise<string | undefined>) | undefined, onSuccessor: (token: string) => void) {
    this.#clock = clock;
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
    this.#arm();
  }

  /** A token other than the present one, if whoever we ask has one. One question at a time. */
  renew(): Promise<string | undefined> {
    const old = this.#token;
    const ask = async (): Promise<string | undefined> => {
      try {
        return await this.#ask?.();
      } catch {
        return undefined;
      } finally {
        this.#asking = undefined;
      }
    };
    this.#asking ??= ask();
    return this.#asking.then((token) => (token === old ? undefined : token));
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
    const run = (): void => (wait > longestTimer ? this.#arm() : void this.#succeed());
    this.#timer = this.#clock.setTimeout(run, Math.min(wait, longestTimer));
  }

  async #succeed(): Promise<void> {
    const old = this.#token;
    const token = await this.renew();
    if (token !== undefined && this.#token === old) this.#onSuccessor(token);
  }
}
