// WeChat mini games (and mini programs): everything goes through the global `wx`.
import type { Link, LinkEvents, Platform } from "./platform";
import { toArrayBuffer } from "./platform";

/** The part of `wx` that is used. */
export interface Wx {
  connectSocket(options: { url: string; tcpNoDelay?: boolean; timeout?: number; fail?: (error: { errMsg: string }) => void }): WxSocket;
  request(options: {
    url: string;
    method?: "GET" | "POST";
    header?: { [name: string]: string };
    data?: string;
    dataType?: "json" | "其他";
    timeout?: number;
    success?: (answer: { statusCode: number; data: unknown }) => void;
    fail?: (error: { errMsg: string }) => void;
  }): unknown;
  login(options: { success?: (answer: { code: string }) => void; fail?: (error: { errMsg: string }) => void }): unknown;
  getStorageSync(key: string): unknown;
  setStorageSync(key: string, value: string): void;
  getLaunchOptionsSync(): { query?: { [name: string]: string } };
  onShow(listener: (options: { query?: { [name: string]: string } }) => void): void;
  onHide(listener: () => void): void;
  onNetworkStatusChange?(listener: (status: { isConnected: boolean }) => void): void;
  offNetworkStatusChange?(listener?: (status: any) => void): void;
  offShow?(listener: (options: { query?: { [name: string]: string } }) => void): void;
  offHide?(listener: () => void): void;
}

interface WxSocket {
  send(options: { data: ArrayBuffer; fail?: (error: { errMsg: string }) => void }): void;
  close(options: { code?: number }): void;
  onOpen(listener: () => void): void;
  onMessage(listener: (message: { data: string | ArrayBuffer }) => void): void;
  onError(listener: (error: { errMsg: string }) => void): void;
  onClose(listener: (reason: { code: number; reason: string }) => void): void;
}

declare const wx: Wx | undefined;

export function detectWx(): Wx | undefined {
  return typeof wx === "undefined" || !wx || !wx.connectSocket ? undefined : wx;
}

export function wxPlatform(wx: Wx): Platform {
  return {
    transport: { open: (url, events) => openSocket(wx, url, events) },
    http: {
      request: ({ method, url, headers, body, timeoutMs }) =>
        new Promise((resolve, reject) => {
          wx.request({
            method,
            url,
            header: headers,
            data: body,
            // Anything but "json" leaves the text alone.
            dataType: "其他",
            timeout: timeoutMs,
            success: ({ statusCode, data }) =>
              resolve({ status: statusCode, text: typeof data === "string" ? data : JSON.stringify(data) }),
            fail: ({ errMsg }) => reject(new Error(errMsg)),
          });
        }),
    },
    storage: {
      get(key) {
        try {
          return (wx.getStorageSync(key) as string) || undefined;
        } catch (_) {
          return undefined;
        }
      },
      set(key, value) {
        try {
          wx.setStorageSync(key, value);
        } catch (_) {
          // Full: what is stored may be forgotten.
        }
      },
    },
    loginCode: () =>
      new Promise((resolve, reject) => {
        wx.login({ success: ({ code }) => resolve(code), fail: ({ errMsg }) => reject(new Error(errMsg)) });
      }),
    lifecycle: {
      sleeps: true,
      launchQuery: () => wx.getLaunchOptionsSync().query || {},
      watch(shown, hidden) {
        let front = true;
        const onShow = (options: { query?: { [name: string]: string } }) => {
          front = true;
          shown(options && options.query);
        };
        const onHide = () => {
          front = false;
          hidden();
        };
        // The network is back, or another one: as good a moment to try as coming to the front.
        const onNetwork = ({ isConnected }: { isConnected: boolean }) => {
          if (isConnected && front) shown();
        };
        wx.onShow(onShow);
        wx.onHide(onHide);
        if (wx.onNetworkStatusChange) wx.onNetworkStatusChange(onNetwork);
        return () => {
          if (wx.offNetworkStatusChange) wx.offNetworkStatusChange(onNetwork);
          if (wx.offShow) wx.offShow(onShow);
          if (wx.offHide) wx.offHide(onHide);
        };
      },
    },
  };
}

function openSocket(wx: Wx, url: string, events: LinkEvents): Link {
  let over = false;
  const closed = (reason: string) => {
    if (over) return;
    over = true;
    events.closed(reason);
  };
  const socket = wx.connectSocket({ url, tcpNoDelay: true, timeout: 10000, fail: ({ errMsg }) => closed(errMsg) });
  if (!socket) {
    // Over the platform's limit of sockets there is none.
    Promise.resolve().then(() => closed("no socket"));
    return { send() {}, close: () => void (over = true) };
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
      socket.close({ code: 1000 });
    },
  };
}
