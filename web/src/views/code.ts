import type { Api } from "../api.js";
import { h } from "../dom.js";
import { boardFragment } from "../route.js";
import { confirmDialog } from "./confirm.js";

/** The button that asks for a join code. */
export function askForCode(api: Api): HTMLButtonElement {
  const button = h("button", { class: "quiet", type: "button" }, "Join with a code");
  button.addEventListener("click", () => {
    const code = h("input", { id: "join-code", autocomplete: "off", autocapitalize: "characters", spellcheck: "false", maxlength: 20, required: true });
    confirmDialog({
      title: "Join with a code",
      content: [h("label", { for: "join-code" }, "Code"), code, h("p", { class: "help" }, "Ten letters and digits, from the organiser of the competition.")],
      action: "Join",
      run: async () => {
        location.hash = boardFragment(await api.joinByCode(code.value));
      },
    });
  });
  return button;
}
