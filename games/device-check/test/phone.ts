// A phone for tests: only what the checks use of `wx`, typed by WeChat's own declarations, each part breakable.

export interface Faults {
  storageForgets?: boolean; loginFails?: boolean; http?: number | "unreachable";
  socket?: "refused" | "silent" | "text" | "other-server" | "closed";
  pictureMs?: number; neverBack?: boolean;
}

type Wx = Pick<typeof wx, "createCanvas" | "getSystemInfoSync" | "getWindowInfo" | "setStorageSync" | "getStorageSync" | "removeStorageSync" |
  "login" | "request" | "connectSocket" | "onHide" | "onShow" | "onTouchStart">;

export interface Phone {
  globals: Record<string, unknown>;
  /** Everything written on the canvas since the last clearing. */
  written: string[];
  /** The report, once all checks are done. */
  report: Promise<{ name: string; state: string; detail: string }[]>;
}

export function phone(faults: Faults): Phone {
  const time = new PhoneTime(), { later } = time;
  const written: string[] = [], kept = new Map<string, unknown>();
  let hidden: (() => void) | undefined, shown: (() => void) | undefined;
  let told: (lines: { name: string; state: string; detail: string }[]) => void = () => undefined;
  const report = new Promise<{ name: string; state: string; detail: string }[]>((done) => { told = done; });
  const brush = new Proxy({ measureText: (text: string) => ({ width: text.length * 7 }), fillText: (text: string) => written.push(text) } as Record<string, unknown>, {
    get: (target, name) => target[name as string] ?? (() => undefined),
    set: () => true,
  });
  const api: Wx = {
    createCanvas: () => ({ width: 0, height: 0, getContext: () => brush }) as unknown as WechatMinigame.Canvas,
    getWindowInfo: (() => ({ windowWidth: 390, windowHeight: 844, pixelRatio: 2 })) as unknown as typeof wx.getWindowInfo,
    getSystemInfoSync: (() => ({ language: "zh_CN" })) as unknown as typeof wx.getSystemInfoSync,
    setStorageSync: (key: string, value: unknown) => void kept.set(key, value),
    getStorageSync: (<T>(key: string) => (faults.storageForgets ? "" : kept.get(key)) as T) as typeof wx.getStorageSync,
    removeStorageSync: (key: string) => void kept.delete(key),
    login: ((options: WechatMinigame.LoginOption) => {
      later(0, () => faults.loginFails ? options.fail?.({ errMsg: "login:fail no permission", errno: 1 })
        : options.success?.({ code: "0a1b2c3d4e", errMsg: "login:ok" }));
    }) as unknown as typeof wx.login,
    request: ((options: WechatMinigame.RequestOption) => {
      later(0, () => faults.http === "unreachable" ? options.fail?.({ errMsg: "request:fail url not in domain list", errno: 600002, exception: { retryCount: 0, reasons: [] }, useHttpDNS: false })
        : options.success?.({ statusCode: faults.http ?? 200, data: "", header: {}, cookies: [], errMsg: "ok" } as unknown as Parameters<NonNullable<typeof options.success>>[0]));
    }) as unknown as typeof wx.request,
    connectSocket: (() => socketTask(faults.socket, later)) as unknown as typeof wx.connectSocket,
    onHide: (listener) => { hidden = listener as unknown as () => void; leave(); },
    onShow: (listener) => { shown = listener as unknown as () => void; leave(); },
    onTouchStart: () => undefined,
  };
  const leave = () => {
    if (hidden && shown && !faults.neverBack) later(3000, () => { hidden?.(); later(10000, () => shown?.()); });
  };
  return {
    written, report,
    globals: {
      wx: api, Date: { now: () => time.now },
      setTimeout: (run: () => void, ms: number) => later(ms, run), clearTimeout: time.cancel,
      setInterval: time.every, clearInterval: time.cancel,
      requestAnimationFrame: (run: () => void) => later(faults.pictureMs ?? 16, run),
      console: { log: (text: string) => told(JSON.parse(text).lines) },
    },
  };
}

/** The phone's time: it runs on to the next thing that is due as soon as nothing else is left to do. */
class PhoneTime {
  now = 1_700_000_000_000;
  private due: { id: number; at: number; run: () => void }[] = [];
  private ids = 0;
  private awake = false;

  readonly later = (ms: number, run: () => void): number => {
    const id = ++this.ids;
    this.due.push({ id, at: this.now + ms, run });
    if (!this.awake) setImmediate(this.go);
    this.awake = true;
    return id;
  };
  readonly cancel = (id: number): void => {
    this.due = this.due.filter((entry) => entry.id !== id);
  };
  readonly every = (run: () => void, ms: number): number => {
    const id = this.later(ms, () => again());
    const again = (): void => {
      this.due.push({ id, at: this.now + ms, run: again });
      run();
    };
    return id;
  };
  private readonly go = (): void => {
    const next = this.due.sort((a, b) => a.at - b.at || a.id - b.id).shift();
    this.awake = next !== undefined;
    if (!next) return;
    this.now = Math.max(this.now, next.at);
    next.run();
    setImmediate(this.go);
  };
}

function socketTask(fault: Faults["socket"], later: PhoneTime["later"]) {
  const on: Record<string, (event: unknown) => void> = {};
  later(0, () => (fault === "refused" ? on["error"]?.({ errMsg: "connectSocket:fail" }) : on["open"]?.({})));
  return {
    onOpen: (f: (e: unknown) => void) => { on["open"] = f; }, onMessage: (f: (e: unknown) => void) => { on["message"] = f; },
    onError: (f: (e: unknown) => void) => { on["error"] = f; }, onClose: (f: (e: unknown) => void) => { on["close"] = f; },
    close: () => later(0, () => on["close"]?.({ code: 1000, reason: "" })),
    send: ({ data }: { data: ArrayBuffer }) => later(0, () => {
      if (fault === "silent") return;
      if (fault === "closed") return on["close"]?.({ code: 1006, reason: "abnormal" });
      const view = new DataView(data);
      const good = Object.prototype.toString.call(data) === "[object ArrayBuffer]" && view.getUint16(0) === 0x1234 && view.getUint32(4) === data.byteLength - 8;
      if (!good) return;
      const answer = new DataView(new ArrayBuffer(8));
      answer.setUint16(0, fault === "other-server" ? 0x4321 : 0x1234);
      answer.setUint8(2, 1);
      answer.setUint8(3, 11);
      on["message"]?.({ data: fault === "text" ? "hello" : answer.buffer });
    }),
  };
}
