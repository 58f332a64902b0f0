// The frame around every message: 0x1234, version 1, operation, length of the body; big-endian (docs/protocol.md).

export const HEARTBEAT = 1;
export const CALL = 2;
export const ANSWER = 3;
export const PUSH = 4;
export const INPUT = 5;
export const FRAME = 6;
export const RELAY = 7;
export const ERROR = 8;
export const GOODBYE = 9;
export const LOGIN = 10;
export const WELCOME = 11;
export const INPUT_REFUSED = 12;
export const STATE_HASH = 13;
export const DESYNC = 14;
export const ROOM_STATE = 15;
export const ROOM_MESSAGE = 16;

const HEADER = 8;

export function encodeFrame(operation: number, body: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(HEADER + body.length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, 0x12340100 + operation);
  view.setUint32(4, body.length);
  bytes.set(body, HEADER);
  return bytes;
}

/** Several frames in one message. */
export function joinFrames(frames: Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(frames.reduce((sum, frame) => sum + frame.length, 0));
  let at = 0;
  for (const frame of frames) {
    bytes.set(frame, at);
    at += frame.length;
  }
  return bytes;
}

/** Calls `take` for each frame of a message, until it says stop; false if the bytes are not frames. Bodies are views. */
export function walkFrames(message: Uint8Array, take: (operation: number, body: Uint8Array) => boolean): boolean {
  const view = new DataView(message.buffer, message.byteOffset, message.length);
  let at = 0;
  while (at < message.length) {
    // A frame never begins with zero: what is left is padding.
    if (message[at] === 0) return message.subarray(at).every((byte) => byte === 0);
    if (message.length - at < HEADER || view.getUint16(at) !== 0x1234 || message[at + 2] !== 1) return false;
    const length = view.getUint32(at + 4);
    const end = at + HEADER + length;
    if (end > message.length) return false;
    if (!take(message[at + 3] as number, message.subarray(at + HEADER, end))) return true;
    at = end;
  }
  return true;
}
