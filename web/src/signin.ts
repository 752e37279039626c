/** How this server signs people in, as it writes that into the page. */
export interface SignIn {
  /** The Supabase project; absent: there is none. */
  url?: string;
  /** The project's public key. */
  key?: string;
  /** A token may be pasted: the server is on trial. */
  paste?: boolean;
}

export function readSignIn(): SignIn {
  try {
    return JSON.parse(document.querySelector<HTMLMetaElement>('meta[name="sign-in"]')?.content || "{}") as SignIn;
  } catch {
    return {};
  }
}

/** What the project's sign-in sends a browser back with. */
export type Landing =
  | { kind: "code"; code: string }
  | { kind: "tokens"; accessToken: string; refreshToken: string }
  | { kind: "failed"; code: string };

const ofQuery = ["code", "state", "error", "error_code", "error_description", "sb", "sb_flow_id"];

/**
 * Reads what came back in an address, and the address without it. Codes come in
 * the query (PKCE), tokens in the fragment (the implicit flow), errors in either.
 */
export function readLanding({ search, hash }: { search: string; hash: string }): { landing: Landing; clean: string } | undefined {
  const query = new URLSearchParams(search);
  const fragment = new URLSearchParams(/^#[a-z_]+=/.test(hash) ? hash.slice(1) : "");
  const landing = landingIn(query, fragment);
  if (!landing) return undefined;
  for (const name of ofQuery) query.delete(name);
  const rest = query.toString();
  return { landing, clean: `${rest && `?${rest}`}${fragment.size > 0 ? "" : hash}` };
}

function landingIn(query: URLSearchParams, fragment: URLSearchParams): Landing | undefined {
  for (const from of [query, fragment]) {
    const failed = from.get("error_code") ?? (from.has("error_description") ? from.get("error") : null);
    if (failed !== null) return { kind: "failed", code: failed };
  }
  const [accessToken, refreshToken] = [fragment.get("access_token"), fragment.get("refresh_token")];
  if (accessToken !== null && refreshToken !== null) return { kind: "tokens", accessToken, refreshToken };
  const code = query.get("code");
  return code === null ? undefined : { kind: "code", code };
}

const problems: Record<string, string> = {
  bad_code_verifier: "This link was asked for in another browser. Open it there, or ask for another one here.",
  captcha_failed: "Your organiser's sign-in asks for a captcha, which this page does not have.",
  email_address_invalid: "This is not an e-mail address that can be used.",
  email_exists: "There is an account with this e-mail already. Sign in with it.",
  email_not_confirmed: "This e-mail is not confirmed yet. Open the link that we sent to it.",
  flow_state_expired: "The link has expired. Ask for another one.",
  flow_state_not_found: "The link was used already, or has expired. Ask for another one.",
  invalid_credentials: "The e-mail or the password is wrong.",
  otp_disabled: "There is no account with this e-mail.",
  otp_expired: "The link or the code was used already, or has expired. Ask for another one.",
  over_email_send_rate_limit: "Too many e-mails were asked for. Wait a minute, then try again.",
  over_request_rate_limit: "Too many tries. Wait a minute, then try again.",
  pkce_code_verifier_not_found: "This link was asked for in another browser. Open it there, or ask for another one here.",
  provider_disabled: "This way of signing in is not on. Use another one.",
  signup_disabled: "New accounts cannot be made here. The organiser of the competition can add you.",
  user_already_exists: "There is an account with this e-mail already. Sign in with it.",
  user_banned: "This account is blocked. Ask the organiser of the competition.",
  access_denied: "Signing in was given up.",
};

/** What went wrong in words, with what to do next. `message` is the project's own text. */
export function problemOf(code: string | undefined, message = ""): string {
  return problems[code ?? ""] ?? (message === "" ? "Signing in has failed. Try again." : `${message.replace(/\.$/, "")}.`);
}
