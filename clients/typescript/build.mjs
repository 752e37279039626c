// Builds dist/, what is published: one module for each file of src/, and the types
// that tsc makes of them.
import { build } from "esbuild";
import { execFileSync } from "node:child_process";
import { readdirSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const at = (...parts) => join(dirname(fileURLToPath(import.meta.url)), ...parts);
rmSync(at("dist"), { recursive: true, force: true });
const entryPoints = readdirSync(at("src")).map((name) => at("src", name));
await build({ entryPoints, outdir: at("dist"), format: "esm", target: "es2022", logLevel: "warning" });
execFileSync(at("node_modules/.bin/tsc"), ["-p", at("tsconfig.build.json")], { stdio: "inherit" });
