import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, it } from "node:test";

// The relative luminance and contrast ratio of WCAG 2.2 (definitions, section 6).
function luminance(hex: string): number {
  const [r, g, b] = [1, 3, 5].map((i) => {
    const part = parseInt(hex.slice(i, i + 2), 16) / 255;
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r! + 0.7152 * g! + 0.0722 * b!;
}

function ratio(a: string, b: string): number {
  const [light, dark] = [luminance(a), luminance(b)].sort((x, y) => y - x);
  return (light! + 0.05) / (dark! + 0.05);
}

const css = readFileSync("src/styles/tokens.css", "utf8");
const blocks = [...css.matchAll(/:root[^{]*\{([^{}]*)\}/g)].map(([, body]) => Object.fromEntries([...body!.matchAll(/--([a-z]+):\s*(#[0-9a-f]{6})/g)].map(([, name, value]) => [name, value])));
const [light, systemDark, chosenDark] = blocks;

describe("colours", () => {
  it("are the same in both dark blocks", () => assert.deepEqual(systemDark, chosenDark));
  it("have the same names in light and dark", () => assert.deepEqual(Object.keys(light!), Object.keys(systemDark!)));

  for (const [theme, tokens] of Object.entries({ light: light!, dark: systemDark! })) {
    it(`${theme}: text has 4.5:1 on every ground`, () => {
      for (const ground of ["bg", "card", "own"]) {
        for (const text of ["ink", "muted", "accent", "up", "down", "warn", "err"]) {
          const found = ratio(tokens[text]!, tokens[ground]!);
          assert.ok(found >= 4.5, `${text} on ${ground}: ${found.toFixed(2)}`);
        }
      }
    });
    it(`${theme}: gold, for large text and marks, has 3:1`, () => {
      for (const ground of ["bg", "card", "own"]) assert.ok(ratio(tokens.gold!, tokens[ground]!) >= 3);
    });
    it(`${theme}: the one action can be read`, () => assert.ok(ratio(tokens.card!, tokens.accent!) >= 4.5));
    it(`${theme}: a row that flashes can be read`, () => assert.ok(ratio(tokens.ink!, tokens.glow!) >= 4.5));
  }
});
