// What a mini game finds on a phone: the language, timers, a console, `wx`. No sockets, no fetch, no eval.
import { createContext, runInContext } from "node:vm";

const ABSENT = ["WebSocket", "fetch", "XMLHttpRequest", "TextEncoder", "TextDecoder", "URL", "URLSearchParams", "AbortSignal", "window", "document", "localStorage", "process", "require", "BigInt", "eval", "globalThis", "queueMicrotask", "setImmediate", "crypto", "Proxy"];

export function sandbox(wx: object, lines: string[] = []) {
  const context = createContext(
    { wx, setTimeout, clearTimeout, console: { log: (...words: unknown[]) => lines.push(words.join(" ")), warn() {}, error() {} } },
    { codeGeneration: { strings: false, wasm: false } },
  );
  for (const name of ["BigInt", "eval", "globalThis", "Proxy"]) runInContext(`delete this.${name}`, context);
  const present = ABSENT.filter((name) => runInContext(`typeof ${name} !== "undefined"`, context));
  if (present.length) throw new Error(`the sandbox has ${present.join()}`);
  return { run: (code: string) => runInContext(code, context, { filename: "game.js" }), lines };
}
