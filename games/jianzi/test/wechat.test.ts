// The mini-game bundle where nothing exists but `wx`, timers and the language itself.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import vm from "node:vm";

test("the mini game shows its title, logs in with WeChat's code when asked to, and says what is wrong", async () => {
  const { press, frames, written, asked, settle } = await phone();
  frames(3);
  assert.ok(written().includes("毽子"), written().join());
  press("快速开始");
  await settle(() => asked.some((call) => call.startsWith("request")));
  assert.equal(asked[0], "login");
  assert.match(asked.find((call) => call.startsWith("request"))!, /^request http:\/\/127\.0\.0\.1:7600\/v1\/login .*"code":"wx-code"/);
  frames(1);
  assert.ok(written().includes("登录中…"), "the wait is shown");
  assert.deepEqual(asked.filter((call) => call.startsWith("missing")), [], "nothing of wx was wanted that the mock does not have");
});

test("a warm start with an invite enters the friend's room", async () => {
  const { show, asked, settle, frames, written } = await phone();
  show({ invite: "ABC234" });
  await settle(() => asked.some((call) => call.startsWith("request")));
  frames(1);
  assert.ok(written().includes("登录中…"));
});

type Listener = (event: never) => void;

async function phone() {
  const source = await readFile(new URL("../wechat/game.js", import.meta.url), "utf8");
  const listeners: Record<string, Listener[]> = {}, asked: string[] = [], places: { text: string; x: number; y: number }[] = [];
  let picture: (() => void) | undefined, alpha = 1;
  const brush = new Proxy({
    measureText: (text: string) => ({ width: text.length * 9 }), createLinearGradient: () => ({ addColorStop() {} }), createRadialGradient: () => ({ addColorStop() {} }),
    fillText: (text: string, x: number, y: number) => { if (alpha > 0) places.push({ text, x, y }); },
  } as Record<string, unknown>, { get: (target, name) => target[name as string] ?? (() => undefined), set: (_, name, value) => { if (name === "globalAlpha") alpha = value; return true; } });
  const parts: Partial<typeof wx> & Record<string, unknown> = {
    createCanvas: () => ({ width: 0, height: 0, getContext: () => brush }) as unknown as WechatMinigame.Canvas,
    getWindowInfo: (() => ({ windowWidth: 390, windowHeight: 844, pixelRatio: 2, safeArea: { top: 47, bottom: 810 } })) as unknown as typeof wx.getWindowInfo,
    getSystemInfoSync: (() => ({ language: "zh_CN", windowWidth: 390, windowHeight: 844, pixelRatio: 2 })) as unknown as typeof wx.getSystemInfoSync,
    getLaunchOptionsSync: (() => ({ query: {}, scene: 1001 })) as unknown as typeof wx.getLaunchOptionsSync,
    getStorageSync: (() => "") as unknown as typeof wx.getStorageSync, setStorageSync: () => undefined,
    login: (({ success }: WechatMinigame.LoginOption) => { asked.push("login"); setImmediate(() => success?.({ code: "wx-code", errMsg: "ok" })); }) as unknown as typeof wx.login,
    request: (({ url, data }: WechatMinigame.RequestOption) => { asked.push(`request ${url} ${typeof data === "string" ? data : JSON.stringify(data)}`); return {}; }) as unknown as typeof wx.request,
    connectSocket: (({ url }: WechatMinigame.ConnectSocketOption) => {
      asked.push(`connectSocket ${url}`);
      const deaf = () => undefined;
      return { send: deaf, close: deaf, onOpen: deaf, onMessage: deaf, onError: deaf, onClose: deaf };
    }) as unknown as typeof wx.connectSocket,
    showShareMenu: (() => undefined) as unknown as typeof wx.showShareMenu, createWebAudioContext: undefined,
  };
  const api = new Proxy(parts, {
    get: (target, name: string) => {
      if (name in target) return target[name];
      if (name.startsWith("on")) return (listener: Listener) => (listeners[name] ??= []).push(listener);
      if (name.startsWith("off")) return () => undefined;
      asked.push(`missing ${name}`);
      return undefined;
    },
  });
  vm.runInNewContext(source, {
    wx: api, clearTimeout, clearInterval, console,
    setTimeout: (run: () => void, ms: number) => setTimeout(run, ms).unref(), setInterval: (run: () => void, ms: number) => setInterval(run, ms).unref(),
    requestAnimationFrame: (run: () => void) => { picture = run; },
  }, { filename: "game.js" });
  const emit = (name: string, event: unknown) => { for (const listener of listeners[name] ?? []) listener(event as never); };
  return {
    asked,
    written: () => places.map(({ text }) => text),
    frames: (count: number) => { places.length = 0; for (let i = 0; i < count; i++) picture!(); },
    press(text: string) {
      const place = places.filter((p) => p.text === text).pop();
      assert.ok(place, `${text} is on the screen`);
      emit("onTouchStart", { changedTouches: [{ identifier: 1, clientX: place.x, clientY: place.y }] });
    },
    show: (query: Record<string, string>) => emit("onShow", { query, scene: 1007 }),
    async settle(done: () => boolean) {
      for (let turn = 0; turn < 2000 && !done(); turn++) await new Promise<void>((next) => setImmediate(next));
      assert.ok(done(), asked.join("; "));
    },
  };
}
