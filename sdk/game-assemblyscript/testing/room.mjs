// A room for a module's tests in Node: the imports of ABI 1, strict about them, and no server.
import { readFile } from "node:fs/promises";

const NAMES = ["send", "broadcast", "reply", "effect", "end", "log", "random", "now", "metric"];
const NEEDED = ["memory", "jz_abi", "jz_alloc", "jz_init", "jz_join", "jz_leave", "jz_input", "jz_tick"];
const MESSAGE_BYTES = 32 * 1024, VIEW_BYTES = 48 * 1024, SAVE_BYTES = 4 * 1024 * 1024;

/** Reads and compiles a module, and says what is wrong with it: a foreign import, an export that is not there. */
export async function compile(path) {
  const module = await WebAssembly.compile(await readFile(path));
  for (const { module: from, name } of WebAssembly.Module.imports(module)) {
    if (from !== "jianzi" || !NAMES.includes(name)) throw new Error(`the module imports ${from}.${name}, which no room has`);
  }
  const exports = WebAssembly.Module.exports(module).map(({ name }) => name);
  const missing = NEEDED.filter((name) => !exports.includes(name));
  if (missing.length > 0) throw new Error(`the module lacks ${missing.join(", ")}`);
  return module;
}

export class TestRoom {
  /** What was said, in order: { what, … }. */
  said = [];
  tickNumber = 0;
  /** Of an answer, while one is awaited. */
  limit = 0;

  /** `wish`: { seed, tickHz, seats, bots, properties }. */
  constructor(module, wish = {}) {
    this.module = module;
    this.wish = { seed: 1, tickHz: 20, seats: 2, bots: 0, properties: {}, ...wish };
    this.chance = BigInt(this.wish.seed);
    this.begin();
  }

  join(seat, name, id = `player-${name}`) {
    this.call("jz_join", [seat], bytesOf([id, name]));
  }
  leave(seat, why = 0) {
    this.call("jz_leave", [seat, why]);
  }
  input(seat, data) {
    this.call("jz_input", [seat], Uint8Array.from(data));
  }
  tick() {
    this.tickNumber += 1;
    this.call("jz_tick", [this.tickNumber]);
  }
  ticks(count) {
    for (let i = 0; i < count; i++) this.tick();
  }
  view(seat = -1) {
    return this.ask("jz_view", [seat], VIEW_BYTES);
  }
  save() {
    return this.ask("jz_save", [], SAVE_BYTES);
  }
  /** Goes on in another version of the module, as a hot fix does. */
  swap(module) {
    const saved = this.save();
    this.module = module;
    this.begin();
    this.call("jz_load", [1], saved);
  }
  /** What was said since the last time. */
  takeSaid() {
    return this.said.splice(0);
  }
  takeBroadcasts() {
    return this.takeSaid().filter(({ what }) => what === "broadcast").map(({ data }) => data);
  }
  get memoryBytes() {
    return this.exports.memory.buffer.byteLength;
  }

  begin() {
    const imports = new WebAssembly.Instance(this.module, { jianzi: this.imports() });
    this.exports = imports.exports;
    if (this.exports.jz_abi() !== 1) throw new Error(`the module speaks ABI ${this.exports.jz_abi()}`);
    const { seed, tickHz, seats, bots, properties } = this.wish, texts = Object.entries(properties).sort();
    this.call("jz_init", [], bytesOf([seed, tickHz, seats, bots, texts.length, ...texts.flat()]));
  }

  call(name, numbers, data) {
    if (typeof this.exports[name] !== "function") throw new Error(`the module has no ${name}`);
    if (data) numbers = [...numbers, this.place(data), data.length];
    const status = this.exports[name](...numbers);
    if (status !== 0) throw new Error(`${name} returned status ${status}`);
  }

  /** A question. The server takes back what changes in the module meanwhile; here it stays. */
  ask(name, numbers, limit) {
    Object.assign(this, { replied: undefined, limit });
    this.call(name, numbers);
    this.limit = 0;
    if (!this.replied) throw new Error(`${name} gave no reply`);
    return this.replied;
  }

  place(data) {
    if (data.length === 0) return 0;
    const at = this.exports.jz_alloc(data.length) >>> 0;
    new Uint8Array(this.exports.memory.buffer, at, data.length).set(data);
    return at;
  }

  imports() {
    const bytes = (at, len, limit = MESSAGE_BYTES) => {
      if (len >>> 0 > limit) throw new Error(`a message of ${len >>> 0} bytes; ${limit} are the limit`);
      return new Uint8Array(this.exports.memory.buffer, at >>> 0, len >>> 0).slice();
    };
    const text = (at, len) => new TextDecoder("utf-8", { fatal: true }).decode(bytes(at, len));
    const say = (said) => void this.said.push(said);
    return {
      send: (seat, at, len) => say({ what: "send", seat, data: bytes(at, len) }),
      broadcast: (at, len) => say({ what: "broadcast", data: bytes(at, len) }),
      reply: (at, len) => void (this.replied = bytes(at, len, this.limit)),
      effect: (kindAt, kindLen, at, len) => say({ what: "effect", kind: text(kindAt, kindLen), data: bytes(at, len) }),
      end: (at, len) => say({ what: "end", data: bytes(at, len) }),
      log: (level, at, len) => say({ what: "log", level, text: text(at, len) }),
      random: () => BigInt.asIntN(64, this.random()),
      now: () => (BigInt(this.tickNumber) * 1_000_000n) / BigInt(this.wish.tickHz),
      metric: (at, len, value) => say({ what: "metric", name: text(at, len), value }),
    };
  }

  /** SplitMix64. The server draws other numbers, just as repeatably. */
  random() {
    const u64 = (n) => BigInt.asUintN(64, n);
    this.chance = u64(this.chance + 0x9e3779b97f4a7c15n);
    let z = this.chance;
    z = u64((z ^ (z >> 30n)) * 0xbf58476d1ce4e5b9n);
    z = u64((z ^ (z >> 27n)) * 0x94d049bb133111ebn);
    return z ^ (z >> 31n);
  }
}

/** Numbers as u32, texts behind their length, little-endian. */
function bytesOf(values) {
  const parts = values.map((value) => {
    const text = typeof value === "number" ? new Uint8Array(0) : new TextEncoder().encode(value);
    const part = new Uint8Array(4 + text.length);
    new DataView(part.buffer).setUint32(0, typeof value === "number" ? value : text.length, true);
    part.set(text, 4);
    return part;
  });
  return Uint8Array.from(parts.flatMap((part) => [...part]));
}
