// Bundles test/*.test.ts into .build/ and runs them; then holds the live part to its weight.
import { build } from "esbuild";
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readdirSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
/** What a page pays for live boards: minified, compressed, in bytes. */
const liveLimit = 6 << 10;

const names = readdirSync(join(root, "test")).filter((name) => name.endsWith(".test.ts"));
rmSync(join(root, ".build"), { recursive: true, force: true });
await build({
  entryPoints: names.map((name) => join(root, "test", name)), outdir: join(root, ".build"), outExtension: { ".js": ".mjs" },
  bundle: true, platform: "node", format: "esm", sourcemap: "inline", logLevel: "warning",
});
const { status } = spawnSync("node", ["--test", ...names.map((name) => join(root, ".build", name.replace(/ts$/, "mjs")))], { stdio: "inherit" });
assert.equal(status, 0, "tests failed");

const size = async (contents) => {
  const built = await build({
    stdin: { contents, resolveDir: join(root, "src"), loader: "ts" }, bundle: true, minify: true, write: false, format: "esm", target: "es2022", external: ["react"],
  });
  return gzipSync(built.outputFiles[0].contents, { level: 9 }).length;
};
const live = await size('export { BoardClient } from "./index.js";');
const api = await size('export { createApi } from "./index.js";');
console.log(`live boards ${live} bytes compressed (limit ${liveLimit}), the API ${api}`);
assert.ok(live <= liveLimit, `live boards take ${live} bytes, more than ${liveLimit}`);
