// Builds wechat/game.js; the same sources give the same bytes.
import { build } from "esbuild";
import { fileURLToPath } from "node:url";
import { dirname, join } from "node:path";

const here = dirname(fileURLToPath(import.meta.url));
const server = ["// The server to test against, as this phone reaches it: not 127.0.0.1, and https outside of development.",
  'var JIANZI_URL = "http://127.0.0.1:8900";', ""].join("\n");
await build({
  absWorkingDir: here, entryPoints: ["src/main.ts"], outfile: join(here, "wechat", "game.js"), bundle: true, minify: true,
  legalComments: "none", charset: "utf8", target: "es2017", format: "iife", logLevel: "warning", banner: { js: server },
});
