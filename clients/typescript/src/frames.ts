/**
 * The frames of a live board, as they cross the WebSocket: JSON text
 * `{"type","data","timestamp"}`, both ways. Times are RFC 3339 in UTC, scores,
 * ranks and versions are integers.
 */

export type CompetitionStatus = "upcoming" | "active" | "finalizing" | "completed" | "settled" | "cancelled";

/** One participant's line on a board. `rank` counts from 1; `user_name` may be empty. */
export interface Entry {
  user_id: string;
  user_name?: string;
  competition_id: string;
  score: number;
  rank: number;
  steps?: number;
  /** Metres. */
  distance?: number;
  /** Kilocalories. */
  calories?: number;
  active_minutes?: number;
  /** The last sync that changed anything; absent before the first. */
  last_synced_at?: string | null;
  updated_at?: string | null;
}

/** A full board: what the GET answers and what `leaderboard_update` carries. */
export interface Leaderboard {
  competition_id: string;
  status: CompetitionStatus;
  entries: Entry[];
  total_count: number;
  updated_at?: string;
  version: number;
}

/** The difference between two versions, within the top `limit`. */
export interface ScoreUpdate {
  competition_id: string;
  version: number;
  previous_version: number;
  changes: Entry[];
  removed: string[];
  total_count: number;
}

/** The connected user was taken off the board. */
export interface StandingRemoved {
  competition_id: string;
  user_id: string;
  removed: true;
}

/** A prize of a settled competition, as everybody who sees the board is shown it. */
export interface SettledPrize {
  rank: number;
  user_id: string;
  user_name?: string;
  amount: number;
  currency: string;
}

export interface StatusChange {
  competition_id: string;
  status: CompetitionStatus;
  /** The best 100, once settled. */
  prizes?: SettledPrize[];
}

export interface Connected {
  competition_id: string;
  version: number;
  /** What the board's versions count within; absent from older servers. Another one: versions held are worth nothing. */
  epoch?: string;
  limit: number;
}

/** A problem after RFC 9457; `code` is the stable machine word. */
export interface Problem {
  title?: string;
  status?: number;
  detail?: string;
  code?: string;
  competition_id?: string;
}

/** The answer to `auth`, after every watch was checked with the new token. */
export interface Authenticated {
  /** Absent for keys that do not expire. */
  expires_at?: string;
}

interface Payloads {
  connected: Connected;
  leaderboard_update: Leaderboard;
  score_update: ScoreUpdate;
  standing: Entry | StandingRemoved;
  status: StatusChange;
  authenticated: Authenticated;
  pong: unknown;
  error: Problem;
}

export type ServerFrameType = keyof Payloads;

export type ServerFrame = {
  [T in ServerFrameType]: { type: T; data: Payloads[T]; timestamp?: string };
}[ServerFrameType];

/** The window sizes that a subscription may ask for. */
export type Limit = 10 | 25 | 50 | 100;

export type ClientFrame =
  | { type: "ping" }
  | { type: "subscribe"; data: { competition_id: string; limit: Limit; since?: number | string } }
  | { type: "unsubscribe"; data: { competition_id: string } }
  | { type: "auth"; data: { token: string } };

/** The close codes that mean something here. */
export const Close = {
  Normal: 1000,
  GoingAway: 1001,
  /** The connection broke or fell silent; never sent. */
  Abnormal: 1006,
  BadToken: 1008,
  TooBig: 1009,
  Private: 4403,
  Unknown: 4404,
} as const;

const needsCompetition: ReadonlySet<string> = new Set(["connected", "leaderboard_update", "score_update", "standing", "status"]);
const known: ReadonlySet<string> = new Set([...needsCompetition, "authenticated", "pong", "error"]);

/**
 * Reads one frame. Anything else than a frame that we know and can act on is
 * `undefined`: a newer server may send types that this client has not met.
 */
export function decodeFrame(text: string): ServerFrame | undefined {
  let frame: unknown;
  try {
    frame = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (!isObject(frame) || typeof frame.type !== "string" || !known.has(frame.type)) return undefined;
  const data = isObject(frame.data) ? frame.data : {};
  if (needsCompetition.has(frame.type) && typeof data.competition_id !== "string") return undefined;
  if (frame.type === "connected" && typeof data.epoch !== "string") delete data.epoch;
  if (frame.type === "leaderboard_update") {
    if (!isVersion(data.version)) return undefined;
    data.entries ??= [];
  }
  if (frame.type === "score_update") {
    if (!isVersion(data.version) || !isVersion(data.previous_version)) return undefined;
    data.changes ??= [];
    data.removed ??= [];
  }
  return { ...frame, data } as unknown as ServerFrame;
}

/** Writes one frame; `now` is in milliseconds since 1970. */
export function encodeFrame(frame: ClientFrame, now: number): string {
  return JSON.stringify({ ...frame, timestamp: new Date(now).toISOString() });
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isVersion(value: unknown): value is number {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0;
}
