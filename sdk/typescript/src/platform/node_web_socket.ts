// A WebSocket client (RFC 6455) for a Node that has none: binary messages, ping and pong, close.
import { createHash, randomBytes } from "node:crypto";
import { request as httpRequest } from "node:http";
import { request as httpsRequest } from "node:https";
import type { Socket } from "node:net";
import type { Link, LinkEvents } from "./platform";

const CONTINUATION = 0;
const TEXT = 1;
const BINARY = 2;
const CLOSE = 8;
const PING = 9;
const PONG = 10;
const OPEN_TIMEOUT_MS = 10000;
const LONGEST_MESSAGE = 16 << 20;

export function openNodeWebSocket(url: string, events: LinkEvents): Link {
  let over = false;
  let socket: Socket | undefined;
  const closed = (reason: string) => {
    if (over) return;
    over = true;
    if (socket) socket.destroy();
    events.closed(reason);
  };
  const key = randomBytes(16).toString("base64");
  const secure = /^wss:/.test(url);
  const request = (secure ? httpsRequest : httpRequest)(url.replace(/^ws/, "http"), {
    headers: { Connection: "Upgrade", Upgrade: "websocket", "Sec-WebSocket-Version": "13", "Sec-WebSocket-Key": key },
    timeout: OPEN_TIMEOUT_MS,
  });
  request.on("timeout", () => request.destroy(new Error("timeout")));
  request.on("error", (error) => closed(error.message));
  request.on("response", (response) => {
    response.resume();
    closed(`HTTP ${response.statusCode}`);
  });
  request.on("upgrade", (response, upgraded, head) => {
    socket = upgraded;
    if (over) return void upgraded.destroy();
    const accept = createHash("sha1").update(key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11").digest("base64");
    if (response.headers["sec-websocket-accept"] !== accept) return closed("not a WebSocket server");
    upgraded.setNoDelay(true);
    upgraded.setTimeout(0);
    const reader = new MessageReader((opcode, payload) => {
      if (over) return;
      // Not a Buffer: its slice() does not copy.
      if (opcode === BINARY) events.message(new Uint8Array(payload.buffer, payload.byteOffset, payload.length));
      else if (opcode === TEXT) closed("text");
      else if (opcode === PING) upgraded.write(frame(PONG, payload));
      else if (opcode === CLOSE) closed(payload.length > 1 ? `${payload.readUInt16BE(0)} ${payload.toString("utf8", 2)}` : "1005");
    });
    const feed = (bytes: Buffer) => {
      if (!reader.feed(bytes)) closed("not a WebSocket frame");
    };
    upgraded.on("data", feed);
    upgraded.on("error", (error) => closed(error.message));
    upgraded.on("close", () => closed("1006"));
    events.open();
    if (head.length) feed(head);
  });
  request.end();
  return {
    send(bytes) {
      if (socket && !over) socket.write(frame(BINARY, bytes));
    },
    close() {
      over = true;
      if (socket) socket.end(frame(CLOSE, Buffer.from([3, 232])));
      else request.destroy();
    },
  };
}

function frame(opcode: number, payload: Uint8Array): Buffer {
  const { length } = payload;
  const extended = length < 126 ? 0 : length < 65536 ? 2 : 8;
  const bytes = Buffer.alloc(2 + extended + 4 + length);
  bytes[0] = 0x80 | opcode;
  bytes[1] = 0x80 | (extended === 0 ? length : extended === 2 ? 126 : 127);
  if (extended === 2) bytes.writeUInt16BE(length, 2);
  if (extended === 8) bytes.writeUIntBE(length, 4, 6);
  const mask = randomBytes(4);
  mask.copy(bytes, 2 + extended);
  for (let i = 0; i < length; i++) bytes[6 + extended + i] = (payload[i] as number) ^ (mask[i & 3] as number);
  return bytes;
}

/** Puts frames and fragments together. */
class MessageReader {
  private bytes: Buffer = Buffer.alloc(0);
  private fragments: Buffer[] = [];
  private opcode = CONTINUATION;

  constructor(private readonly take: (opcode: number, payload: Buffer) => void) {}

  /** False: what came is not the protocol. */
  feed(bytes: Buffer): boolean {
    this.bytes = this.bytes.length ? Buffer.concat([this.bytes, bytes]) : bytes;
    while (this.bytes.length >= 2) {
      const first = this.bytes[0] as number;
      const second = this.bytes[1] as number;
      let length = second & 0x7f;
      let header = 2;
      if (length === 126) {
        header = 4;
        if (this.bytes.length < header) return true;
        length = this.bytes.readUInt16BE(2);
      } else if (length === 127) {
        header = 10;
        if (this.bytes.length < header) return true;
        length = this.bytes.readUInt32BE(2) * 2 ** 32 + this.bytes.readUInt32BE(6);
      }
      if (second & 0x80 || first & 0x70 || length > LONGEST_MESSAGE) return false;
      if (this.bytes.length < header + length) return true;
      const payload = this.bytes.subarray(header, header + length);
      this.bytes = this.bytes.subarray(header + length);
      this.frame((first & 0x80) !== 0, first & 0x0f, payload);
    }
    return true;
  }

  private frame(last: boolean, opcode: number, payload: Buffer): void {
    if (opcode >= CLOSE) return this.take(opcode, payload);
    if (opcode !== CONTINUATION) this.opcode = opcode;
    if (last && !this.fragments.length) return this.take(this.opcode, payload);
    this.fragments.push(payload);
    if (!last) return;
    const message = Buffer.concat(this.fragments);
    this.fragments = [];
    this.take(this.opcode, message);
  }
}
