import { generate } from "lean-qr";

/** White modules around the code, as the standard wants them. */
const margin = 4;

/** Draws a text as a QR code, dark on white in every theme. */
export function qr(text: string, label: string): SVGSVGElement {
  const code = generate(text);
  const size = code.size + 2 * margin;
  let path = "";
  for (let y = 0; y < code.size; y++) {
    for (let x = 0; x < code.size; x++) if (code.get(x, y)) path += `M${x + margin} ${y + margin}h1v1h-1z`;
  }
  const svg = element("svg", { class: "qr", viewBox: `0 0 ${size} ${size}`, role: "img", "aria-label": label, "shape-rendering": "crispEdges" });
  svg.append(element("rect", { width: size, height: size, class: "qr-ground" }), element("path", { d: path, class: "qr-ink" }));
  return svg as SVGSVGElement;
}

function element(name: string, attributes: Record<string, string | number>): SVGElement {
  const made = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, String(value));
  return made;
}
