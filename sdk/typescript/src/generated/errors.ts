// Generated from proto/errors.toml by `cargo xtask codegen`; do not edit.

/** What a client does about an error: nothing helps, try at once, try later, log in again. */
export type Retry = "never" | "now" | "later" | "login";

/** Code → name, retry, English, Chinese. */
export const ERRORS: { readonly [code: number]: readonly [name: string, retry: Retry, en: string, zh: string] } = {
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
  5004: ["unavailable", "later", "A part that this request needs does not answer.", "依赖的服务暂时不可用。"],
};

export type ErrorName =
  | "bad_magic"
  | "bad_version"
  | "too_long"
  | "truncated"
  | "text_not_allowed"
  | "unknown_operation"
  | "bad_body"
  | "not_logged_in"
  | "token_expired"
  | "token_invalid"
  | "resume_spent"
  | "replaced"
  | "code_rejected"
  | "banned"
  | "outdated"
  | "login_timeout"
  | "platform_unavailable"
  | "refresh_invalid"
  | "unknown_app"
  | "room_unknown"
  | "room_full"
  | "room_ended"
  | "room_started"
  | "room_exists"
  | "not_in_room"
  | "not_owner"
  | "room_banned"
  | "build_differs"
  | "wrong_phase"
  | "bad_spec"
  | "ticks_lost"
  | "spectators_full"
  | "room_paused"
  | "ticket_unknown"
  | "ticket_differs"
  | "match_timeout"
  | "unknown_method"
  | "bad_request"
  | "deadline_exceeded"
  | "too_many_requests"
  | "flood"
  | "too_slow"
  | "too_many_connections"
  | "idle"
  | "not_found"
  | "forbidden"
  | "method_not_allowed"
  | "internal"
  | "overloaded"
  | "draining"
  | "unavailable";
