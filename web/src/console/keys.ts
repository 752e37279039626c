import { h } from "../dom.js";
import { pageOfAll } from "./api.js";
import type { Console, Screen } from "./app.js";
import type { Action } from "./panel.js";
import { button, head } from "./parts.js";
import type { Key } from "./shapes.js";
import { DataTable, rowButton } from "./table.js";

const scopes = [
  ["read", "read: everything that changes nothing, except exports and payouts"], ["sync", "sync: syncs for any user"],
  ["manage", "manage: competitions, who takes part, webhooks"], ["prizes", "prizes: calculate and distribute, with payouts"],
  ["payouts", "payouts: list, confirm, fail and retry"], ["people", "people: export and erase people"],
] as const;

/** Keys of services. There are 1,000 at most, so they come in one answer. */
export function keysScreen(app: Console): Screen {
  const { api, format } = app;
  const reload = (): void => void table.load();
  const state = (k: Key): string => (k.revoked_at ? `Revoked ${format.ago(k.revoked_at, Date.now())}` : k.expires_at && Date.parse(k.expires_at) < Date.now() ? "Expired" : "Good");

  const revoking = (k: Key): Action => ({
    title: `Revoke ${k.name}`,
    what: "Whatever uses the key is refused: by this server at once, by the others within 5 seconds.",
    whom: `${k.name} (${k.id}), for ${k.scopes.join(", ")}`, confirm: "Revoke the key", typed: { text: k.name, what: "the key's name" },
    async run(_, api) {
      await api.revokeAPIKey({ key_id: k.id });
      return { said: `${k.name} is revoked.` };
    },
  });
  const making: Action = {
    title: "Make an API key",
    what: "A service can do with it what an operator may do, within its scopes. It is shown this once.",
    whom: "A service", undo: "Revoke it.", confirm: "Make the key",
    fields: [
      { name: "name", label: "Name", required: true, most: 100, help: "Which service uses it." },
      { name: "scopes", label: "Scopes", kind: "many", required: true, choices: scopes },
      { name: "expires_at", label: "Good until", kind: "moment", help: "In your own time zone. Empty: until it is revoked." },
    ],
    async run({ name = "", scopes = "", expires_at }, api) {
      const body = { name, scopes: scopes.split(",") as Key["scopes"], ...(expires_at && { expires_at: new Date(expires_at).toISOString() }) };
      const made = await api.createAPIKey({ body });
      return { said: `${made.name} is made. Copy the key now: it cannot be shown again.`, secret: { label: "API key", value: made.key ?? "" }, back: revoking(made) };
    },
  };

  const table = new DataTable<Key>({
    label: "API keys",
    columns: [
      { head: "Name", kind: "main", cell: ({ name }) => h("bdi", {}, name) },
      { head: "Scopes", cell: ({ scopes }) => scopes.join(", ") },
      { head: "State", cell: state },
      { head: "Until", cell: ({ expires_at }) => (expires_at ? format.at(expires_at) : "No end") },
      { head: "Made by", cell: ({ created_by }) => h("span", { class: "id" }, created_by) },
      { head: "Made", cell: ({ created_at }) => format.at(created_at) },
    ],
    load: async (cursor) => {
      const { api_keys: keys } = await api.listAPIKeys();
      keys.sort((a, b) => Number(a.revoked_at !== undefined) - Number(b.revoked_at !== undefined) || b.created_at.localeCompare(a.created_at));
      return pageOfAll(keys, cursor);
    },
    empty: "There is no API key.",
    actions: (k) => (k.revoked_at ? [] : [rowButton("Revoke…", k.name, () => app.act(revoking(k), reload), true)]),
  });
  return {
    title: "API keys",
    element: h("div", { class: "screen" }, head("API keys", "For services that act as an operator. The key itself is shown when it is made, and never again.", button("New key", () => app.act(making, reload))), table.element),
    destroy: () => table.destroy(),
  };
}
