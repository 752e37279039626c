/** How long to wait before the next attempt to connect. */
export interface Backoff {
  /** Upper bound of the first wait, in milliseconds. */
  base: number;
  /** Upper bound of every wait, in milliseconds. */
  cap: number;
}

export const defaultBackoff: Backoff = { base: 500, cap: 30_000 };

/**
 * Exponential back-off with full jitter: uniform in [0, min(cap, base·2^attempt)).
 * The spread is what matters: when a server goes away, all its readers come back,
 * and they had better not come at once. `attempt` counts from 0.
 */
export function backoffDelay(attempt: number, random: () => number, { base, cap }: Backoff = defaultBackoff): number {
  return Math.floor(random() * Math.min(cap, base * 2 ** Math.min(attempt, 30)));
}
