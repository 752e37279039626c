import { h, setText } from "../dom.js";

export interface Question {
  title: string;
  content: Node[];
  /** What the button that does it says. */
  action: string;
  run(): Promise<unknown>;
}

/** Asks before something is done, and says there what went wrong. */
export function confirmDialog({ title, content, action, run }: Question): void {
  const dialog = h("dialog", { class: "panel confirm", "aria-labelledby": "confirm-title" });
  const wrong = h("p", { class: "wrong", role: "alert", hidden: true });
  const agree = h("button", { class: "button", type: "button" }, action);
  const cancel = h("button", { class: "quiet", type: "button" }, "Cancel");
  cancel.addEventListener("click", () => dialog.close());
  agree.addEventListener("click", async () => {
    agree.disabled = true;
    try {
      await run();
      dialog.close();
    } catch (error) {
      setText(wrong, (error as Error).message);
      wrong.hidden = false;
    }
    agree.disabled = false;
  });
  dialog.append(h("h2", { id: "confirm-title" }, title), ...content, wrong, h("p", { class: "choices" }, agree, " ", cancel));
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
}
