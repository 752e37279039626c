import type { CompetitionStatus } from "../../client/index.js";
import { ApiError, type Competition } from "../api.js";
import type { App, View } from "../app.js";
import { h } from "../dom.js";
import { plural } from "../format.js";
import { phaseOf, statusWord } from "../phase.js";
import { boardFragment } from "../route.js";
import { messagePanel } from "./message.js";

const groups: readonly [string, readonly CompetitionStatus[]][] = [
  ["Now", ["active", "finalizing"]],
  ["Next", ["upcoming"]],
  ["Past", ["completed", "settled", "cancelled"]],
];

/** The competitions: those under way first, each a way to its board. */
export class ListView implements View {
  readonly title = "Competitions";
  readonly element = h("div", { class: "list" });
  readonly #app: App;
  readonly #known: Competition[] = [];
  #cursor: string | undefined;
  #gone = false;

  constructor(app: App) {
    this.#app = app;
    this.element.append(h("h1", {}, "Competitions"), skeleton());
    void this.#load();
  }

  destroy(): void {
    this.#gone = true;
  }

  async #load(): Promise<void> {
    try {
      const { competitions, next_cursor } = await this.#app.api.competitions(this.#cursor);
      this.#known.push(...(competitions ?? []));
      this.#cursor = next_cursor;
      if (!this.#gone) this.#draw();
    } catch (error) {
      if (!this.#gone) this.#failed(error as ApiError);
    }
  }

  #failed(error: ApiError): void {
    if (error.status === 401) return this.#app.session.reject();
    const retry = (): void => {
      this.element.replaceChildren(h("h1", {}, "Competitions"), skeleton());
      void this.#load();
    };
    this.element.replaceChildren(
      messagePanel({ title: "The competitions cannot be shown", text: error.message, action: { label: "Try again", run: retry } }),
    );
  }

  #draw(): void {
    this.element.replaceChildren(h("h1", {}, "Competitions"));
    if (this.#known.length === 0) {
      this.element.append(
        messagePanel({ title: "No competition yet", text: "The first one is made with POST /api/v1/competitions. It will be listed here." }),
      );
      return;
    }
    for (const [heading, statuses] of groups) {
      const members = this.#known.filter(({ status }) => statuses.includes(status));
      if (members.length === 0) continue;
      const items = h("ul", { class: "competitions" }, ...members.map((competition) => this.#item(competition)));
      this.element.append(h("section", {}, h("h2", {}, heading), items));
    }
    if (this.#cursor === undefined) return;
    const more = h("button", { class: "button", type: "button" }, "Show more");
    more.addEventListener("click", () => {
      more.disabled = true;
      void this.#load();
    });
    this.element.append(more);
  }

  #item(competition: Competition): HTMLElement {
    const { format } = this.#app;
    const { word, tone } = statusWord(competition.status);
    const { clock } = phaseOf(competition, competition.status, false, Date.now(), format);
    const { participant_count: people, prize_pool: pool = 0 } = competition;
    const facts = [
      format.days(competition.start_date, competition.end_date, competition.time_zone),
      people !== undefined && `${format.integer(people)} ${plural(people, "athlete")}`,
      pool > 0 && `${format.money(pool, competition.currency)} in prizes`,
    ];
    return h("li", {},
      h("a", { class: "competition", href: boardFragment(competition.id) },
        h("span", { class: "competition-name" }, h("bdi", {}, competition.name || competition.id)),
        h("span", { class: "status", "data-tone": tone }, word),
        h("span", { class: "facts" }, facts.filter(Boolean).join(" · ")),
        h("span", { class: "facts competition-clock" }, clock ? `${clock.label} ${clock.value}` : "")));
  }
}

function skeleton(): HTMLElement {
  const rows = Array.from({ length: 5 }, () => h("li", { class: "competition" }, h("span", { class: "blank wide" }), h("span", { class: "blank" })));
  return h("ul", { class: "competitions skeleton", role: "status", "aria-label": "Loading the competitions" }, ...rows);
}
