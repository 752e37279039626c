import { h, setText } from "../dom.js";

/** One question of a form. */
export interface Field {
  name: string;
  label: string;
  kind?: "text" | "long" | "number" | "moment" | "date" | "choice" | "many" | "zone";
  value?: string;
  help?: string;
  required?: boolean;
  most?: number; // characters
  least?: number; // of a number
  choices?: readonly (readonly [value: string, label: string])[];
  disabled?: boolean;
}

export type Values = Record<string, string>;

type Control = HTMLInputElement | HTMLTextAreaElement | HTMLSelectElement | HTMLFieldSetElement;

/** Labelled controls, each with its help and what is wrong with it underneath. */
export class Fields {
  readonly elements: HTMLElement[];
  readonly #controls = new Map<string, { control: Control; wrong: HTMLElement }>();
  static #made = 0;

  constructor(fields: readonly Field[], changed?: () => void) {
    this.elements = fields.map((field) => this.#row(field));
    if (changed) for (const element of this.elements) element.addEventListener("input", changed);
  }

  values(): Values {
    const values: Values = {};
    for (const [name, { control }] of this.#controls) values[name] = valueOf(control);
    return values;
  }

  /** Shows what is wrong, by field; the answer is whether all of it has a place. */
  refuse(wrong: readonly { field: string; detail: string }[]): boolean {
    for (const { control, wrong: note } of this.#controls.values()) {
      setText(note, "");
      control.removeAttribute("aria-invalid");
    }
    let placed = true;
    let first: Control | undefined;
    for (const { field, detail } of wrong) {
      const found = this.#controls.get(field) ?? this.#controls.get(field.replace(/[.[].*$/, ""));
      if (!found) {
        placed = false;
        continue;
      }
      setText(found.wrong, `${detail.charAt(0).toUpperCase()}${detail.slice(1)}.`);
      found.control.setAttribute("aria-invalid", "true");
      first ??= found.control;
    }
    first?.focus();
    return placed;
  }

  /** Fields that must be filled in and are not. */
  missing(fields: readonly Field[]): { field: string; detail: string }[] {
    const values = this.values();
    return fields.filter(({ name, required }) => required && values[name]!.trim() === "").map(({ name }) => ({ field: name, detail: "must be filled in" }));
  }

  #row(field: Field): HTMLElement {
    const id = `f${++Fields.#made}-${field.name}`;
    const wrong = h("p", { class: "wrong", id: `${id}-wrong` });
    const help = field.help === undefined ? undefined : h("p", { class: "help", id: `${id}-help` }, field.help);
    const described = help ? `${id}-help ${id}-wrong` : `${id}-wrong`;
    const control = makeControl(field, id, described);
    this.#controls.set(field.name, { control, wrong });
    if (control instanceof HTMLFieldSetElement) return h("div", { class: "field" }, control, help, wrong);
    return h("div", { class: "field" }, h("label", { for: id }, field.label), control, help, wrong);
  }
}

function makeControl(field: Field, id: string, described: string): Control {
  const common = { id, name: field.name, required: field.required, disabled: field.disabled, "aria-describedby": described };
  switch (field.kind) {
    case "long": {
      const area = h("textarea", { ...common, rows: 3, maxlength: field.most });
      area.value = field.value ?? "";
      return area;
    }
    case "choice": {
      const select = h("select", common, ...(field.choices ?? []).map(([value, label]) => h("option", { value }, label)));
      select.value = field.value ?? field.choices?.[0]?.[0] ?? "";
      return select;
    }
    case "many": {
      const chosen = new Set((field.value ?? "").split(","));
      const boxes = (field.choices ?? []).map(([value, label]) =>
        h("label", { class: "box" }, h("input", { type: "checkbox", value, checked: chosen.has(value) }), label));
      return h("fieldset", { "aria-describedby": described }, h("legend", {}, field.label), ...boxes);
    }
    case "zone": {
      const list = h("datalist", { id: `${id}-zones` }, ...Intl.supportedValuesOf("timeZone").map((zone) => h("option", { value: zone })));
      document.body.append(list);
      return h("input", { ...common, type: "text", list: list.id, value: field.value, autocomplete: "off" });
    }
    default: {
      const type = { number: "number", moment: "datetime-local", date: "date", text: "text" }[field.kind ?? "text"];
      return h("input", { ...common, type, value: field.value, maxlength: field.most, autocomplete: "off", ...(type === "number" && { step: "any", min: field.least ?? 0, inputmode: "decimal" }) });
    }
  }
}

function valueOf(control: Control): string {
  if (!(control instanceof HTMLFieldSetElement)) return control.value;
  return [...control.querySelectorAll<HTMLInputElement>("input:checked")].map(({ value }) => value).join(",");
}
