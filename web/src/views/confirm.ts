import { sentenceOf } from "../api.js";
import { h, setText } from "../dom.js";

export interface Question {
  title: string;
  content: Node[];
  /** What the button that does it says. */
  action: string;
  run(): Promise<unknown>;
  /** What is asked next, once this is done. */
  next?(): Question;
}

/** Asks before something is done, and says there what went wrong. What has no field is read from its top: the focus is there, not on the button. */
export function confirmDialog({ title, content, action, run, next }: Question): void {
  const wrong = h("p", { class: "wrong", role: "alert", hidden: true });
  const agree = h("button", { class: "button" }, action);
  const cancel = h("button", { class: "quiet", type: "button" }, "Cancel");
  const form = h("form", {}, h("h2", { id: "confirm-title", tabindex: -1, autofocus: content.every((node) => !(node instanceof HTMLInputElement)) }, title), ...content, wrong, h("p", { class: "choices" }, agree, " ", cancel));
  const dialog = h("dialog", { class: "panel confirm", "aria-labelledby": "confirm-title" }, form);
  cancel.addEventListener("click", () => dialog.close());
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (agree.disabled) return;
    agree.disabled = true;
    try {
      await run();
      if (!dialog.open) return; // it was given up meanwhile
      dialog.close();
      if (next) confirmDialog(next());
    } catch (error) {
      setText(wrong, sentenceOf(error as Error));
      wrong.hidden = false;
    }
    agree.disabled = false;
  });
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
}
