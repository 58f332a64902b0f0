/* Jianzi SDK 0.1.0, Apache-2.0 */
"use strict";
var __defProp = Object.defineProperty;
var __defProps = Object.defineProperties;
var __getOwnPropDesc = Object.getOwnPropertyDescriptor;
var __getOwnPropDescs = Object.getOwnPropertyDescriptors;
var __getOwnPropNames = Object.getOwnPropertyNames;
var __getOwnPropSymbols = Object.getOwnPropertySymbols;
var __hasOwnProp = Object.prototype.hasOwnProperty;
var __propIsEnum = Object.prototype.propertyIsEnumerable;
var __defNormalProp = (obj, key, value) => key in obj ? __defProp(obj, key, { enumerable: true, configurable: true, writable: true, value }) : obj[key] = value;
var __spreadValues = (a, b) => {
  for (var prop in b || (b = {}))
    if (__hasOwnProp.call(b, prop))
      __defNormalProp(a, prop, b[prop]);
  if (__getOwnPropSymbols)
    for (var prop of __getOwnPropSymbols(b)) {
      if (__propIsEnum.call(b, prop))
        __defNormalProp(a, prop, b[prop]);
    }
  return a;
};
var __spreadProps = (a, b) => __defProps(a, __getOwnPropDescs(b));
var __objRest = (source, exclude) => {
  var target = {};
  for (var prop in source)
    if (__hasOwnProp.call(source, prop) && exclude.indexOf(prop) < 0)
      target[prop] = source[prop];
  if (source != null && __getOwnPropSymbols)
    for (var prop of __getOwnPropSymbols(source)) {
      if (exclude.indexOf(prop) < 0 && __propIsEnum.call(source, prop))
        target[prop] = source[prop];
    }
  return target;
};
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

// src/index.ts
var index_exports = {};
__export(index_exports, {
  Authoritative: () => Authoritative,
  Emitter: () => Emitter,
  Jianzi: () => Jianzi,
  JianziError: () => JianziError,
  Lockstep: () => Lockstep,
  Room: () => Room,
  wxPlatform: () => wxPlatform
});
module.exports = __toCommonJS(index_exports);

// src/generated/errors.ts
var ERRORS = {
  1001: ["bad_magic", "never", "The frame does not begin with 0x1234.", "数据包魔数不是 0x1234。"],
  1002: ["bad_version", "never", "The frame's protocol version is not supported.", "不支持该协议版本。"],
  1003: ["too_long", "never", "The message is longer than the limit.", "消息超过长度上限。"],
  1004: ["truncated", "never", "The message ends before the length that its header gives.", "消息不完整,长度与包头不符。"],
  1005: ["text_not_allowed", "never", "Only binary WebSocket messages are accepted.", "只接受二进制 WebSocket 消息。"],
  1006: ["unknown_operation", "never", "The operation number is not known.", "未知的操作类型。"],
  1007: ["bad_body", "never", "The body cannot be read as the message that the operation wants.", "消息体无法解析。"],
  2001: ["not_logged_in", "login", "The first message must be a login.", "请先登录。"],
  2002: ["token_expired", "login", "The token has expired.", "登录凭证已过期。"],
  2003: ["token_invalid", "login", "The token is not one of this server's.", "登录凭证无效。"],
  2004: ["resume_spent", "login", "The resume token was already used; a newer one was given out.", "恢复凭证已被使用。"],
  2005: ["replaced", "never", "The player has logged in on another device.", "账号已在其他设备登录。"],
  2006: ["code_rejected", "login", "The platform did not accept the login code.", "平台拒绝了该登录 code。"],
  2007: ["banned", "never", "The account is banned.", "账号已被封禁。"],
  2008: ["outdated", "never", "This version of the game is no longer supported.", "游戏版本过旧,请更新。"],
  2009: ["login_timeout", "now", "No login arrived in time.", "连接后未及时登录。"],
  2010: ["platform_unavailable", "later", "The game platform does not answer.", "平台服务暂时不可用。"],
  2011: ["refresh_invalid", "login", "The refresh token is spent, expired or revoked.", "刷新凭证已失效。"],
  2012: ["unknown_app", "never", "This server does not serve that app.", "服务器上没有该应用。"],
  3001: ["room_unknown", "never", "There is no such room.", "房间不存在。"],
  3002: ["room_full", "later", "Every seat is taken or reserved.", "房间已满。"],
  3003: ["room_ended", "never", "The room has ended.", "房间已结束。"],
  3004: ["room_started", "never", "The room has started and takes nobody in.", "房间已开局,不能加入。"],
  3005: ["room_exists", "never", "A room of this id exists with another specification.", "同名房间已存在且参数不同。"],
  3006: ["not_in_room", "never", "The caller is not in this room.", "你不在该房间中。"],
  3007: ["not_owner", "never", "Only the room's owner may do this.", "只有房主可以执行此操作。"],
  3008: ["room_banned", "never", "The room's owner has shut the caller out.", "你已被房主移出,不能再加入。"],
  3009: ["build_differs", "never", "The room is played with another version of the game.", "房间的游戏版本与你的不同。"],
  3010: ["wrong_phase", "never", "The room's phase does not allow this.", "房间当前状态不允许此操作。"],
  3011: ["bad_spec", "never", "The room's specification is not possible.", "房间参数不合法。"],
  3012: ["ticks_lost", "never", "These ticks are not kept any more.", "请求的帧已不再保留。"],
  3013: ["spectators_full", "later", "The room takes no more spectators.", "观战人数已满。"],
  3014: ["room_paused", "later", "The room is paused because its journal cannot be written.", "日志暂不可写,房间已暂停。"],
  3021: ["ticket_unknown", "never", "There is no such ticket.", "匹配凭据不存在。"],
  3022: ["ticket_differs", "never", "A ticket of this id exists with other wishes.", "同名匹配凭据已存在且参数不同。"],
  3023: ["match_timeout", "now", "Not enough players were found in time.", "在限定时间内没有匹配到足够的玩家。"],
  4001: ["unknown_method", "never", "There is no such method.", "未知的方法。"],
  4002: ["bad_request", "never", "The request is not well formed.", "请求格式不正确。"],
  4003: ["deadline_exceeded", "now", "The answer did not come within the deadline.", "请求超时。"],
  4004: ["too_many_requests", "later", "Too many requests; slow down.", "请求过于频繁。"],
  4005: ["flood", "later", "The connection sends far more than allowed.", "发送频率远超限制,连接已断开。"],
  4006: ["too_slow", "now", "The connection does not take what is sent to it.", "接收过慢,连接已断开。"],
  4007: ["too_many_connections", "later", "Too many connections from this account, device or address.", "连接数过多。"],
  4008: ["idle", "now", "Nothing was heard from the client for too long.", "长时间没有收到客户端消息。"],
  4009: ["not_found", "never", "There is nothing at this address.", "地址不存在。"],
  4010: ["forbidden", "never", "The caller may not do this.", "没有权限。"],
  4011: ["method_not_allowed", "never", "The address does not take this HTTP method.", "不支持该 HTTP 方法。"],
  5001: ["internal", "later", "The server made a mistake; it has been logged.", "服务器内部错误。"],
  5002: ["overloaded", "later", "The server takes no more connections right now.", "服务器繁忙,请稍后再来。"],
  5003: ["draining", "later", "The server is about to stop; come back in a moment.", "服务器即将重启,请稍后重连。"],
  5004: ["unavailable", "later", "A part that this request needs does not answer.", "依赖的服务暂时不可用。"]
};

// src/errors.ts
var LOCAL = {
  9001: ["network", "later", "The server cannot be reached.", "无法连接服务器。"],
  9002: ["session_lost", "now", "The session ended before the answer came; it is not known whether the call took effect.", "会话已中断,无法确认请求是否生效。"],
  9003: ["cancelled", "never", "Cancelled by the game.", "已取消。"],
  9004: ["closed", "never", "This client has been closed.", "客户端已关闭。"],
  9005: ["bad_answer", "later", "The server's answer cannot be read.", "无法解析服务器的应答。"],
  9006: ["breaker_open", "later", "The last requests failed; waiting a moment before the next.", "请求连续失败,请稍后再试。"],
  9007: ["misuse", "never", "The SDK was asked for something impossible.", "SDK 调用方式不正确。"],
  9008: ["gave_up", "later", "The connection could not be restored; call login() to try again.", "多次重连失败,请稍后重新登录。"]
};
var NETWORK = 9001;
var SESSION_LOST = 9002;
var CANCELLED = 9003;
var CLOSED = 9004;
var BAD_ANSWER = 9005;
var BREAKER_OPEN = 9006;
var MISUSE = 9007;
var GAVE_UP = 9008;
var DEADLINE = 4003;
var JianziError = class extends Error {
  constructor(code, message, retryAfterMs) {
    const known = ERRORS[code] || LOCAL[code] || ["unknown", "later", `Error ${code}.`, `错误 ${code}。`];
    super(message || known[2]);
    this.code = code;
    this.name = known[0];
    this.messageZh = known[3];
    this.retry = known[1];
    this.retryAfterMs = retryAfterMs || 0;
  }
};
function fromWire(error) {
  return new JianziError(error.code, error.message, error.retryAfterMs);
}
function asJianziError(error) {
  return error instanceof JianziError ? error : new JianziError(BAD_ANSWER, String(error && error.message || error));
}

// src/auth.ts
var MARGIN_MS = 3e4;
var Auth = class {
  constructor(post, identity, platformCode, clock) {
    this.post = post;
    this.identity = identity;
    this.platformCode = platformCode;
    this.clock = clock;
    this.options = {};
    this.expiresAt = 0;
  }
  /** Logs in anew if it is to be somebody else. */
  as(options) {
    if (options.as !== this.options.as || options.code !== this.options.code) this.tokens = void 0;
    this.options = options;
  }
  token() {
    const { tokens } = this;
    if (tokens && tokens.token && this.clock.now() < this.expiresAt - MARGIN_MS) return Promise.resolve(tokens.token);
    if (!this.flight) {
      const done = () => this.flight = void 0;
      this.flight = tokens ? this.refresh(tokens) : this.login();
      this.flight.then(done, done);
    }
    return this.flight;
  }
  /** The server does not take the token any more: the next one comes from a refresh if that helps, else from a login. */
  invalidate(fault) {
    if (fault.code === 2002 && this.tokens && this.tokens.token) this.tokens.token = "";
    else this.tokens = void 0;
  }
  logout() {
    const { tokens } = this;
    this.tokens = void 0;
    return tokens ? this.post("/v1/logout", { refresh_token: tokens.refresh_token }).then(() => {
    }) : Promise.resolve();
  }
  async login() {
    const { app, build, device } = this.identity;
    return this.adopt(await this.post("/v1/login", { app, code: await this.code(), build, device }));
  }
  async refresh(tokens) {
    try {
      return this.adopt(await this.post("/v1/refresh", { refresh_token: tokens.refresh_token }));
    } catch (error) {
      if (asJianziError(error).retry !== "login") throw error;
      return this.login();
    }
  }
  adopt(tokens) {
    this.tokens = tokens;
    this.expiresAt = this.clock.now() + tokens.expires_in * 1e3;
    if (tokens.player) this.player = tokens.player;
    return tokens.token;
  }
  async code() {
    const { as, code } = this.options;
    if (as !== void 0) return "dev:" + as;
    if (typeof code === "string") return code;
    const source = code || this.platformCode;
    if (!source) return "device";
    try {
      return await source();
    } catch (error) {
      throw new JianziError(NETWORK, "login code: " + error.message);
    }
  }
};

// src/wire/protobuf.ts
var ProtobufError = class extends Error {
  constructor() {
    super(...arguments);
    this.name = "ProtobufError";
  }
};
function table(words, inner) {
  let next = 0;
  return words.split(" ").map((word) => {
    const [, name, number2, kind, flag] = /(\w+):(\d+)(\w)(.?)/.exec(word);
    return { name, number: +number2, kind, flag, inner: kind == "m" && inner[next++] || [] };
  });
}
function encode(fields, message) {
  const writer = new Writer();
  writeMessage(writer, fields, message);
  return writer.bytes.slice(0, writer.length);
}
function decode(fields, bytes) {
  return readMessage(new Reader(bytes, 0, bytes.length), fields, {});
}
function writeMessage(writer, fields, message) {
  for (const field of fields) {
    const value = message[field.name];
    if (value == null) continue;
    if (field.flag != "*") {
      if (field.flag || field.kind == "m" || !isDefault(value)) {
        writer.varint(field.number * 8 + wireType(field.kind));
        writeValue(writer, field, value);
      }
    } else if (wireType(field.kind) == 2) {
      for (const item of value) {
        writer.varint(field.number * 8 + 2);
        writeValue(writer, field, item);
      }
    } else if (value.length) {
      writer.varint(field.number * 8 + 2);
      writer.nested((packed) => value.forEach((item) => writeValue(packed, field, item)));
    }
  }
}
function isDefault(value) {
  return value instanceof Uint8Array ? !value.length : !value && value === value;
}
function writeValue(writer, field, value) {
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
    value = value >>> 0;
    for (let i = 0; i < 9; i++) {
      writer.byte((i < 4 ? value >>> 7 * i : i == 4 ? value >>> 28 | 112 : 127) | 128);
    }
    writer.byte(1);
  } else writer.varint(+value);
}
function wireType(kind) {
  return kind == "d" ? 1 : kind == "x" ? 5 : kind == "u" || kind == "i" || kind == "o" ? 0 : 2;
}
function readMessage(reader, fields, message) {
  for (const field of fields) {
    if (message[field.name] === void 0) {
      const value = defaultOf(field);
      if (value !== void 0) message[field.name] = value;
    }
  }
  while (reader.at < reader.end) {
    const tag = reader.varint();
    const wire = tag & 7;
    const number2 = tag >>> 3;
    const field = fields.find((candidate) => candidate.number == number2);
    if (!number2) throw new ProtobufError("field 0");
    if (!field) {
      skip(reader, wire);
    } else if (wire == 2 && field.flag == "*" && wireType(field.kind) != 2) {
      const packed = reader.nested();
      while (packed.at < packed.end) message[field.name].push(readValue(packed, field, void 0));
    } else if (wire != wireType(field.kind)) {
      throw new ProtobufError(`${field.name}: wire type ${wire}`);
    } else if (field.flag == "*") {
      message[field.name].push(readValue(reader, field, void 0));
    } else {
      if (field.flag == "|") {
        for (const other of fields) if (other.flag == "|" && other != field) delete message[other.name];
      }
      message[field.name] = readValue(reader, field, message[field.name]);
    }
  }
  return message;
}
function defaultOf(field) {
  if (field.flag == "*") return [];
  if (field.flag || field.kind == "m") return void 0;
  return field.kind == "s" ? "" : field.kind == "b" ? new Uint8Array(0) : field.kind == "o" ? false : 0;
}
function readValue(reader, field, old) {
  switch (field.kind) {
    case "m":
      return readMessage(reader.nested(), field.inner, old || {});
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
function skip(reader, wire) {
  if (wire == 0) reader.varint();
  else if (wire == 1) reader.raw(8);
  else if (wire == 2) reader.nested();
  else if (wire == 5) reader.raw(4);
  else throw new ProtobufError(`wire type ${wire}`);
}
var Writer = class _Writer {
  constructor() {
    this.bytes = new Uint8Array(64);
    this.length = 0;
  }
  byte(value) {
    this.room(1);
    this.bytes[this.length++] = value;
  }
  raw(bytes) {
    this.room(bytes.length);
    this.bytes.set(bytes, this.length);
    this.length += bytes.length;
  }
  /** An unsigned number of 32 bits. */
  varint(value) {
    value >>>= 0;
    for (; value > 127; value >>>= 7) this.byte(value | 128);
    this.byte(value);
  }
  /** What `write` writes, after its length. */
  nested(write) {
    const inner = new _Writer();
    write(inner);
    this.varint(inner.length);
    this.raw(inner.bytes.subarray(0, inner.length));
  }
  /** As UTF-8; half a surrogate pair becomes U+FFFD. */
  text(text) {
    for (let i = 0; i < text.length; i++) {
      let code = text.codePointAt(i);
      if (code > 65535) i++;
      else if (code >= 55296 && code < 57344) code = 65533;
      if (code < 128) {
        this.byte(code);
        continue;
      }
      const more = code < 2048 ? 1 : code < 65536 ? 2 : 3;
      this.byte(65280 >> more + 1 | code >> 6 * more);
      for (let j = more - 1; j >= 0; j--) this.byte(128 | code >> 6 * j & 63);
    }
  }
  room(more) {
    if (this.length + more <= this.bytes.length) return;
    const grown = new Uint8Array((this.length + more) * 2);
    grown.set(this.bytes);
    this.bytes = grown;
  }
};
var Reader = class _Reader {
  constructor(bytes, at, end) {
    this.bytes = bytes;
    this.at = at;
    this.end = end;
  }
  /** The next `length` bytes, not copied. */
  raw(length) {
    if (length > this.end - this.at) throw new ProtobufError("truncated");
    this.at += length;
    return this.bytes.subarray(this.at - length, this.at);
  }
  byte() {
    return this.raw(1)[0];
  }
  /** Up to ten bytes, of which the lower 32 bits count. */
  varint() {
    let value = 0;
    for (let shift = 0; shift < 70; shift += 7) {
      const byte = this.byte();
      if (shift < 32) value |= (byte & 127) << shift;
      if (byte < 128) return value >>> 0;
    }
    throw new ProtobufError("varint");
  }
  /** A reader of the next length-delimited field. */
  nested() {
    const length = this.varint();
    this.raw(length);
    return new _Reader(this.bytes, this.at - length, this.at);
  }
  /** All that is left, as UTF-8. */
  text() {
    let text = "";
    while (this.at < this.end) {
      const first = this.byte();
      let code = first;
      if (first > 127) {
        const more = first > 239 ? 3 : first > 223 ? 2 : 1;
        code = first & 63 >> more;
        for (let i = 0; i < more; i++) {
          const byte = this.byte();
          if (byte >> 6 != 2) throw new ProtobufError("utf-8");
          code = code << 6 | byte & 63;
        }
        const least = more > 1 ? more > 2 ? 65536 : 2048 : 128;
        if (first < 192 || first > 247 || code < least || code > 1114111 || code >= 55296 && code < 57344) {
          throw new ProtobufError("utf-8");
        }
      }
      text += String.fromCodePoint(code);
    }
    return text;
  }
};

// src/generated/messages.ts
var BuildVerdictDecision = {
  ALLOW: 0,
  PLEASE_UPDATE: 1,
  MUST_UPDATE: 2,
  OTHER_SERVER: 3
};
var MatchTicketState = {
  WAITING: 0,
  MATCHED: 1,
  CANCELLED: 2,
  FAILED: 3
};
var LockstepSpecTable = /* @__PURE__ */ table("tickHz:1u ticksPerMessage:2u lateInput:3i seed:4u hashEvery:5u lastTick:6u", []);
var AuthoritativeSpecTable = /* @__PURE__ */ table("game:1s tickHz:2u seed:3u", []);
var PropertyTable = /* @__PURE__ */ table("key:1s value:2s", []);
var RoomSpecTable = /* @__PURE__ */ table("kind:1i mode:2s seats:3u minPlayers:4u private:5o lateJoin:6o maxSpectators:7u lifeLimitS:8u properties:9m* reservedFor:10s* bots:11u start:12i startAfterMs:13u durability:14i lockstep:15m? authoritative:16m?", [PropertyTable, LockstepSpecTable, AuthoritativeSpecTable]);
var SeatViewTable = /* @__PURE__ */ table("seat:1u player:2s name:3s ready:4o online:5o bot:6o properties:7m*", [PropertyTable]);
var LogicTable = /* @__PURE__ */ table("game:1s version:2u hash:3s suspended:4o", []);
var RoomViewTable = /* @__PURE__ */ table("room:1s spec:2m? phase:3i owner:4s seats:5m* spectators:6u invite:7s tick:8u run:9u build:10s properties:11m* revision:12u logic:13m?", [RoomSpecTable, SeatViewTable, PropertyTable, LogicTable]);
var decodeRoomView = (bytes) => decode(RoomViewTable, bytes);
var CreateRoomTable = /* @__PURE__ */ table("room:1s spec:2m? join:3o", [RoomSpecTable]);
var encodeCreateRoom = (message) => encode(CreateRoomTable, message);
var JoinRoomTable = /* @__PURE__ */ table("room:1s invite:2s spectate:3o knowsKind:4u", []);
var encodeJoinRoom = (message) => encode(JoinRoomTable, message);
var JoinedTable = /* @__PURE__ */ table("room:1m? channel:2u seat:3u? applied:4u seed:5u", [RoomViewTable]);
var decodeJoined = (bytes) => decode(JoinedTable, bytes);
var ResumeRoomTable = /* @__PURE__ */ table("channel:1u fromTick:2u", []);
var encodeResumeRoom = (message) => encode(ResumeRoomTable, message);
var RoomActionTable = /* @__PURE__ */ table("room:1s player:2s ready:3o ban:4o", []);
var encodeRoomAction = (message) => encode(RoomActionTable, message);
var SetPropertiesTable = /* @__PURE__ */ table("room:1s properties:2m* ownSeat:3o", [PropertyTable]);
var encodeSetProperties = (message) => encode(SetPropertiesTable, message);
var ReserveSeatTable = /* @__PURE__ */ table("room:1s player:2s forMs:3u", []);
var encodeReserveSeat = (message) => encode(ReserveSeatTable, message);
var ListRoomsTable = /* @__PURE__ */ table("mode:1s withFreeSeat:2o properties:3m* limit:4u after:5s", [PropertyTable]);
var encodeListRooms = (message) => encode(ListRoomsTable, message);
var RoomListTable = /* @__PURE__ */ table("rooms:1m* next:2s", [RoomViewTable]);
var decodeRoomList = (bytes) => decode(RoomListTable, bytes);
var ReportResultTable = /* @__PURE__ */ table("room:1s result:2b hash:3u tick:4u", []);
var encodeReportResult = (message) => encode(ReportResultTable, message);
var RoomChangedTable = /* @__PURE__ */ table("room:1m? why:2s player:3s", [RoomViewTable]);
var SeatResultTable = /* @__PURE__ */ table("seat:1u result:2b hash:3u", []);
var RoomEndedTable = /* @__PURE__ */ table("room:1s reason:2s lastTick:3u results:4m* agreed:5o", [SeatResultTable]);
var InputTable = /* @__PURE__ */ table("channel:1u number:2u tick:3u data:4b", []);
var encodeInput = (message) => encode(InputTable, message);
var FrameTable = /* @__PURE__ */ table("run:1u tick:2u ticks:3b* continuesAt:4u backfill:5o channel:14u applied:15u", []);
var decodeFrame = (bytes) => decode(FrameTable, bytes);
var InputRefusedTable = /* @__PURE__ */ table("channel:1u number:2u reason:3i", []);
var decodeInputRefused = (bytes) => decode(InputRefusedTable, bytes);
var StateHashTable = /* @__PURE__ */ table("channel:1u tick:2u hash:3x", []);
var encodeStateHash = (message) => encode(StateHashTable, message);
var DesyncTable = /* @__PURE__ */ table("tick:1u seats:2u* lastAgreedTick:3u channel:14u", []);
var decodeDesync = (bytes) => decode(DesyncTable, bytes);
var RoomStateTable = /* @__PURE__ */ table("run:1u tick:2u data:3b channel:14u applied:15u", []);
var decodeRoomState = (bytes) => decode(RoomStateTable, bytes);
var RoomMessageTable = /* @__PURE__ */ table("run:1u tick:2u data:3b channel:14u", []);
var decodeRoomMessage = (bytes) => decode(RoomMessageTable, bytes);
var RelayTable = /* @__PURE__ */ table("from:1u data:2b to:3u* latestOnly:4o channel:14u", []);
var encodeRelay = (message) => encode(RelayTable, message);
var decodeRelay = (bytes) => decode(RelayTable, bytes);
var LoginTable = /* @__PURE__ */ table("token:1s resume:2b lastPush:3u build:4s sdk:5s device:6s", []);
var encodeLogin = (message) => encode(LoginTable, message);
var BuildVerdictTable = /* @__PURE__ */ table("decision:1i message:2s server:3s", []);
var WelcomeTable = /* @__PURE__ */ table("player:1s session:2s sessionNumber:3u resume:4b resumed:5o heartbeatMs:6u retryWithinMs:7u resumeWindowMs:8u timeMs:9d pushesLost:10u maxBody:11u build:12m? rooms:13m*", [BuildVerdictTable, JoinedTable]);
var decodeWelcome = (bytes) => decode(WelcomeTable, bytes);
var HeartbeatTable = /* @__PURE__ */ table("lastPush:1u echo:2u timeMs:3d", []);
var encodeHeartbeat = (message) => encode(HeartbeatTable, message);
var decodeHeartbeat = (bytes) => decode(HeartbeatTable, bytes);
var CallTable = /* @__PURE__ */ table("id:1u method:2s deadlineMs:3u body:4b", []);
var encodeCall = (message) => encode(CallTable, message);
var ErrorTable = /* @__PURE__ */ table("code:1u message:2s retryAfterMs:3u", []);
var decodeError = (bytes) => decode(ErrorTable, bytes);
var AnswerTable = /* @__PURE__ */ table("id:1u error:2m? body:3b", [ErrorTable]);
var decodeAnswer = (bytes) => decode(AnswerTable, bytes);
var NoticeTable = /* @__PURE__ */ table("kind:1s message:2s", []);
var GoodbyeTable = /* @__PURE__ */ table("code:1u message:2s retryAfterMs:3u", []);
var encodeGoodbye = (message) => encode(GoodbyeTable, message);
var decodeGoodbye = (bytes) => decode(GoodbyeTable, bytes);
var MatchStartTable = /* @__PURE__ */ table("ticket:1s mode:2s players:3u fillWithBots:4o patienceMs:5u room:6m?", [RoomSpecTable]);
var encodeMatchStart = (message) => encode(MatchStartTable, message);
var MatchCancelTable = /* @__PURE__ */ table("ticket:1s", []);
var encodeMatchCancel = (message) => encode(MatchCancelTable, message);
var MatchStatusTable = /* @__PURE__ */ table("ticket:1s", []);
var encodeMatchStatus = (message) => encode(MatchStatusTable, message);
var MatchTicketTable = /* @__PURE__ */ table("ticket:1s state:2i room:3s reason:4s waitedMs:5u", []);
var decodeMatchTicket = (bytes) => decode(MatchTicketTable, bytes);
var MatchedTable = /* @__PURE__ */ table("ticket:1s room:2s", []);
var MatchWaitingTable = /* @__PURE__ */ table("ticket:1s reason:2s playersFound:3u playersWanted:4u waitedMs:5u", []);
var MatchFailedTable = /* @__PURE__ */ table("ticket:1s error:2m?", [ErrorTable]);
var PushTable = /* @__PURE__ */ table("sequence:1u roomChanged:2m| roomEnded:3m| matched:4m| matchWaiting:5m| matchFailed:6m| notice:7m|", [RoomChangedTable, RoomEndedTable, MatchedTable, MatchWaitingTable, MatchFailedTable, NoticeTable]);
var decodePush = (bytes) => decode(PushTable, bytes);

// src/wire/frame.ts
var HEARTBEAT = 1;
var CALL = 2;
var ANSWER = 3;
var PUSH = 4;
var INPUT = 5;
var FRAME = 6;
var RELAY = 7;
var ERROR = 8;
var GOODBYE = 9;
var LOGIN = 10;
var WELCOME = 11;
var INPUT_REFUSED = 12;
var STATE_HASH = 13;
var DESYNC = 14;
var ROOM_STATE = 15;
var ROOM_MESSAGE = 16;
var HEADER = 8;
function encodeFrame(operation, body) {
  const bytes = new Uint8Array(HEADER + body.length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, 305398016 + operation);
  view.setUint32(4, body.length);
  bytes.set(body, HEADER);
  return bytes;
}
function joinFrames(frames) {
  const bytes = new Uint8Array(frames.reduce((sum, frame) => sum + frame.length, 0));
  let at = 0;
  for (const frame of frames) {
    bytes.set(frame, at);
    at += frame.length;
  }
  return bytes;
}
function walkFrames(message, take) {
  const view = new DataView(message.buffer, message.byteOffset, message.length);
  let at = 0;
  while (at < message.length) {
    if (message[at] === 0) return message.subarray(at).every((byte) => byte === 0);
    if (message.length - at < HEADER || view.getUint16(at) !== 4660 || message[at + 2] !== 1) return false;
    const length = view.getUint32(at + 4);
    const end = at + HEADER + length;
    if (end > message.length) return false;
    if (!take(message[at + 3], message.subarray(at + HEADER, end))) return true;
    at = end;
  }
  return true;
}

// src/calls.ts
var DEADLINE_MS = 1e4;
var MOST_PENDING = 64;
var Calls = class {
  constructor(clock, send) {
    this.clock = clock;
    this.send = send;
    this.nextId = 1;
    this.pending = [];
  }
  /** `read` runs when the answer arrives, before any frame behind it. */
  call(method, body, options, read) {
    if (this.pending.length >= MOST_PENDING) return Promise.reject(new JianziError(4004, `${MOST_PENDING} calls are waiting for answers`));
    return new Promise((resolve, reject) => {
      const wait = options.deadlineMs || DEADLINE_MS;
      const pending = {
        id: this.nextId++,
        sent: false,
        method,
        body,
        idempotent: !!options.idempotent,
        expiresAt: this.clock.now() + wait,
        read,
        resolve,
        reject,
        timer: this.clock.after(wait, () => this.settle(pending.id, () => reject(new JianziError(DEADLINE, `${method}: no answer within ${wait} ms`))))
      };
      this.pending.push(pending);
      this.transmit(pending);
    });
  }
  answered(bytes) {
    const { id, error, body } = decodeAnswer(bytes);
    this.settle(id, (pending) => {
      if (error) pending.reject(fromWire(error));
      else {
        try {
          pending.resolve(pending.read(body));
        } catch (fault) {
          pending.reject(fault);
          throw fault;
        }
      }
    });
  }
  /** The session went on: what has no answer goes out again, under its own id. */
  resumed() {
    for (const pending of this.pending) this.transmit(pending);
  }
  /** A new session: whether calls of the old one took effect is not known. */
  renewed() {
    const old = this.pending;
    this.pending = [];
    this.nextId = 1;
    for (const pending of old) {
      if (pending.sent && !pending.idempotent) this.fail(pending, new JianziError(SESSION_LOST, `${pending.method}: the session ended before the answer`));
      else {
        pending.id = this.nextId++;
        pending.sent = false;
        this.pending.push(pending);
      }
    }
    this.resumed();
  }
  failAll(fault) {
    const old = this.pending;
    this.pending = [];
    for (const pending of old) this.fail(pending, fault);
  }
  transmit(pending) {
    const { id, method, body, expiresAt } = pending;
    const deadlineMs = Math.max(1, Math.round(expiresAt - this.clock.now()));
    if (this.send(CALL, encodeCall({ id, method, deadlineMs, body }))) pending.sent = true;
  }
  settle(id, finish) {
    const pending = this.pending.find((candidate) => candidate.id === id);
    if (!pending) return;
    this.pending = this.pending.filter((candidate) => candidate !== pending);
    pending.timer();
    finish(pending);
  }
  fail(pending, fault) {
    pending.timer();
    pending.reject(fault);
  }
};

// src/clock.ts
var systemClock = {
  now: () => Date.now(),
  after(ms, run) {
    const timer = setTimeout(run, ms);
    return () => clearTimeout(timer);
  },
  random: () => Math.random()
};
function randomName(clock, length) {
  let name = "";
  while (name.length < length) name += Math.floor(clock.random() * 36).toString(36);
  return name;
}

// src/emitter.ts
var Emitter = class {
  constructor() {
    this.listeners = {};
  }
  on(event, listener) {
    this.listeners[event] = (this.listeners[event] || []).concat(listener);
    return () => this.off(event, listener);
  }
  once(event, listener) {
    const unsubscribe = this.on(event, (value) => {
      unsubscribe();
      listener(value);
    });
    return unsubscribe;
  }
  off(event, listener) {
    this.listeners[event] = (this.listeners[event] || []).filter((other) => other !== listener);
  }
  /** @internal */
  hasListener(event) {
    return !!(this.listeners[event] || []).length;
  }
  /** @internal */
  emit(event, value) {
    for (const listener of this.listeners[event] || []) guard(() => listener(value));
  }
};
function guard(run) {
  try {
    run();
  } catch (error) {
    Promise.reject(error);
  }
}

// src/breaker.ts
var FAILURES = 5;
var FIRST_PAUSE_MS = 2e3;
var LONGEST_PAUSE_MS = 3e4;
var Breaker = class {
  constructor(clock) {
    this.clock = clock;
    this.failures = 0;
    this.openUntil = 0;
  }
  /** Milliseconds until the next request may go out; 0: now. */
  waitMs() {
    return Math.max(0, this.openUntil - this.clock.now());
  }
  succeeded() {
    this.failures = 0;
    this.openUntil = 0;
  }
  failed() {
    this.failures++;
    if (this.failures < FAILURES) return;
    const pause = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * Math.pow(2, this.failures - FAILURES));
    this.openUntil = this.clock.now() + pause * (1 + this.clock.random() / 2);
  }
};

// src/http.ts
var TIMEOUT_MS = 1e4;
var RETRIES = 2;
var CACHE_CHARACTERS = 2e5;
var Http = class {
  /** @internal */
  constructor(base, cachePrefix, transport, storage, clock, tokens) {
    this.base = base;
    this.cachePrefix = cachePrefix;
    this.transport = transport;
    this.storage = storage;
    this.clock = clock;
    this.tokens = tokens;
    this.reads = {};
    this.breaker = new Breaker(clock);
  }
  /** Reads `path`, for example "/v1/user/info", and resolves with the envelope's `data`. */
  get(path, options = {}) {
    const auth = options.auth !== false;
    const cached = options.cacheMs ? this.cached(path, options.cacheMs) : void 0;
    if (cached) return Promise.resolve(cached.data);
    const key = path + auth;
    const running = this.reads[key];
    if (running) return running;
    const read = this.withRetries(path, auth);
    this.reads[key] = read;
    const done = () => void delete this.reads[key];
    read.then(done, done);
    if (options.cacheMs) read.then((data) => this.keep(path, data), () => {
    });
    return read;
  }
  /** Sends `body` as JSON. Not repeated by itself. */
  post(path, body, options = {}) {
    return this.authorised("POST", path, options.auth !== false, JSON.stringify(body));
  }
  async withRetries(path, auth) {
    for (let attempt = 0; ; attempt++) {
      try {
        return await this.authorised("GET", path, auth);
      } catch (error) {
        const fault = asJianziError(error);
        if (attempt >= RETRIES || fault.code !== NETWORK && fault.retry !== "now") throw fault;
        const delay = 250 * Math.pow(2, attempt) * (1 + this.clock.random());
        await new Promise((resolve) => void this.clock.after(delay, resolve));
      }
    }
  }
  /** A spent token is renewed once. */
  async authorised(method, path, auth, body) {
    if (!auth) return this.once(method, path, void 0, body);
    try {
      return await this.once(method, path, await this.tokens.token(), body);
    } catch (error) {
      const fault = asJianziError(error);
      if (fault.code !== 2002 && fault.code !== 2003) throw fault;
      this.tokens.invalidate(fault);
      return this.once(method, path, await this.tokens.token(), body);
    }
  }
  async once(method, path, token, body) {
    const wait = this.breaker.waitMs();
    if (wait > 0) throw new JianziError(BREAKER_OPEN, void 0, wait);
    const headers = {};
    if (token) headers.Authorization = "Bearer " + token;
    if (body !== void 0) headers["Content-Type"] = "application/json";
    let response;
    try {
      response = await this.transport.request({ method, url: this.base + path, headers, body, timeoutMs: TIMEOUT_MS });
    } catch (error) {
      this.breaker.failed();
      throw new JianziError(NETWORK, `${method} ${path}: ${error.message}`);
    }
    if (response.status >= 500) this.breaker.failed();
    else this.breaker.succeeded();
    return open(response.status, response.text, path);
  }
  cached(path, maximumAgeMs) {
    try {
      const kept = JSON.parse(this.storage.get(this.cachePrefix + path) || "null");
      const age = kept && this.clock.now() - kept.at;
      return kept && age >= 0 && age < maximumAgeMs ? kept : void 0;
    } catch (_) {
      return void 0;
    }
  }
  keep(path, data) {
    const text = JSON.stringify({ at: this.clock.now(), data });
    if (text.length <= CACHE_CHARACTERS) this.storage.set(this.cachePrefix + path, text);
  }
};
function open(status, text, path) {
  let envelope;
  try {
    envelope = JSON.parse(text);
  } catch (_) {
  }
  if (!envelope || typeof envelope.code !== "number") {
    if (status >= 500) throw new JianziError(NETWORK, `${path}: HTTP ${status}`);
    throw new JianziError(BAD_ANSWER, `${path}: HTTP ${status} without an envelope`);
  }
  if (envelope.code !== 0) throw new JianziError(envelope.code, envelope.msg, envelope.retry_after_ms);
  return envelope.data;
}

// src/launch.ts
var Launch = class extends Emitter {
  /** @internal */
  constructor(lifecycle) {
    super();
    /** Everything the game was opened with. */
    this.query = {};
    this.take(lifecycle.launchQuery());
    this.unwatch = lifecycle.watch(
      (query) => {
        if (query && Object.keys(query).length) this.take(query);
      },
      () => {
      }
    );
  }
  /** The invite, once: later calls give none until the game is opened with one again. */
  takeInvite() {
    const { invite } = this;
    this.invite = void 0;
    return invite;
  }
  /** @internal */
  close() {
    this.unwatch();
  }
  take(query) {
    this.query = query;
    if (!query.invite) return;
    this.invite = query.invite;
    this.emit("invite", query.invite);
  }
};
function makeInvite(code, share, pageUrl) {
  const query = "invite=" + encodeURIComponent(code);
  return __spreadValues(__spreadProps(__spreadValues({}, share), { query }), pageUrl ? { url: `${pageUrl}?${query}` } : {});
}

// src/room_types.ts
var KINDS = ["relay", "lockstep", "authoritative"];
var KNOWS_KIND = KINDS.length - 1;
var STARTS = ["when_ready", "when_full", "on_time", "by_owner"];
var LATE_INPUTS = ["next_frame", "drop", "repeat_last"];
var DURABILITIES = ["semi_sync", "async", "sync"];
var PHASES = ["open", "playing", "ended"];
var REFUSALS = ["unknown", "late", "too_many", "too_long", "not_playing", "spectator", "muted", "gap", "ended_badly"];
function refusalName(reason) {
  return REFUSALS[reason] || "unknown";
}
function toProperties(properties) {
  return Object.keys(properties || {}).map((key) => ({ key, value: properties[key] }));
}
function toWireSpec(wish) {
  const kind = number(KINDS, wish.kind || (wish.authoritative ? "authoritative" : "lockstep"));
  const lockstep = wish.lockstep || {};
  return __spreadProps(__spreadValues({}, wish), {
    kind,
    start: number(STARTS, wish.start),
    durability: number(DURABILITIES, wish.durability),
    properties: toProperties(wish.properties),
    lockstep: kind === 1 ? __spreadProps(__spreadValues({}, lockstep), { lateInput: number(LATE_INPUTS, lockstep.lateInput) }) : void 0
  });
}
function fromWireView(view) {
  const { room, seats, phase, properties, spec } = view;
  return __spreadProps(__spreadValues({}, view), {
    id: room,
    phase: PHASES[phase] || "ended",
    properties: fromProperties(properties),
    seats: seats.map((seat) => __spreadProps(__spreadValues({}, seat), { properties: fromProperties(seat.properties) })),
    spec: fromWireSpec(spec)
  });
}
function fromWireSpec(spec) {
  const { kind = 0, start = 0, durability = 0, properties = [], lockstep = void 0, authoritative = void 0 } = spec || {};
  const { tickHz = 0, ticksPerMessage = 0, hashEvery = 0, lateInput = 0, seed = 0, lastTick = 0 } = lockstep || {};
  return __spreadProps(__spreadValues({
    mode: "",
    seats: 0,
    minPlayers: 0,
    private: false,
    lateJoin: false,
    maxSpectators: 0,
    lifeLimitS: 0,
    reservedFor: [],
    bots: 0,
    startAfterMs: 0
  }, spec), {
    kind: KINDS[kind] || "relay",
    start: STARTS[start] || "by_owner",
    durability: DURABILITIES[durability] || "semi_sync",
    properties: fromProperties(properties),
    lockstep: {
      tickHz: tickHz || 20,
      ticksPerMessage: ticksPerMessage || 1,
      hashEvery: hashEvery || 20,
      lateInput: LATE_INPUTS[lateInput] || "next_frame",
      seed,
      lastTick
    },
    authoritative: __spreadProps(__spreadValues({ game: "", seed: 0 }, authoritative), { tickHz: authoritative && authoritative.tickHz || 20 })
  });
}
function fromProperties(properties) {
  const record = {};
  for (const { key, value } of properties) record[key] = value;
  return record;
}
function number(names, name) {
  const index = name === void 0 ? 0 : names.indexOf(String(name).replace("-", "_"));
  if (index < 0) throw new JianziError(MISUSE, `"${name}" is none of ${names.join(", ")}`);
  return index;
}

// src/match.ts
var ASK_EVERY_MS = 5e3;
var TICKET_UNKNOWN = 3021;
var Matches = class {
  constructor(host, rooms) {
    this.host = host;
    this.rooms = rooms;
    this.searches = [];
  }
  start(options) {
    const search = { options, ticket: randomName(this.host.clock, 24), done: false };
    const promise = new Promise((resolve, reject) => {
      search.resolve = resolve;
      search.reject = reject;
    });
    promise.ticket = search.ticket;
    promise.cancel = () => this.cancel(search);
    this.searches.push(search);
    const { signal } = options;
    if (signal) {
      if (signal.addEventListener) signal.addEventListener("abort", promise.cancel);
      else signal.onabort = promise.cancel;
      if (signal.aborted) promise.cancel();
    }
    if (!search.done) this.ask(search, "match.start");
    return promise;
  }
  /** A new session, or pushes lost: asks again how each ticket stands. */
  reread() {
    for (const search of this.searches) this.ask(search, "match.status");
  }
  closed(fault) {
    for (const search of this.searches) this.fail(search, fault);
  }
  push({ matched, matchWaiting, matchFailed }) {
    const word = matched || matchWaiting || matchFailed;
    const search = word && this.searches.find((candidate) => candidate.ticket === word.ticket);
    if (!search) return;
    if (matched) this.found(search, matched.room);
    else if (matchWaiting) this.waiting(search, matchWaiting);
    else if (matchFailed) this.fail(search, matchFailed.error ? fromWire(matchFailed.error) : new JianziError(3023));
  }
  ask(search, method) {
    const { ticket, options } = search;
    const { mode, players, bots, patienceMs, room } = options;
    let body;
    try {
      body = method === "match.status" ? encodeMatchStatus({ ticket }) : encodeMatchStart({
        ticket,
        mode,
        players,
        fillWithBots: !!bots,
        patienceMs: patienceMs || 0,
        room: toWireSpec(__spreadProps(__spreadValues({ start: "when_full" }, room), { mode, seats: players }))
      });
    } catch (error) {
      return this.fail(search, asJianziError(error));
    }
    this.host.call(method, body, true, decodeMatchTicket).then(
      (answer) => this.answered(search, answer),
      (error) => {
        const fault = asJianziError(error);
        if (search.done) return;
        if (fault.code === TICKET_UNKNOWN && method === "match.status") this.ask(search, "match.start");
        else if (fault.retry === "now" || fault.retry === "later" && this.host.isOnline()) this.askLater(search, fault.retryAfterMs);
        else this.fail(search, fault);
      }
    );
  }
  answered(search, { state, room, reason, waitedMs }) {
    if (search.done) return;
    if (state === MatchTicketState.MATCHED) return this.found(search, room);
    if (state === MatchTicketState.CANCELLED) return this.fail(search, new JianziError(CANCELLED));
    if (state === MatchTicketState.FAILED) return this.fail(search, new JianziError(3023));
    this.waiting(search, { reason, playersFound: 0, playersWanted: search.options.players, waitedMs });
    this.askLater(search, ASK_EVERY_MS);
  }
  askLater(search, delayMs) {
    this.host.clock.after(Math.max(1e3, delayMs), () => {
      if (!search.done && this.host.isOnline()) this.ask(search, "match.status");
    });
  }
  waiting({ options, done }, { reason, playersFound, playersWanted, waitedMs }) {
    const { onWaiting } = options;
    if (onWaiting && !done) guard(() => onWaiting({ reason, playersFound, playersWanted, waitedMs }));
  }
  found(search, room) {
    if (search.done) return;
    this.finish(search);
    this.rooms.join({ room }).then(search.resolve, search.reject);
  }
  cancel(search) {
    if (search.done) return;
    this.fail(search, new JianziError(CANCELLED));
    this.host.call("match.cancel", encodeMatchCancel({ ticket: search.ticket }), true, () => {
    }).catch(() => {
    });
  }
  fail(search, fault) {
    if (search.done) return;
    this.finish(search);
    search.reject(fault);
  }
  finish(search) {
    search.done = true;
    this.searches = this.searches.filter((other) => other !== search);
  }
};

// src/game.ts
var INPUT_BYTES = 1024;
var PAUSE_MS = 250;
var Game = class extends Emitter {
  /** @internal */
  constructor(room) {
    super();
    this.room = room;
    /** The last tick that was applied. */
    this.tick = 0;
    /** Rises by one with every recovery, move or rollback of the room. */
    this.run = 0;
    /** The outcome is known. */
    this.over = false;
    this.backfilled = 0;
    this.equal = true;
    this.caughtTicks = 0;
    /** The game's own code failed: nothing more is applied. */
    this.broken = false;
    this.refused = 0;
    this.paused = 0;
    this.lastTickAt = room.clock.now();
  }
  /** More than what happens now is being applied. */
  get catchingUp() {
    return this.interruptedAt !== void 0;
  }
  get stats() {
    const { inputs } = this.room;
    return {
      pauseMs: this.paused,
      framesBackfilled: this.backfilled,
      inputsLost: inputs.lost,
      inputsRefused: this.refused,
      inputsPending: inputs.pendingCount,
      rttMs: this.room.rttMs(),
      hashesEqual: this.equal
    };
  }
  /**
   * Does something: up to 1 KiB, applied by the room at its next tick. It survives a cut connection. What cannot be sent
   * is not an exception, so that a touch after the last tick does no harm: the verdict says why.
   */
  input(data, options = {}) {
    const { room } = this;
    const refused = this.over || this.broken || room.isOver() ? "over" : room.seat() === void 0 ? "spectator" : !room.isPlaying() && !this.tick ? "not_started" : data.length > INPUT_BYTES ? "too_long" : void 0;
    if (refused) return { ok: false, reason: refused };
    const input = room.inputs.add(Uint8Array.from(data), options.tick || 0);
    if (!input) return { ok: false, reason: "full" };
    room.sendInput(input);
    return { ok: true, number: input.number };
  }
  /** @internal The connection is gone. */
  interrupted() {
    if (this.interruptedAt !== void 0 || !this.tick || this.over) return;
    this.interruptedAt = this.lastTickAt;
    this.caughtTicks = 0;
  }
  /** @internal */
  refuse(number2, reason) {
    this.refused++;
    this.emit("refused", { number: number2, reason });
  }
  /** @internal The room's state. */
  told(_state) {
  }
  /** @internal A word to this seat alone. */
  spoken(_message) {
  }
  /** @internal Ours is of a history that is gone. */
  restart() {
  }
  /** @internal A resume was answered: live ticks begin behind this one. */
  resumed(_tick) {
  }
  /** @internal The room's view has changed before the first tick. */
  seated() {
  }
  /** @internal States differ; those of `seats` are the odd ones. */
  differs(_seats, _lastAgreedTick) {
  }
  /** @internal The room has ended. */
  ended(_end) {
  }
  finish(result, hash) {
    this.over = true;
    this.result = result;
    this.emit("over", { result, tick: this.tick, hash });
  }
  /** The room holds our inputs up to `applied`; a new run may have lost some that it had. */
  acknowledged(applied, newRun) {
    const { inputs } = this.room;
    if (newRun) inputs.after(applied).forEach((input) => this.room.sendInput(input));
    else inputs.acknowledge(applied);
  }
  /** Live again, or never away: counts the time in which nothing moved. */
  settle() {
    const now = this.room.clock.now();
    const usual = this.room.frameMs();
    const still = now - this.lastTickAt;
    if (this.interruptedAt !== void 0) {
      const pauseMs = now - this.interruptedAt;
      this.interruptedAt = void 0;
      this.paused += pauseMs;
      this.emit("caughtUp", { ticks: this.caughtTicks, pauseMs });
      this.caughtTicks = 0;
    } else if (this.tick > 1 && still > Math.max(PAUSE_MS, 4 * usual)) this.paused += still - usual;
    this.lastTickAt = now;
  }
};

// src/inputs.ts
var MOST_PENDING2 = 256;
var KEPT = 64;
var Inputs = class {
  constructor() {
    this.kept = [];
    this.pending = [];
    this.next = 1;
    /** Acknowledged once, lost by the room, and not here any more either. */
    this.lost = 0;
  }
  get pendingCount() {
    return this.pending.length;
  }
  /** Nothing if too many are unacknowledged. */
  add(data, tick) {
    if (this.pending.length >= MOST_PENDING2) return void 0;
    const input = { number: this.next++, tick, data };
    this.pending.push(input);
    return input;
  }
  /** The number of the oldest one without an acknowledgement; 0 if there is none. */
  get oldest() {
    const [first] = this.pending;
    return first ? first.number : 0;
  }
  /** The room has applied or refused all up to this number. */
  acknowledge(applied) {
    const first = this.pending[0];
    if (!first || first.number > applied) return;
    const done = this.pending.filter((input) => input.number <= applied);
    this.pending = this.pending.slice(done.length);
    this.kept = this.kept.concat(done).slice(-KEPT);
  }
  /** What to send again when the room stands at `applied`: also acknowledged ones, if it has lost them. */
  after(applied) {
    const again = this.kept.concat(this.pending).filter((input) => input.number > applied);
    this.kept = this.kept.filter((input) => input.number <= applied);
    this.lost += Math.max(0, this.next - 1 - applied - again.length);
    again.forEach((input, i) => input.number = applied + 1 + i);
    this.next = applied + 1 + again.length;
    this.pending = again;
    return again;
  }
};
function readInputs(bytes) {
  const inputs = [];
  let at = 0;
  const varint = () => {
    let value = 0;
    for (let shift = 0; shift < 35; shift += 7) {
      const byte = bytes[at++];
      if (byte === void 0) break;
      value |= (byte & 127) << shift;
      if (byte < 128) return value >>> 0;
    }
    throw new Error("a tick is cut short");
  };
  while (at < bytes.length) {
    const seat = varint();
    const length = varint();
    if (length > bytes.length - at) throw new Error("an input is cut short");
    inputs.push({ seat, data: bytes.subarray(at, at + length) });
    at += length;
  }
  return inputs;
}

// src/authoritative.ts
var ROOM_SEAT = 65535;
var Authoritative = class extends Game {
  /** @internal */
  told({ run, tick, data, applied }) {
    if (run < this.run) return;
    const from = this.tick;
    if (this.run) this.backfilled++;
    this.acknowledged(applied, this.run > 0 && run > this.run);
    this.run = run;
    this.tick = tick;
    this.caughtTicks += Math.max(0, tick - from);
    if (tick < from) this.room.rewound({ from, to: tick, reason: "recovery" });
    this.emit("state", { tick, data });
  }
  /** @internal */
  spoken({ run, tick, data }) {
    if (run >= this.run) this.emit("message", { tick, data });
  }
  /** @internal A run begins with its state; until that came, frames are none of ours. */
  take({ run, tick, ticks, applied }) {
    if (!this.run || run < this.run) return;
    if (run > this.run || tick > this.tick + 1) return this.room.resume(1);
    this.acknowledged(applied, false);
    ticks.slice(this.tick + 1 - tick).forEach((bytes) => {
      this.tick++;
      this.emit("tick", { tick: this.tick, messages: readInputs(bytes).map(({ data }) => data) });
    });
    this.settle();
  }
  /** @internal */
  resumePoint() {
    return 1;
  }
  /** @internal */
  ended({ results }) {
    for (const { seat, result, hash } of results) if (seat === ROOM_SEAT) this.finish(result, hash);
  }
};

// src/tick_log.ts
var KEPT2 = 4096;
var TickLog = class _TickLog {
  constructor() {
    this.ticks = {};
    this.last = 0;
  }
  get(tick) {
    return this.ticks[tick];
  }
  /** Ticks are added in order. */
  add(tick, bytes) {
    this.ticks[tick] = bytes.slice();
    this.last = tick;
    delete this.ticks[tick - KEPT2];
  }
  /** The oldest tick that is kept. */
  first() {
    return Math.max(1, this.last - KEPT2 + 1);
  }
  /** A log of what is older than `tick`. */
  before(tick) {
    const log = new _TickLog();
    for (let i = Math.max(1, tick - KEPT2); i < tick; i++) {
      const bytes = this.ticks[i];
      if (bytes) log.add(i, bytes);
    }
    return log;
  }
};

// src/lockstep.ts
var SNAPSHOT_EVERY = 64;
var SNAPSHOTS = 8;
var OVERLAP = 256;
var AHEAD = 1024;
var Lockstep = class extends Game {
  /** @internal */
  constructor(room, rules) {
    super(room);
    this.rules = rules;
    this.target = 0;
    this.healedAt = 0;
    this.log = new TickLog();
    this.ahead = {};
    this.aheadCount = 0;
    this.snapshots = [];
    this.state = rules.start(room.startInfo());
  }
  /** The state's hash, by the rules. */
  get hash() {
    return this.rules.hash ? this.rules.hash(this.state) >>> 0 : 0;
  }
  /** Ends the match for this player and reports the outcome, for rules without `result`. */
  end(result = []) {
    if (this.over) return;
    const { hash } = this;
    this.finish(Uint8Array.from(result), hash);
    if (this.room.seat() !== void 0) this.room.report(this.result, hash, this.tick);
  }
  /** @internal The room's own word on where it stands; `run` and `tick` of a fresh view. */
  resumePoint(run, tick) {
    if (this.run && run > this.run) this.doubt();
    if (tick < this.tick && run >= this.run && this.run) this.rewind(tick, run);
    return this.unverifiedFrom || this.tick + 1;
  }
  /** @internal Everything anew from tick 1. */
  restart() {
    this.rewind(0, this.run);
    this.room.resume(1);
  }
  /** @internal */
  resumed(tick) {
    this.target = Math.max(this.target, tick);
    if (this.catchingUp) this.settle();
  }
  /** @internal */
  seated() {
    if (!this.tick) this.state = this.rules.start(this.room.startInfo());
  }
  /** @internal */
  take(frame) {
    if (frame.run < this.run || this.broken) return;
    const newRun = this.run > 0 && frame.run > this.run;
    if (newRun && frame.continuesAt) {
      if (frame.continuesAt <= this.tick) this.rewind(frame.continuesAt - 1, frame.run);
    } else if (newRun) this.doubt();
    this.run = frame.run;
    try {
      for (let i = 0; i < frame.ticks.length; i++) this.takeTick(frame.tick + i, frame.ticks[i], frame.backfill);
    } catch (error) {
      this.broken = true;
      this.room.failed(new JianziError(MISUSE, `the rules failed at tick ${this.tick + 1}: ${error.message}`));
      guard(() => {
        throw error;
      });
    }
    if (!frame.backfill) this.acknowledged(frame.applied, newRun);
    if (this.over) this.unverifiedFrom = this.interruptedAt = void 0;
    else if (!frame.backfill || this.tick >= this.target) this.settle();
  }
  /** @internal */
  differs(seats, lastAgreedTick) {
    this.equal = false;
    const seat = this.room.seat();
    if (seat === void 0 || seats.indexOf(seat) < 0 || this.over || this.tick - this.healedAt < 200) return;
    this.healedAt = this.tick;
    this.rewind(Math.min(lastAgreedTick, this.tick), this.run, "desync");
  }
  /** @internal */
  ended({ agreed, results }) {
    if (agreed && results.length) this.equal = true;
  }
  takeTick(tick, bytes, backfill) {
    if (tick <= this.tick) {
      const ours = this.unverifiedFrom !== void 0 && this.log.get(tick);
      if (!ours) return;
      if (same(ours, bytes)) {
        if (tick === this.tick) this.unverifiedFrom = void 0;
        return this.applyAhead(backfill);
      }
      this.rewind(tick === this.unverifiedFrom ? 0 : tick - 1, this.run);
    }
    if (this.over) return;
    if (tick > this.tick + 1 || this.unverifiedFrom !== void 0) return this.keepAhead(tick, bytes);
    this.apply(tick, bytes, backfill);
    this.applyAhead(backfill);
  }
  applyAhead(backfill) {
    for (let next; !this.over && this.unverifiedFrom === void 0 && (next = this.ahead[this.tick + 1]); ) {
      delete this.ahead[this.tick + 1];
      this.aheadCount--;
      this.apply(this.tick + 1, next, backfill);
    }
  }
  keepAhead(tick, bytes) {
    if (!this.ahead[tick] && this.aheadCount < AHEAD) {
      this.ahead[tick] = bytes;
      this.aheadCount++;
    }
    this.interrupted();
    this.room.resume(this.unverifiedFrom || this.tick + 1);
  }
  apply(tick, bytes, backfill) {
    if (tick === 1) this.seated();
    this.step(tick, bytes);
    if (backfill) this.backfilled++;
    if (this.catchingUp) this.caughtTicks++;
    if (this.rules.hash && !this.catchingUp && tick % this.room.spec().lockstep.hashEvery === 0) this.room.sendHash(tick, this.hash);
    this.emit("tick", this.state);
    this.checkResult();
  }
  step(tick, bytes) {
    this.state = this.rules.step(this.state, { tick, inputs: readInputs(bytes) });
    this.tick = tick;
    this.log.add(tick, bytes);
    if (this.rules.save && tick % SNAPSHOT_EVERY === 0) {
      this.snapshots = this.snapshots.concat({ tick, saved: this.rules.save(this.state) }).slice(-SNAPSHOTS);
    }
  }
  checkResult() {
    const result = this.rules.result && !this.over && this.rules.result(this.state);
    if (result) this.end(result);
  }
  settle() {
    if (!this.catchingUp || this.tick >= this.target && this.unverifiedFrom === void 0) super.settle();
  }
  /** The room went on without us from a tick that we do not know: what we hold is compared before more is applied. */
  doubt() {
    if (this.unverifiedFrom !== void 0 || !this.tick) return;
    this.unverifiedFrom = Math.max(1, this.tick + 1 - OVERLAP, this.log.first());
    this.interrupted();
    this.room.resume(this.unverifiedFrom);
  }
  /** Back to the state after tick `to`: from the nearest earlier one that is kept, by the log or by asking the room. */
  rewind(to, run, reason = "recovery") {
    const from = this.tick;
    this.interrupted();
    this.run = run;
    this.unverifiedFrom = void 0;
    this.ahead = {};
    this.aheadCount = 0;
    this.snapshots = this.snapshots.filter((snapshot2) => snapshot2.tick <= to);
    const snapshot = this.rules.load && this.snapshots[this.snapshots.length - 1];
    this.over = false;
    this.result = void 0;
    this.tick = snapshot ? snapshot.tick : 0;
    this.state = snapshot && this.rules.load ? this.rules.load(snapshot.saved) : this.rules.start(this.room.startInfo());
    const known = this.log;
    this.log = known.before(this.tick + 1);
    for (let bytes; this.tick < to && (bytes = known.get(this.tick + 1)); ) this.step(this.tick + 1, bytes);
    if (this.tick < to || reason === "desync") {
      this.target = Math.max(to, reason === "desync" ? from : 0);
      this.room.resume(this.tick + 1);
    } else this.target = 0;
    if (reason !== "desync") this.room.rewound({ from, to, reason });
    this.emit("tick", this.state);
  }
};
function checkRules(rules) {
  if (!rules || typeof rules.start !== "function" || typeof rules.step !== "function") {
    throw new JianziError(MISUSE, "lockstep() wants an object with start(info) and step(state, tick)");
  }
}
function same(a, b) {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}

// src/room.ts
var RETRY_MS = 1e3;
var GAP_RETRY_MS = 500;
var RESULT_DEADLINE_MS = 6e4;
var UNSENT_RELAYS = 64;
var EARLY_RELAYS = 64;
var ROOM_UNKNOWN = 3001;
var ROOM_ENDED = 3003;
var NOT_IN_ROOM = 3006;
var BAD_REQUEST = 4002;
var Room = class extends Emitter {
  /** @internal */
  constructor(host, joined) {
    super();
    this.host = host;
    /** Left, or ended. */
    this.over = false;
    /** @internal */
    this.channel = 0;
    this.seed = 0;
    this.inputs = new Inputs();
    this.resuming = false;
    this.gapRetryAt = 0;
    this.gapWatched = false;
    this.unsent = [];
    this.early = [];
    /** The newest change that an event has told. */
    this.toldRun = 0;
    this.toldRevision = 0;
    this.view = fromWireView(joined.room);
    this.id = this.view.id;
    this.adopt(joined);
    this.inputs.after(joined.applied);
  }
  on(event, listener) {
    const unsubscribe = super.on(event, listener);
    if (event === "relay") {
      const early = this.early;
      this.early = [];
      early.forEach((message) => this.emit("relay", message));
    }
    return unsubscribe;
  }
  /** For `wx.shareAppMessage`, or, with `url`, for a web link. */
  invite(share = {}) {
    return makeInvite(this.view.invite, share, this.host.pageUrl());
  }
  /** Plays in lockstep by these rules. Ticks that have passed are fetched. */
  lockstep(rules) {
    checkRules(rules);
    return this.begin("lockstep", () => new Lockstep(this.gameRoom(), rules));
  }
  /** Plays by rules that run in the room: it tells the state, then every tick. */
  authoritative() {
    return this.begin("authoritative", () => new Authoritative(this.gameRoom()));
  }
  async ready(ready = true) {
    await this.act("rooms.ready", { ready });
  }
  async start() {
    await this.act("rooms.start", {});
  }
  /** The owner sets the room's properties; an empty value removes one. */
  async set(properties) {
    await this.setProperties(properties, false);
  }
  /** Sets properties of the own seat. */
  async setOwn(properties) {
    await this.setProperties(properties, true);
  }
  async kick(player, options = {}) {
    await this.act("rooms.kick", { player, ban: !!options.ban });
  }
  async giveOwner(player) {
    await this.act("rooms.owner", { player });
  }
  /** Keeps a seat for a player for a while. */
  async reserve(player, forMs) {
    await this.ask("rooms.reserve", encodeReserveSeat({ room: this.id, player, forMs }));
  }
  async leave() {
    if (this.over) return;
    this.over = true;
    this.host.left(this);
    await this.host.call("rooms.leave", encodeRoomAction({ room: this.id }), true, () => {
    });
  }
  /**
   * A message to all others, or to some seats. `latestOnly`: a newer one may take its place on a slow way. False if it
   * could not be kept until the connection is back.
   */
  relay(data, options = {}) {
    if (this.over) return false;
    const body = encodeRelay({ channel: this.channel, data: Uint8Array.from(data), to: options.to || [], latestOnly: !!options.latestOnly });
    if (this.host.send(RELAY, body)) return true;
    if (options.latestOnly || this.unsent.length >= UNSENT_RELAYS) return false;
    this.unsent.push(body);
    return true;
  }
  /** Tells what this seat holds for the outcome; games in lockstep do it by `rules.result`. */
  async result(result, hash = 0, tick = 0) {
    const body = encodeReportResult({ room: this.id, result: Uint8Array.from(result), hash, tick });
    await this.host.call("rooms.result", body, true, () => {
    }, RESULT_DEADLINE_MS);
  }
  /** @internal After a login: where the session has this seat. */
  back({ room, channel, seat }) {
    this.resuming = false;
    this.channel = channel;
    this.seat = seat;
    this.host.joined(this);
    this.listen(room && room.run, this.game && this.game.tick);
    const unsent = this.unsent;
    this.unsent = [];
    for (const body of unsent) this.host.send(RELAY, encodeRelay(__spreadProps(__spreadValues({}, decodeRelay(body)), { channel: this.channel })));
    this.emit("changed", { view: this.view, why: "reread", player: "" });
  }
  /** @internal The session does not have this seat: into the room again, by its id. */
  rejoin() {
    if (this.over) return;
    const body = encodeJoinRoom({ room: this.id, spectate: this.seat === void 0, knowsKind: KNOWS_KIND });
    this.host.call("rooms.join", body, true, decodeJoinedStrict).then(
      (joined) => {
        if (!this.over) this.back(joined);
      },
      (error) => this.failed(asJianziError(error), () => this.rejoin())
    );
  }
  /** @internal */
  lost() {
    this.resuming = false;
    if (this.game) this.game.interrupted();
  }
  /** @internal An answer's view has no `why`: the event comes with the push that tells it. */
  changed(view, why, player = "") {
    const { run, revision, phase } = this.view;
    const newer = view.run > run || view.run === run && view.revision >= revision;
    if (newer) this.view = fromWireView(view);
    if (this.game && this.view.phase !== phase) this.game.seated();
    if (why === void 0 || !(newer || why === "kicked") || why !== "reread" && view.run === this.toldRun && view.revision <= this.toldRevision) return;
    this.toldRun = view.run;
    this.toldRevision = view.revision;
    this.emit("changed", { view: this.view, why, player });
    if (why === "kicked" && player === this.host.playerId()) this.end({ reason: "kicked", lastTick: this.view.tick, results: [], agreed: false });
  }
  /** @internal */
  ended({ reason, lastTick, results, agreed }) {
    this.end({ reason, lastTick, results, agreed });
  }
  /** @internal */
  frame(frame) {
    if (this.game) this.game.take(frame);
  }
  /** @internal */
  told(state) {
    if (this.game) this.game.told(state);
  }
  /** @internal */
  spoken(message) {
    if (this.game) this.game.spoken(message);
  }
  /** @internal */
  relayed({ from, data, latestOnly }) {
    const message = { from, data, latestOnly };
    if (this.hasListener("relay")) this.emit("relay", message);
    else if (this.early.length < EARLY_RELAYS) this.early.push(message);
  }
  /** @internal */
  differs({ tick, seats, lastAgreedTick }) {
    const mine = this.seat !== void 0 && seats.indexOf(this.seat) >= 0;
    this.emit("desync", { tick, seats, lastAgreedTick, mine });
    if (this.game) this.game.differs(seats, lastAgreedTick);
  }
  /** @internal */
  refused({ number: number2, reason }) {
    const name = refusalName(reason);
    if (name === "gap") {
      const now = this.host.clock.now();
      if (now < this.gapRetryAt) return;
      this.gapRetryAt = now + GAP_RETRY_MS;
      if (this.game) this.resume(this.game.tick + 1);
      this.watchGap();
    } else if (this.game) this.game.refuse(number2, name);
  }
  /** What met a gap that nobody told of waits for ever if no more follows: all go again if nothing moves. */
  watchGap() {
    const { oldest } = this.inputs;
    if (this.gapWatched || !oldest) return;
    this.gapWatched = true;
    this.host.clock.after(GAP_RETRY_MS, () => {
      this.gapWatched = false;
      if (this.over || !this.host.isOnline()) return;
      if (this.game && this.inputs.oldest === oldest) this.resume(this.game.tick + 1);
      this.watchGap();
    });
  }
  /** @internal Pushes were lost: the view is read again. */
  reread() {
    const read = (body) => this.changed(decodeRoomView(body), "reread");
    this.host.call("rooms.get", encodeRoomAction({ room: this.id }), true, read).catch((error) => this.failed(asJianziError(error)));
  }
  adopt({ room, channel, seat, seed }) {
    this.channel = channel;
    this.seat = seat;
    this.seed = seed;
    if (room) {
      this.view = fromWireView(room);
      this.toldRun = room.run;
      this.toldRevision = room.revision;
    }
    this.host.joined(this);
  }
  /** After a cut a room is silent until it is asked. A lockstep room is asked when there are rules to play by. */
  listen(run = this.view.run, tick = this.view.tick) {
    const { game } = this;
    if (game) this.resume(game.resumePoint(run, tick));
    else if (this.view.spec.kind === "relay") this.resume(1);
  }
  /** Frames from this tick on; one request at a time. */
  resume(fromTick) {
    if (this.resuming || this.over || !this.host.isOnline()) return;
    this.resuming = true;
    const game = this.game;
    const read = (body) => {
      this.resuming = false;
      const joined = decodeJoinedStrict(body);
      this.adopt(joined);
      this.inputs.after(joined.applied).forEach((input) => this.sendInput(input));
      if (game && game === this.game && joined.room) game.resumed(joined.room.tick);
    };
    this.host.call("rooms.resume", encodeResumeRoom({ channel: this.channel, fromTick }), true, read).catch((error) => {
      this.resuming = false;
      const fault = asJianziError(error);
      if (fault.code === BAD_REQUEST && game && game.tick) return game.restart();
      this.failed(fault, () => this.listen());
    });
  }
  failed(fault, again) {
    if (this.over) return;
    if (fault.code === ROOM_UNKNOWN || fault.code === ROOM_ENDED) {
      return this.end({ reason: fault.code === ROOM_ENDED ? "finished" : "lost", lastTick: this.game ? this.game.tick : 0, results: [], agreed: false });
    }
    if (fault.code === NOT_IN_ROOM) return this.rejoin();
    this.emit("error", fault);
    if (!again || fault.retry === "never" || fault.retry === "login") return;
    this.host.clock.after(Math.max(RETRY_MS, fault.retryAfterMs), () => {
      if (!this.over && this.host.isOnline()) again();
    });
  }
  end(end) {
    if (this.over) return;
    this.over = true;
    this.view = __spreadProps(__spreadValues({}, this.view), { phase: "ended" });
    this.host.left(this);
    if (this.game) this.game.ended(end);
    this.emit("ended", end);
  }
  async setProperties(properties, ownSeat) {
    await this.ask("rooms.set", encodeSetProperties({ room: this.id, properties: toProperties(properties), ownSeat }));
  }
  async act(method, action) {
    await this.ask(method, encodeRoomAction(__spreadValues({ room: this.id }, action)));
  }
  ask(method, body) {
    return this.host.call(method, body, true, (answer) => this.changed(decodeRoomView(answer)));
  }
  sendInput({ number: number2, tick, data }) {
    const { tickHz, ticksPerMessage } = this.view.spec.lockstep;
    const within = ticksPerMessage > 1 ? (ticksPerMessage - 1) * 1e3 / tickHz : 0;
    this.host.send(INPUT, encodeInput({ channel: this.channel, number: number2, tick, data }), within);
  }
  begin(kind, make) {
    if (this.view.spec.kind !== kind) throw new JianziError(MISUSE, `room ${this.id} is of kind ${this.view.spec.kind}`);
    const game = make();
    this.game = game;
    this.resume(1);
    return game;
  }
  gameRoom() {
    const { host } = this;
    return {
      clock: host.clock,
      inputs: this.inputs,
      seat: () => this.seat,
      spec: () => this.view.spec,
      frameMs: () => {
        const { kind, authoritative, lockstep } = this.view.spec;
        return 1e3 * (kind === "authoritative" ? 1 / authoritative.tickHz : lockstep.ticksPerMessage / lockstep.tickHz);
      },
      isPlaying: () => this.view.phase === "playing",
      isOver: () => this.over,
      rttMs: () => host.rttMs(),
      startInfo: () => ({
        seats: this.view.spec.seats,
        seed: this.seed,
        bots: this.view.seats.filter((seat) => seat.bot).map((seat) => seat.seat),
        spec: this.view.spec,
        players: this.view.seats
      }),
      resume: (fromTick) => this.resume(fromTick),
      sendInput: (input) => this.sendInput(input),
      sendHash: (tick, hash) => void host.send(STATE_HASH, encodeStateHash({ channel: this.channel, tick, hash })),
      report: (result, hash, tick) => {
        this.result(result, hash, tick).catch((error) => {
          if (!this.over) this.emit("error", asJianziError(error));
        });
      },
      rewound: (event) => this.emit("rewound", event),
      failed: (fault) => this.emit("error", fault)
    };
  }
};
function decodeJoinedStrict(body) {
  const joined = decodeJoined(body);
  if (!joined.room) throw new JianziError(BAD_ANSWER, "a room without a view");
  return joined;
}

// src/rooms.ts
var ROUTES = {
  [FRAME]: [decodeFrame, "frame"],
  [RELAY]: [decodeRelay, "relayed"],
  [DESYNC]: [decodeDesync, "differs"],
  [INPUT_REFUSED]: [decodeInputRefused, "refused"],
  [ROOM_STATE]: [decodeRoomState, "told"],
  [ROOM_MESSAGE]: [decodeRoomMessage, "spoken"]
};
var Rooms = class {
  /** @internal */
  constructor(host) {
    this.byId = {};
    this.byChannel = {};
    this.host = __spreadProps(__spreadValues({}, host), {
      joined: (room) => {
        this.forgetChannel(room);
        this.byId[room.id] = room;
        this.byChannel[room.channel] = room;
      },
      left: (room) => {
        this.forgetChannel(room);
        if (this.byId[room.id] === room) delete this.byId[room.id];
      }
    });
  }
  /** Those that the player is in. */
  get current() {
    return Object.keys(this.byId).map((id) => this.byId[id]);
  }
  /** Makes a room and takes a seat in it. The id may be chosen (`<0–255>-<letters and digits>`); asking twice makes one room. */
  create(wish) {
    return this.attempt(() => {
      const _a = wish, { id } = _a, spec = __objRest(_a, ["id"]);
      const { clock } = this.host;
      const room = id || `${Math.floor(clock.random() * 256)}-${randomName(clock, 16)}`;
      return this.enter("rooms.create", encodeCreateRoom({ room, spec: toWireSpec(spec), join: true }));
    });
  }
  /** Enters a room by its id or an invite code. Being there already is no error. */
  join(where) {
    return this.attempt(() => {
      if (!where.room && !where.invite) throw new JianziError(MISUSE, "join() wants a room or an invite");
      return this.enter("rooms.join", encodeJoinRoom(__spreadProps(__spreadValues({}, where), { knowsKind: KNOWS_KIND })));
    });
  }
  /** Public rooms that are open, newest first. */
  list(options = {}) {
    return this.host.call("rooms.list", encodeListRooms(__spreadProps(__spreadValues({}, options), { properties: toProperties(options.properties) })), true, (body) => {
      const { rooms, next } = decodeRoomList(body);
      return { rooms: rooms.map(fromWireView), next };
    });
  }
  get(id) {
    return this.host.call("rooms.get", encodeRoomAction({ room: id }), true, (body) => fromWireView(decodeRoomView(body)));
  }
  /** @internal */
  welcome({ resumed, rooms, pushesLost }) {
    const known = {};
    for (const joined of rooms) if (resumed && joined.room) known[joined.room.room] = joined;
    for (const room of this.current) {
      const joined = known[room.id];
      if (!joined) room.rejoin();
      else {
        room.back(joined);
        if (pushesLost) room.reread();
      }
    }
  }
  /** @internal */
  lost() {
    for (const room of this.current) room.lost();
  }
  /** @internal */
  reread() {
    for (const room of this.current) room.reread();
  }
  /** @internal Everything is over: also for the rooms. */
  closed() {
    for (const room of this.current) room.ended({ room: room.id, reason: "closed", lastTick: 0, results: [], agreed: false });
  }
  /** @internal */
  push({ roomChanged, roomEnded }) {
    if (roomChanged && roomChanged.room) {
      const room = this.byId[roomChanged.room.room];
      if (room) room.changed(roomChanged.room, roomChanged.why, roomChanged.player);
    }
    if (roomEnded) {
      const room = this.byId[roomEnded.room];
      if (room) room.ended(roomEnded);
    }
  }
  /** @internal */
  take(operation, body) {
    const route = ROUTES[operation];
    if (!route) return;
    const [decode2, take] = route;
    const message = decode2(body);
    const room = this.byChannel[message.channel];
    if (room) room[take](message);
  }
  /** @internal Does anybody play? */
  isPlaying() {
    return this.current.some((room) => room.view.phase === "playing");
  }
  enter(method, body) {
    return this.host.call(method, body, true, (answer) => {
      const joined = decodeJoinedStrict(answer);
      const known = this.byId[joined.room.room];
      if (known && !known.over) {
        known.back(joined);
        return known;
      }
      return new Room(this.host, joined);
    });
  }
  forgetChannel(room) {
    if (this.byChannel[room.channel] === room) delete this.byChannel[room.channel];
  }
  async attempt(work) {
    return work();
  }
};

// src/backoff.ts
var FIRST_MS = 1e3;
var LONGEST_MS = 3e4;
function backoffMs(attempt, firstWithinMs, atLeastMs, clock) {
  const within = attempt <= 1 ? firstWithinMs : Math.min(LONGEST_MS, FIRST_MS * Math.pow(2, attempt - 2));
  return Math.round(atLeastMs + clock.random() * within);
}

// src/connection.ts
var HANDSHAKE_MS = 1e4;
var WATCHFUL_MS = 2e3;
var PROBE_MS = 2e3;
var Connection = class {
  constructor(transport, url, clock, events) {
    this.clock = clock;
    this.events = events;
    this.over = false;
    this.heartbeatMs = 0;
    this.beatenAt = 0;
    this.sentAt = {};
    this.echo = 0;
    this.waiting = [];
    this.heardAt = clock.now();
    this.timer = clock.after(HANDSHAKE_MS, () => this.end(new JianziError(NETWORK, "no welcome in time")));
    try {
      this.link = transport.open(url, {
        open: () => this.opened(),
        message: (bytes) => this.message(bytes),
        closed: (reason) => this.lost(reason)
      });
    } catch (error) {
      clock.after(0, () => this.lost(error.message));
    }
  }
  /** May wait up to `withinMs` for others, to share a message with them. */
  send(operation, body, withinMs = 0) {
    if (this.over) return;
    this.waiting.push(encodeFrame(operation, body));
    if (withinMs <= 0) this.flush();
    else if (!this.flushTimer) this.flushTimer = this.clock.after(withinMs, () => this.flush());
  }
  /** Is anybody there? If nothing is heard soon the connection ends. */
  probe() {
    if (!this.heartbeatMs) return;
    const asked = this.clock.now();
    this.beat();
    this.clock.after(PROBE_MS, () => {
      if (this.heardAt < asked) this.end(new JianziError(NETWORK, "no answer to a heartbeat"));
    });
  }
  /** Milliseconds since anything was heard. */
  silentMs() {
    return this.clock.now() - this.heardAt;
  }
  /** A good-bye ends the session; without one the server keeps it for a resume. */
  close(goodbye) {
    if (this.over) return;
    if (goodbye && this.heartbeatMs) this.send(GOODBYE, encodeGoodbye({}));
    this.release();
  }
  opened() {
    if (this.over) return;
    this.beatenAt = this.clock.now();
    this.send(LOGIN, this.events.login());
  }
  flush() {
    if (this.flushTimer) this.flushTimer();
    this.flushTimer = void 0;
    const frames = this.waiting;
    this.waiting = [];
    if (this.over || !frames.length) return;
    try {
      this.link.send(frames.length === 1 ? frames[0] : joinFrames(frames));
    } catch (error) {
      this.end(new JianziError(NETWORK, `cannot send: ${error.message}`));
    }
  }
  message(bytes) {
    if (this.over) return;
    this.heardAt = this.clock.now();
    try {
      const whole = walkFrames(bytes, (operation, body) => {
        this.take(operation, body);
        return !this.over;
      });
      if (!whole) throw new Error("not a frame");
    } catch (error) {
      this.end(error instanceof JianziError ? error : new JianziError(BAD_ANSWER, asJianziError(error).message));
    }
  }
  take(operation, body) {
    if (operation === ERROR) {
      this.fault = fromWire(decodeError(body));
      return;
    }
    if (operation === GOODBYE) {
      const goodbye = decodeGoodbye(body);
      return this.end(goodbye.code ? fromWire(goodbye) : new JianziError(NETWORK, goodbye.message || "the server said good-bye", goodbye.retryAfterMs));
    }
    this.fault = void 0;
    if (operation === HEARTBEAT) {
      const { echo, timeMs } = decodeHeartbeat(body);
      const sentAt = this.sentAt[echo];
      delete this.sentAt[echo];
      if (sentAt !== void 0) this.events.heartbeat(sentAt, timeMs);
    } else if (operation === WELCOME) {
      const welcome = decodeWelcome(body);
      this.heartbeatMs = welcome.heartbeatMs || 1e4;
      this.timer();
      this.watch(this.clock.now());
      this.events.welcome(welcome, this.beatenAt);
    } else this.events.frame(operation, body);
  }
  /** Looks twice a period. A look that comes late was asleep with the device: it beats again before it judges. */
  watch(planned) {
    if (this.over) return;
    const now = this.clock.now();
    const period = this.events.isPlaying() ? Math.min(WATCHFUL_MS, this.heartbeatMs) : this.heartbeatMs;
    const slept = now - planned > period / 2;
    if (!slept && now - this.heardAt > 2 * period) return this.end(new JianziError(NETWORK, "the server is silent"));
    if (slept) this.probe();
    else if (now - this.beatenAt >= period) this.beat();
    const pause = Math.min(WATCHFUL_MS, period) / 2;
    this.timer = this.clock.after(pause, () => this.watch(now + pause));
  }
  beat() {
    this.beatenAt = this.clock.now();
    this.echo++;
    delete this.sentAt[this.echo - 16];
    this.sentAt[this.echo] = this.beatenAt;
    this.send(HEARTBEAT, encodeHeartbeat({ lastPush: this.events.lastPush(), echo: this.echo }));
  }
  lost(reason) {
    this.end(this.fault || new JianziError(NETWORK, `connection lost: ${reason}`));
  }
  end(fault) {
    if (this.over) return;
    this.release();
    this.events.ended(fault);
  }
  release() {
    this.over = true;
    this.timer();
    if (this.flushTimer) this.flushTimer();
    if (this.link) this.link.close();
  }
};

// src/session.ts
var REPLACED = 2005;
var OUTDATED = 2008;
var RESUME_SPENT = 2004;
var LOGIN_DEADLINE_MS = 3e4;
var RETRY_WITHIN_MS = 1e3;
var RELOGINS = 2;
var STEADY_MS = 1e3;
var SHORT_LIVES = 3;
var ASLEEP_MS = 5e3;
var Session = class {
  constructor(options, transport, auth, lifecycle, clock, events) {
    this.options = options;
    this.transport = transport;
    this.auth = auth;
    this.clock = clock;
    this.events = events;
    this.status = { state: "offline" };
    this.resume = new Uint8Array(0);
    this.online = false;
    this.attempt = 0;
    this.relogins = 0;
    this.onlineSince = 0;
    /** Connections in a row that ended soon after their welcome. */
    this.shortLives = 0;
    this.redirects = 0;
    this.hidden = false;
    this.disposed = false;
    /** Rises when what is under way does not count any more. */
    this.generation = 0;
    this.url = options.url;
    this.sleeps = lifecycle.sleeps;
    this.unwatch = lifecycle.watch(() => this.shown(), () => void (this.hidden = true));
  }
  /** One flight for all callers. */
  login(options) {
    if (this.disposed) return Promise.reject(new JianziError(CLOSED));
    if (this.flight) return this.flight.promise;
    if (this.online && this.player) return Promise.resolve(this.player);
    const deadline = options.deadlineMs || LOGIN_DEADLINE_MS;
    const flight = {
      timer: this.clock.after(deadline, () => this.stop("offline", new JianziError(DEADLINE, `no login within ${deadline} ms`)))
    };
    flight.promise = new Promise((resolve, reject) => {
      flight.resolve = resolve;
      flight.reject = reject;
    });
    this.flight = flight;
    this.auth.as(options);
    this.attempt = this.relogins = this.redirects = this.shortLives = 0;
    if (this.status.state !== "reconnecting") this.tell({ state: "connecting", attempt: 1, delayMs: 0 });
    this.connect();
    return flight.promise;
  }
  get isOnline() {
    return this.online;
  }
  /** False when there is no session on a connection right now. */
  send(operation, body, withinMs = 0) {
    if (!this.online || !this.connection) return false;
    this.connection.send(operation, body, withinMs);
    return true;
  }
  /** Orderly; a new login may follow. */
  leave() {
    this.drop(true);
    this.stop("offline", new JianziError(CLOSED, "logged out"));
  }
  close() {
    if (this.disposed) return;
    this.disposed = true;
    this.unwatch();
    this.drop(true);
    this.stop("closed", new JianziError(CLOSED));
  }
  connect() {
    this.drop();
    const generation = ++this.generation;
    this.attempt++;
    if (this.attempt > 1 || this.status.state === "reconnecting") this.tell({ state: this.trying(), attempt: this.attempt, delayMs: 0, reason: this.status.reason });
    this.auth.token().then(
      (token) => {
        if (generation === this.generation) this.open(token, generation);
      },
      (error) => {
        if (generation === this.generation) this.failed(asJianziError(error));
      }
    );
  }
  open(token, generation) {
    const { build, sdk, device } = this.options;
    const connection = new Connection(this.transport, this.url, this.clock, {
      login: () => encodeLogin({ token, resume: this.resume, lastPush: this.resume.length ? this.events.lastPush() : 0, build, sdk, device }),
      welcome: (welcome, sentAt) => this.welcomed(welcome, sentAt, connection),
      frame: (operation, body) => this.events.frame(operation, body),
      heartbeat: (sentAt, serverMs) => this.events.heartbeat(sentAt, serverMs),
      lastPush: () => this.events.lastPush(),
      isPlaying: () => this.events.isPlaying(),
      ended: (fault) => {
        if (generation === this.generation) this.ended(fault);
      }
    });
    this.connection = connection;
  }
  welcomed(welcome, sentAt, connection) {
    const verdict = welcome.build;
    if (verdict && verdict.decision === BuildVerdictDecision.OTHER_SERVER && verdict.server && this.redirects++ < 3) {
      this.resume = new Uint8Array(0);
      this.url = verdict.server.replace(/^http/, "ws");
      return this.connect();
    }
    this.resume = welcome.resume.slice();
    this.welcome = welcome;
    this.connection = connection;
    this.online = true;
    this.relogins = 0;
    this.player = { id: welcome.player, name: this.auth.player && this.auth.player.id === welcome.player && this.auth.player.name || "" };
    this.onlineSince = this.clock.now();
    this.events.heartbeat(sentAt, welcome.timeMs);
    this.events.welcome(welcome);
    this.tell({ state: "online" });
    const flight = this.flight;
    if (flight) {
      this.flight = void 0;
      flight.timer();
      flight.resolve(this.player);
    }
  }
  ended(fault) {
    this.drop();
    if (this.online) {
      this.online = false;
      const short = this.clock.now() - this.onlineSince < STEADY_MS;
      this.shortLives = short ? this.shortLives + 1 : 0;
      this.attempt = Math.max(0, this.shortLives - SHORT_LIVES);
      this.events.lost();
    }
    this.failed(fault);
  }
  failed(fault) {
    if (fault.code === REPLACED) return this.stop("kicked", fault);
    if (fault.code === OUTDATED) return this.stop("outdated", fault);
    if (fault.retry === "never") return this.stop("closed", fault);
    if (fault.retry === "login") {
      if (fault.code === RESUME_SPENT) this.resume = new Uint8Array(0);
      else this.auth.invalidate(fault);
      if (this.relogins++ >= RELOGINS) return this.stop("closed", fault);
      return this.retry(fault, 0);
    }
    const within = this.welcome ? this.welcome.retryWithinMs : RETRY_WITHIN_MS;
    if (this.attempt >= this.options.maxTries) {
      if (!this.hidden) return this.stop("closed", this.flight ? fault : new JianziError(GAVE_UP));
      this.attempt--;
    }
    this.retry(fault, backoffMs(this.attempt + 1, within, fault.retryAfterMs, this.clock));
  }
  retry(fault, delayMs) {
    this.generation++;
    this.tell({ state: this.trying(), attempt: this.attempt + 1, delayMs, reason: fault });
    if (this.hidden && this.sleeps) return;
    this.plan(delayMs);
  }
  plan(delayMs) {
    if (this.retryTimer) this.retryTimer();
    this.retryTimer = this.clock.after(delayMs, () => {
      this.retryTimer = void 0;
      this.connect();
    });
  }
  /** In front again: no waiting. */
  shown() {
    this.hidden = false;
    if (this.connection && this.online) {
      if (this.sleeps && this.connection.silentMs() > ASLEEP_MS) this.ended(new JianziError(NETWORK, "back from the background"));
      else return this.connection.probe();
    }
    const { state, reason } = this.status;
    if (state !== "reconnecting" && state !== "connecting") return;
    this.attempt = 0;
    if (this.retryTimer && reason && reason.retryAfterMs) return;
    if (this.retryTimer || this.sleeps) this.connect();
  }
  trying() {
    return this.welcome && this.status.state !== "connecting" ? "reconnecting" : "connecting";
  }
  /** Everything is released: socket, timers, whoever waits. */
  stop(state, reason) {
    this.generation++;
    this.drop();
    if (this.online) {
      this.online = false;
      this.events.lost();
    }
    this.resume = new Uint8Array(0);
    const flight = this.flight;
    this.flight = void 0;
    this.tell({ state, reason });
    this.events.stopped(reason);
    if (flight) {
      flight.timer();
      flight.reject(reason);
    }
  }
  drop(goodbye = false) {
    if (this.retryTimer) this.retryTimer();
    this.retryTimer = void 0;
    const connection = this.connection;
    this.connection = void 0;
    if (connection) connection.close(goodbye);
  }
  tell(status) {
    this.status = status;
    this.events.status(status);
  }
};

// src/time.ts
var SAMPLES = 8;
var ServerTime = class {
  /** @internal */
  constructor(clock) {
    this.clock = clock;
    /** The last measured round trip, in milliseconds. */
    this.rttMs = 0;
    this.samples = [];
  }
  /** Milliseconds since 1970, UTC, by the server's clock; by the device's until the first login. */
  now() {
    return this.clock.now() + this.offsetMs();
  }
  /** The sample with the shortest way is the best one: delays are mostly in one direction. */
  offsetMs() {
    return this.samples.reduce((best, sample) => sample.rttMs < best.rttMs ? sample : best, { rttMs: Infinity, offsetMs: 0 }).offsetMs;
  }
  /** @internal */
  sample(sentAt, serverMs) {
    const now = this.clock.now();
    const rttMs = now - sentAt;
    this.rttMs = rttMs;
    this.samples = this.samples.concat({ rttMs, offsetMs: serverMs + rttMs / 2 - now }).slice(-SAMPLES);
  }
};

// src/version.ts
var VERSION = "0.1.0";

// src/jianzi.ts
var Jianzi = class _Jianzi extends Emitter {
  constructor(options) {
    super();
    this.lastPush = 0;
    this.expectGap = false;
    const { url, app, build } = options;
    if (!/^https?:\/\/./.test(url)) throw new JianziError(MISUSE, `url must begin with http:// or https://: "${url}"`);
    const base = url.replace(/\/+$/, "");
    const clock = options.clock || systemClock;
    const platform = options.platform || _Jianzi.detect();
    const { storage, lifecycle } = platform;
    const device = deviceId(storage, clock);
    this.time = new ServerTime(clock);
    const tokens = {
      token: () => this.auth.token(),
      invalidate: (fault) => this.auth.invalidate(fault)
    };
    this.http = new Http(base, `jianzi.cache.${app}.${build}.`, platform.http, storage, clock, tokens);
    const post = (path, body) => this.http.post(path, body, { auth: false });
    this.auth = new Auth(post, { app, build, device }, platform.loginCode, clock);
    this.calls = new Calls(clock, (operation, body) => this.core.send(operation, body));
    this.core = new Session(
      {
        url: options.socketUrl || base.replace(/^http/, "ws") + "/ws",
        build,
        device,
        sdk: "jianzi-ts " + VERSION,
        maxTries: options.maxTries || 12
      },
      options.transport || platform.transport,
      this.auth,
      lifecycle,
      clock,
      {
        status: (status) => this.emit("status", status),
        welcome: (welcome) => this.welcomed(welcome),
        frame: (operation, body) => this.take(operation, body),
        heartbeat: (sentAt, serverMs) => this.time.sample(sentAt, serverMs),
        lost: () => this.rooms.lost(),
        stopped: (fault) => this.stopped(fault),
        lastPush: () => this.lastPush,
        isPlaying: () => this.rooms.isPlaying()
      }
    );
    const host = {
      clock,
      call: (method, body, idempotent, read, deadlineMs) => this.request(method, body, { idempotent, deadlineMs }, read),
      send: (operation, body, withinMs) => this.core.send(operation, body, withinMs),
      isOnline: () => this.core.isOnline,
      rttMs: () => this.time.rttMs,
      playerId: () => this.player ? this.player.id : "",
      pageUrl: () => lifecycle.pageUrl ? lifecycle.pageUrl() : void 0
    };
    this.rooms = new Rooms(host);
    this.matches = new Matches(host, this.rooms);
    this.launch = new Launch(lifecycle);
    this.launch.on("invite", (invite) => this.emit("invite", invite));
  }
  get status() {
    return this.core.status;
  }
  get player() {
    return this.core.player;
  }
  /** `number` rises with each login of the player; the newer login wins. */
  get session() {
    const { welcome } = this.core;
    return welcome && { id: welcome.session, number: welcome.sessionNumber };
  }
  /** Logs in and connects: with WeChat's code in WeChat, else as this device's player. One flight for all callers. */
  login(options = {}) {
    return this.core.login(options);
  }
  /** Ends the session here and on the server; `login()` begins a new one. */
  async logout() {
    this.core.leave();
    await this.auth.logout();
  }
  /** Finds players and takes the seat: resolves with the room. */
  match(options) {
    return this.matches.start(options);
  }
  /** Calls a method of the server with bytes of your own. */
  call(method, body = new Uint8Array(0), options = {}) {
    return this.request(method, body, options, (answer) => answer.slice());
  }
  /** Leaves the server for good; everything is released. */
  close() {
    this.core.close();
    this.launch.close();
    this.rooms.closed();
  }
  /** A call before the login waits for it, and begins it if nobody has. */
  request(method, body, options, read) {
    const { state, reason } = this.status;
    if (state === "offline" && !reason) this.login().catch(() => {
    });
    else if (state === "kicked" || state === "outdated" || state === "closed" || state === "offline") {
      return Promise.reject(reason || new JianziError(CLOSED));
    }
    return this.calls.call(method, body, options, read);
  }
  welcomed(welcome) {
    if (welcome.resumed) this.calls.resumed();
    else {
      this.lastPush = 0;
      this.calls.renewed();
    }
    this.expectGap = welcome.pushesLost > 0;
    this.rooms.welcome(welcome);
    if (!welcome.resumed || welcome.pushesLost) this.matches.reread();
    this.verdict(welcome.build);
  }
  verdict(verdict) {
    if (verdict && verdict.decision === 1) this.emit("update", { message: verdict.message });
  }
  take(operation, body) {
    if (operation === ANSWER) this.calls.answered(body);
    else if (operation === PUSH) this.pushed(body);
    else this.rooms.take(operation, body);
  }
  pushed(body) {
    const push = decodePush(body);
    if (push.sequence <= this.lastPush) return;
    const gap = push.sequence > this.lastPush + 1 && !this.expectGap;
    this.expectGap = false;
    this.lastPush = push.sequence;
    this.rooms.push(push);
    this.matches.push(push);
    if (push.notice) this.emit("notice", push.notice);
    if (gap) {
      this.rooms.reread();
      this.matches.reread();
    }
  }
  stopped(fault) {
    this.calls.failAll(fault);
    this.matches.closed(fault);
  }
};
function deviceId(storage, clock) {
  const known = storage.get("jianzi.device");
  if (known) return known;
  const device = randomName(clock, 24);
  storage.set("jianzi.device", device);
  return device;
}

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
function parseQuery(search) {
  const query = {};
  for (const pair of search.replace(/^\?/, "").split("&")) {
    const [name, value] = pair.split("=");
    if (name) query[unescape(name)] = unescape(value || "");
  }
  return query;
}
function unescape(text) {
  try {
    return decodeURIComponent(text.replace(/\+/g, " "));
  } catch (_) {
    return text;
  }
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

// src/platform/browser.ts
function browserPlatform() {
  const memory = memoryStorage();
  const page = typeof document === "undefined" ? void 0 : document;
  const address = typeof location === "undefined" ? void 0 : location;
  return {
    transport: { open: (url, events) => openWebSocket(WebSocket, url, events) },
    http: { request },
    storage: {
      get(key) {
        try {
          return localStorage.getItem(key) || memory.get(key);
        } catch (_) {
          return memory.get(key);
        }
      },
      set(key, value) {
        memory.set(key, value);
        try {
          localStorage.setItem(key, value);
        } catch (_) {
        }
      }
    },
    lifecycle: {
      sleeps: false,
      launchQuery: () => parseQuery(address && address.search || ""),
      pageUrl: () => (address && address.href || "").replace(/[?#].*$/, ""),
      watch(shown, hidden) {
        if (!page || !page.addEventListener) return () => {
        };
        const changed = () => page.hidden ? hidden() : shown();
        const networkBack = () => page.hidden || shown();
        page.addEventListener("visibilitychange", changed);
        if (typeof addEventListener === "function") addEventListener("online", networkBack);
        return () => {
          page.removeEventListener("visibilitychange", changed);
          if (typeof removeEventListener === "function") removeEventListener("online", networkBack);
        };
      }
    }
  };
}
function request({ method, url, headers, body, timeoutMs }) {
  return new Promise((resolve, reject) => {
    const xhr = new XMLHttpRequest();
    xhr.open(method, url);
    xhr.timeout = timeoutMs;
    for (const name of Object.keys(headers)) xhr.setRequestHeader(name, headers[name]);
    xhr.onload = () => resolve({ status: xhr.status, text: xhr.responseText });
    xhr.onerror = () => reject(new Error("no answer"));
    xhr.onabort = () => reject(new Error("aborted"));
    xhr.ontimeout = () => reject(new Error("timeout"));
    xhr.send(body);
  });
}

// src/platform/wx.ts
function detectWx() {
  return typeof wx === "undefined" || !wx || !wx.connectSocket ? void 0 : wx;
}
function wxPlatform(wx2) {
  return {
    transport: { open: (url, events) => openSocket(wx2, url, events) },
    http: {
      request: ({ method, url, headers, body, timeoutMs }) => new Promise((resolve, reject) => {
        wx2.request({
          method,
          url,
          header: headers,
          data: body,
          // Anything but "json" leaves the text alone.
          dataType: "其他",
          timeout: timeoutMs,
          success: ({ statusCode, data }) => resolve({ status: statusCode, text: typeof data === "string" ? data : JSON.stringify(data) }),
          fail: ({ errMsg }) => reject(new Error(errMsg))
        });
      })
    },
    storage: {
      get(key) {
        try {
          return wx2.getStorageSync(key) || void 0;
        } catch (_) {
          return void 0;
        }
      },
      set(key, value) {
        try {
          wx2.setStorageSync(key, value);
        } catch (_) {
        }
      }
    },
    loginCode: () => new Promise((resolve, reject) => {
      wx2.login({ success: ({ code }) => resolve(code), fail: ({ errMsg }) => reject(new Error(errMsg)) });
    }),
    lifecycle: {
      sleeps: true,
      launchQuery: () => wx2.getLaunchOptionsSync().query || {},
      watch(shown, hidden) {
        let front = true;
        const onShow = (options) => {
          front = true;
          shown(options && options.query);
        };
        const onHide = () => {
          front = false;
          hidden();
        };
        const onNetwork = ({ isConnected }) => {
          if (isConnected && front) shown();
        };
        wx2.onShow(onShow);
        wx2.onHide(onHide);
        if (wx2.onNetworkStatusChange) wx2.onNetworkStatusChange(onNetwork);
        return () => {
          if (wx2.offNetworkStatusChange) wx2.offNetworkStatusChange(onNetwork);
          if (wx2.offShow) wx2.offShow(onShow);
          if (wx2.offHide) wx2.offHide(onHide);
        };
      }
    }
  };
}
function openSocket(wx2, url, events) {
  let over = false;
  const closed = (reason) => {
    if (over) return;
    over = true;
    events.closed(reason);
  };
  const socket = wx2.connectSocket({ url, tcpNoDelay: true, timeout: 1e4, fail: ({ errMsg }) => closed(errMsg) });
  if (!socket) {
    Promise.resolve().then(() => closed("no socket"));
    return { send() {
    }, close: () => void (over = true) };
  }
  socket.onOpen(() => {
    if (!over) events.open();
  });
  socket.onMessage(({ data }) => {
    if (over) return;
    if (typeof data === "string") closed("text");
    else events.message(new Uint8Array(data));
  });
  socket.onError(({ errMsg }) => closed(errMsg));
  socket.onClose(({ code, reason }) => closed(`${code} ${reason}`));
  return {
    send: (bytes) => socket.send({ data: toArrayBuffer(bytes), fail: ({ errMsg }) => closed(errMsg) }),
    close() {
      over = true;
      socket.close({ code: 1e3 });
    }
  };
}

// src/platform/detect.ts
function detectPlatform() {
  const wx2 = detectWx();
  return wx2 ? wxPlatform(wx2) : browserPlatform();
}

// src/index.ts
Jianzi.detect = detectPlatform;
