import { looksLikeToken, readClaims, type Claims } from "@paceboard/client";

const key = "paceboard.token";

/** The viewer's token, kept for this tab alone. Where storage is forbidden it lasts until the page is left. */
export class Session {
  /** The server refused the last token. */
  refused = false;
  #token: string | undefined;
  readonly #listeners = new Set<() => void>();

  constructor() {
    try {
      this.#token = sessionStorage.getItem(key) ?? undefined;
    } catch {
      // In memory only.
    }
  }

  get token(): string | undefined {
    return this.#token;
  }

  /** Who is looking, as the token says it. */
  get viewer(): Claims {
    return this.#token === undefined ? {} : readClaims(this.#token);
  }

  /** Takes a token; false when the text cannot be one. */
  signIn(text: string): boolean {
    const token = text.trim().replace(/^Bearer\s+/i, "");
    if (!looksLikeToken(token)) return false;
    this.refused = false;
    this.#keep(token);
    return true;
  }

  signOut(): void {
    this.refused = false;
    this.#keep(undefined);
  }

  /** The server does not take the token: forget it, and say so where one signs in. */
  reject(): void {
    this.refused = true;
    this.#keep(undefined);
  }

  /** Calls back after each change; the answer stops it. */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #keep(token: string | undefined): void {
    if (token === this.#token) return;
    this.#token = token;
    try {
      if (token === undefined) sessionStorage.removeItem(key);
      else sessionStorage.setItem(key, token);
    } catch {
      // In memory only.
    }
    for (const listener of [...this.#listeners]) listener();
  }
}
