// The project's sign-in. It is a file of its own, fetched by those who sign in and
// when a session is renewed.
import { GoTrueClient, isAuthRetryableFetchError, type AuthError } from "@supabase/auth-js";
import { readClaims } from "@paceboard/client";
import type { SignIn } from "./signin.js";
import { problemOf } from "./signin.js";
import { sessionKey, type Vault } from "./vault.js";

export { AccountForms } from "./views/account.js";

/** What the project offers to those who have no session. */
export interface Offers {
  email: boolean;
  signUp: boolean;
  /** Names of OAuth providers, as the project has them. */
  providers: string[];
}

/** Why signing in did not work, in words; `code` is the project's. */
export class SignInError extends Error {
  constructor(
    message: string,
    readonly code: string | undefined,
  ) {
    super(message);
  }
}

/** Where to go after a sign-in that leads over another page, and for how long that holds, in milliseconds. */
const wantedKey = "paceboard.wanted";
const wantedFor = 3600_000;

const badLink = "The link has expired, or it is not what it says. Ask for another one.";

/** The Supabase project that signs people in. Methods that fail throw a [SignInError]. */
export class Project {
  readonly #url: string;
  readonly #headers: Record<string, string>;
  readonly #vault: Vault;
  readonly #client: GoTrueClient;

  constructor({ url, key }: SignIn, vault: Vault) {
    this.#url = `${url}/auth/v1`;
    this.#headers = { apikey: key ?? "" };
    this.#vault = vault;
    this.#client = new GoTrueClient({
      url: this.#url,
      headers: this.#headers,
      storage: vault,
      storageKey: sessionKey,
      flowType: "pkce",
      autoRefreshToken: false, // [Session] renews, once for all tabs
      detectSessionInUrl: false, // `land` does, once the address is clean
    });
  }

  async offers(): Promise<Offers> {
    let settings: { external?: Record<string, boolean>; disable_signup?: boolean };
    try {
      const response = await fetch(`${this.#url}/settings`, { headers: this.#headers, credentials: "omit", signal: AbortSignal.timeout(15_000) });
      if (!response.ok) throw new Error(String(response.status));
      settings = await response.json();
    } catch {
      throw new SignInError("The sign-in does not answer. Try again in a moment.", undefined);
    }
    const { email = false, phone: _, anonymous_users: __, ...others } = settings.external ?? {};
    const providers = Object.keys(others).filter((name) => others[name] === true && /^[a-z0-9_:-]+$/.test(name)).sort();
    return { email, signUp: settings.disable_signup !== true, providers };
  }

  async signIn(email: string, password: string): Promise<void> {
    accept(await this.#client.signInWithPassword({ email, password }));
  }

  /** Makes an account. True: it is signed in; false: the e-mail has to be confirmed first. */
  async signUp(name: string, email: string, password: string): Promise<boolean> {
    this.#remember();
    const data = name === "" ? {} : { full_name: name };
    const { user, session } = accept(await this.#client.signUp({ email, password, options: { data, emailRedirectTo: here() } }));
    // A project that confirms e-mails does not say so, but the answer for one that is known has no identity.
    if (!session && user?.identities?.length === 0) throw new SignInError(problemOf("email_exists"), "email_exists");
    return session !== null;
  }

  /** Sends a link and, if the project's e-mail has it, a code to somebody with an account. */
  async sendLink(email: string): Promise<void> {
    this.#remember();
    accept(await this.#client.signInWithOtp({ email, options: { emailRedirectTo: here(), shouldCreateUser: false } }));
  }

  async confirmAgain(email: string): Promise<void> {
    accept(await this.#client.resend({ type: "signup", email, options: { emailRedirectTo: here() } }));
  }

  /** Signs in with the code of an e-mail. */
  async verify(email: string, token: string): Promise<void> {
    accept(await this.#client.verifyOtp({ type: "email", email, token }));
  }

  /** Leaves for a provider, which sends the browser back. */
  async leaveFor(provider: string): Promise<void> {
    this.#remember();
    accept(await this.#client.signInWithOAuth({ provider: provider as "github", options: { redirectTo: here() } }));
  }

  /** Takes the code that came back in the address. */
  async exchange(code: string): Promise<void> {
    accept(await this.#client.exchangeCodeForSession(code));
  }

  /**
   * Takes the tokens that came back in the address, once the project has said that they
   * are whose the access token says. Anybody can write one, and the client does not look
   * at one that has expired: it takes whatever session the other token leads to.
   */
  async adopt(accessToken: string, refreshToken: string): Promise<void> {
    const { sub, expiresAt = 0 } = readClaims(accessToken);
    if (sub === undefined || expiresAt <= Date.now()) throw new SignInError(badLink, undefined);
    // A client that keeps nothing: what it is given is no session of the page yet.
    const apart = new GoTrueClient({ url: this.#url, headers: this.#headers, storageKey: `${sessionKey}.link`, persistSession: false, autoRefreshToken: false, detectSessionInUrl: false });
    const { session } = accept(await apart.setSession({ access_token: accessToken, refresh_token: refreshToken }));
    if (session?.user.id !== sub) {
      await apart.signOut({ scope: "local" });
      throw new SignInError(badLink, undefined);
    }
    this.#vault.setItem(sessionKey, JSON.stringify(session));
  }

  /** The fragment that one wanted to see before one left to sign in. */
  takeWanted(): string | undefined {
    const kept = this.#vault.getItem(wantedKey);
    this.#vault.removeItem(wantedKey);
    try {
      const { hash, at } = JSON.parse(kept ?? "{}");
      return typeof hash === "string" && hash.startsWith("#/") && Date.now() - at < wantedFor ? hash : undefined;
    } catch {
      return undefined;
    }
  }

  /**
   * Renews the session, unless the project does not know it any more: then it is gone
   * once its token has expired. Fails while the project cannot be reached.
   */
  async renew(): Promise<void> {
    try {
      await this.#renew();
    } catch (error) {
      if ((error as SignInError).code === undefined) throw error;
    }
  }

  async #renew(): Promise<void> {
    const before = this.#vault.session?.accessToken;
    accept(await this.#client.getSession()); // it renews what ends within 90 seconds
    if (before !== undefined && this.#vault.session?.accessToken === before) accept(await this.#client.refreshSession());
  }

  /** Ends the session, here and with the project. */
  async signOut(): Promise<void> {
    await this.#client.signOut({ scope: "local" });
  }

  #remember(): void {
    this.#vault.setItem(wantedKey, JSON.stringify({ hash: location.hash, at: Date.now() }));
  }
}

/** Where the project sends the browser back to. */
const here = (): string => location.origin + location.pathname;

function accept<R extends { data: unknown; error: AuthError | null }>({ data, error }: R): Extract<R, { error: null }>["data"] {
  if (!error) return data as Extract<R, { error: null }>["data"];
  if (isAuthRetryableFetchError(error)) throw new SignInError("The sign-in does not answer. Try again in a moment.", undefined);
  throw new SignInError(problemOf(error.code, error.message), error.code);
}
