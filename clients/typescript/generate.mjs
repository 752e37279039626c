// Writes src/schema.ts and src/operations.ts of http/openapi.yaml. The generator of
// the types is pinned in tools/clients/typescript, whose test also holds these files
// to what comes out.
//
//   node generate.mjs [FOLDER]   into FOLDER instead of src/
import { execFileSync } from "node:child_process";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const out = process.argv[2] ?? join(here, "src");
const tools = join(here, "../../tools/clients/typescript");
const run = (...args) => execFileSync("npm", args, { cwd: tools, stdio: "inherit" });
run("ci", "--ignore-scripts", "--no-audit", "--no-fund", "--prefer-offline");
run("exec", "--offline", "--", "openapi-typescript", join(here, "../../http/openapi.yaml"), "--output", join(out, "schema.ts"));
execFileSync("node", [join(tools, "operations.mjs"), join(out, "schema.ts"), join(out, "operations.ts")], { stdio: "inherit" });
