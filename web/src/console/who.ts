import { looksLikeToken } from "@paceboard/client";

/** What the console shows depends on who holds the token. The server alone decides what is done. */
export interface Who {
  /** Empty for a service key. */
  id: string;
  operator: boolean;
  /** Anonymous users only read. */
  anonymous: boolean;
}

/** Reads a token as the server reads it: an operator by app_metadata.role, or by Supabase's own key. */
export function whoHolds(token: string): Who {
  if (!looksLikeToken(token)) return { id: "", operator: token.startsWith("pbk_"), anonymous: false };
  try {
    const payload = token.split(".")[1]!.replaceAll("-", "+").replaceAll("_", "/");
    const claims = JSON.parse(new TextDecoder().decode(Uint8Array.from(atob(payload), (char) => char.charCodeAt(0))));
    const id = typeof claims?.sub === "string" ? claims.sub : "";
    const anonymous = claims?.is_anonymous === true;
    return { id, operator: !anonymous && (claims?.app_metadata?.role === "operator" || claims?.role === "service_role"), anonymous };
  } catch {
    return { id: "", operator: false, anonymous: true };
  }
}
