import type { CompetitionStatus, Entry } from "@paceboard/client";
import { sentenceOf, type Competition, type Explanation } from "../api.js";
import type { BoardApp as App } from "../app.js";
import { h, setText } from "../dom.js";
import { displayName, ordinal, plural } from "../format.js";
import type { Places } from "../places.js";
import { explainDay } from "../rules.js";
import { confirmDialog } from "./confirm.js";
import { joinQuestion } from "./joining.js";
import { Table } from "./table.js";

/** So many places up and down are shown around the viewer. */
const radius = 3;
/** They are fetched at most once in this time, in milliseconds. */
const nearEvery = 5_000;
/** The latest places that are told. */
const mostPlaces = 6;
/** Fewer on a phone, which has two lines for them. */
const mostNarrow = 3;
const narrow = matchMedia("(max-width: 640px)");
const joinable = new Set<CompetitionStatus>(["upcoming", "active"]);

export interface AthleteContent {
  competition: Competition;
  status: CompetitionStatus;
  entries: readonly Entry[];
  mine: Entry | undefined;
  total: number;
  places: Places;
  prizes: ReadonlyMap<string, string>;
  /** The board is the server's, so that nobody is missing by mistake. */
  known: boolean;
  now: number;
}

/** What a board is to the viewer: the place, the gaps up and down, why, who is near, and the way in and out. */
export class Athlete {
  readonly element = h("section", { class: "athlete panel", "aria-label": "You", hidden: true });
  readonly #app: App;
  readonly #id: string;
  readonly #place = h("p", { class: "athlete-place" });
  readonly #gaps = h("p", { class: "facts gaps" });
  readonly #seen = h("p", { class: "facts seen" });
  readonly #join = button("Join", () => this.#askToJoin());
  readonly #show: HTMLButtonElement;
  readonly #why = button("Why this score?", () => this.#toggleDays());
  readonly #leave = button("Leave", () => this.#askToLeave());
  readonly #days = h("div", { class: "days", hidden: true });
  readonly #near: Table;
  readonly #nearby = h("div", { class: "near", hidden: true });
  #content: AthleteContent | undefined;
  #around: readonly Entry[] = [];
  #aroundAt = 0;
  #unread = false; // who is near could not be read
  #asking = false;
  #ranks: { rank: number; at: number }[] = [];
  #explained: number | undefined; // the score that the days explain

  /** `show` brings the viewer's row into view. */
  constructor(app: App, id: string, show: () => void) {
    this.#app = app;
    this.#id = id;
    this.#show = button("Show my row", show);
    this.#near = new Table(app.format, "Around you");
    this.#join.className = "button";
    this.#why.setAttribute("aria-expanded", "false");
    this.#nearby.append(h("h2", {}, "Around you"), this.#near.element);
    this.element.append(
      h("div", { class: "athlete-head" }, h("div", {}, this.#place, this.#gaps, this.#seen), h("div", { class: "athlete-actions" }, this.#join, this.#show, this.#why, this.#leave)),
      this.#days, this.#nearby);
  }

  measure(): void {
    if (!this.#nearby.hidden) this.#near.measure();
  }

  update(content: AthleteContent): void {
    this.#content = content;
    const { status, mine, known, entries } = content;
    const me = this.#app.session.viewer.sub;
    const open = joinable.has(status);
    this.element.hidden = me === undefined || !known || (!mine && !open);
    if (this.element.hidden) return;
    const apart = mine !== undefined && !entries.includes(mine);
    this.#join.hidden = mine !== undefined || content.competition.enrollment === "invite";
    this.#show.hidden = mine === undefined;
    this.#why.hidden = mine === undefined || status === "upcoming";
    this.#leave.hidden = mine === undefined || !open;
    this.#nearby.hidden = !apart || (this.#around.length === 0 && this.#unread);
    if (!mine) return this.#tellOutside(content);
    this.#note(mine.rank, content.now);
    if (apart) void this.#fetchAround(me!, content.now);
    this.#tellStanding(content, mine, apart ? this.#around : entries);
    if (apart && this.#around.length === 0) this.#near.expect(Math.min(content.total, mine.rank + radius) - Math.max(1, mine.rank - radius) + 1);
    else if (apart) this.#near.update({ entries: this.#around, apart: undefined, me, places: content.places, prizes: content.prizes, leaderScore: entries[0]?.score ?? 0, now: content.now });
    if (!this.#days.hidden && this.#explained !== mine.score && !this.#asking) void this.#explain();
  }

  #tellOutside({ competition, entries }: AthleteContent): void {
    const [leader] = entries;
    setText(this.#place, "You do not take part");
    const lead = leader && leader.score > 0 ? `${displayName(leader)} leads with ${this.#app.format.integer(leader.score)}. ` : "";
    setText(this.#gaps, competition.enrollment === "invite" ? `${lead}Joining needs an invitation or a code: the list of competitions takes both.` : `${lead}Everybody may join.`);
    setText(this.#seen, "");
  }

  #tellStanding({ total, entries, status }: AthleteContent, mine: Entry, near: readonly Entry[]): void {
    const { format } = this.#app;
    setText(this.#place, `${ordinal(mine.rank)} of ${format.integer(total)}`);
    if (status === "upcoming" || entries[0]?.score === 0) {
      setText(this.#gaps, "You take part. Nobody has points yet.");
      return setText(this.#seen, "");
    }
    const [up, down] = [near.find(({ rank }) => rank === mine.rank - 1), near.find(({ rank }) => rank === mine.rank + 1)];
    const [leader] = entries;
    const gap = (other: Entry): string => format.integer(Math.abs(other.score - mine.score));
    const parts = [
      up && (up.score === mine.score ? `level with ${displayName(up)}` : `${gap(up)} to ${displayName(up)}, ${ordinal(up.rank)}`),
      down && (down.score === mine.score ? `level with ${displayName(down)}` : `${gap(down)} ahead of ${displayName(down)}`),
      leader && mine.rank > 2 && `${gap(leader)} to the lead`,
    ];
    this.#tellGaps(parts.filter((part) => typeof part === "string"));
    const seen = this.#ranks.slice(narrow.matches ? -mostNarrow : -mostPlaces);
    setText(this.#seen, `While you watch: ${seen.map(({ rank, at }) => `${ordinal(rank)} at ${format.clock(at).slice(0, 5)}`).join(" → ")}`);
  }

  // Names are cut where they are too long for a line, so that the board under them does not move when they change.
  #tellGaps(parts: readonly string[]): void {
    if (this.#gaps.textContent === parts.join(" · ")) return;
    this.#gaps.replaceChildren(...parts.flatMap((part, i) => [...(i > 0 ? [h("span", { class: "dot" }, " · ")] : []), h("span", { class: part.endsWith("to the lead") && "whole" }, part)]));
  }

  #note(rank: number, now: number): void {
    if (this.#ranks.at(-1)?.rank === rank) return;
    this.#ranks.push({ rank, at: now });
    if (this.#ranks.length > mostPlaces) this.#ranks.shift();
  }

  async #fetchAround(me: string, now: number): Promise<void> {
    if (now - this.#aroundAt < nearEvery) return;
    this.#aroundAt = now;
    const board = await this.#app.api.getLeaderboard({ competition_id: this.#id, around: me, radius }).catch(() => undefined); // the live board tells what is wrong
    this.#unread = board === undefined;
    if (board) this.#around = board.entries;
  }

  // Why.

  #toggleDays(): void {
    this.#days.hidden = !this.#days.hidden;
    this.#why.setAttribute("aria-expanded", String(!this.#days.hidden));
    if (!this.#days.hidden) void this.#explain();
  }

  async #explain(cursor?: string, before: Explanation["days"] = []): Promise<void> {
    const me = this.#app.session.viewer.sub;
    if (me === undefined) return;
    this.#asking = true;
    try {
      const found = await this.#app.api.explainScore({ competition_id: this.#id, user_id: me, cursor });
      this.#explained = found.score;
      this.#draw(found, [...before, ...found.days]);
    } catch (error) {
      this.#explained = this.#content?.mine?.score;
      this.#days.replaceChildren(h("p", { class: "wrong", role: "alert" }, sentenceOf(error as Error)));
    }
    this.#asking = false;
  }

  #draw(found: Explanation, days: Explanation["days"]): void {
    const { format } = this.#app;
    const most = Math.max(1, ...days.map(({ points }) => points));
    const sum = `Your ${format.integer(found.score)} ${plural(found.score, "point is", "points are")} the sum of these days${Number.isInteger(found.points) ? "" : ", rounded down"}.`;
    const list = h("ol", {}, ...days.toReversed().map((day) => {
      const bar = h("i", { class: "part-fill" });
      bar.style.transform = `scaleX(${(day.points / most).toFixed(4)})`;
      return h("li", {},
        h("div", { class: "day-head" }, h("time", { datetime: day.date }, format.day(day.date)), h("span", { class: "part", "aria-hidden": "true" }, bar), h("strong", {}, format.decimal(day.points))),
        ...explainDay(day, found.scoring, format).map((line) => h("p", { class: "facts", dir: "auto" }, line)));
    }));
    const more = found.next_cursor !== undefined && button("Show more days", () => void this.#explain(found.next_cursor, days));
    this.#days.replaceChildren(h("h2", {}, "Why this score"), days.length === 0 ? h("p", { class: "facts" }, "You have not synced a day of this competition yet.") : h("p", { class: "facts" }, sum), list, more || "");
  }

  // In and out.

  #askToJoin(): void {
    confirmDialog(joinQuestion(this.#app, this.#content!.competition, () => this.#app.api.joinCompetition({ competition_id: this.#id })));
  }

  #askToLeave(): void {
    const { competition, status } = this.#content!;
    const paid = competition.entry_fee > 0;
    const fee = !paid ? "" : status === "upcoming" ? " Your entry fee is paid back." : " Your entry fee is not paid back.";
    confirmDialog({
      title: `Leave ${competition.name || competition.id}?`,
      content: [h("p", {}, `You are taken off the board.${fee} Your days are kept in case you join again.`)],
      action: "Leave",
      run: () => this.#app.api.leaveCompetition({ competition_id: this.#id }),
    });
  }
}

function button(label: string, run: () => void): HTMLButtonElement {
  const made = h("button", { class: "quiet", type: "button" }, label);
  made.addEventListener("click", run);
  return made;
}
