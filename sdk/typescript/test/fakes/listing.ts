// The listing of docs/sdk.md, which is a contract: it compiles and runs as it stands there.
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
export const PLACE = "http://127.0.0.1:7600";

export function listing(language: "zh" | "en" = "zh"): string {
  const page = readFileSync(`${ROOT}../../docs/${language === "zh" ? "" : "en/"}sdk.md`, "utf8");
  const code = /<!-- listing -->\s*```ts\n([\s\S]*?)```/.exec(page)?.[1];
  if (!code) throw new Error("docs/sdk.md has no listing");
  return code;
}

/** One script that leaves the listing's `play` in `game.play`; against this server. */
export async function bundled(url: string, sdk: "jianzi.mjs" | "jianzi.cjs" | "jianzi.node.mjs", platform: "browser" | "node"): Promise<string> {
  const code = listing().replace(PLACE, url);
  if (!code.includes(url)) throw new Error(`the listing does not use ${PLACE}`);
  const { outputFiles } = await build({
    stdin: { contents: code, loader: "ts", resolveDir: ROOT }, bundle: true, write: false, format: "iife", globalName: "game",
    target: "es2017", platform, alias: { jianzi: `${ROOT}dist/${sdk}` },
  });
  return outputFiles[0]!.text;
}
