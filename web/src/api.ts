import type { CompetitionStatus, Leaderboard, Problem, SettledPrize } from "@paceboard/client";

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
  participant_count?: number;
  /** The viewer takes part in it or made it; told in the list of what is not over. */
  own?: boolean;
  /** The best 100, once settled. */
  prizes?: SettledPrize[];
}

/** A change by an operator after the start, with what held from then on. */
export interface Amendment {
  amended_at: string;
  reason: string;
  end_date: string;
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

/** The few reads that the page needs. Safe to call at any time; each throws `ApiError` alone. */
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

  async #get<T>(path: string): Promise<T> {
    const { token } = this.#caller;
    try {
      return await call(path, token);
    } catch (error) {
      const renewed = (error as ApiError).status === 401 ? await this.#caller.renew() : undefined;
      if (renewed === undefined || renewed === token) throw error;
      return call(path, renewed);
    }
  }
}

async function call<T>(path: string, token: string | undefined): Promise<T> {
  let response: Response;
  let body: any;
  try {
    const headers: HeadersInit = token === undefined ? {} : { Authorization: `Bearer ${token}` };
    response = await fetch(path, { headers, credentials: "omit", signal: AbortSignal.timeout(15_000) });
    body = await response.json().catch(() => ({}));
  } catch {
    throw new ApiError(0, {});
  }
  if (!response.ok) throw new ApiError(response.status, body);
  return body?.data ?? body;
}
