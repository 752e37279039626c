// Builds dist/ from src/, client/ and vendor/. The result is the same bytes on
// every machine: names carry no hash, and the versions of the tools are pinned.
//
//   node build.mjs           write dist/
//   node build.mjs --check   fail when dist/ is not what the sources give
//   node build.mjs --tests   bundle test/*.test.ts into .build/ for node --test
import { build } from "esbuild";
import { copyFile, mkdir, mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";

const root = dirname(fileURLToPath(import.meta.url));
const at = (...parts) => join(root, ...parts);

// Copied as they are: [source, name in dist].
const assets = [
  ["src/index.html", "index.html"],
  ["src/icon.svg", "icon.svg"],
  ["src/manifest.webmanifest", "manifest.webmanifest"],
  ...["favicon.ico", "apple-touch-icon.png", "icon-192.png", "icon-512.png"].map((name) => [`src/icons/${name}`, name]),
  ["vendor/uplot/LICENSE", "uplot.LICENSE.txt"],
];

async function buildPage(out) {
  await rm(out, { recursive: true, force: true });
  await mkdir(out, { recursive: true });
  const common = { bundle: true, minify: true, legalComments: "none", logLevel: "warning", target: "es2022" };
  await build({
    ...common,
    entryPoints: { app: at("src/main.ts") },
    outdir: out,
    format: "esm",
    charset: "utf8",
    splitting: true, // uPlot becomes a file of its own, fetched by boards alone
    chunkNames: "[name]",
  });
  await build({
    ...common,
    entryPoints: { theme: at("src/theme-early.ts") },
    outdir: out,
    format: "iife",
  });
  await build({ ...common, entryPoints: { app: at("src/styles/app.css") }, outdir: out });
  for (const [from, to] of assets) await copyFile(at(from), join(out, to));
}

async function buildTests() {
  const names = (await readdir(at("test"))).filter((name) => name.endsWith(".test.ts"));
  await rm(at(".build"), { recursive: true, force: true });
  await build({
    entryPoints: names.map((name) => at("test", name)),
    outdir: at(".build"),
    outExtension: { ".js": ".mjs" },
    bundle: true,
    platform: "node",
    format: "esm",
    sourcemap: "inline",
    logLevel: "warning",
  });
}

async function filesOf(folder) {
  const found = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = found.filter((entry) => entry.isFile());
  return files.map((entry) => relative(folder, join(entry.parentPath ?? entry.path, entry.name))).sort();
}

async function check() {
  const fresh = await mkdtemp(join(tmpdir(), "paceboard-web-"));
  try {
    await buildPage(fresh);
    const [want, have] = [await filesOf(fresh), await filesOf(at("dist"))];
    const differing = [];
    for (const name of new Set([...want, ...have])) {
      const [a, b] = await Promise.all([fresh, at("dist")].map((dir) => readFile(join(dir, name)).catch(() => undefined)));
      if (!a || !b || !a.equals(b)) differing.push(name);
    }
    if (differing.length > 0) {
      console.error(`dist/ is not what the sources give: ${differing.join(", ")}; run npm run build`);
      process.exitCode = 1;
    }
  } finally {
    await rm(fresh, { recursive: true, force: true });
  }
}

const mode = process.argv[2];
if (mode === "--check") await check();
else if (mode === "--tests") await buildTests();
else await buildPage(at("dist"));
