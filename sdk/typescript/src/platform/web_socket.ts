// A transport over the standard WebSocket class, of a browser or of a recent Node.
import { type Link, type LinkEvents, toArrayBuffer } from "./platform";

export interface WebSocketLike {
  binaryType: string;
  onopen: unknown;
  onmessage: unknown;
  onerror: unknown;
  onclose: unknown;
  send(data: ArrayBuffer): void;
  close(code?: number): void;
}

export function openWebSocket(Class: new (url: string) => WebSocketLike, url: string, events: LinkEvents): Link {
  let over = false;
  const closed = (reason: string) => {
    if (over) return;
    over = true;
    events.closed(reason);
  };
  const socket = new Class(url);
  socket.binaryType = "arraybuffer";
  socket.onopen = () => {
    if (!over) events.open();
  };
  socket.onmessage = ({ data }: { data: string | ArrayBuffer }) => {
    if (over) return;
    if (typeof data === "string") closed("text");
    else events.message(new Uint8Array(data));
  };
  socket.onerror = () => closed("error");
  socket.onclose = ({ code, reason }: { code: number; reason: string }) => closed(`${code} ${reason}`);
  return {
    send: (bytes) => socket.send(toArrayBuffer(bytes)),
    close() {
      over = true;
      socket.close(1000);
    },
  };
}
