// Builds dist/ from src/, vendor/ and ../clients/typescript. The result is the same bytes on
// every machine: names carry no hash, and the versions of the tools are pinned.
//
//   node build.mjs           write dist/
//   node build.mjs --check   fail when dist/ is not what the sources give
//   node build.mjs --packed PACKAGE  fail when the client as it was packed and unpacked there gives another page
//   node build.mjs --tests   bundle test/*.test.ts into .build/ for node --test
import { build } from "esbuild";
import { copyFile, mkdir, mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const root = dirname(fileURLToPath(import.meta.url));
const at = (...parts) => join(root, ...parts);

// Copied as they are: [source, name in dist].
const assets = [
  ["src/index.html", "index.html"],
  ["src/console.html", "console.html"],
  ["src/board.html", "board.html"],
  ["src/icon.svg", "icon.svg"],
  ["src/manifest.webmanifest", "manifest.webmanifest"],
  ...["favicon.ico", "apple-touch-icon.png", "icon-192.png", "icon-512.png"].map((name) => [`src/icons/${name}`, name]),
  ["vendor/uplot/LICENSE", "uplot.LICENSE.txt"],
  ["node_modules/@supabase/auth-js/LICENSE", "auth-js.LICENSE.txt"],
  ["node_modules/lean-qr/LICENSE", "lean-qr.LICENSE.txt"],
];

// The file with uPlot is made once, for the page of boards.
const samePlots = {
  name: "same plots",
  setup: ({ onResolve }) => onResolve({ filter: /uPlot\.esm\.js$/ }, () => ({ path: "./uPlot.esm.js", external: true })),
};

// The client is bundled from its sources (tsconfig.json, paths), or as it was packed.
async function buildPage(out, options) {
  await rm(out, { recursive: true, force: true });
  await mkdir(out, { recursive: true });
  const common = { bundle: true, minify: true, legalComments: "none", logLevel: "warning", target: "es2022", ...options };
  await build({
    ...common,
    entryPoints: { app: at("src/main.ts") },
    outdir: out,
    format: "esm",
    charset: "utf8",
    splitting: true, // uPlot and the sign-in become files of their own, fetched by those who need them
    chunkNames: "[name]",
  });
  // The console finds the sign-in and the QR code of the page beside it.
  await build({ ...common, entryPoints: { console: at("src/console/main.ts") }, outdir: out, format: "esm", charset: "utf8", external: ["./auth.js", "./qr.js"] });
  await build({ ...common, entryPoints: { console: at("src/styles/console.css") }, outdir: out });
  await build({
    ...common,
    entryPoints: { spectate: at("src/spectate.ts") },
    outdir: out,
    format: "esm",
    charset: "utf8",
    splitting: true, // the QR code's part becomes a file of its own
    chunkNames: "[name]",
    plugins: [samePlots],
  });
  await build({
    ...common,
    entryPoints: { theme: at("src/theme-early.ts") },
    outdir: out,
    format: "iife",
  });
  await build({ ...common, entryPoints: { app: at("src/styles/app.css"), spectate: at("src/styles/spectate.css") }, outdir: out });
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

async function differing(a, b) {
  const list = [];
  for (const name of new Set([...(await filesOf(a)), ...(await filesOf(b))])) {
    const [one, other] = await Promise.all([a, b].map((dir) => readFile(join(dir, name)).catch(() => undefined)));
    if (!one || !other || !one.equals(other)) list.push(name);
  }
  return list;
}

async function inFolders(use) {
  const folder = await mkdtemp(join(tmpdir(), "paceboard-web-"));
  try {
    await use(join(folder, "a"), join(folder, "b"));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function fail(text) {
  console.error(text);
  process.exitCode = 1;
}

const check = () => inFolders(async (fresh) => {
  await buildPage(fresh);
  const list = await differing(fresh, at("dist"));
  if (list.length > 0) fail(`dist/ is not what the sources give: ${list.join(", ")}; run npm run build`);
});

// Names are kept: which letters stand for them depends on how often letters occur in types.
const checkPacked = (client) => inFolders(async (ours, packed) => {
  const names = { minify: false, minifySyntax: true, minifyWhitespace: true };
  await buildPage(ours, names);
  await buildPage(packed, { ...names, alias: { "@paceboard/client": resolve(client, "dist/index.js") } });
  const list = await differing(ours, packed);
  if (list.length > 0) fail(`the page differs with the packed client: ${list.join(", ")}`);
});

const mode = process.argv[2];
if (mode === "--check") await check();
else if (mode === "--packed") await checkPacked(process.argv[3]);
else if (mode === "--tests") await buildTests();
else await buildPage(at("dist"));
