// Protobuf for the messages of proto/: tables, generated in ../generated/messages.ts, that are interpreted here.
// Needs nothing of its surroundings but typed arrays: no TextEncoder, no BigInt, no eval.

/** Bytes that are not the message they should be. */
export class ProtobufError extends Error {
  override name = "ProtobufError";
}

/** What an encoder takes: any part of a message; what is missing has its default. */
export type Draft<T> = T extends Uint8Array | string | number | boolean
  ? T
  : T extends (infer E)[]
    ? Draft<E>[]
    : { [K in keyof T]?: Draft<T[K]> | undefined };

/** One message: its fields in the order of their numbers. */
export type Table = Field[];

interface Field {
  name: string;
  number: number;
  /** s string, b bytes, u uint32, i int32 or enum, o bool, d double, x fixed32, m message. */
  kind: string;
  /** "*" repeated, "?" with presence, "|" with presence and one of the oneof, "" neither. */
  flag: string;
  inner: Table;
}

type Message = { [name: string]: unknown };

/** Reads "name:number kind flag" words, for example `token:1s seats:5m*`; `inner` are the tables of the `m` fields. */
export function table(words: string, inner: Table[]): Table {
  let next = 0;
  return words.split(" ").map((word) => {
    const [, name, number, kind, flag] = /(\w+):(\d+)(\w)(.?)/.exec(word) as unknown as [string, string, string, string, string];
    return { name, number: +number, kind, flag, inner: (kind == "m" && inner[next++]) || [] };
  });
}

export function encode(fields: Table, message: object): Uint8Array {
  const writer = new Writer();
  writeMessage(writer, fields, message as Message);
  return writer.bytes.slice(0, writer.length);
}

/** Byte fields of the result are views of `bytes`. */
export function decode(fields: Table, bytes: Uint8Array): Message {
  return readMessage(new Reader(bytes, 0, bytes.length), fields, {});
}

function writeMessage(writer: Writer, fields: Table, message: Message): void {
  for (const field of fields) {
    const value = message[field.name];
    if (value == null) continue;
    if (field.flag != "*") {
      if (field.flag || field.kind == "m" || !isDefault(value)) {
        writer.varint(field.number * 8 + wireType(field.kind));
        writeValue(writer, field, value);
      }
    } else if (wireType(field.kind) == 2) {
      for (const item of value as unknown[]) {
        writer.varint(field.number * 8 + 2);
        writeValue(writer, field, item);
      }
    } else if ((value as unknown[]).length) {
      writer.varint(field.number * 8 + 2);
      writer.nested((packed) => (value as unknown[]).forEach((item) => writeValue(packed, field, item)));
    }
  }
}

function isDefault(value: unknown): boolean {
  // NaN is false as well, but no default.
  return value instanceof Uint8Array ? !value.length : !value && value === value;
}

function writeValue(writer: Writer, field: Field, value: any): void {
  const kind = field.kind;
  if (kind == "m") writer.nested((inner) => writeMessage(inner, field.inner, value));
  else if (kind == "s") writer.nested((inner) => inner.text(value));
  else if (kind == "b") {
    writer.varint(value.length);
    writer.raw(value);
  } else if (kind == "d" || kind == "x") {
    const size = kind == "d" ? 8 : 4;
    const view = new DataView(new ArrayBuffer(size));
    if (kind == "d") view.setFloat64(0, value, true);
    else view.setUint32(0, value, true);
    writer.raw(new Uint8Array(view.buffer));
  } else if (kind == "i" && value < 0) {
    // A negative int32 is a 64-bit varint: five groups of the number, then ones.
    value = value >>> 0;
    for (let i = 0; i < 9; i++) {
      writer.byte((i < 4 ? value >>> (7 * i) : i == 4 ? (value >>> 28) | 0x70 : 0x7f) | 0x80);
    }
    writer.byte(1);
  } else writer.varint(+value);
}

/** Varint, fixed 64, length-delimited, fixed 32. */
function wireType(kind: string): number {
  return kind == "d" ? 1 : kind == "x" ? 5 : kind == "u" || kind == "i" || kind == "o" ? 0 : 2;
}

function readMessage(reader: Reader, fields: Table, message: Message): Message {
  for (const field of fields) {
    if (message[field.name] === undefined) {
      const value = defaultOf(field);
      if (value !== undefined) message[field.name] = value;
    }
  }
  while (reader.at < reader.end) {
    const tag = reader.varint();
    const wire = tag & 7;
    const number = tag >>> 3;
    const field = fields.find((candidate) => candidate.number == number);
    if (!number) throw new ProtobufError("field 0");
    if (!field) {
      skip(reader, wire);
    } else if (wire == 2 && field.flag == "*" && wireType(field.kind) != 2) {
      const packed = reader.nested();
      while (packed.at < packed.end) (message[field.name] as unknown[]).push(readValue(packed, field, undefined));
    } else if (wire != wireType(field.kind)) {
      throw new ProtobufError(`${field.name}: wire type ${wire}`);
    } else if (field.flag == "*") {
      (message[field.name] as unknown[]).push(readValue(reader, field, undefined));
    } else {
      if (field.flag == "|") {
        for (const other of fields) if (other.flag == "|" && other != field) delete message[other.name];
      }
      message[field.name] = readValue(reader, field, message[field.name]);
    }
  }
  return message;
}

function defaultOf(field: Field): unknown {
  if (field.flag == "*") return [];
  if (field.flag || field.kind == "m") return undefined;
  return field.kind == "s" ? "" : field.kind == "b" ? new Uint8Array(0) : field.kind == "o" ? false : 0;
}

function readValue(reader: Reader, field: Field, old: unknown): unknown {
  switch (field.kind) {
    case "m":
      // A message field that comes twice is merged.
      return readMessage(reader.nested(), field.inner, (old || {}) as Message);
    case "s":
      return reader.nested().text();
    case "b":
      return reader.raw(reader.varint());
    case "d":
    case "x": {
      const raw = reader.raw(field.kind == "d" ? 8 : 4);
      const view = new DataView(raw.buffer, raw.byteOffset);
      return field.kind == "d" ? view.getFloat64(0, true) : view.getUint32(0, true);
    }
    case "i":
      return reader.varint() | 0;
    case "o":
      return reader.varint() != 0;
    default:
      return reader.varint();
  }
}

function skip(reader: Reader, wire: number): void {
  if (wire == 0) reader.varint();
  else if (wire == 1) reader.raw(8);
  else if (wire == 2) reader.nested();
  else if (wire == 5) reader.raw(4);
  else throw new ProtobufError(`wire type ${wire}`);
}

/** A growing buffer. */
class Writer {
  bytes = new Uint8Array(64);
  length = 0;

  byte(value: number): void {
    this.room(1);
    this.bytes[this.length++] = value;
  }

  raw(bytes: Uint8Array): void {
    this.room(bytes.length);
    this.bytes.set(bytes, this.length);
    this.length += bytes.length;
  }

  /** An unsigned number of 32 bits. */
  varint(value: number): void {
    value >>>= 0;
    for (; value > 0x7f; value >>>= 7) this.byte(value | 0x80);
    this.byte(value);
  }

  /** What `write` writes, after its length. */
  nested(write: (inner: Writer) => void): void {
    const inner = new Writer();
    write(inner);
    this.varint(inner.length);
    this.raw(inner.bytes.subarray(0, inner.length));
  }

  /** As UTF-8; half a surrogate pair becomes U+FFFD. */
  text(text: string): void {
    for (let i = 0; i < text.length; i++) {
      let code = text.codePointAt(i) as number;
      if (code > 0xffff) i++;
      else if (code >= 0xd800 && code < 0xe000) code = 0xfffd;
      if (code < 0x80) {
        this.byte(code);
        continue;
      }
      const more = code < 0x800 ? 1 : code < 0x10000 ? 2 : 3;
      // 110…, 1110… or 11110…: as many ones as there are bytes.
      this.byte((0xff00 >> (more + 1)) | (code >> (6 * more)));
      for (let j = more - 1; j >= 0; j--) this.byte(0x80 | ((code >> (6 * j)) & 0x3f));
    }
  }

  private room(more: number): void {
    if (this.length + more <= this.bytes.length) return;
    const grown = new Uint8Array((this.length + more) * 2);
    grown.set(this.bytes);
    this.bytes = grown;
  }
}

class Reader {
  constructor(
    private bytes: Uint8Array,
    public at: number,
    public end: number,
  ) {}

  /** The next `length` bytes, not copied. */
  raw(length: number): Uint8Array {
    if (length > this.end - this.at) throw new ProtobufError("truncated");
    this.at += length;
    return this.bytes.subarray(this.at - length, this.at);
  }

  byte(): number {
    return this.raw(1)[0] as number;
  }

  /** Up to ten bytes, of which the lower 32 bits count. */
  varint(): number {
    let value = 0;
    for (let shift = 0; shift < 70; shift += 7) {
      const byte = this.byte();
      if (shift < 32) value |= (byte & 0x7f) << shift;
      if (byte < 0x80) return value >>> 0;
    }
    throw new ProtobufError("varint");
  }

  /** A reader of the next length-delimited field. */
  nested(): Reader {
    const length = this.varint();
    this.raw(length);
    return new Reader(this.bytes, this.at - length, this.at);
  }

  /** All that is left, as UTF-8. */
  text(): string {
    let text = "";
    while (this.at < this.end) {
      const first = this.byte();
      let code = first;
      if (first > 0x7f) {
        const more = first > 0xef ? 3 : first > 0xdf ? 2 : 1;
        code = first & (0x3f >> more);
        for (let i = 0; i < more; i++) {
          const byte = this.byte();
          if (byte >> 6 != 2) throw new ProtobufError("utf-8");
          code = (code << 6) | (byte & 0x3f);
        }
        const least = more > 1 ? (more > 2 ? 0x10000 : 0x800) : 0x80;
        if (first < 0xc0 || first > 0xf7 || code < least || code > 0x10ffff || (code >= 0xd800 && code < 0xe000)) {
          throw new ProtobufError("utf-8");
        }
      }
      text += String.fromCodePoint(code);
    }
    return text;
  }
}
