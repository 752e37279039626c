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
    const body = await response.json();
    return response.ok && body.status === "healthy" ? "healthy" : "degraded";
  } catch {
    return "unreachable";
  }
}
