// The same vectors as the server's tests use: proto/golden/.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import * as messages from "../src/generated/messages";
import { encodeFrame, joinFrames, walkFrames } from "../src/wire/frame";
import { ProtobufError } from "../src/wire/protobuf";

type Value = { [field: string]: unknown };
const codecs = messages as unknown as { [name: string]: ((input: unknown) => unknown) | undefined };

test("values and bytes agree both ways", () => {
  const vectors = golden<{ message: string; about: string; value: Value; hex: string }>("messages.json");
  assert.ok(vectors.length > 40);
  for (const { message, about, value, hex } of vectors) {
    const decoded = decode(message, hex) as Value;
    assertEqualButDefaults(decoded, value, `${message}: ${about}`);
    assert.equal(encode(message, withBytes(value, decoded)), hex, `${message}: ${about}: from the value`);
    assert.equal(encode(message, decoded), hex, `${message}: ${about}: read and written`);
  }
});

test("foreign bytes are read or refused as listed", () => {
  const vectors = golden<{ message: string; about: string; hex: string; canonical: string | null }>("decoding.json");
  assert.ok(vectors.length > 15);
  for (const { message, about, hex, canonical } of vectors) {
    if (canonical == null) {
      assert.throws(() => decode(message, hex), ProtobufError, `${message}: ${about}`);
    } else {
      assert.equal(encode(message, decode(message, hex)), canonical, `${message}: ${about}`);
    }
  }
});

test("a message holds the frames that are listed", () => {
  const vectors = golden<{ about: string; hex: string; frames: { operation: number; body: string }[]; error: string | null }>(
    "frames.json",
  );
  for (const { about, hex, frames, error } of vectors) {
    // How long a body may be is the server's to say.
    if (error == "too_long" && !hex.includes("ffffffff")) continue;
    const found: { operation: number; body: string }[] = [];
    const sound = walkFrames(new Uint8Array(Buffer.from(hex, "hex")), (operation, body) => {
      found.push({ operation, body: Buffer.from(body).toString("hex") });
      return true;
    });
    assert.deepEqual(found, frames, about);
    assert.equal(sound, error == null, about);
    const written = joinFrames(frames.map(({ operation, body }) => encodeFrame(operation, new Uint8Array(Buffer.from(body, "hex")))));
    if (sound) assert.equal(Buffer.from(written).toString("hex"), hex.slice(0, written.length * 2), about);
  }
});

test("text is encoded as the platform's own encoder does", () => {
  const ends = [0, 0x7f, 0x80, 0x7ff, 0x800, 0xd7ff, 0xe000, 0xffff, 0x10000, 0x10ffff];
  const all = ends.map((code) => String.fromCodePoint(code)).join("");
  for (const text of [all, "毽子🏸", "half \ud83c", "\udff8 half", "\udff8\ud83c"]) {
    const expected = Buffer.from(new TextEncoder().encode(text)).toString("hex");
    assert.equal(encode("Property", { value: text }).slice(4), expected);
    const back = new TextDecoder().decode(new TextEncoder().encode(text));
    assert.deepEqual(decode("Property", encode("Property", { value: text })), { key: "", value: back });
  }
});

test("every cut of every message is read or refused, and nothing else happens", () => {
  for (const { message, hex } of golden<{ message: string; hex: string }>("messages.json")) {
    for (let length = 0; length < hex.length; length += 2) {
      try {
        decode(message, hex.slice(0, length));
      } catch (error) {
        assert.ok(error instanceof ProtobufError, `${message} at ${length}: ${error}`);
      }
    }
  }
});

test("bytes are read out of a view that does not begin at zero", () => {
  const buffer = Uint8Array.from([9, 9, 9, 0x19, 0, 0, 0, 0, 0, 0, 0xf8, 0x3f, 9]);
  assert.equal(messages.decodeHeartbeat(buffer.subarray(3, 12)).timeMs, 1.5);
});

function golden<T>(name: string): T[] {
  return JSON.parse(readFileSync(new URL(`../../../proto/golden/${name}`, import.meta.url), "utf8")) as T[];
}

function encode(message: string, value: unknown): string {
  return Buffer.from(codecs[`encode${message}`]!(value) as Uint8Array).toString("hex");
}

function decode(message: string, hex: string): unknown {
  return codecs[`decode${message}`]!(new Uint8Array(Buffer.from(hex, "hex")));
}

/** `expected` is Protobuf's JSON with numbers for enums: bytes are base64, defaults are left out. */
function assertEqualButDefaults(found: unknown, expected: unknown, where: string): void {
  if (found instanceof Uint8Array) {
    assert.equal(Buffer.from(found).toString("base64"), expected ?? "", where);
  } else if (Array.isArray(found)) {
    const items = (expected ?? []) as unknown[];
    assert.equal(found.length, items.length, where);
    found.forEach((item, at) => assertEqualButDefaults(item, items[at], `${where}[${at}]`));
  } else if (typeof found == "object" && found != null) {
    const fields = (expected ?? {}) as Value;
    for (const name of Object.keys(fields)) assert.ok(name in found, `${where}.${name} is missing`);
    for (const [name, value] of Object.entries(found)) assertEqualButDefaults(value, fields[name], `${where}.${name}`);
  } else {
    const fallback = typeof found == "string" ? "" : typeof found == "boolean" ? false : 0;
    assert.equal(found, expected ?? fallback, where);
  }
}

/** `value` with bytes where `like` has some. */
function withBytes(value: unknown, like: unknown): unknown {
  if (like instanceof Uint8Array) return new Uint8Array(Buffer.from(value as string, "base64"));
  if (Array.isArray(value)) return value.map((item, at) => withBytes(item, (like as unknown[])[at]));
  if (typeof value != "object" || value == null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, withBytes(item, (like as Value)[name])]));
}
