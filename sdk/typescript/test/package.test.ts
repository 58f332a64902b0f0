// What is shipped: fresh, small, old enough syntax, one declaration file that games can use.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { transformSync } from "esbuild";
import ts from "typescript";
import { listing } from "./fakes/listing";
import { sandbox } from "./fakes/sandbox";
import { fakeWx } from "./fakes/wx";

const ROOT = fileURLToPath(new URL("../", import.meta.url));
const scratch = mkdtempSync(join(tmpdir(), "jianzi-sdk-"));
after(() => rmSync(scratch, { recursive: true, force: true }));
const dist = (name: string) => readFileSync(join(ROOT, "dist", name), "utf8");

test("dist/ is what the sources give", { timeout: 120000 }, () => {
  execFileSync(process.execPath, ["build.mjs", scratch], { cwd: ROOT });
  const names = readdirSync(join(ROOT, "dist")).sort();
  assert.deepEqual(readdirSync(scratch).sort(), names);
  for (const name of names) assert.equal(readFileSync(join(scratch, name), "utf8"), dist(name), `dist/${name} is stale: npm run build`);
});

test("20 KB at most, minified and compressed", () => {
  for (const name of ["jianzi.global.js", "jianzi.mjs"]) {
    const { code } = transformSync(dist(name), { minify: true, legalComments: "none", target: "es2017" });
    const { length } = gzipSync(code, { level: 9 });
    assert.ok(length <= 20 * 1024, `${name}: ${length} bytes`);
  }
});

test("the syntax is ES2017, and nothing is evaluated", () => {
  for (const name of ["jianzi.global.js", "jianzi.mjs", "jianzi.cjs"]) {
    const code = dist(name);
    const parsed = ts.createSourceFile(name, code, ts.ScriptTarget.ES2017, true, ts.ScriptKind.JS);
    const newer: string[] = [];
    const look = (node: ts.Node): void => {
      if (ts.isSpreadAssignment(node) || ts.isPropertyDeclaration(node) || ts.isPrivateIdentifier(node) || ts.isBigIntLiteral(node)) newer.push(node.getText());
      if (node.kind === ts.SyntaxKind.QuestionDotToken || node.kind === ts.SyntaxKind.QuestionQuestionToken) newer.push(node.parent.getText());
      if (ts.isCatchClause(node) && !node.variableDeclaration) newer.push("catch without a binding");
      if (ts.isForOfStatement(node) && node.awaitModifier) newer.push("for await");
      if (ts.isIdentifier(node) && /^(eval|globalThis|TextEncoder|TextDecoder|BigInt|structuredClone)$/.test(node.text)) newer.push(node.text);
      if (ts.isNewExpression(node) && node.expression.getText() === "Function") newer.push("new Function");
      ts.forEachChild(node, look);
    };
    look(parsed);
    assert.deepEqual(newer, [], name);
  }
});

for (const language of ["zh", "en"] as const) {
  test(`the ${language} listing has at most 25 lines and compiles against the declarations`, () => {
    const code = listing(language);
    assert.equal(code, listing("zh"));
    assert.ok(code.trimEnd().split("\n").length <= 25);
    compile("listing.ts", code, ["dom", "es2017"]);
  });
}

test("the declarations need neither DOM nor Node, and keep what is internal to themselves", () => {
  compile("bare.ts", 'import { Jianzi } from "jianzi"; import { badNetwork } from "jianzi/testing";\nexport const jz = new Jianzi({ url: "http://x", app: "a", build: "b", transport: badNetwork().transport });', ["es2017"]);
  assert.ok(!/@internal|resumePoint/.test(dist("jianzi.d.ts")));
});

test("the global script is a class that holds all exports", async () => {
  const { run } = sandbox(fakeWx().wx);
  run(dist("jianzi.global.js"));
  assert.equal(run("typeof Jianzi"), "function");
  assert.equal(run("Jianzi.Jianzi === Jianzi && new Jianzi({ url: 'https://x', app: 'a', build: 'b' }) instanceof Jianzi"), true);
  assert.equal(run("typeof Jianzi.JianziError"), "function");
});

test("both module forms load in Node", () => {
  const load = (code: string, type: string) => execFileSync(process.execPath, [`--input-type=${type}`, "-e", code], { cwd: ROOT, encoding: "utf8" }).trim();
  const print = 'console.log(typeof Jianzi, typeof badNetwork, new Jianzi({url:"http://x",app:"a",build:"b"}).status.state)';
  assert.equal(load(`import { Jianzi } from "jianzi"; import { badNetwork } from "jianzi/testing"; ${print}`, "module"), "function function offline");
  assert.equal(load(`const { Jianzi } = require("jianzi"); const { badNetwork } = require("jianzi/testing"); ${print}`, "commonjs"), "function function offline");
});

function compile(name: string, code: string, lib: string[]): void {
  const file = join(scratch, name);
  writeFileSync(file, code);
  const program = ts.createProgram([file], {
    strict: true, noEmit: true, target: ts.ScriptTarget.ES2017, module: ts.ModuleKind.ESNext, moduleResolution: ts.ModuleResolutionKind.Bundler,
    lib: lib.map((one) => `lib.${one}.d.ts`), types: [], paths: { jianzi: [`${ROOT}dist/jianzi.d.ts`], "jianzi/testing": [`${ROOT}dist/testing.d.ts`] },
  });
  const wrong = ts.getPreEmitDiagnostics(program).map((one) => ts.flattenDiagnosticMessageText(one.messageText, "\n"));
  assert.deepEqual(wrong, []);
}
