import type { Limit } from "@paceboard/client";

export type Route = { view: "list"; past: boolean; search: string } | { view: "board"; id: string; top: Limit } | { view: "missing" };

export const windows: readonly Limit[] = [10, 25, 50, 100];
export const defaultWindow: Limit = 25;

/** What a fragment says: where to go, the token it carried, and the fragment without the token. */
export interface Parsed {
  route: Route;
  token?: string;
  /** The fragment to show instead, `#` included; the same as the input when it carried no token. */
  clean: string;
}

const competition = /^\/c\/([A-Za-z0-9_-]{1,64})$/;

/**
 * Reads a location's fragment: `#/` the list, `#/past` what is over, `#/c/<id>?top=50` a board, either
 * with `token=<JWT>` once, and `#token=<JWT>` alone for the list.
 */
export function parseFragment(fragment: string): Parsed {
  const text = fragment.replace(/^#/, "");
  const bare = !text.startsWith("/");
  const [path = "", query = ""] = bare ? ["/", text] : split(text);
  const parameters = new URLSearchParams(query);
  const token = parameters.get("token") ?? undefined;
  parameters.delete("token");

  const rest = bare ? "" : parameters.toString();
  const clean = token === undefined ? fragment : `#${path}${rest && `?${rest}`}`;
  const found = { clean, ...(token !== undefined && { token }) };
  if (path === "/" || path === "" || path === "/past") {
    return { route: { view: "list", past: path === "/past", search: parameters.get("search") ?? "" }, ...found };
  }
  const id = competition.exec(path)?.[1];
  if (id === undefined) return { route: { view: "missing" }, ...found };
  const top = windows.find((limit) => String(limit) === parameters.get("top")) ?? defaultWindow;
  return { route: { view: "board", id, top }, ...found };
}

export function listFragment(past: boolean, search: string): string {
  return `#/${past ? "past" : ""}${search === "" ? "" : `?${new URLSearchParams({ search })}`}`;
}

export function boardFragment(id: string, top: Limit = defaultWindow): string {
  return `#/c/${id}${top === defaultWindow ? "" : `?top=${top}`}`;
}

function split(text: string): [string, string] {
  const at = text.indexOf("?");
  return at < 0 ? [text, ""] : [text.slice(0, at), text.slice(at + 1)];
}
