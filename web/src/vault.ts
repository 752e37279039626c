/** What the project's client keeps under this name: the session, which all tabs share. */
export const sessionKey = "paceboard.session";

/** The part of a kept session that is read here. */
export interface Kept {
  accessToken: string;
  refreshToken: string;
}

/**
 * Keeps a session where all tabs see it. Where storage is forbidden it lasts until
 * the page is left. It is the storage of the project's client, too.
 */
export class Vault {
  readonly #memory = new Map<string, string>();
  readonly #changed: () => void;

  /** `changed` is called when the session may be another one, by whichever tab. */
  constructor(changed: () => void) {
    this.#changed = changed;
    addEventListener("storage", ({ key }) => (key === sessionKey || key === null) && changed());
  }

  getItem(key: string): string | null {
    try {
      return localStorage.getItem(key);
    } catch {
      return this.#memory.get(key) ?? null;
    }
  }

  setItem(key: string, value: string): void {
    try {
      localStorage.setItem(key, value);
    } catch {
      this.#memory.set(key, value);
    }
    if (key === sessionKey) this.#changed();
  }

  removeItem(key: string): void {
    this.#memory.delete(key);
    try {
      localStorage.removeItem(key);
    } catch {
      // In memory only.
    }
    if (key === sessionKey) this.#changed();
  }

  get session(): Kept | undefined {
    try {
      const { access_token: accessToken, refresh_token: refreshToken } = JSON.parse(this.getItem(sessionKey) ?? "{}");
      return typeof accessToken === "string" && typeof refreshToken === "string" ? { accessToken, refreshToken } : undefined;
    } catch {
      return undefined;
    }
  }
}
