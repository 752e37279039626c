import type { Api } from "@paceboard/client";
import { apiOf } from "../api.js";
import type { Session } from "../session.js";

/** A page of a list. */
export interface Page<T> {
  rows: T[];
  next: string | undefined;
}

/** How many rows a page has. */
export const pageSize = 50;

/** The API as the console asks it: a token that is refused and cannot be renewed ends the session. */
export function consoleApi(session: Session, answered?: (answer: Response) => void): Api {
  return apiOf(session, {
    patience: 70_000, // an erasure may take a minute
    answered: (answer) => {
      if (answer.status === 401) session.reject();
      answered?.(answer);
    },
  });
}

/** What something came to that was done with the API, and the id that leads to its entry in the audit log. */
export interface Recorded<T> {
  done: T;
  requestId: string;
}

export type Record = <T>(run: (api: Api) => Promise<T>) => Promise<Recorded<T>>;

/** Does something with an API of its own, to know the id of its last request. */
export function recordOf(session: Session): Record {
  return async (run) => {
    let requestId = "";
    const done = await run(consoleApi(session, ({ headers }) => (requestId = headers.get("X-Request-Id") ?? "")));
    return { done, requestId };
  };
}

/** The page that an answer has of the list of this name. */
export async function pageOf<K extends string, T>(list: K, asked: Promise<{ [L in K]: T[] } & { next_cursor?: string }>): Promise<Page<T>> {
  const answer = await asked;
  return { rows: answer[list], next: answer.next_cursor };
}

/** A page of a list that is there as a whole; the cursor is where it begins. */
export function pageOfAll<T>(all: readonly T[], cursor: string | undefined): Page<T> {
  const from = Number(cursor ?? 0);
  const to = from + pageSize;
  return { rows: all.slice(from, to), next: to < all.length ? String(to) : undefined };
}
