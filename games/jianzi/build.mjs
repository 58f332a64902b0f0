// Builds dist/ (the page /play) and wechat/game.js; the same sources give the same bytes.
// With --standin: into build/, over a stand-in for the SDK that needs no server.
import { build } from "esbuild";
import { copyFile, mkdir, readFile, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { dirname, join } from "node:path";

const here = dirname(fileURLToPath(import.meta.url));
const { version } = JSON.parse(await readFile(join(here, "package.json"), "utf8"));
const standin = process.argv.includes("--standin");
const out = standin ? join(here, "build", "standin") : join(here, "dist");

const common = {
  bundle: true, minify: true, legalComments: "none", charset: "utf8", target: "es2017", format: "iife", logLevel: "warning",
  define: { BUILD: JSON.stringify(version) }, absWorkingDir: here,
  ...(standin ? { alias: { jianzi: join(here, "test/standin/jianzi.ts"), "jianzi/testing": join(here, "test/standin/testing.ts") } } : {}),
};

await mkdir(out, { recursive: true });
await build({ ...common, entryPoints: ["src/web/main.ts"], outfile: join(out, "play.js") });
await build({ entryPoints: [join(here, "src/web/play.css")], minify: true, outfile: join(out, "play.css"), logLevel: "warning" });
await copyFile(join(here, "src/web/index.html"), join(out, "index.html"));

const game = standin ? join(out, "game.js") : join(here, "wechat", "game.js");
const server = [
  "// The server of this game and its app there. A phone needs an address that it can reach, and https outside of development.",
  'var JIANZI_URL = "http://127.0.0.1:8900";', 'var JIANZI_APP = "jianzi-demo";', "",
].join("\n");
await build({ ...common, entryPoints: ["src/wechat/main.ts"], outfile: game, banner: { js: server } });
