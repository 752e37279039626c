/** The part of an entry that tells its place. */
interface Placed {
  user_id: string;
  rank: number;
}

/** Places won (positive) or lost over the window; `new`: was not in sight when it began. */
export type PlaceChange = number | "new";

/** How far back a change of place is told, in milliseconds. */
export const placeWindow = 10 * 60_000;

/**
 * Remembers who stood where, so that a row can say how many places it has won
 * or lost over the last ten minutes, or since the page was opened if that is less.
 */
export class Places {
  // For each user the ranks in the order of time, the first of them at or before the window's begin.
  readonly #seen = new Map<string, { at: number; rank: number | undefined }[]>();
  #begun = false;

  /**
   * Takes note of a board. The first one after the start or a `restart` is where
   * counting begins; for `me`, whose place is told wherever it is, the first sight.
   */
  note(entries: readonly Placed[], now: number, me?: string): void {
    const ranks = new Map(entries.map(({ user_id, rank }) => [user_id, rank]));
    for (const [user, steps] of this.#seen) {
      this.#add(steps, ranks.get(user), now);
      if (steps.length === 1 && steps[0]!.rank === undefined) this.#seen.delete(user);
    }
    for (const [user, rank] of ranks) {
      if (this.#seen.has(user)) continue;
      const steps = [{ at: now, rank: this.#begun && user !== me ? undefined : rank }];
      this.#add(steps, rank, now);
      this.#seen.set(user, steps);
    }
    this.#begun = true;
  }

  change(user: string): PlaceChange {
    const steps = this.#seen.get(user);
    const [from, to] = [steps?.[0]?.rank, steps?.at(-1)?.rank];
    if (to === undefined) return 0;
    return from === undefined ? "new" : from - to;
  }

  /** Starts anew, as when another window of the board is shown. */
  restart(): void {
    this.#seen.clear();
    this.#begun = false;
  }

  #add(steps: { at: number; rank: number | undefined }[], rank: number | undefined, now: number): void {
    if (steps.at(-1)!.rank !== rank) steps.push({ at: now, rank });
    while (steps.length > 1 && steps[1]!.at <= now - placeWindow) steps.shift();
  }
}
