// Builds dist/ (the page /play) and wechat/game.js; the same sources give the same bytes.
//   --check    builds nothing: fails if what is committed is not what the sources give
//   --standin  into build/standin/, over a stand-in for the SDK that needs no server
import { build } from "esbuild";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const [check, standin] = ["--check", "--standin"].map((flag) => process.argv.includes(flag));
const { version } = JSON.parse(await readFile(join(here, "package.json"), "utf8"));
const out = standin ? join(here, "build/standin") : join(here, "dist");

/** What a developer sets to point the mini game at a server: it stays readable in the bundle. */
const server = [
  "// The server of this game and its app there. A phone needs an address that it can reach, and https outside of development.",
  'var JIANZI_URL = "http://127.0.0.1:7600";', 'var JIANZI_APP = "jianzi-demo";', "",
].join("\n");

const files = new Map([
  [join(out, "play.js"), await bundle("src/web/main.ts")],
  [join(out, "play.css"), await bundle("src/web/play.css")],
  [join(out, "index.html"), await readFile(join(here, "src/web/index.html"), "utf8")],
  [join(standin ? out : join(here, "wechat"), "game.js"), await bundle("src/wechat/main.ts", { banner: { js: server } })],
]);

let stale = 0;
for (const [path, text] of files) {
  if (check) {
    if ((await readFile(path, "utf8").catch(() => "")) === text) continue;
    console.error(`${relative(here, path)} is not what the sources give: run "npm run build" and commit it`);
    stale += 1;
  } else {
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, text);
  }
}
process.exitCode = stale ? 1 : 0;

async function bundle(entry, more = {}) {
  const { outputFiles } = await build({
    absWorkingDir: here, entryPoints: [entry], write: false, bundle: true, minify: true, legalComments: "none", charset: "utf8",
    target: "es2017", format: "iife", logLevel: "warning", define: { BUILD: JSON.stringify(version) },
    alias: standin ? { jianzi: join(here, "test/standin/jianzi.ts"), "jianzi/testing": join(here, "test/standin/testing.ts") } : {}, ...more,
  });
  return outputFiles[0].text;
}
