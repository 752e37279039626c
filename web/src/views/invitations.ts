import { sentenceOf, type Competition, type Invitation } from "../api.js";
import type { App } from "../app.js";
import { h } from "../dom.js";
import { boardFragment } from "../route.js";
import { confirmDialog } from "./confirm.js";
import { joinQuestion } from "./joining.js";

/** So many pages of a user's invitations are looked through at most: they list answered ones, too. */
const mostPages = 5;

interface Offer extends Invitation {
  competition: Competition;
}

/** The open invitations to the viewer, each with the way in after its fee and rules, and the way to decline. */
export class Invitations {
  readonly element = h("section", { class: "invitations", hidden: true }, h("h2", {}, "Invitations to you"));
  readonly #app: App;
  readonly #items = h("ul", { class: "competitions" });

  constructor(app: App) {
    this.#app = app;
    this.element.append(this.#items);
  }

  /** Fetches them. It never fails: the competitions are to be seen without them, too. */
  async load(): Promise<void> {
    const { api, session } = this.#app;
    const me = session.viewer.sub;
    if (me === undefined) return;
    try {
      const offers: Offer[] = [];
      for (let page = 0, cursor: string | undefined; page === 0 || (cursor !== undefined && page < mostPages); page++) {
        const { invitations, next_cursor } = await api.listUserInvitations({ user_id: me, cursor });
        offers.push(...invitations.filter((offer): offer is Offer => offer.state === "open" && offer.competition !== undefined));
        cursor = next_cursor;
      }
      this.#items.replaceChildren(...offers.map((offer) => this.#item(offer)));
      this.element.hidden = offers.length === 0;
    } catch (error) {
      this.#items.replaceChildren(h("li", { class: "invitation" }, h("span", { class: "facts" }, `Your invitations cannot be shown: ${sentenceOf(error as Error)}`)));
      this.element.hidden = false;
    }
  }

  #item(offer: Offer): HTMLElement {
    const { format } = this.#app;
    const { competition } = offer;
    const { entry_fee: fee, prize_pool: pool, currency } = competition;
    const facts = [
      format.days(competition.start_date, competition.end_date, competition.time_zone),
      fee > 0 ? `${format.money(fee, currency)} to take part` : "free",
      pool > 0 && `${format.money(pool, currency)} in prizes`,
      `open until ${format.at(offer.expires_at)}`,
    ];
    const name = competition.name || competition.id;
    const look = h("button", { class: "button", type: "button", "aria-label": `See and join ${name}` }, "See and join");
    const decline = h("button", { class: "quiet", type: "button", "aria-label": `Decline ${name}` }, "Decline");
    const item = h("li", { class: "invitation" },
      h("span", { class: "competition-name" }, h("bdi", {}, name)),
      h("span", { class: "facts" }, facts.filter(Boolean).join(" · ")),
      h("span", { class: "choices" }, look, decline));
    look.addEventListener("click", () => this.#askToJoin(offer));
    decline.addEventListener("click", () => this.#askToDecline(offer, item));
    return item;
  }

  #askToJoin({ id, competition }: Offer): void {
    confirmDialog(joinQuestion(this.#app, competition, async () => {
      await this.#app.api.acceptInvitation({ invitation_id: id });
      location.hash = boardFragment(competition.id);
    }));
  }

  #askToDecline({ id, competition }: Offer, item: HTMLElement): void {
    const name = competition.name || competition.id;
    confirmDialog({
      title: `Decline ${name}?`,
      content: [h("p", {}, "You do not take part, and the organiser sees that you declined. You can be invited again after 30 days.")],
      action: "Decline",
      run: async () => {
        await this.#app.api.declineInvitation({ invitation_id: id });
        item.remove();
        this.element.hidden = this.#items.childElementCount === 0;
        this.#app.say(`The invitation to ${name} is declined.`);
      },
    });
  }
}
