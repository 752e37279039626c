type Child = Node | string | undefined | false;

/** Attributes by their names in HTML; `true` is an attribute without a value, `false` and `undefined` none. */
type Attributes = Record<string, string | number | boolean | undefined>;

/**
 * Makes an element. Text goes in as text nodes alone, so that nothing a user
 * typed is ever read as HTML.
 */
export function h<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Attributes = {},
  ...children: Child[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined || value === false) continue;
    element.setAttribute(name, value === true ? "" : String(value));
  }
  for (const child of children) if (child !== undefined && child !== false) element.append(child);
  return element;
}

/** Sets the text of an element, when it is another one: no needless work for layout and screen readers. */
export function setText(element: Element, text: string): void {
  if (element.textContent !== text) element.textContent = text;
}

/** The element of the page's own markup that a selector names. */
export function find<T extends HTMLElement>(selector: string): T {
  const element = document.querySelector<T>(selector);
  if (!element) throw new Error(`the page has no ${selector}`);
  return element;
}

/** Puts the children of an element in anew: what takes the place of a skeleton has not moved there. */
export function renew(parent: HTMLElement): void {
  parent.append(...parent.children);
}
