import { h } from "../dom.js";
import { pageOf, pageSize } from "./api.js";
import type { Console, Screen } from "./app.js";
import type { Action } from "./panel.js";
import { button, head, link, status } from "./parts.js";
import { fragmentOf } from "./place.js";
import type { Delivery, Webhook } from "./shapes.js";
import { DataTable, rowButton } from "./table.js";

const whom = (w: Webhook): string => `${w.url}, ${w.competition_id ? `events of ${w.competition_id}` : "events of all competitions"}`;

/** Where events are sent: the operators' endpoints, or a creator's own. */
export function webhooksScreen(app: Console): Screen {
  const { api, format, who } = app;
  const reload = (): void => void table.load();

  const making: Action = {
    title: "New webhook",
    what: "What happens from now on is sent to the address, one event after the other, signed. The secret is shown this once.",
    whom: who.operator ? "One competition, or all" : "One of your competitions", undo: "Delete it.", confirm: "Make the webhook",
    fields: [
      { name: "url", label: "Address", required: true, most: 2048, help: "https, and reachable from the internet." },
      { name: "competition_id", label: "Competition id", required: !who.operator, most: 64, ...(who.operator && { help: "Empty: all competitions." }) },
      { name: "from", label: "Begin with", kind: "choice", choices: [["now", "The next event"], ["start", "The first event that is still there"]] },
    ],
    async run({ url = "", competition_id, from }, api) {
      const data = await api.createWebhook({ body: { url, from: from as "now" | "start", ...(competition_id && { competition_id }) } });
      return { said: "The webhook is made. Copy its secret now: it cannot be shown again.", secret: { label: "Secret", value: data.secret ?? "" }, back: deleting(data) };
    },
  };
  const deleting = (w: Webhook): Action => ({
    title: "Delete a webhook", what: "Nothing is sent there any more, and where it was is forgotten.", whom: whom(w), confirm: "Delete", typed: { text: w.url, what: "its address" },
    async run(_, api) {
      await api.deleteWebhook({ webhook_id: w.id });
      return { said: `The webhook to ${w.url} is deleted.` };
    },
  });
  const rotating = (w: Webhook): Action => ({
    title: "New secret", what: "Messages are signed with the new and the old secret for 24 hours, then with the new one alone.", whom: whom(w), confirm: "Make a new secret",
    async run(_, api) {
      const data = await api.rotateWebhook({ webhook_id: w.id });
      return { said: "There is a new secret. Copy it now: it cannot be shown again.", secret: { label: "Secret", value: data.secret ?? "" } };
    },
  });
  const resuming = (w: Webhook): Action => ({
    title: "Resume a webhook", what: "Events are sent again.", whom: whom(w), undo: "It is disabled again only by failing for 3 days; delete it to stop it.", confirm: "Resume",
    fields: [{ name: "pending", label: "What happened meanwhile", kind: "choice", choices: [["deliver", "Send it first"], ["discard", "Leave it out for good"]] }],
    async run({ pending }, api) {
      await api.resumeWebhook({ webhook_id: w.id, body: { pending: pending as "deliver" | "discard" } });
      return { said: `The webhook to ${w.url} is resumed.` };
    },
  });
  const testing = (w: Webhook): Action => ({
    title: "Test a webhook", what: "An event of type webhook.test, without data, is sent at once.", whom: whom(w), undo: "Nothing to take back: it changes nothing here.", confirm: "Send the test",
    async run(_, api) {
      const data = await api.testWebhook({ webhook_id: w.id });
      return { said: data.delivered ? "The test was taken." : `The test was not taken: ${data.error ?? "no reason was given"}.` };
    },
  });
  const retrying = (w: Webhook): Action => ({
    title: "Send what failed again", what: "The next attempts are made within seconds.", whom: whom(w), undo: "Nothing to take back: it only sends earlier.", confirm: "Send now",
    async run(_, api) {
      await api.retryWebhook({ webhook_id: w.id });
      return { said: `What failed is sent to ${w.url} again.` };
    },
  });

  const table = new DataTable<Webhook>({
    label: "Webhooks",
    columns: [
      { head: "Address", kind: "main", cell: (w) => link(fragmentOf(["webhooks", w.id]), w.url) },
      { head: "Events of", cell: ({ competition_id: id }) => (id ? link(fragmentOf(["c", id]), id) : "All competitions") },
      ...(who.operator ? [{ head: "Whose", cell: ({ user_id }: Webhook) => (user_id ? h("span", { class: "id" }, user_id) : "The operators'") }] : []),
      { head: "State", kind: "long", cell: (w) => (w.state === "active" ? status("Active", "accent") : h("span", {}, status("Disabled", "err"), w.reason ? `: ${w.reason}` : "")) },
      { head: "Made", cell: ({ created_at }) => format.at(created_at) },
    ],
    load: (cursor) => pageOf("webhooks", api.listWebhooks({ limit: pageSize, cursor })),
    empty: "Nothing is sent anywhere.",
    actions: (w) => [
      rowButton("Test…", w.url, () => app.act(testing(w), reload)),
      w.state === "disabled" ? rowButton("Resume…", w.url, () => app.act(resuming(w), reload)) : rowButton("Retry…", w.url, () => app.act(retrying(w), reload)),
      rowButton("New secret…", w.url, () => app.act(rotating(w), reload)),
      rowButton("Delete…", w.url, () => app.act(deleting(w), reload), true),
    ],
  });
  return {
    title: "Webhooks",
    element: h("div", { class: "screen" }, head("Webhooks", "Events of competitions, sent to other systems.", button("New webhook", () => app.act(making, reload))), table.element),
    destroy: () => table.destroy(),
  };
}

/** How far one webhook is in each competition. */
export function deliveriesScreen({ api, format }: Console, id: string): Screen {
  const table = new DataTable<Delivery>({
    label: "Deliveries",
    columns: [
      { head: "Competition", kind: "main", cell: ({ competition_id }) => link(fragmentOf(["c", competition_id]), competition_id) },
      { head: "Taken up to", kind: "number", cell: ({ seq, last_seq }) => `${format.integer(seq)} of ${format.integer(last_seq)}` },
      { head: "Last taken", cell: ({ delivered_at }) => format.ago(delivered_at, Date.now()) },
      { head: "Failing", kind: "long", cell: (d) => (d.failing_since ? `${d.attempts ?? 0} times since ${format.at(d.failing_since)}${d.last_error ? `: ${d.last_error}` : ""}` : "–") },
      { head: "Next attempt", cell: ({ next_attempt_at }) => (next_attempt_at ? format.at(next_attempt_at) : "–") },
    ],
    load: (cursor) => pageOf("deliveries", api.listDeliveries({ webhook_id: id, limit: pageSize, cursor })),
    empty: "Nothing was sent yet.",
  });
  return {
    title: "Deliveries",
    element: h("div", { class: "screen" }, head("Deliveries", "How far the webhook was sent the events of each competition.", h("a", { class: "quiet edged button-like", href: fragmentOf(["webhooks"]) }, "All webhooks")), table.element),
    destroy: () => table.destroy(),
  };
}
