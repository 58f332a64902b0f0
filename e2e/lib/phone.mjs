// A phone with WeChat, as far as the mini game needs one: `wx` over this machine's network, a canvas that only remembers words.
import { readFile } from "node:fs/promises";
import vm from "node:vm";
import WebSocket from "ws";

const BUNDLE = new URL("../../games/jianzi/wechat/game.js", import.meta.url);

export async function startPhone(server, code) {
  const source = (await readFile(BUNDLE, "utf8")).replace("http://127.0.0.1:7600", server.url);
  const touches = [], kept = new Map(), sockets = new Set();
  let words = [], picture;
  const brush = new Proxy({
    measureText: (text) => ({ width: text.length * 9 }), createLinearGradient: () => ({ addColorStop() {} }), createRadialGradient: () => ({ addColorStop() {} }),
    fillText: (text, x, y) => words.push({ text, x, y }),
  }, { get: (target, name) => target[name] ?? (() => undefined), set: () => true });
  const view = { windowWidth: 390, windowHeight: 844, pixelRatio: 2, language: "zh_CN", safeArea: { top: 47, bottom: 810 } };
  const nothing = () => undefined;
  const wx = {
    createCanvas: () => ({ width: 0, height: 0, getContext: () => brush }),
    getWindowInfo: () => view, getSystemInfoSync: () => view, getLaunchOptionsSync: () => ({ query: {}, scene: 1001 }),
    getStorageSync: (key) => kept.get(key) ?? "", setStorageSync: (key, value) => void kept.set(key, value),
    login: ({ success }) => setImmediate(() => success({ code })),
    request: ({ url, method, header, data, success, fail, dataType }) => void fetch(url, { method, headers: header, body: data }).then(
      async (answer) => success({ statusCode: answer.status, data: dataType === "json" ? await answer.json() : await answer.text(), header: {} }),
      (error) => fail({ errMsg: String(error) })),
    connectSocket: ({ url }) => connect(url, sockets),
    onTouchStart: (listener) => touches.push(listener), onTouchMove: nothing, onTouchEnd: nothing, onTouchCancel: nothing,
    onShow: nothing, onHide: nothing, offShow: nothing, offHide: nothing, onShareAppMessage: nothing, showShareMenu: nothing,
    showToast: ({ title }) => words.push({ text: title, x: 0, y: 0 }), shareAppMessage: nothing,
  };
  vm.runInNewContext(source, {
    wx, setTimeout, clearTimeout, setInterval, clearInterval, console, requestAnimationFrame: (run) => { picture = run; },
  }, { filename: "game.js" });
  let shown = [];
  const timer = setInterval(() => {
    words = [];
    picture();
    shown = words;
  }, 33);
  return {
    press(text) {
      const place = shown.filter((word) => word.text === text).pop();
      if (!place) throw new Error(`"${text}" is not on the screen: ${shown.map((word) => word.text).join(" | ")}`);
      for (const listener of touches) listener({ changedTouches: [{ identifier: 1, clientX: place.x, clientY: place.y }] });
    },
    /** Waits until a picture has this on it. */
    async sees(pattern, ms) {
      for (const end = performance.now() + ms; performance.now() < end; await new Promise((next) => setTimeout(next, 50))) {
        const word = shown.find(({ text }) => pattern.test(text));
        if (word) return word.text;
      }
      throw new Error(`${pattern} was not seen in ${ms} ms; last: ${shown.map((word) => word.text).join(" | ")}`);
    },
    stop() {
      clearInterval(timer);
      for (const socket of sockets) socket.terminate();
    },
  };
}

/** What `wx.connectSocket` gives: only real ArrayBuffers go through it, as on a phone. */
function connect(url, sockets) {
  const socket = new WebSocket(url);
  socket.binaryType = "arraybuffer";
  sockets.add(socket);
  return {
    onOpen: (listener) => socket.on("open", () => listener({})),
    onMessage: (listener) => socket.on("message", (data, binary) => listener({ data: binary ? data : String(data) })),
    onError: (listener) => socket.on("error", (error) => listener({ errMsg: String(error) })),
    onClose: (listener) => socket.on("close", (code, reason) => listener({ code, reason: String(reason) })),
    send: ({ data, fail }) => {
      if (Object.prototype.toString.call(data) !== "[object ArrayBuffer]") return fail?.({ errMsg: "sendSocketMessage:fail data is not an ArrayBuffer" });
      socket.send(data, (error) => error && fail?.({ errMsg: String(error) }));
    },
    close: ({ code = 1000 } = {}) => socket.close(code),
  };
}
