/* Jianzi SDK 0.1.0, Apache-2.0 */
"use strict";
var __defProp = Object.defineProperty;
var __getOwnPropDesc = Object.getOwnPropertyDescriptor;
var __getOwnPropNames = Object.getOwnPropertyNames;
var __hasOwnProp = Object.prototype.hasOwnProperty;
var __export = (target, all) => {
  for (var name in all)
    __defProp(target, name, { get: all[name], enumerable: true });
};
var __copyProps = (to, from, except, desc) => {
  if (from && typeof from === "object" || typeof from === "function") {
    for (let key of __getOwnPropNames(from))
      if (!__hasOwnProp.call(to, key) && key !== except)
        __defProp(to, key, { get: () => from[key], enumerable: !(desc = __getOwnPropDesc(from, key)) || desc.enumerable });
  }
  return to;
};
var __toCommonJS = (mod) => __copyProps(__defProp({}, "__esModule", { value: true }), mod);

// src/testing_node.ts
var testing_node_exports = {};
__export(testing_node_exports, {
  badNetwork: () => badNetwork,
  memoryTransport: () => memoryTransport
});
module.exports = __toCommonJS(testing_node_exports);

// src/platform/node_web_socket.ts
var import_node_crypto = require("node:crypto");
var import_node_http = require("node:http");
var import_node_https = require("node:https");
var CONTINUATION = 0;
var TEXT = 1;
var BINARY = 2;
var CLOSE = 8;
var PING = 9;
var PONG = 10;
var OPEN_TIMEOUT_MS = 1e4;
var LONGEST_MESSAGE = 16 << 20;
function openNodeWebSocket(url, events) {
  let over = false;
  let socket;
  const closed = (reason) => {
    if (over) return;
    over = true;
    if (socket) socket.destroy();
    events.closed(reason);
  };
  const key = (0, import_node_crypto.randomBytes)(16).toString("base64");
  const secure = /^wss:/.test(url);
  const request2 = (secure ? import_node_https.request : import_node_http.request)(url.replace(/^ws/, "http"), {
    headers: { Connection: "Upgrade", Upgrade: "websocket", "Sec-WebSocket-Version": "13", "Sec-WebSocket-Key": key },
    timeout: OPEN_TIMEOUT_MS
  });
  request2.on("timeout", () => request2.destroy(new Error("timeout")));
  request2.on("error", (error) => closed(error.message));
  request2.on("response", (response) => {
    response.resume();
    closed(`HTTP ${response.statusCode}`);
  });
  request2.on("upgrade", (response, upgraded, head) => {
    socket = upgraded;
    if (over) return void upgraded.destroy();
    const accept = (0, import_node_crypto.createHash)("sha1").update(key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11").digest("base64");
    if (response.headers["sec-websocket-accept"] !== accept) return closed("not a WebSocket server");
    upgraded.setNoDelay(true);
    upgraded.setTimeout(0);
    const reader = new MessageReader((opcode, payload) => {
      if (over) return;
      if (opcode === BINARY) events.message(new Uint8Array(payload.buffer, payload.byteOffset, payload.length));
      else if (opcode === TEXT) closed("text");
      else if (opcode === PING) upgraded.write(frame(PONG, payload));
      else if (opcode === CLOSE) closed(payload.length > 1 ? `${payload.readUInt16BE(0)} ${payload.toString("utf8", 2)}` : "1005");
    });
    const feed = (bytes) => {
      if (!reader.feed(bytes)) closed("not a WebSocket frame");
    };
    upgraded.on("data", feed);
    upgraded.on("error", (error) => closed(error.message));
    upgraded.on("close", () => closed("1006"));
    events.open();
    if (head.length) feed(head);
  });
  request2.end();
  return {
    send(bytes) {
      if (socket && !over) socket.write(frame(BINARY, bytes));
    },
    close() {
      over = true;
      if (socket) socket.end(frame(CLOSE, Buffer.from([3, 232])));
      else request2.destroy();
    }
  };
}
function frame(opcode, payload) {
  const { length } = payload;
  const extended = length < 126 ? 0 : length < 65536 ? 2 : 8;
  const bytes = Buffer.alloc(2 + extended + 4 + length);
  bytes[0] = 128 | opcode;
  bytes[1] = 128 | (extended === 0 ? length : extended === 2 ? 126 : 127);
  if (extended === 2) bytes.writeUInt16BE(length, 2);
  if (extended === 8) bytes.writeUIntBE(length, 4, 6);
  const mask = (0, import_node_crypto.randomBytes)(4);
  mask.copy(bytes, 2 + extended);
  for (let i = 0; i < length; i++) bytes[6 + extended + i] = payload[i] ^ mask[i & 3];
  return bytes;
}
var MessageReader = class {
  constructor(take) {
    this.take = take;
    this.bytes = Buffer.alloc(0);
    this.fragments = [];
    this.opcode = CONTINUATION;
  }
  /** False: what came is not the protocol. */
  feed(bytes) {
    this.bytes = this.bytes.length ? Buffer.concat([this.bytes, bytes]) : bytes;
    while (this.bytes.length >= 2) {
      const first = this.bytes[0];
      const second = this.bytes[1];
      let length = second & 127;
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
      if (second & 128 || first & 112 || length > LONGEST_MESSAGE) return false;
      if (this.bytes.length < header + length) return true;
      const payload = this.bytes.subarray(header, header + length);
      this.bytes = this.bytes.subarray(header + length);
      this.frame((first & 128) !== 0, first & 15, payload);
    }
    return true;
  }
  frame(last, opcode, payload) {
    if (opcode >= CLOSE) return this.take(opcode, payload);
    if (opcode !== CONTINUATION) this.opcode = opcode;
    if (last && !this.fragments.length) return this.take(this.opcode, payload);
    this.fragments.push(payload);
    if (!last) return;
    const message = Buffer.concat(this.fragments);
    this.fragments = [];
    this.take(this.opcode, message);
  }
};

// src/platform/platform.ts
function memoryStorage() {
  const values = {};
  return {
    get: (key) => values[key],
    set: (key, value) => {
      values[key] = value;
    }
  };
}
function toArrayBuffer(bytes) {
  const { buffer, byteOffset, byteLength } = bytes;
  return byteOffset || byteLength < buffer.byteLength ? buffer.slice(byteOffset, byteOffset + byteLength) : buffer;
}

// src/platform/web_socket.ts
function openWebSocket(Class, url, events) {
  let over = false;
  const closed = (reason) => {
    if (over) return;
    over = true;
    events.closed(reason);
  };
  const socket = new Class(url);
  socket.binaryType = "arraybuffer";
  socket.onopen = () => {
    if (!over) events.open();
  };
  socket.onmessage = ({ data }) => {
    if (over) return;
    if (typeof data === "string") closed("text");
    else events.message(new Uint8Array(data));
  };
  socket.onerror = () => closed("error");
  socket.onclose = ({ code, reason }) => closed(`${code} ${reason}`);
  return {
    send: (bytes) => socket.send(toArrayBuffer(bytes)),
    close() {
      over = true;
      socket.close(1e3);
    }
  };
}

// src/platform/node.ts
function nodePlatform() {
  const Class = typeof WebSocket === "undefined" ? void 0 : WebSocket;
  return {
    transport: { open: (url, events) => Class ? openWebSocket(Class, url, events) : openNodeWebSocket(url, events) },
    http: { request },
    storage: memoryStorage(),
    lifecycle: { sleeps: false, launchQuery: () => ({}), watch: () => () => {
    } }
  };
}
async function request({ method, url, headers, body, timeoutMs }) {
  const answer = await fetch(url, { method, headers, body, signal: AbortSignal.timeout(timeoutMs) });
  return { status: answer.status, text: await answer.text() };
}

// src/clock.ts
var systemClock = {
  now: () => Date.now(),
  after(ms, run) {
    const timer = setTimeout(run, ms);
    return () => clearTimeout(timer);
  },
  random: () => Math.random()
};

// src/testing/bad_network.ts
function wrapNetwork(inner, clock = systemClock) {
  let weakness = {};
  let gone = false;
  let timer = () => {
  };
  const links = /* @__PURE__ */ new Set();
  const counts = { messages: 0, bytes: 0, resent: 0 };
  const healAfter = (seconds) => {
    timer();
    timer = seconds === void 0 ? () => {
    } : clock.after(seconds * 1e3, heal);
  };
  const heal = () => {
    timer();
    weakness = {};
    gone = false;
  };
  const delayMs = () => {
    const { latencyMs = 0, jitterMs = 0, loss = 0, resendMs = 200 } = weakness;
    let delay = latencyMs + clock.random() * jitterMs;
    for (let wait = resendMs; clock.random() < loss && wait < 1e4; wait *= 2) {
      delay += wait;
      counts.resent++;
    }
    return delay;
  };
  const lane = () => {
    let freeAt = 0;
    return (bytes, deliver) => {
      counts.messages++;
      counts.bytes += bytes;
      const now = clock.now();
      freeAt = Math.max(freeAt, now + delayMs());
      if (freeAt <= now) deliver();
      else clock.after(freeAt - now, deliver);
    };
  };
  const open = (url, events) => {
    if (gone) {
      const cancel = clock.after(50, () => events.closed("the network is cut"));
      return { send() {
      }, close: cancel };
    }
    let state = "alive";
    const down = lane();
    const up = lane();
    const closed = (reason) => {
      if (state !== "alive") return;
      state = "closed";
      links.delete(self);
      events.closed(reason);
    };
    const link = inner.open(url, {
      open: () => down(0, () => state === "alive" && events.open()),
      message: (bytes) => down(bytes.length, () => state === "alive" && events.message(bytes)),
      closed: (reason) => down(0, () => closed(reason))
    });
    const self = {
      cut(silent) {
        link.close();
        if (silent) state = "deaf";
        else clock.after(0, () => closed("the network is cut"));
      }
    };
    links.add(self);
    return {
      send: (bytes) => up(bytes.length, () => state === "alive" && link.send(bytes)),
      close() {
        if (state === "alive") link.close();
        state = "closed";
        links.delete(self);
      }
    };
  };
  return {
    transport: { open },
    weak(wanted, seconds) {
      weakness = wanted;
      healAfter(seconds);
    },
    cut(seconds, { silent = false } = {}) {
      gone = true;
      healAfter(seconds);
      links.forEach((link) => link.cut(silent));
      links.clear();
    },
    heal,
    counts
  };
}

// src/platform/memory.ts
function memoryTransport(accept, clock = systemClock) {
  return { open: (url, events) => openMemory(url, events, accept, clock) };
}
function openMemory(url, events, accept, clock) {
  let clientOpen = true;
  let serverOpen = true;
  const later = (run) => void clock.after(0, run);
  const peer = {
    url,
    send(bytes) {
      const copy = bytes.slice();
      if (serverOpen) later(() => clientOpen && events.message(copy));
    },
    close(reason = "closed by the server", silently = false) {
      if (!serverOpen) return;
      serverOpen = false;
      if (silently) return;
      later(() => {
        if (!clientOpen) return;
        clientOpen = false;
        events.closed(reason);
      });
    },
    onMessage: () => {
    },
    onClose: () => {
    }
  };
  later(() => {
    if (!clientOpen) return;
    accept(peer);
    if (serverOpen) events.open();
  });
  return {
    send(bytes) {
      const copy = bytes.slice();
      if (clientOpen) later(() => serverOpen && peer.onMessage(copy));
    },
    close() {
      if (!clientOpen) return;
      clientOpen = false;
      later(() => {
        if (!serverOpen) return;
        serverOpen = false;
        peer.onClose();
      });
    }
  };
}

// src/testing_node.ts
function badNetwork(inner, clock) {
  return wrapNetwork(inner || nodePlatform().transport, clock);
}
// Annotate the CommonJS export names for ESM import in node:
0 && (module.exports = {
  badNetwork,
  memoryTransport
});
