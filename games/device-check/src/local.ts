// What the phone does by itself: storage, bytes, pictures per second, timers.
import { type Check, demand } from "./check";

export const storage: Check = {
  name: "存储 storage", within: 5000,
  async run() {
    const key = "jianzi-device-check", text = "毽子🪶".repeat(4000);
    wx.setStorageSync(key, text);
    demand(wx.getStorageSync(key) === text, "读回的内容不一样 / what was read differs from what was written");
    wx.removeStorageSync(key);
    demand(!wx.getStorageSync(key), "删除后还能读到 / still there after removal");
    return `${Math.round(text.length / 1024)} K 字 chars`;
  },
};

export const bytes: Check = {
  name: "字节 bytes", within: 2000,
  async run() {
    const buffer = new ArrayBuffer(16), view = new DataView(buffer, 4, 8);
    view.setUint16(0, 0x1234);
    view.setUint32(2, 0xdeadbeef);
    const cut = buffer.slice(4, 10);
    demand(new Uint8Array(cut).join() === "18,52,222,173,190,239", "DataView 写出的字节不对 / DataView wrote other bytes");
    demand(Math.imul(0x9e3779b9, 31) === 0x28b7bd67, "Math.imul 不对 / Math.imul is wrong");
    const has = (name: string, value: unknown) => `${name} ${value === undefined ? "无 no" : "有 yes"}`;
    return [
      has("TextEncoder", typeof TextEncoder === "undefined" ? undefined : 1), has("BigInt", typeof BigInt === "undefined" ? undefined : 1),
    ].join(" · ");
  },
};

export const pictures: Check = {
  name: "画面间隔 frame gaps", within: 15000,
  async run(note) {
    const gaps: number[] = [];
    let last = Date.now();
    await new Promise<void>((done) => {
      const look = () => {
        const now = Date.now();
        gaps.push(now - last);
        last = now;
        if (gaps.length % 30 === 0) note(`${gaps.length} / 180`);
        if (gaps.length >= 180) done();
        else requestAnimationFrame(look);
      };
      requestAnimationFrame(look);
    });
    const sorted = gaps.slice(5).sort((a, b) => a - b), worst = sorted[sorted.length - 1]!, middle = sorted[sorted.length >> 1]!;
    const told = `中位 median ${middle} ms，最大 worst ${worst} ms`;
    demand(middle <= 40, `${told}：太慢，低于 25 帧 / slower than 25 pictures a second`);
    demand(worst <= 250, `${told}：有卡顿，关掉其他程序再试 / it stutters; close other apps and try again`);
    return told;
  },
};

export const timers: Check = {
  name: "定时器 timers", within: 8000,
  async run() {
    const late: number[] = [];
    let due = Date.now() + 50;
    await new Promise<void>((done) => {
      const timer = setInterval(() => {
        late.push(Math.abs(Date.now() - due));
        due = Date.now() + 50;
        if (late.length >= 40) {
          clearInterval(timer);
          done();
        }
      }, 50);
    });
    const worst = Math.max(...late);
    demand(worst <= 300, `50 ms 的定时器最多偏了 ${worst} ms / a 50 ms timer was off by ${worst} ms`);
    return `最多偏 off by at most ${worst} ms`;
  },
};
