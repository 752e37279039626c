import type { CompetitionStatus, Entry, Limit, ScoreUpdate, ServerFrame, SettledPrize } from "./frames.js";

/** What we hold of one competition's board. Never changed in place. */
export interface Board {
  readonly competitionId: string;
  readonly limit: Limit;
  /** The version that `entries` and `totalCount` are of; absent before the first full board. */
  readonly version?: number;
  /** The epoch that `version` is of; absent when nobody said. */
  readonly epoch?: string;
  /** The epoch of what the present connection sends. */
  readonly announced?: string;
  /** A delta arrived that does not follow `version`: ask for what is missing. */
  readonly stale: boolean;
  readonly status?: CompetitionStatus;
  /** The top `limit`, by rank. */
  readonly entries: readonly Entry[];
  readonly totalCount: number;
  /** The places around a user, when they were asked for; empty while that user is not on the board. */
  readonly around?: readonly Entry[];
  /** The viewer's own entry, wherever on the board; absent when not on it. */
  readonly standing?: Entry;
  /** The prizes, when the competition was settled while this was watched; the GET of a competition has them, too. */
  readonly prizes: readonly SettledPrize[];
}

export function emptyBoard(competitionId: string, limit: Limit): Board {
  return { competitionId, limit, stale: false, entries: [], totalCount: 0, prizes: [] };
}

/**
 * The board after a frame. Pure: the same object comes back when the frame
 * changes nothing, or concerns another competition.
 *
 * A `score_update` is applied only to the version that it names. One that is
 * behind us is a repeat and is dropped; one that leaves a gap sets `stale` and
 * nothing else, so that a board is always exactly that of its `version`. A
 * `connected` of another epoch takes the version away: the server has lost what it
 * stood for, and sends a whole board next.
 */
export function applyFrame(board: Board, frame: ServerFrame): Board {
  if (frame.type === "pong" || frame.type === "error" || frame.type === "authenticated") return board;
  if (frame.data.competition_id !== board.competitionId) return board;
  switch (frame.type) {
    case "connected":
      return announce(board, frame.data.epoch);
    case "leaderboard_update": {
      const { version, status, entries, total_count: totalCount } = frame.data;
      return { ...asAnnounced(board), version, status, totalCount, entries: inOrder(entries, board.limit), stale: false };
    }
    case "score_update":
      return applyDelta(board, frame.data);
    case "standing": {
      if (!("removed" in frame.data)) return { ...board, standing: frame.data };
      const { standing: _gone, ...rest } = board;
      return rest;
    }
    case "status":
      return { ...board, status: frame.data.status, prizes: frame.data.prizes ?? board.prizes };
  }
}

/** The version that a board is of, as the server takes it for `since`. */
export function sinceOf({ version, epoch }: Board): number | string | undefined {
  return version === undefined || epoch === undefined ? version : `${version}.${epoch}`;
}

/** The board, as one that a full one has to take the place of. */
export function withoutVersion(board: Board): Board {
  const { version: _version, epoch: _epoch, ...rest } = board;
  return rest;
}

/** The board with a version that may be of any epoch. */
export function withoutEpoch(board: Board): Board {
  const { epoch: _epoch, ...rest } = board;
  return rest;
}

/** The top `limit` of a board that holds as many or more. */
export function topOf(board: Board, limit: Limit): Board {
  return board.limit === limit ? board : { ...board, limit, entries: board.entries.slice(0, limit) };
}

function announce(board: Board, epoch: string | undefined): Board {
  if (epoch === board.announced) return board;
  const kept = board.epoch !== undefined && board.epoch !== epoch ? withoutVersion(board) : board;
  const { announced: _announced, ...rest } = kept;
  return { ...rest, ...(epoch !== undefined && { announced: epoch }) };
}

// What came over the connection is of the epoch that it announced.
function asAnnounced(board: Board): Board {
  return { ...withoutEpoch(board), ...(board.announced !== undefined && { epoch: board.announced }) };
}

function applyDelta(board: Board, delta: ScoreUpdate): Board {
  if (board.version !== undefined && delta.version <= board.version) return board;
  if (board.version !== delta.previous_version) return board.stale ? board : { ...board, stale: true };
  const next = { ...asAnnounced(board), version: delta.version, totalCount: delta.total_count, stale: false };
  if (delta.changes.length === 0 && delta.removed.length === 0) return next;
  const byUser = new Map(board.entries.map((entry) => [entry.user_id, entry]));
  for (const user of delta.removed) byUser.delete(user);
  for (const entry of delta.changes) byUser.set(entry.user_id, entry);
  return { ...next, entries: inOrder([...byUser.values()], board.limit) };
}

function inOrder(entries: readonly Entry[], limit: number): Entry[] {
  return [...entries].sort((a, b) => a.rank - b.rank).slice(0, limit);
}
