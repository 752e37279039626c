import type { CompetitionStatus } from "@paceboard/client";
import type { Competition } from "./api.js";
import type { Formatter } from "./format.js";

/** How a competition stands, in words: what the head of the board says about its time. */
export interface Phase {
  word: string;
  tone: "accent" | "gold" | "warn" | "err" | "muted";
  /** What the clock counts towards, and how long it still takes. */
  clock?: { label: string; value: string };
  note?: string;
}

const hour = 3600_000;

const words: Record<CompetitionStatus, Pick<Phase, "word" | "tone">> = {
  upcoming: { word: "Upcoming", tone: "muted" },
  active: { word: "Active", tone: "accent" },
  finalizing: { word: "Finalizing", tone: "warn" },
  completed: { word: "Completed", tone: "muted" },
  settled: { word: "Settled", tone: "gold" },
  cancelled: { word: "Cancelled", tone: "err" },
};

export const statusWord = (status: CompetitionStatus): Pick<Phase, "word" | "tone"> => words[status] ?? { word: status, tone: "muted" };

/** The phase at `now`. `live`: the board follows the server at this moment. */
export function phaseOf(competition: Pick<Competition, "start_date" | "end_date" | "late_sync_hours" | "prize_pool">, status: CompetitionStatus, live: boolean, now: number, format: Formatter): Phase {
  const { word, tone } = statusWord(status);
  const counting = (label: string, until: number): Phase["clock"] =>
    until > now ? { label, value: format.span(until - now) } : { label, value: "a moment" };
  const late = Date.parse(competition.end_date) + competition.late_sync_hours * hour;
  const prizes = competition.prize_pool > 0;
  switch (status) {
    case "upcoming":
      return { word, tone, clock: counting("Starts in", Date.parse(competition.start_date))! };
    case "active":
      return { word: live ? "Live" : word, tone, clock: counting("Ends in", Date.parse(competition.end_date))! };
    case "finalizing":
      return { word, tone, clock: counting("Final in", late)!, note: `The time is up. Late syncs count until ${format.moment(late)}.` };
    case "completed":
      return { word, tone, note: `These standings are final.${prizes ? " Prizes have yet to be paid." : ""}` };
    case "settled":
      return { word, tone, note: "These standings are final, and the prizes are paid." };
    default:
      return { word, tone };
  }
}
