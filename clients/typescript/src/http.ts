/** The part of `fetch` that we use, so that an app may bring its own. */
export type Fetch = (url: string, init: RequestInit) => Promise<Response>;

/** A query of what is set, in order. By hand, since React Native's URLSearchParams cannot `set`. */
export function queryOf(values: Readonly<Record<string, unknown>>): string {
  const pairs: string[] = [];
  for (const [name, value] of Object.entries(values)) {
    for (const one of Array.isArray(value) ? value : [value]) {
      if (one !== undefined && one !== null) pairs.push(`${encodeURIComponent(name)}=${encodeURIComponent(String(one))}`);
    }
  }
  return pairs.length === 0 ? "" : `?${pairs.join("&")}`;
}

/** The service's address without a slash at the end. */
export function baseOf(url: string): string {
  return url.replace(/\/+$/, "");
}

export function bearer(token: string | undefined): Record<string, string> {
  return token ? { Authorization: `Bearer ${token}` } : {};
}
