import { useCallback, useMemo, useRef, useSyncExternalStore } from "react";
import type { Around } from "./around.js";
import { emptyBoard, type Board } from "./board.js";
import type { BoardClient, WatchState } from "./client.js";
import type { Entry, Limit } from "./frames.js";

export interface UseBoardOptions {
  /** Places from the top: 10, 25 (by default), 50 or 100. */
  limit?: Limit;
  /** The places around this user, too, as `board.around`. */
  around?: Around | undefined;
}

export interface LiveBoard {
  board: Board;
  state: WatchState;
}

const connecting: WatchState = { kind: "connecting" };

/**
 * A live board. Components that use the same board share one subscription, which
 * ends with the last of them. `board.version` is absent until the first board.
 */
export function useBoard(client: BoardClient, competitionId: string, options: UseBoardOptions = {}): LiveBoard {
  const { limit = 25, around } = options;
  const { user, radius } = around ?? {};
  const empty = useMemo<LiveBoard>(() => ({ board: emptyBoard(competitionId, limit), state: connecting }), [competitionId, limit]);
  const live = useRef({ ...empty, client });
  const subscribe = useCallback(
    (changed: () => void) => {
      if (live.current.client !== client || live.current.board.competitionId !== competitionId) live.current = { ...empty, client };
      const show = (next: Partial<LiveBoard>): void => {
        live.current = { ...live.current, ...next };
        changed();
      };
      const places: Around | undefined = user === undefined ? undefined : { user, ...(radius !== undefined && { radius }) };
      const watch = client.watch(competitionId, {
        limit, ...(places && { around: places }), onBoard: (board) => show({ board }), onState: (state) => show({ state }),
      });
      // Later, so that whoever watches again at once, as with another window, shares the subscription.
      return () => void Promise.resolve().then(() => watch.stop());
    },
    [client, competitionId, empty, limit, user, radius],
  );
  const now = (): LiveBoard => (live.current.client === client && live.current.board.competitionId === competitionId ? live.current : empty);
  return useSyncExternalStore(subscribe, now, () => empty);
}

/** The viewer's own line of a board, wherever on it; `undefined` while there is none. */
export function useStanding(client: BoardClient, competitionId: string): Entry | undefined {
  return useBoard(client, competitionId, { limit: 10 }).board.standing;
}
