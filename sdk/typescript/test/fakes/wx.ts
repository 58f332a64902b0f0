// A `wx` for the sandbox: the shape of the real one, by its typings, over Node's sockets, and as strict as a phone.
/// <reference types="minigame-api-typings" />
import type { Wx } from "../../src/index";
import { openNodeWebSocket } from "../../src/platform/node_web_socket";

type Real = WechatMinigame.Wx;
type Used = Pick<Real, keyof Wx & keyof Real>;

/** Compiles only while the real `wx` has all that the SDK uses. */
export const realIsEnough = (wx: Real): Wx => wx;

export interface FakeWx {
  wx: Wx & Used;
  sockets(): number;
  show(query?: { [name: string]: string }): void;
  hide(): void;
  requests: string[];
}

const MOST_SOCKETS = 5;

export function fakeWx(loginCode = "dev:wx-sandbox", launchQuery: { [name: string]: string } = {}): FakeWx {
  const store = new Map<string, unknown>();
  const shown = new Set<(options: any) => void>();
  const hidden = new Set<(options: any) => void>();
  const requests: string[] = [];
  let open = 0;

  const connectSocket = ({ url, fail }: { url: string; fail?: (error: { errMsg: string }) => void }) => {
    if (open >= MOST_SOCKETS) {
      setTimeout(() => fail?.({ errMsg: "connectSocket:fail exceed max task count" }), 0);
      return undefined;
    }
    open++;
    const on = { open: (_: object) => {}, message: (_: { data: ArrayBuffer }) => {}, error: (_: object) => {}, close: (_: object) => {} };
    let over = false;
    const end = () => {
      if (!over) open--;
      over = true;
    };
    const link = openNodeWebSocket(url, {
      open: () => on.open({ header: {} }),
      message: (bytes) => on.message({ data: bytes.slice().buffer }),
      closed: (reason) => {
        end();
        on.close({ code: 1006, reason });
      },
    });
    return {
      send({ data, fail: failed }: { data: string | ArrayBuffer; fail?: (error: { errMsg: string }) => void }) {
        // A view is what a phone does not take.
        if (Object.prototype.toString.call(data) !== "[object ArrayBuffer]") return failed?.({ errMsg: "send:fail data must be an ArrayBuffer" });
        link.send(new Uint8Array(data as ArrayBuffer));
      },
      close() {
        end();
        link.close();
      },
      onOpen: (listener: typeof on.open) => void (on.open = listener),
      onMessage: (listener: typeof on.message) => void (on.message = listener),
      onError: (listener: typeof on.error) => void (on.error = listener),
      onClose: (listener: typeof on.close) => void (on.close = listener),
    };
  };

  const request = (options: any) => {
    requests.push(options.url);
    fetch(options.url, { method: options.method, headers: options.header, body: options.data }).then(
      async (answer) => {
        const text = await answer.text();
        options.success?.({ statusCode: answer.status, data: options.dataType === "json" || !options.dataType ? JSON.parse(text) : text, header: {}, cookies: [], errMsg: "request:ok" });
      },
      (error) => options.fail?.({ errMsg: `request:fail ${error}`, errno: 600001 }),
    );
    return {};
  };

  const wx = {
    connectSocket,
    request,
    login: ({ success }: any) => setTimeout(() => success?.({ code: loginCode, errMsg: "login:ok" }), 0),
    getStorageSync: (key: string) => store.get(key) ?? "",
    setStorageSync: (key: string, value: unknown) => void store.set(key, value),
    getLaunchOptionsSync: () => ({ query: launchQuery, scene: 1001, shareTicket: "", path: "", isSticky: false, chatType: 0, referrerInfo: {} }),
    onShow: (listener: (options: any) => void) => void shown.add(listener),
    onHide: (listener: (options: any) => void) => void hidden.add(listener),
    offShow: (listener: any) => void shown.delete(listener),
    offHide: (listener: any) => void hidden.delete(listener),
  } as unknown as Wx & Used;

  return {
    wx,
    requests,
    sockets: () => open,
    show: (query) => shown.forEach((listener) => listener({ query: query ?? {}, scene: 1001 })),
    hide: () => hidden.forEach((listener) => listener({})),
  };
}
