/** Where one is in the console: the parts of the fragment's path, and its query. */
export interface Place {
  parts: string[];
  query: Record<string, string>;
}

export function parsePlace(fragment: string): Place {
  const [path = "", query = ""] = fragment.replace(/^#\/?/, "").split("?", 2);
  return { parts: path.split("/").filter((part) => part !== "").map(decoded), query: Object.fromEntries([...new URLSearchParams(query)].filter(([, value]) => value !== "")) };
}

/** The fragment of a place; what is empty in the query is left out. */
export function fragmentOf(parts: readonly string[], query: Record<string, string> = {}): string {
  const given = Object.entries(query).filter(([, value]) => value !== "");
  return `#/${parts.map(encodeURIComponent).join("/")}${given.length === 0 ? "" : `?${new URLSearchParams(given)}`}`;
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
