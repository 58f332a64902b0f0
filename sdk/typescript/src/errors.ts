// What goes wrong, as the game sees it.
import { ERRORS, type Retry } from "./generated/errors";
import type { Error as WireError } from "./generated/messages";

export type { Retry };

/** Errors of the client itself; all others are the server's (docs/errors). */
const LOCAL: typeof ERRORS = {
  9001: ["network", "later", "The server cannot be reached.", "无法连接服务器。"],
  9002: ["session_lost", "now", "The session ended before the answer came; it is not known whether the call took effect.", "会话已中断,无法确认请求是否生效。"],
  9003: ["cancelled", "never", "Cancelled by the game.", "已取消。"],
  9004: ["closed", "never", "This client has been closed.", "客户端已关闭。"],
  9005: ["bad_answer", "later", "The server's answer cannot be read.", "无法解析服务器的应答。"],
  9006: ["breaker_open", "later", "The last requests failed; waiting a moment before the next.", "请求连续失败,请稍后再试。"],
  9007: ["misuse", "never", "The SDK was asked for something impossible.", "SDK 调用方式不正确。"],
  9008: ["gave_up", "later", "The connection could not be restored; call login() to try again.", "多次重连失败,请稍后重新登录。"],
};

export const NETWORK = 9001;
export const SESSION_LOST = 9002;
export const CANCELLED = 9003;
export const CLOSED = 9004;
export const BAD_ANSWER = 9005;
export const BREAKER_OPEN = 9006;
export const MISUSE = 9007;
export const GAVE_UP = 9008;
export const DEADLINE = 4003;

export class JianziError extends Error {
  /** See docs/errors; from 9001 on: of the client itself. */
  readonly code: number;
  /** The code's name, for example "room_full". */
  override readonly name: string;
  /** A sentence for the player. `message` is the English one. */
  readonly messageZh: string;
  /** What helps: nothing, trying at once, trying later, logging in again. */
  readonly retry: Retry;
  /** For "later": how long to wait; 0 when nobody said. */
  readonly retryAfterMs: number;

  constructor(code: number, message?: string, retryAfterMs?: number) {
    const known = ERRORS[code] || LOCAL[code] || ["unknown", "later", `Error ${code}.`, `错误 ${code}。`];
    super(message || known[2]);
    this.code = code;
    this.name = known[0];
    this.messageZh = known[3];
    this.retry = known[1];
    this.retryAfterMs = retryAfterMs || 0;
  }
}

export function fromWire(error: WireError): JianziError {
  return new JianziError(error.code, error.message, error.retryAfterMs);
}

export function asJianziError(error: unknown): JianziError {
  return error instanceof JianziError ? error : new JianziError(BAD_ANSWER, String((error && (error as Error).message) || error));
}

