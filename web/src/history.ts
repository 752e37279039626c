/** The part of an entry that the chart draws. */
interface Scored {
  user_id: string;
  score: number;
}

const sampleEvery = 1000;
const mostSamples = 600;

/** One line of the chart: a score for each of `times`, null where it was not seen. */
export interface Track {
  user: string;
  scores: (number | null)[];
}

/**
 * The scores seen since the page was opened: at most one sample a second and
 * 600 in all. When they are full, every second one of the older half goes, so
 * that a board left open for a day still has all of the day, and its last minutes in detail.
 */
export class History {
  readonly #samples: { at: number; scores: Map<string, number> }[] = [];

  get begin(): number | undefined {
    return this.#samples[0]?.at;
  }

  get length(): number {
    return this.#samples.length;
  }

  note(entries: readonly Scored[], now: number): void {
    const scores = new Map(entries.map(({ user_id, score }) => [user_id, score]));
    const [before, last] = this.#samples.slice(-2);
    // The newest sample stays open until it is a second behind the one before it.
    if (before && last && now - before.at < sampleEvery) this.#samples.pop();
    this.#samples.push({ at: now, scores });
    if (this.#samples.length > mostSamples) this.#thin();
  }

  /** The times in seconds since 1970, up to now, and the tracks of these users. */
  tracks(users: readonly string[], now: number): { times: number[]; tracks: Track[] } {
    const last = this.#samples.at(-1);
    const samples = last && last.at < now ? [...this.#samples, { at: now, scores: last.scores }] : this.#samples;
    return {
      times: samples.map(({ at }) => at / 1000),
      tracks: users.map((user) => ({ user, scores: samples.map(({ scores }) => scores.get(user) ?? null) })),
    };
  }

  #thin(): void {
    const half = this.#samples.length >> 1;
    const kept = this.#samples.filter((_, i) => i === 0 || i >= half || i % 2 === 0);
    this.#samples.splice(0, this.#samples.length, ...kept);
  }
}
