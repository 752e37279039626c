import type { CompetitionStatus, Entry } from "@paceboard/client";
import type { Competition } from "../api.js";
import { h, setText } from "../dom.js";
import { plural, type Formatter } from "../format.js";
import type { Phase } from "../phase.js";
import { Podium } from "./podium.js";

export interface HeroContent {
  competition: Competition;
  status: CompetitionStatus;
  phase: Phase;
  entries: readonly Entry[];
  me: string | undefined;
  people: number;
  prizes: ReadonlyMap<string, string>;
}

/** What the page is about at this moment; the style sheet shows and hides by it. */
export type Stage = "live" | "final" | "empty" | "upcoming" | "cancelled";

/** The place under the head: the podium, or what there is to say while there is none. */
export class Hero {
  readonly #podium: Podium;
  readonly #format: Formatter;
  readonly element: HTMLElement;
  #panel: HTMLElement | undefined;
  #shown: Stage = "live";
  readonly #countdown = h("p", { class: "countdown" });
  readonly #joined = h("p", {});

  constructor(format: Formatter) {
    this.#format = format;
    this.#podium = new Podium(format);
    this.element = h("section", { class: "hero" }, this.#podium.element);
  }

  measure(): void {
    this.#podium.measure();
  }

  update(content: HeroContent): Stage {
    const { competition, status, phase, entries, me, people, prizes } = content;
    const stage = stageOf(status, entries);
    if (stage !== this.#shown) this.#show(stage, competition, status);
    if (stage === "upcoming") {
      setText(this.#countdown, phase.clock?.value ?? "");
      setText(this.#joined, joined(people, this.#format));
    }
    const final = status === "completed" || status === "settled";
    if (stage === "live" || stage === "final") this.#podium.update({ entries, me, final, prizes });
    return stage;
  }

  #show(stage: Stage, competition: Competition, status: CompetitionStatus): void {
    this.#shown = stage;
    this.#panel?.remove();
    this.#panel = this.#panelFor(stage, competition, status);
    this.#podium.element.hidden = this.#panel !== undefined;
    if (this.#panel) this.element.append(this.#panel);
  }

  #panelFor(stage: Stage, competition: Competition, status: CompetitionStatus): HTMLElement | undefined {
    const panel = (...children: Node[]): HTMLElement => h("div", { class: "panel hero-panel" }, ...children);
    switch (stage) {
      case "upcoming": {
        const starts = h("p", { class: "facts" }, this.#format.moment(competition.start_date));
        return panel(h("h2", {}, "Starts in"), this.#countdown, starts, this.#joined);
      }
      case "cancelled": {
        const refund = competition.entry_fee > 0 ? " Entry fees have been refunded." : "";
        return panel(h("h2", {}, "This competition was cancelled"), h("p", {}, `Nothing is counted any more.${refund}`));
      }
      case "empty":
        return status === "completed" || status === "settled"
          ? panel(h("h2", {}, "Nobody scored"), h("p", {}, "The time is up, and no sync came."))
          : panel(h("h2", {}, "Nobody has synced yet"),
              h("p", {}, "The first sync of a phone, a watch or a script opens the board. It shows here at once:"),
              howTo(competition.id));
      default:
        return undefined;
    }
  }
}

function stageOf(status: CompetitionStatus, entries: readonly Entry[]): Stage {
  if (status === "cancelled") return "cancelled";
  if (status === "upcoming") return "upcoming";
  if ((entries[0]?.score ?? 0) === 0) return "empty";
  return status === "completed" || status === "settled" ? "final" : "live";
}

function joined(people: number, format: Formatter): string {
  if (people === 0) return "Nobody has joined yet.";
  return `${format.integer(people)} ${plural(people, "athlete has", "athletes have")} joined.`;
}

function howTo(id: string): HTMLElement {
  const today = new Date().toISOString().slice(0, 10);
  const body = JSON.stringify({ competition_id: id, steps: 1200, date: today });
  return h("pre", {}, h("code", {}, `POST /api/v1/fitness/sync\n${body}`));
}
