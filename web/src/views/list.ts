import type { PaceboardError } from "@paceboard/client";
import { sentenceOf, type Competition } from "../api.js";
import type { App, View } from "../app.js";
import { whoHolds } from "../console/who.js";
import { h } from "../dom.js";
import { plural } from "../format.js";
import { phaseOf, statusWord } from "../phase.js";
import { boardFragment, listFragment } from "../route.js";
import { askForCode } from "./code.js";
import { Invitations } from "./invitations.js";
import { messagePanel } from "./message.js";

/** Typing for less than this long asks for nothing yet. */
const typingPause = 300;
/** A page may be empty although more follows: so many are asked for at once. */
const mostEmpty = 5;

/** What is not over, the viewer's own first, or what is over; each competition a way to its board. */
export class ListView implements View {
  readonly title: string;
  readonly element = h("div", { class: "list" });
  readonly #app: App;
  readonly #past: boolean;
  readonly #tabs: HTMLAnchorElement[];
  readonly #invitations: Invitations | undefined;
  readonly #found = h("div", { class: "found" });
  #search: string;
  #known: Competition[] = [];
  #cursor: string | undefined;
  #typing: ReturnType<typeof setTimeout> | undefined;
  #asked = 0; // answers to earlier questions are dropped

  constructor(app: App, past: boolean, search: string) {
    this.#app = app;
    this.#past = past;
    this.#search = search;
    this.title = past ? "Past competitions" : "Competitions";
    this.#tabs = [false, true].map((over) => h("a", { class: "tab", "aria-current": over === past && "page" }, over ? "Past" : "Current"));
    const field = h("input", { type: "search", class: "search", "aria-label": "Search by name", placeholder: "Search by name", maxlength: 100, value: search });
    field.addEventListener("input", () => {
      clearTimeout(this.#typing);
      this.#typing = setTimeout(() => this.#searchFor(field.value.trim()), typingPause);
    });
    if (!past) this.#invitations = new Invitations(app);
    this.element.append(h("h1", {}, "Competitions"), h("div", { class: "list-tools" }, h("nav", { class: "tabs", "aria-label": "Which" }, ...this.#tabs), field, h("span", { class: "list-ways" }, askForCode(app), wayToConsole(app))), this.#found);
    this.#restart(this.#invitations?.load());
  }

  destroy(): void {
    this.#asked = -1;
    clearTimeout(this.#typing);
  }

  #searchFor(search: string): void {
    if (search === this.#search) return;
    this.#search = search;
    history.replaceState(history.state, "", listFragment(this.#past, search));
    this.#restart();
  }

  /** Begins with the first page, which is shown once `also` is done. */
  #restart(also?: Promise<unknown>): void {
    this.#tabs.forEach((tab, i) => tab.setAttribute("href", listFragment(i === 1, this.#search)));
    this.#known = [];
    this.#cursor = undefined;
    if (this.#found.childElementCount === 0) this.#found.append(skeleton());
    void this.#load(also);
  }

  async #load(also?: Promise<unknown>): Promise<void> {
    const asked = ++this.#asked;
    const before = this.#known.length;
    try {
      for (let pages = 0; pages < mostEmpty && this.#known.length === before; pages++) {
        const { competitions, next_cursor } = await this.#app.api.listCompetitions({ ...(this.#past ? { order: "newest", status: "over" } : { order: "current" }), search: this.#search || undefined, cursor: this.#cursor });
        if (asked !== this.#asked) return;
        this.#known.push(...competitions);
        this.#cursor = next_cursor;
        if (next_cursor === undefined) break;
      }
      await also;
      if (asked === this.#asked) this.#draw();
    } catch (error) {
      if (asked === this.#asked) this.#failed(error as PaceboardError);
    }
  }

  #failed(error: PaceboardError): void {
    if (error.status === 401) return this.#app.session.reject();
    const retry = (): void => {
      this.#found.replaceChildren(skeleton());
      void this.#load();
    };
    this.#found.replaceChildren(
      messagePanel({ title: "The competitions cannot be shown", text: sentenceOf(error), action: { label: "Try again", run: retry } }),
    );
  }

  #draw(): void {
    const groups = this.#groups().map(([heading, members]) => {
      const items = h("ul", { class: "competitions" }, ...members.map((competition) => this.#item(competition)));
      return h("section", {}, h("h2", {}, heading), items);
    });
    this.#found.replaceChildren(...(this.#invitations ? [this.#invitations.element] : []), ...groups);
    const count = this.#known.length;
    if (this.#search !== "") this.#app.say(`${count}${this.#cursor === undefined ? "" : " or more"} ${plural(count, "competition")} found.`);
    if (this.#cursor !== undefined) {
      const more = h("button", { class: "button", type: "button" }, count === 0 ? "Search further" : "Show more");
      more.addEventListener("click", () => {
        more.disabled = true;
        void this.#load();
      });
      this.#found.append(more);
    } else if (count === 0) this.#found.append(this.#nothing());
  }

  #groups(): [string, Competition[]][] {
    const of = (wanted: (competition: Competition) => boolean): Competition[] => this.#known.filter(wanted);
    const groups: [string, Competition[]][] = this.#past ? [["Past", this.#known]] : [
      ["Yours", of(({ own }) => own === true)],
      ["Now", of(({ own, status }) => !own && status !== "upcoming")],
      ["Next", of(({ own, status }) => !own && status === "upcoming")],
    ];
    return groups.filter(([, members]) => members.length > 0);
  }

  #nothing(): HTMLElement {
    if (this.#search !== "") return messagePanel({ title: "Nothing found", text: `No ${this.#past ? "past" : "current"} competition has “${this.#search}” in its name.` });
    if (this.#past) return messagePanel({ title: "Nothing is over yet", text: "Competitions that have ended will be listed here." });
    return messagePanel({ title: "No competition at the moment", text: "The next one will be listed here as soon as somebody makes it." });
  }

  #item(competition: Competition): HTMLElement {
    const { format } = this.#app;
    const { word, tone } = statusWord(competition.status);
    const { clock } = phaseOf(competition, competition.status, false, Date.now(), format);
    const { participant_count: people, prize_pool: pool } = competition;
    const facts = [
      format.days(competition.start_date, competition.end_date, competition.time_zone),
      `${format.integer(people)} ${plural(people, "athlete")}`,
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

/** The way to the console, for everybody who may make competitions. */
function wayToConsole({ session }: App): HTMLElement | false {
  const { operator, anonymous } = whoHolds(session.token ?? "");
  return !anonymous && h("a", { class: "quiet console-way", href: "/console" }, operator ? "Console" : "Organise");
}

function skeleton(): HTMLElement {
  const rows = Array.from({ length: 5 }, () => h("li", { class: "competition" }, h("span", { class: "blank wide" }), h("span", { class: "blank" })));
  return h("ul", { class: "competitions skeleton", role: "status", "aria-label": "Loading the competitions" }, ...rows);
}
