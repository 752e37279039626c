import type { Offers, Project } from "../auth.js";
import { h, setText } from "../dom.js";

/** Providers whose names are not written as one would guess. */
const providerNames: Record<string, string> = {
  azure: "Microsoft", github: "GitHub", gitlab: "GitLab", linkedin: "LinkedIn", linkedin_oidc: "LinkedIn", slack_oidc: "Slack", twitter: "X", workos: "WorkOS",
};

const nameOf = (provider: string): string => providerNames[provider] ?? provider.replace(/^custom:/, "").replace(/^./, (first) => first.toUpperCase());

interface Field {
  element: HTMLElement;
  input: HTMLInputElement;
  wrong: HTMLElement;
}

/**
 * The forms where one signs in with the project, makes an account, or types in the
 * code of an e-mail: one at a time, with what the project offers.
 */
export class AccountForms {
  readonly element = h("div", { class: "account" });
  readonly #project: Project;
  readonly #title: HTMLElement;
  #offers: Offers | undefined;
  #email = "";

  /** `title` is what the forms stand under; each says what it is for. */
  constructor(project: Project, title: HTMLElement) {
    this.#project = project;
    this.#title = title;
    void this.#load();
  }

  async #load(): Promise<void> {
    try {
      this.#offers = await this.#project.offers();
      this.#showSignIn();
    } catch (error) {
      const again = h("button", { class: "button", type: "button" }, "Try again");
      again.addEventListener("click", () => void this.#load());
      this.#show("Sign in", h("p", { class: "wrong", role: "alert" }, (error as Error).message), again);
    }
  }

  #show(title: string, ...content: (Node | false)[]): void {
    setText(this.#title, title);
    this.element.replaceChildren(...content.filter((node) => node !== false));
    if (this.element.contains(document.activeElement) || document.activeElement === document.body) this.element.querySelector<HTMLElement>("input")?.focus();
  }

  #showSignIn(): void {
    const { email: byEmail, signUp, providers } = this.#offers!;
    if (!byEmail && providers.length === 0) return this.#show("Sign in", h("p", {}, "This page cannot sign you in. Open it from the app in which you take part."));
    const content: (Node | false)[] = [];
    if (byEmail) {
      const email = this.#emailField();
      const password = field("password", "Password", { type: "password", autocomplete: "current-password", required: true });
      const link = quiet("E-mail me a link instead", () => void this.#try(link, email, async () => {
        if (!valid(email)) return;
        this.#email = email.input.value.trim();
        await this.#project.sendLink(this.#email);
        this.#showCode(`We have sent a link to ${this.#email}. Open it in this browser, or type in the code if there is one.`, () => this.#project.sendLink(this.#email));
      }));
      content.push(this.#form([email, password], "Sign in", password, async () => this.#project.signIn(email.input.value.trim(), password.input.value), link));
    }
    if (byEmail && providers.length > 0) content.push(h("p", { class: "or" }, "or"));
    for (const provider of providers) {
      const wrong = h("p", { class: "wrong", role: "alert", hidden: true });
      const button = h("button", { class: "button other", type: "button" }, `Continue with ${nameOf(provider)}`);
      button.addEventListener("click", () => void this.#try(button, { wrong }, () => this.#project.leaveFor(provider)));
      content.push(button, wrong);
    }
    if (byEmail && signUp) content.push(h("p", { class: "else" }, "New here? ", quiet("Create an account", () => this.#showSignUp())));
    this.#show("Sign in", ...content);
  }

  #showSignUp(): void {
    const name = field("name", "Name", { autocomplete: "name", maxlength: 100 }, "Boards show it.");
    const email = this.#emailField();
    const password = field("password", "Password", { type: "password", autocomplete: "new-password", required: true });
    const make = async (): Promise<void> => {
      this.#email = email.input.value.trim();
      if (await this.#project.signUp(name.input.value.trim(), this.#email, password.input.value)) return;
      this.#showCode(`We have sent a link to ${this.#email}. Open it in this browser to finish, or type in the code if there is one.`, () => this.#project.confirmAgain(this.#email));
    };
    this.#show("Create an account",
      this.#form([name, email, password], "Create account", password, make),
      h("p", { class: "else" }, "You have one? ", quiet("Sign in", () => this.#showSignIn())));
  }

  #showCode(text: string, again: () => Promise<void>): void {
    const code = field("code", "Code", { inputmode: "numeric", autocomplete: "one-time-code", maxlength: 10, required: true, spellcheck: "false" });
    const resend = quiet("Send again", () => void this.#try(resend, code, async () => {
      await again();
      setText(resend, "Sent again");
    }));
    this.#show("Look into your e-mail", h("p", {}, text),
      this.#form([code], "Sign in", code, () => this.#project.verify(this.#email, code.input.value.replace(/\s/g, "")), resend),
      h("p", { class: "else" }, quiet("Use another way", () => this.#showSignIn())));
  }

  #emailField(): Field {
    const made = field("email", "E-mail", { type: "email", autocomplete: "username", required: true, maxlength: 320, value: this.#email });
    made.input.addEventListener("input", () => (this.#email = made.input.value.trim()));
    return made;
  }

  /** A form that does one thing; what goes wrong stands under the field `blamed`. */
  #form(fields: Field[], label: string, blamed: Field, run: () => Promise<void>, ...more: HTMLElement[]): HTMLFormElement {
    const button = h("button", { class: "button", type: "submit" }, label);
    const form = h("form", { class: "signin", novalidate: true }, ...fields.map(({ element }) => element), button, ...more);
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      fields.forEach(clear);
      const wrong = fields.find((one) => !valid(one));
      if (wrong) wrong.input.focus();
      else void this.#try(button, blamed, run);
    });
    return form;
  }

  async #try(button: HTMLButtonElement, { wrong, input }: Partial<Field> & Pick<Field, "wrong">, run: () => Promise<void>): Promise<void> {
    button.disabled = true;
    try {
      await run();
    } catch (error) {
      blame(wrong, input, (error as Error).message);
      input?.focus();
    } finally {
      button.disabled = false;
    }
  }
}

function field(id: string, label: string, attributes: Record<string, string | number | boolean>, help = ""): Field {
  const wrong = h("p", { class: "wrong", id: `${id}-wrong`, role: "alert", hidden: true });
  const described = help === "" ? `${id}-wrong` : `${id}-help ${id}-wrong`;
  const input = h("input", { id, name: id, "aria-describedby": described, ...attributes });
  const element = h("div", { class: "field" }, h("label", { for: id }, label), input, help !== "" && h("p", { class: "help", id: `${id}-help` }, help), wrong);
  return { element, input, wrong };
}

function quiet(label: string, run: () => void): HTMLButtonElement {
  const button = h("button", { class: "quiet", type: "button" }, label);
  button.addEventListener("click", run);
  return button;
}

function blame(wrong: HTMLElement, input: HTMLInputElement | undefined, text: string): void {
  setText(wrong, text);
  wrong.hidden = false;
  input?.setAttribute("aria-invalid", "true");
}

function clear({ wrong, input }: Field): void {
  wrong.hidden = true;
  input.removeAttribute("aria-invalid");
}

/** Checks a field, and says under it what it misses. */
function valid({ wrong, input }: Field): boolean {
  if (input.checkValidity()) return true;
  const empty = input.value.trim() === "";
  blame(wrong, input, input.type === "email" ? (empty ? "Type in your e-mail address." : "This is not an e-mail address.") : "This is needed.");
  return false;
}
