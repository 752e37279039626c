import type { Competition } from "../api.js";
import type { App } from "../app.js";
import { h } from "../dom.js";
import { boardFragment } from "../route.js";
import { confirmDialog } from "./confirm.js";
import { joinQuestion } from "./joining.js";

/** The button that asks for a join code, and then, with fee and rules, whether to join. */
export function askForCode(app: App): HTMLButtonElement {
  const { api } = app;
  const button = h("button", { class: "quiet", type: "button" }, "Join with a code");
  button.addEventListener("click", () => {
    const code = h("input", { id: "join-code", autocomplete: "off", autocapitalize: "characters", spellcheck: "false", maxlength: 20, required: true });
    let found: Competition;
    confirmDialog({
      title: "Join with a code",
      content: [h("label", { for: "join-code" }, "Code"), code, h("p", { class: "help" }, "Ten letters and digits, from the organiser of the competition. You see the rules before you join.")],
      action: "Go on",
      run: async () => (found = await api.previewCode({ body: { code: code.value } })),
      next: () => joinQuestion(app, found, async () => {
        const { competition_id: id } = await api.joinByCode({ body: { code: code.value } });
        location.hash = boardFragment(id);
      }),
    });
  });
  return button;
}
