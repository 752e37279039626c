import { looksLikeToken, readClaims, type Claims } from "@paceboard/client";
import type { Project } from "./auth.js";
import type { SignIn } from "./signin.js";
import { sessionKey, Vault } from "./vault.js";

const key = "paceboard.token";

/** A session is renewed this long before its token expires, in milliseconds; sooner for short-lived ones. */
const renewAhead = 80_000;
/** Tabs do not all ask at once. */
const renewSpread = 10_000;
const renewAgain = 10_000;
const longestTimer = 6 * 3600_000; // browsers take no more than 24 days
/** How long its client may take to load, and then the project to hear of a sign-out, before the session is forgotten here. */
const loadWithin = 7_000;
const signOutWithin = 3_000;

/**
 * Who is looking: by a token of this tab alone, or by a session with the project,
 * which all tabs share and which is renewed in time.
 */
export class Session {
  /** The server refused the last token. */
  refused = false;
  /** How the server signs people in. */
  readonly ways: SignIn;
  readonly vault = new Vault(() => this.#look());
  #own: string | undefined; // the tab's
  #token: string | undefined;
  #read: { token: string; claims: Claims } | undefined; // a board asks with each draw
  #rejecting = false;
  #loading: Promise<Project> | undefined;
  #renewing: Promise<string | undefined> | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  readonly #listeners = new Set<() => void>();

  constructor(ways: SignIn) {
    this.ways = ways;
    try {
      this.#own = sessionStorage.getItem(key) ?? undefined;
    } catch {
      // In memory only.
    }
    this.#token = this.#own ?? this.#shared;
    this.#arm();
    for (const event of ["pageshow", "online", "visibilitychange"]) addEventListener(event, () => this.#wake(), true);
  }

  get token(): string | undefined {
    return this.#token;
  }

  /** Who is looking, as the token says it. */
  get viewer(): Claims {
    if (this.#token === undefined) return {};
    if (this.#read?.token !== this.#token) this.#read = { token: this.#token, claims: readClaims(this.#token) };
    return this.#read.claims;
  }

  /** The client of the project, which is loaded when it is first needed. There must be a project. */
  project(): Promise<Project> {
    this.#loading ??= import("./auth.js")
      .then(({ Project }) => new Project(this.ways, this.vault))
      .catch((error) => {
        this.#loading = undefined;
        throw error;
      });
    return this.#loading;
  }

  /** Takes a token for this tab; false when the text cannot be one. */
  signIn(text: string): boolean {
    const token = text.trim().replace(/^Bearer\s+/i, "");
    if (!looksLikeToken(token)) return false;
    this.#keep(token);
    this.#look();
    return true;
  }

  /** Signs out of the tab's token and of the project, there in all tabs. */
  async signOut(): Promise<void> {
    this.#keep(undefined);
    if (this.vault.session && this.#hasProject) {
      const project = await within(loadWithin, this.project());
      if (project) await within(signOutWithin, project.signOut());
    }
    this.vault.removeItem(sessionKey);
    this.#look();
  }

  /** The server does not take the token: forget it, and say so where one signs in. */
  reject(): void {
    this.#rejecting = true;
    if (this.#own !== undefined) this.#keep(undefined);
    else this.vault.removeItem(sessionKey);
    this.#look();
    this.#rejecting = false;
  }

  /**
   * A token other than the present one, of the same session; `undefined`: there is
   * none. Fails while the project cannot be reached. One tab asks for all.
   */
  renew(): Promise<string | undefined> {
    this.#renewing ??= this.#renew().finally(() => (this.#renewing = undefined));
    return this.#renewing;
  }

  /** Whether the token is of a session that has expired, which can be renewed. */
  get stale(): boolean {
    const { expiresAt } = this.viewer;
    return this.#renewable && expiresAt !== undefined && expiresAt <= Date.now();
  }

  /** Calls back after each change; the answer stops it. */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  get #hasProject(): boolean {
    return this.ways.url !== undefined;
  }

  get #shared(): string | undefined {
    return this.#hasProject ? this.vault.session?.accessToken : undefined;
  }

  get #renewable(): boolean {
    return this.#own === undefined && this.#token !== undefined;
  }

  async #renew(): Promise<string | undefined> {
    this.#look();
    const before = this.#token;
    if (!this.#renewable) return undefined;
    const ask = async (): Promise<void> => {
      this.#look(); // another tab may have asked meanwhile
      if (this.#token !== before || !this.#renewable) return;
      await (await this.project()).renew();
    };
    try {
      await (navigator.locks ? navigator.locks.request(sessionKey, ask) : ask());
    } finally {
      this.#look();
    }
    return this.#token === before ? undefined : this.#token;
  }

  // Takes in what is kept now.
  #look(): void {
    const token = this.#own ?? this.#shared;
    if (token === this.#token) return;
    this.#token = token;
    this.refused = this.#rejecting && token === undefined;
    this.#arm();
    for (const listener of [...this.#listeners]) listener();
  }

  #keep(token: string | undefined): void {
    this.#own = token;
    try {
      if (token === undefined) sessionStorage.removeItem(key);
      else sessionStorage.setItem(key, token);
    } catch {
      // In memory only.
    }
  }

  // Renewing in time.

  #arm(): void {
    clearTimeout(this.#timer);
    const { expiresAt } = this.viewer;
    if (!this.#renewable || expiresAt === undefined) return;
    const left = expiresAt - Date.now();
    const wait = left - Math.min(renewAhead + renewSpread * Math.random(), left / 2);
    const run = (): void => (wait > longestTimer ? this.#arm() : void this.#renewInTime());
    this.#timer = setTimeout(run, Math.max(0, Math.min(wait, longestTimer)));
  }

  async #renewInTime(): Promise<void> {
    const before = this.#token;
    await this.renew().catch(() => {});
    if (this.#token !== before || before === undefined) return; // armed anew, or signed out
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#renewInTime(), renewAgain);
  }

  // Timers stand still while a device sleeps.
  #wake(): void {
    if (document.hidden) return;
    this.#look();
    const { expiresAt } = this.viewer;
    if (this.#renewable && expiresAt !== undefined && expiresAt - Date.now() < renewAhead / 2) this.renew().catch(() => {}); // the timer asks again
  }
}

/** What a promise gives, unless it fails or takes longer. */
function within<T>(milliseconds: number, promise: Promise<T>): Promise<T | undefined> {
  const late = new Promise<undefined>((resolve) => setTimeout(resolve, milliseconds));
  return Promise.race([promise, late]).catch(() => undefined);
}
