import { PaceboardError, type Api, type ApiProblem } from "@paceboard/client";
import { h } from "../dom.js";
import { pageOf, pageSize } from "./api.js";
import type { Console, Screen } from "./app.js";
import type { Action, Outcome } from "./panel.js";
import { button, head, status } from "./parts.js";
import type { Erasure } from "./shapes.js";
import { DataTable, rowButton } from "./table.js";

const states = { done: ["Done", "accent"], open: ["Open", "warn"], refused: ["Refused", "muted"] } as const;

function why({ state, status }: Erasure): string {
  if (state === "done") return "Nothing names the person any more.";
  if (state === "open") return status === 409 ? "A prize is still to be paid: confirm it or mark it as failed, then finish." : "Something failed on the way: finish it.";
  return status === 429 ? "Asked too often." : "The caller was not allowed to.";
}

/** Who asked to be erased, and what is still to be done. */
export function erasuresScreen(app: Console): Screen {
  const { api, format } = app;
  const reload = (): void => void table.load();

  async function erase(api: Api, user: string): Promise<Outcome> {
    const data = await api.eraseUser({ user_id: user });
    const kept = data.kept_in?.length ? ` A keyed hash stays in ${data.kept_in.join(", ")}, because of a decision there.` : "";
    return { said: `The person is erased from ${data.competitions} ${data.competitions === 1 ? "competition" : "competitions"}; ${data.transactions_kept} transactions stay under a pseudonym.${kept}` };
  }
  const what = "Days, scores, names and statistics are deleted everywhere. Money stays in the ledger under a pseudonym that leads nowhere. It can take some seconds.";
  const finishing = (user: string): Action => ({
    title: "Finish an erasure", what, whom: user, confirm: "Erase the person", typed: { text: user, what: "the user id" }, run: (_, api) => erase(api, user),
  });
  const erasing: Action = {
    title: "Erase a person", what, whom: "Whose user id you give", confirm: "Erase the person",
    fields: [
      { name: "user_id", label: "User id", required: true, most: 128 },
      { name: "again", label: "The user id again, to confirm", required: true, most: 128 },
    ],
    async run({ user_id = "", again = "" }, api) {
      if (user_id.trim() !== again.trim()) throw mismatch();
      return erase(api, user_id.trim());
    },
  };

  const table = new DataTable<Erasure>({
    label: "Requests to erase a person, the latest first",
    columns: [
      { head: "Asked", kind: "main", cell: ({ requested_at }) => format.at(requested_at) },
      { head: "By", cell: ({ requested_by: by }) => (by === "self" ? "The person" : h("span", { class: "id" }, by)) },
      { head: "State", cell: ({ state }) => status(states[state][0], states[state][1]) },
      { head: "Whom", cell: ({ user_id }) => (user_id ? h("span", { class: "id" }, user_id) : "Not named") },
      { head: "What that means", kind: "long", cell: why },
    ],
    load: (cursor) => pageOf("erasures", api.listErasures({ limit: pageSize, cursor })),
    empty: "Nobody asked to be erased, as far as the audit log goes back.",
    actions: ({ state, user_id }) => (state === "open" && user_id ? [rowButton("Finish…", user_id, () => app.act(finishing(user_id), reload), true)] : []),
  });
  return {
    title: "Erasures",
    element: h("div", { class: "screen" }, head("Erasures", "People who asked to be erased, or were erased by an operator. Only open requests name somebody.", button("Erase a person…", () => app.act(erasing, reload), "quiet edged final")), table.element),
    destroy: () => table.destroy(),
  };
}

function mismatch(): PaceboardError {
  const detail = "differs from the user id above";
  return new PaceboardError(400, { detail, errors: [{ field: "again", detail }] } as ApiProblem);
}
