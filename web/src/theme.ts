export type Theme = "light" | "dark";

const key = "paceboard.theme";

/** The theme that the system asks for. */
const system = (): Theme => (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light");

/** The theme chosen on this page, if any. Storage may be forbidden; then there is none. */
export function chosenTheme(): Theme | undefined {
  try {
    const stored = localStorage.getItem(key);
    return stored === "light" || stored === "dark" ? stored : undefined;
  } catch {
    return undefined;
  }
}

export const theme = (): Theme => chosenTheme() ?? system();

/** Marks the document with the chosen theme; without one the style sheet follows the system. */
export function applyTheme(chosen: Theme | undefined): void {
  if (chosen) document.documentElement.dataset.theme = chosen;
  else delete document.documentElement.dataset.theme;
}

/** The other theme, remembered; choosing what the system asks for means following the system again. */
function toggleTheme(): void {
  const next: Theme = theme() === "dark" ? "light" : "dark";
  const chosen = next === system() ? undefined : next;
  try {
    if (chosen) localStorage.setItem(key, chosen);
    else localStorage.removeItem(key);
  } catch {
    // Not remembered, but applied.
  }
  applyTheme(chosen);
}

/** Has a button choose the other theme, and say whether the dark one is on. */
export function bindThemeButton(button: Element): void {
  const mark = (): void => button.setAttribute("aria-pressed", String(theme() === "dark"));
  button.addEventListener("click", () => {
    toggleTheme();
    mark();
  });
  mark();
}
