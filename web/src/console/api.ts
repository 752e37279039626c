import { ApiError, withRenewal } from "../api.js";
import type { Session } from "../session.js";

/** A success: what the server gives, and the id that leads to its entry in the audit log. */
export interface Answer<T> {
  data: T;
  requestId: string;
}

export interface Page<T> {
  rows: T[];
  next: string | undefined;
}

type Query = Record<string, string | number | undefined>;

/** How many rows a page has. */
export const pageSize = 50;

/** The calls of the console. Each throws `ApiError` alone; a token that is refused and cannot be renewed ends the session. */
export class ConsoleApi {
  readonly #session: Session;

  constructor(session: Session) {
    this.#session = session;
  }

  async get<T>(path: string, query: Query = {}): Promise<T> {
    return (await this.send<T>("GET", path + search(query))).data;
  }

  /** A page of a list of the server's, by its cursor. */
  async page<T>(path: string, list: string, cursor: string | undefined, query: Query = {}): Promise<Page<T>> {
    const data = await this.get<Record<string, unknown>>(path, { limit: pageSize, ...query, cursor });
    return { rows: (data[list] as T[] | undefined) ?? [], next: data.next_cursor as string | undefined };
  }

  async send<T>(method: string, path: string, body?: unknown): Promise<Answer<T>> {
    try {
      return await withRenewal(this.#session, (token) => send<T>(method, path, token, body));
    } catch (error) {
      if ((error as ApiError).status === 401) this.#session.reject();
      throw error;
    }
  }
}

async function send<T>(method: string, path: string, token: string | undefined, body: unknown): Promise<Answer<T>> {
  let response: Response;
  let answer: any;
  try {
    response = await fetch(path, {
      method,
      headers: { ...(token !== undefined && { Authorization: `Bearer ${token}` }), ...(body !== undefined && { "Content-Type": "application/json" }) },
      credentials: "omit",
      signal: AbortSignal.timeout(70_000), // an erasure may take a minute
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    answer = await response.json().catch(() => ({}));
  } catch {
    throw new ApiError(0, {});
  }
  if (!response.ok) throw new ApiError(response.status, answer);
  return { data: answer?.data ?? answer, requestId: response.headers.get("X-Request-Id") ?? "" };
}

/** A path of the API, each part as it stands between slashes. */
export const path = (...parts: string[]): string => `/api/v1/${parts.map(encodeURIComponent).join("/")}`;

function search(query: Query): string {
  const given = Object.entries(query).filter(([, value]) => value !== undefined && value !== "");
  return given.length === 0 ? "" : `?${new URLSearchParams(given.map(([name, value]) => [name, String(value)]))}`;
}
