import type { Competition } from "../api.js";
import type { BoardApp as App } from "../app.js";
import { h } from "../dom.js";
import { plural } from "../format.js";
import type { Question } from "./confirm.js";
import { rulesCard } from "./rules.js";

/** What somebody agrees to who joins: the name that boards show, the fee and the rules. */
export function joinQuestion({ format, session }: Pick<App, "format" | "session">, competition: Competition, run: () => Promise<unknown>): Question {
  const { description, entry_fee: fee, participant_count: people } = competition;
  const already = people > 0 ? ` ${format.integer(people)} ${plural(people, "person takes", "people take")} part.` : "";
  return {
    title: `Join ${competition.name || competition.id}?`,
    content: [
      ...(description === "" ? [] : [h("p", { dir: "auto" }, description)]),
      h("p", {}, `Boards show you as ${session.viewer.name ?? "a short form of your id"}. ${fee > 0 ? `Joining costs ${format.money(fee, competition.currency)}.` : "Joining is free."}${already}`),
      rulesCard(competition, format),
    ],
    action: fee > 0 ? `Join for ${format.money(fee, competition.currency)}` : "Join",
    run,
  };
}
