// Builds dist/ from src/. The same sources give the same bytes; dist/ is committed and a test compares.
import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { build } from "esbuild";
import { generateDtsBundle } from "dts-bundle-generator";

const out = process.argv[2] ?? "dist";
const { version } = JSON.parse(readFileSync("package.json", "utf8"));
if (!readFileSync("src/version.ts", "utf8").includes(`"${version}"`)) throw new Error("src/version.ts and package.json name different versions");
const banner = { js: `/* Jianzi SDK ${version}, Apache-2.0 */` };

const common = {
  bundle: true, target: "es2017", charset: "utf8", legalComments: "none", banner, logLevel: "warning",
};
// Not minified: a game's own build does that, and until then the code can be read.
const bundles = [
  { entryPoints: ["src/index.ts"], format: "esm", outfile: `${out}/jianzi.mjs` },
  { entryPoints: ["src/index.ts"], format: "cjs", outfile: `${out}/jianzi.cjs` },
  { entryPoints: ["src/index_node.ts"], format: "esm", platform: "node", outfile: `${out}/jianzi.node.mjs` },
  { entryPoints: ["src/index_node.ts"], format: "cjs", platform: "node", outfile: `${out}/jianzi.node.cjs` },
  { entryPoints: ["src/testing.ts"], format: "esm", outfile: `${out}/testing.mjs` },
  { entryPoints: ["src/testing.ts"], format: "cjs", outfile: `${out}/testing.cjs` },
  { entryPoints: ["src/testing_node.ts"], format: "esm", platform: "node", outfile: `${out}/testing.node.mjs` },
  { entryPoints: ["src/testing_node.ts"], format: "cjs", platform: "node", outfile: `${out}/testing.node.cjs` },
  // `Jianzi` is the class and holds all other exports, itself included, so that types and values agree.
  {
    entryPoints: ["src/index.ts"], format: "iife", globalName: "Jianzi", minify: true, outfile: `${out}/jianzi.global.js`,
    footer: { js: "Jianzi=Object.assign(Jianzi.Jianzi,Jianzi);" },
  },
];

mkdirSync(out, { recursive: true });
for (const bundle of bundles) await build({ ...common, ...bundle });

// The declarations see only what tsconfig.json sees: no DOM, no Node.
execFileSync(process.execPath, ["node_modules/typescript/bin/tsc", "-p", ".", "--noEmit", "false", "--declaration", "--emitDeclarationOnly", "--outDir", `${out}/types`]);
for (const [entry, name] of [["index", "jianzi"], ["testing", "testing"]]) {
  const [text] = generateDtsBundle(
    [{ filePath: `${out}/types/${entry}.d.ts`, output: { noBanner: true, exportReferencedTypes: false, umdModuleName: name === "jianzi" ? "Jianzi" : undefined } }],
    { preferredConfigPath: "tsconfig.json" },
  );
  writeFileSync(`${out}/${name}.d.ts`, `// Jianzi SDK ${version}, Apache-2.0\n\n${text}`);
}
rmSync(`${out}/types`, { recursive: true });
