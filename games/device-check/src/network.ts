// What crosses the network: login code, HTTP, socket, binary both ways, and all of it again after the background.
import { type Check, demand } from "./check";

const MAGIC = 0x1234, VERSION = 1, LOGIN = 10;

export const login: Check = {
  name: "登录 wx.login", within: 10000,
  run: () => new Promise((resolve, reject) => wx.login({
    success: ({ code }) => (code ? resolve(`code ${code.length} 字 chars`) : reject(new Error("没有 code / no code"))),
    fail: reject,
  })),
};

export const http = (url: string): Check => ({
  name: "HTTP", within: 10000,
  run: () => new Promise((resolve, reject) => {
    const from = Date.now();
    wx.request({
      url: `${url}/healthz`, timeout: 8000,
      success: ({ statusCode }) => (statusCode === 200 ? resolve(`${Date.now() - from} ms`)
        : reject(new Error(`HTTP ${statusCode}：地址对吗？ / is the address right? ${url}`))),
      fail: ({ errMsg }) => reject(new Error(`${errMsg}：检查域名白名单和服务器地址 / check the domain list and the address ${url}`)),
    });
  }),
});

/** Opens a socket, sends a login with a text body, and wants a frame back: an answer or a refusal, but in binary. */
export const socket = (url: string): Check => ({
  name: "长连接与二进制 socket, binary", within: 10000, run: () => exchange(url),
});

export const sockets = (url: string): Check => ({
  name: "同时两条连接 two sockets", within: 12000,
  run: async () => (await Promise.all([exchange(url), exchange(url)])).join(" · "),
});

/** Asks the player to leave and come back; then the socket must be reachable again quickly. */
export const background = (url: string): Check => ({
  name: "后台 background", within: 120000,
  async run(note) {
    note("请按 Home 键离开 10 秒再回来 / leave with the home button, return after 10 s");
    const away = await new Promise<number>((resolve, reject) => {
      let hidden = 0;
      wx.onHide(() => { hidden = Date.now(); });
      wx.onShow(() => {
        if (hidden === 0) reject(new Error("收到 onShow，没有 onHide / onShow came without onHide"));
        else resolve(Date.now() - hidden);
      });
    });
    const again = await exchange(url);
    return `离开 away ${Math.round(away / 1000)} s，重连 reconnect ${again}`;
  },
});

function exchange(url: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const from = Date.now();
    let opened = 0;
    const task = wx.connectSocket({
      url: `${url.replace(/^http/, "ws")}/ws`, timeout: 8000,
      fail: ({ errMsg }) => reject(new Error(`${errMsg}：检查 socket 域名 / check the socket domain ${url}`)),
    });
    const finish = (act: () => void) => {
      act();
      task.close({});
    };
    task.onOpen(() => {
      opened = Date.now();
      task.send({ data: frame(LOGIN, "device-check"), fail: ({ errMsg }) => finish(() => reject(new Error(`send: ${errMsg}`))) });
    });
    task.onMessage(({ data }) => finish(() => {
      try {
        resolve(`打开 open ${opened - from} ms，来回 round trip ${Date.now() - opened} ms，${read(data)}`);
      } catch (error) {
        reject(error);
      }
    }));
    task.onError(({ errMsg }) => reject(new Error(`${errMsg}：连不上 / cannot connect to ${url}`)));
    task.onClose(({ code, reason }) => reject(new Error(`连接被关闭 closed: ${code} ${reason}`)));
  });
}

function frame(operation: number, text: string): ArrayBuffer {
  const buffer = new ArrayBuffer(8 + text.length), view = new DataView(buffer);
  view.setUint16(0, MAGIC);
  view.setUint8(2, VERSION);
  view.setUint8(3, operation);
  view.setUint32(4, text.length);
  for (let i = 0; i < text.length; i++) view.setUint8(8 + i, text.charCodeAt(i));
  return buffer;
}

function read(data: string | ArrayBuffer): string {
  demand(typeof data !== "string", "收到文本而不是二进制 / got text, not binary");
  const view = new DataView(data as ArrayBuffer);
  demand(view.byteLength >= 8 && view.getUint16(0) === MAGIC, "这不是毽子的服务器 / that is not a Jianzi server");
  demand(view.getUint8(2) === VERSION, `协议版本 ${view.getUint8(2)}，这里是 ${VERSION} / protocol version ${view.getUint8(2)}, here ${VERSION}`);
  demand(view.getUint32(4) <= view.byteLength - 8, "消息不完整 / the message is cut short");
  return `操作 operation ${view.getUint8(3)}`;
}
