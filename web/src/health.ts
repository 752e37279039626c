export type Health = "healthy" | "degraded" | "unreachable";

const calmEvery = 30_000;
const urgentEvery = 10_000;

/**
 * Asks the service now and then how it is: every 30 s, every 10 s while the
 * connection is lost, and not at all while the tab is hidden.
 */
export class HealthWatch {
  #timer: ReturnType<typeof setTimeout> | undefined;
  #urgent = false;
  #last: Health = "healthy";
  readonly #onChange: (health: Health) => void;

  constructor(onChange: (health: Health) => void) {
    this.#onChange = onChange;
    document.addEventListener("visibilitychange", () => this.#ask());
    void this.#ask();
  }

  get health(): Health {
    return this.#last;
  }

  /** Whether the connection is lost, so that the answer matters more. */
  set urgent(urgent: boolean) {
    if (urgent === this.#urgent) return;
    this.#urgent = urgent;
    void this.#ask();
  }

  async #ask(): Promise<void> {
    clearTimeout(this.#timer);
    if (document.hidden) return;
    this.#timer = setTimeout(() => void this.#ask(), this.#urgent ? urgentEvery : calmEvery);
    const health = await ask();
    if (health === this.#last) return;
    this.#last = health;
    this.#onChange(health);
  }
}

async function ask(): Promise<Health> {
  try {
    const response = await fetch("/health", { credentials: "omit", cache: "no-store", signal: AbortSignal.timeout(8_000) });
    return healthOf(response.ok, await response.json());
  } catch {
    return "unreachable";
  }
}

/** The parts without which syncs wait. The others, such as copies of boards for other services, are not an athlete's concern. */
const needed = new Set(["store", "cluster", "competitions", "recovery", "read_only", "shutdown"]);

/** What an answer of /health means to who looks at a board. */
export function healthOf(ok: boolean, { status, degraded }: { status?: string; degraded?: string[] }): Health {
  if (!ok) return "degraded";
  return status === "healthy" || degraded?.every((part) => !needed.has(part)) ? "healthy" : "degraded";
}
