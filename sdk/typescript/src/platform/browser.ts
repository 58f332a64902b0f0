// Browsers: WebSocket, XMLHttpRequest (older than fetch, and with a timeout), localStorage, page visibility.
import { memoryStorage, parseQuery, type HttpRequest, type HttpResponse, type Platform } from "./platform";
import { openWebSocket, type WebSocketLike } from "./web_socket";

interface Page {
  hidden: boolean;
  addEventListener(name: string, listener: () => void): void;
  removeEventListener(name: string, listener: () => void): void;
}
declare const WebSocket: new (url: string) => WebSocketLike;
declare const XMLHttpRequest: new () => {
  open(method: string, url: string): void;
  setRequestHeader(name: string, value: string): void;
  send(body?: string): void;
  timeout: number;
  status: number;
  responseText: string;
  onload: () => void;
  onerror: () => void;
  ontimeout: () => void;
  onabort: () => void;
};
declare const localStorage: { getItem(key: string): string | null; setItem(key: string, value: string): void };
declare const document: Page | undefined;
declare const addEventListener: ((name: "online", listener: () => void) => void) | undefined;
declare const removeEventListener: (name: "online", listener: () => void) => void;
declare const location: { search: string; href: string } | undefined;

export function browserPlatform(): Platform {
  const memory = memoryStorage();
  const page = typeof document === "undefined" ? undefined : document;
  const address = typeof location === "undefined" ? undefined : location;
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
          // Private mode, or full: kept in memory.
        }
      },
    },
    lifecycle: {
      sleeps: false,
      launchQuery: () => parseQuery((address && address.search) || ""),
      pageUrl: () => ((address && address.href) || "").replace(/[?#].*$/, ""),
      watch(shown, hidden) {
        if (!page || !page.addEventListener) return () => {};
        const changed = () => (page.hidden ? hidden() : shown());
        // The network is back: as good a moment to try as coming to the front.
        const networkBack = () => page.hidden || shown();
        page.addEventListener("visibilitychange", changed);
        if (typeof addEventListener === "function") addEventListener("online", networkBack);
        return () => {
          page.removeEventListener("visibilitychange", changed);
          if (typeof removeEventListener === "function") removeEventListener("online", networkBack);
        };
      },
    },
  };
}

function request({ method, url, headers, body, timeoutMs }: HttpRequest): Promise<HttpResponse> {
  return new Promise((resolve, reject) => {
    const xhr = new XMLHttpRequest();
    xhr.open(method, url);
    xhr.timeout = timeoutMs;
    for (const name of Object.keys(headers)) xhr.setRequestHeader(name, headers[name] as string);
    xhr.onload = () => resolve({ status: xhr.status, text: xhr.responseText });
    xhr.onerror = () => reject(new Error("no answer"));
    xhr.onabort = () => reject(new Error("aborted"));
    xhr.ontimeout = () => reject(new Error("timeout"));
    xhr.send(body);
  });
}
