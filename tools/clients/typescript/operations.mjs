// Writes operations.ts, where each operation of the API is, from the schema.ts that
// openapi-typescript made.
//
//   node operations.mjs SCHEMA OUT
import { readFileSync, writeFileSync } from "node:fs";

const [schema, out] = process.argv.slice(2);
const rows = [];
let path;
for (const line of readFileSync(schema, "utf8").split("\n")) {
  path = /^ {4}"(\/[^"]*)": \{$/.exec(line)?.[1] ?? path;
  const [, method, operation] = /^ {8}(\w+): operations\["(\w+)"\];$/.exec(line) ?? [];
  if (operation) rows.push(`  ${operation}: "${method.toUpperCase()} ${path}",`);
}
writeFileSync(out, `/** Made of openapi.yaml by generate.mjs: where each operation is. */
export const routes = {
${rows.join("\n")}
} as const;
`);
