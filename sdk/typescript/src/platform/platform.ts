// What the SDK needs of its surroundings. One file beside this one for each: wx, browser, node; memory for tests.

export interface Platform {
  transport: Transport;
  http: HttpTransport;
  storage: Storage;
  /** A login code of the platform; absent where there is none, and the device's id is used. */
  loginCode?: () => Promise<string>;
  lifecycle: Lifecycle;
}

/** Opens sockets. The one thing to write for a new surrounding. */
export interface Transport {
  open(url: string, events: LinkEvents): Link;
}

/** A socket. Messages arrive whole and in order. */
export interface Link {
  send(bytes: Uint8Array): void;
  /** No event follows. */
  close(): void;
}

export interface LinkEvents {
  open(): void;
  message(bytes: Uint8Array): void;
  /** The link is gone, also when it never opened. At most once. */
  closed(reason: string): void;
}

export interface HttpTransport {
  /** Resolves with any status; rejects when there was no answer. */
  request(request: HttpRequest): Promise<HttpResponse>;
}

export interface HttpRequest {
  method: "GET" | "POST";
  url: string;
  headers: { [name: string]: string };
  body?: string;
  timeoutMs: number;
}

export interface HttpResponse {
  status: number;
  text: string;
}

/** Small, synchronous, and allowed to forget. */
export interface Storage {
  get(key: string): string | undefined;
  set(key: string, value: string): void;
}

export interface Lifecycle {
  /** How the game was opened. */
  launchQuery(): { [name: string]: string };
  /** Calls back when the game comes to the front (with the query of a warm start, if any) and when it leaves it. */
  watch(shown: (query?: { [name: string]: string }) => void, hidden: () => void): () => void;
  /** Nothing runs in the background: no use in trying to connect there. */
  sleeps: boolean;
  /** The address that invites are added to. */
  pageUrl?(): string;
}

export function memoryStorage(): Storage {
  const values: { [key: string]: string } = {};
  return {
    get: (key) => values[key],
    set: (key, value) => {
      values[key] = value;
    },
  };
}

export function parseQuery(search: string): { [name: string]: string } {
  const query: { [name: string]: string } = {};
  for (const pair of search.replace(/^\?/, "").split("&")) {
    const [name, value] = pair.split("=");
    if (name) query[unescape(name)] = unescape(value || "");
  }
  return query;
}

function unescape(text: string): string {
  try {
    return decodeURIComponent(text.replace(/\+/g, " "));
  } catch (_) {
    return text;
  }
}

/** The bytes alone: a view's buffer may hold more. */
export function toArrayBuffer(bytes: Uint8Array): ArrayBuffer {
  const { buffer, byteOffset, byteLength } = bytes;
  return (byteOffset || byteLength < buffer.byteLength ? buffer.slice(byteOffset, byteOffset + byteLength) : buffer) as ArrayBuffer;
}
