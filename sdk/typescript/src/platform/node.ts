// Node: fetch, and either its own WebSocket (22 and later) or the one beside this file.
import { openNodeWebSocket } from "./node_web_socket";
import { type HttpRequest, type HttpResponse, memoryStorage, type Platform } from "./platform";
import { openWebSocket, type WebSocketLike } from "./web_socket";

declare const WebSocket: (new (url: string) => WebSocketLike) | undefined;
declare function fetch(url: string, options: object): Promise<{ status: number; text(): Promise<string> }>;
declare const AbortSignal: { timeout(ms: number): unknown };

export function nodePlatform(): Platform {
  const Class = typeof WebSocket === "undefined" ? undefined : WebSocket;
  return {
    transport: { open: (url, events) => (Class ? openWebSocket(Class, url, events) : openNodeWebSocket(url, events)) },
    http: { request },
    storage: memoryStorage(),
    lifecycle: { sleeps: false, launchQuery: () => ({}), watch: () => () => {} },
  };
}

async function request({ method, url, headers, body, timeoutMs }: HttpRequest): Promise<HttpResponse> {
  const answer = await fetch(url, { method, headers, body, signal: AbortSignal.timeout(timeoutMs) });
  return { status: answer.status, text: await answer.text() };
}
