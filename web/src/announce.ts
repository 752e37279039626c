/** Sentences for screen readers come no faster than this, in milliseconds. */
export const spokenEvery = 10_000;

/**
 * Says the latest of what it is told, at most once in ten seconds, and nothing
 * twice. `say` puts the sentence into the page's live region.
 */
export class Announcer {
  readonly #say: (sentence: string) => void;
  #last: string | undefined;
  #next: string | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(say: (sentence: string) => void) {
    this.#say = say;
  }

  tell(sentence: string): void {
    this.#next = sentence;
    if (this.#timer === undefined) this.#speak();
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#next = undefined;
  }

  #speak(): void {
    this.#timer = undefined;
    if (this.#next === undefined || this.#next === this.#last) return;
    this.#last = this.#next;
    this.#say(this.#next);
    this.#timer = setTimeout(() => this.#speak(), spokenEvery);
  }
}
