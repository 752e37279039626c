import { decodeBase64URL } from "./base64.js";

/** What we read of a token, to know who is looking and until when. The server alone judges it. */
export interface Claims {
  /** The viewer's user id; a service key has none. */
  sub?: string;
  /** Expiry, in milliseconds since 1970. */
  expiresAt?: number;
  /** The name that boards show for the viewer, when the token says it. */
  name?: string;
}

const form = /^[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+$/;

/** Whether the text has the form of a signed JWT, and so fits into a subprotocol and a header. */
export function looksLikeToken(text: string): boolean {
  return form.test(text);
}

/** The claims of a token, unverified; empty for anything that is not one. */
export function readClaims(token: string): Claims {
  if (!looksLikeToken(token)) return {};
  try {
    const raw: unknown = JSON.parse(decodeBase64URL(token.split(".")[1]!));
    if (typeof raw !== "object" || raw === null) return {};
    const { sub, exp, user_metadata: meta } = raw as Record<string, any>;
    const name: unknown = meta?.full_name ?? meta?.name;
    return {
      ...(typeof sub === "string" && sub !== "" && { sub }),
      ...(typeof exp === "number" && Number.isFinite(exp) && { expiresAt: exp * 1000 }),
      ...(typeof name === "string" && { name }),
    };
  } catch {
    return {};
  }
}
