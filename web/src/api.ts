import type { CompetitionStatus, Leaderboard, Problem, SettledPrize } from "@paceboard/client";

/** What a day or a board counts: steps, metres, kilocalories, minutes. */
export interface Metrics {
  steps: number;
  distance: number;
  calories: number;
  active_minutes: number;
}

/** Why somebody's score is what it is. */
export interface Explanation {
  score: number;
  rank?: number;
  points: number;
  scoring: Metrics;
  days: (Metrics & {
    date: string;
    points: number;
    correction?: { reason: string };
    reports: (Metrics & { source: string; counts: boolean; counted?: Metrics; why_not?: "corrected" | "another_source_has_more" | "nothing_reported" })[];
  })[];
  next_cursor?: string;
}

/** What a board link shows of names. */
export type NamePrivacy = "names" | "initials" | "none";

/** A competition as the service gives it. What an older service may leave out is optional. */
export interface Competition {
  id: string;
  name: string;
  description?: string;
  status: CompetitionStatus;
  start_date: string;
  end_date: string;
  time_zone?: string;
  entry_fee?: number;
  prize_pool?: number;
  currency?: string;
  late_sync_hours?: number;
  scoring?: Metrics;
  daily_limits?: Metrics;
  /** Percentages of the pool, by place. */
  prize_split?: number[];
  enrollment?: "open" | "invite";
  max_participants?: number;
  participant_count?: number;
  /** The viewer takes part in it or made it; told in the list of what is not over. */
  own?: boolean;
  /** The links by which the board is shown to people without an account. */
  board_links?: { names: NamePrivacy; expires_at: string }[];
  /** The best 100, once settled. */
  prizes?: SettledPrize[];
}

/** A change by an operator after the start, with what held from then on. */
export interface Amendment {
  amended_at: string;
  reason: string;
  end_date: string;
}

/** An invitation, with its competition while it is open. */
export interface Invitation {
  id: string;
  state: "open" | "accepted" | "declined" | "withdrawn";
  expires_at: string;
  competition?: Competition;
}

export interface CompetitionPage {
  competitions: Competition[];
  next_cursor?: string;
}

/** A refusal, or no answer at all (`status` 0). */
export class ApiError extends Error {
  override name = "ApiError";

  constructor(
    readonly status: number,
    readonly problem: Problem,
  ) {
    super(problem.detail ?? problem.title ?? (status === 0 ? "The server does not answer." : `The server answered ${status}.`));
  }
}

/** Whose calls they are. */
interface Caller {
  readonly token: string | undefined;
  renew(): Promise<string | undefined>;
}

/** The few calls that the page needs. Safe to call at any time; each throws `ApiError` alone. */
export class Api {
  readonly #caller: Caller;

  constructor(caller: Caller) {
    this.#caller = caller;
  }

  /** What is not over, the viewer's own first, or what is over, the newest first. */
  competitions(past: boolean, search: string, cursor: string | undefined): Promise<CompetitionPage> {
    const query = new URLSearchParams(past ? { order: "newest", status: "over" } : { order: "current" });
    if (search !== "") query.append("search", search);
    if (cursor !== undefined) query.append("cursor", cursor);
    return this.#get(`/api/v1/competitions?${query}`);
  }

  competition(id: string): Promise<Competition> {
    return this.#get(`/api/v1/competitions/${encodeURIComponent(id)}`);
  }

  async amendments(id: string): Promise<readonly Amendment[]> {
    const { amendments } = await this.#get<{ amendments: readonly Amendment[] }>(`/api/v1/competitions/${encodeURIComponent(id)}/amendments`);
    return amendments;
  }

  leaderboard(id: string, limit: number): Promise<Leaderboard> {
    return this.#get(`/api/v1/leaderboard/${encodeURIComponent(id)}?limit=${limit}`);
  }

  /** The board from `offset` on. */
  boardFrom(id: string, offset: number, limit: number): Promise<Leaderboard> {
    return this.#get(`/api/v1/leaderboard/${encodeURIComponent(id)}?limit=${limit}&offset=${offset}`);
  }

  /** Who stands around a user, up to `radius` places up and down. */
  around(id: string, user: string, radius: number): Promise<Leaderboard> {
    return this.#get(`/api/v1/leaderboard/${encodeURIComponent(id)}?${new URLSearchParams({ around: user, radius: String(radius) })}`);
  }

  explanation(id: string, user: string, cursor: string | undefined): Promise<Explanation> {
    const query = cursor === undefined ? "" : `?${new URLSearchParams({ cursor })}`;
    return this.#get(`/api/v1/competitions/${encodeURIComponent(id)}/participants/${encodeURIComponent(user)}/explanation${query}`);
  }

  join(id: string): Promise<unknown> {
    return this.#call("POST", `/api/v1/competitions/${encodeURIComponent(id)}/join`, {});
  }

  /** Takes part in the competition of a code, and says in which. */
  async joinByCode(code: string): Promise<string> {
    const { competition_id: id } = await this.#call<{ competition_id: string }>("POST", "/api/v1/invitations/code", { code });
    return id;
  }

  /** The competition that a code would join. */
  previewCode(code: string): Promise<Competition> {
    return this.#call("POST", "/api/v1/invitations/code/preview", { code });
  }

  /** The invitations to a user. */
  invitations(user: string, cursor: string | undefined): Promise<{ invitations: Invitation[]; next_cursor?: string }> {
    const query = cursor === undefined ? "" : `?${new URLSearchParams({ cursor })}`;
    return this.#get(`/api/v1/users/${encodeURIComponent(user)}/invitations${query}`);
  }

  acceptInvitation(id: string): Promise<unknown> {
    return this.#call("POST", `/api/v1/invitations/${encodeURIComponent(id)}/accept`, {});
  }

  declineInvitation(id: string): Promise<unknown> {
    return this.#call("POST", `/api/v1/invitations/${encodeURIComponent(id)}/decline`);
  }

  leave(id: string): Promise<unknown> {
    return this.#call("DELETE", `/api/v1/competitions/${encodeURIComponent(id)}/join`);
  }

  #get<T>(path: string): Promise<T> {
    return this.#call("GET", path);
  }

  #call<T>(method: string, path: string, sent?: object): Promise<T> {
    return withRenewal(this.#caller, (token) => call(method, path, token, sent));
  }
}

/** Makes a call, and once more with a renewed token when the first is refused. */
export async function withRenewal<T>(caller: Caller, call: (token: string | undefined) => Promise<T>): Promise<T> {
  const { token } = caller;
  try {
    return await call(token);
  } catch (error) {
    const renewed = (error as ApiError).status === 401 ? await caller.renew().catch(() => undefined) : undefined;
    if (renewed === undefined || renewed === token) throw error;
    return call(renewed);
  }
}

async function call<T>(method: string, path: string, token: string | undefined, sent: object | undefined): Promise<T> {
  let response: Response;
  let body: any;
  try {
    const headers: HeadersInit = {
      ...(token !== undefined && { Authorization: `Bearer ${token}` }),
      ...(sent && { "Content-Type": "application/json" }),
    };
    const content = sent && { body: JSON.stringify(sent) };
    response = await fetch(path, { method, headers, ...content, credentials: "omit", signal: AbortSignal.timeout(15_000) });
    body = await response.json().catch(() => ({}));
  } catch {
    throw new ApiError(0, {});
  }
  if (!response.ok) throw new ApiError(response.status, body);
  return body?.data ?? body;
}
