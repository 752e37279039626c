import type { Api, PaceboardError } from "@paceboard/client";
import { h } from "../dom.js";
import type { Record } from "./api.js";
import { Fields, type Field, type Values } from "./fields.js";
import { explain } from "./problems.js";

/** What an action did, for the line that says so. */
export interface Outcome {
  said: string;
  /** The action that takes it back. */
  back?: Action;
  /** Shown this once. */
  secret?: { label: string; value: string };
  /** More that is shown this once, under the line. */
  shown?: HTMLElement;
}

/** Something that changes something. */
export interface Action {
  title: string;
  /** What will happen. */
  what: string;
  /** To whom or to what. */
  whom: string;
  /** How it can be taken back; without it, it cannot. */
  undo?: string;
  fields?: readonly Field[];
  /** The button's label. */
  confirm: string;
  /** What must be typed to confirm, and what that is. */
  typed?: { text: string; what: string };
  run(values: Values, api: Api): Promise<Outcome>;
}

export const reasonField: Field = {
  name: "reason", label: "Reason", kind: "long", required: true, most: 500,
  help: "Shown to the participant and kept for good: name nobody in it.",
};

/**
 * A panel at the side that says what will happen, to whom, and whether it can be taken
 * back, and asks what has to be known. `done` is told what came of it, by which request.
 */
export function openPanel(action: Action, record: Record, done: (outcome: Outcome, requestId: string) => void): void {
  const asked: Field[] = [...(action.fields ?? [])];
  if (action.typed) asked.push({ name: "typed", label: `Type ${action.typed.what} to confirm: ${action.typed.text}`, required: true });
  const fields = new Fields(asked);
  const trouble = h("div", { class: "trouble", role: "alert" });
  const confirm = h("button", { type: "submit", class: action.undo === undefined ? "button final" : "button" }, action.confirm);
  const cancel = h("button", { type: "button", class: "quiet" }, "Cancel");
  const form = h("form", { class: "side-form", novalidate: true }, ...fields.elements, trouble, h("div", { class: "choices" }, confirm, cancel));
  const facts = h("dl", { class: "facts-list" },
    h("dt", {}, "What happens"), h("dd", {}, action.what),
    h("dt", {}, "To whom"), h("dd", {}, h("bdi", {}, action.whom)),
    h("dt", {}, "Taking it back"), h("dd", { "data-tone": action.undo === undefined ? "err" : undefined }, action.undo ?? "This cannot be taken back."));
  const dialog = h("dialog", { class: "side", "aria-labelledby": "side-title" }, h("h2", { id: "side-title" }, action.title), facts, form);
  cancel.addEventListener("click", () => dialog.close());
  dialog.addEventListener("close", () => dialog.remove());
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    void submit();
  });

  async function submit(): Promise<void> {
    trouble.replaceChildren();
    const values = fields.values();
    const wrong = fields.missing(asked);
    if (action.typed && wrong.length === 0 && values.typed!.trim() !== action.typed.text.trim()) wrong.push({ field: "typed", detail: `this is not ${action.typed.what}` });
    if (!fields.refuse(wrong) || wrong.length > 0) return;
    confirm.disabled = true;
    form.setAttribute("aria-busy", "true");
    try {
      const { done: outcome, requestId } = await record((api) => action.run(values, api));
      dialog.close();
      done(outcome, requestId);
    } catch (error) {
      const { said, fields: wrongFields, advice } = explain(error as PaceboardError);
      if (!fields.refuse(wrongFields) || wrongFields.length === 0) trouble.append(h("p", { class: "wrong" }, said), advice === undefined ? "" : h("p", {}, advice));
    } finally {
      confirm.disabled = false;
      form.removeAttribute("aria-busy");
    }
  }

  document.body.append(dialog);
  dialog.showModal();
  (dialog.querySelector<HTMLElement>("input, textarea, select") ?? confirm).focus();
}
