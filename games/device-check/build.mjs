// Builds wechat/game.js; the same sources give the same bytes. --check fails if what is committed is something else.
import { build } from "esbuild";
import { readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const target = join(here, "wechat/game.js");
const server = [
  "// The server to test against, as this phone reaches it: not 127.0.0.1, and https outside of development.",
  'var JIANZI_URL = "http://127.0.0.1:7600";', "",
].join("\n");

const { outputFiles } = await build({
  absWorkingDir: here, entryPoints: ["src/main.ts"], write: false, bundle: true, minify: true, legalComments: "none", charset: "utf8",
  target: "es2017", format: "iife", logLevel: "warning", banner: { js: server },
});
const [{ text }] = outputFiles;
if (!process.argv.includes("--check")) await writeFile(target, text);
else if ((await readFile(target, "utf8")) !== text) {
  console.error('wechat/game.js is not what the sources give: run "npm run build" and commit it');
  process.exitCode = 1;
}
