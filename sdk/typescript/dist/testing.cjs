/* Jianzi SDK 0.1.0, Apache-2.0 */
"use strict";
var __defProp = Object.defineProperty;
var __getOwnPropDesc = Object.getOwnPropertyDescriptor;
var __getOwnPropNames = Object.getOwnPropertyNames;
var __hasOwnProp = Object.prototype.hasOwnProperty;
var __export = (target, all) => {
  for (var name in all)
    __defProp(target, name, { get: all[name], enumerable: true });
};
var __copyProps = (to, from, except, desc) => {
  if (from && typeof from === "object" || typeof from === "function") {
    for (let key of __getOwnPropNames(from))
      if (!__hasOwnProp.call(to, key) && key !== except)
        __defProp(to, key, { get: () => from[key], enumerable: !(desc = __getOwnPropDesc(from, key)) || desc.enumerable });
  }
  return to;
};
var __toCommonJS = (mod) => __copyProps(__defProp({}, "__esModule", { value: true }), mod);

// src/testing.ts
var testing_exports = {};
__export(testing_exports, {
  badNetwork: () => badNetwork,
  memoryTransport: () => memoryTransport
});
module.exports = __toCommonJS(testing_exports);

// src/platform/platform.ts
function memoryStorage() {
  const values = {};
  return {
    get: (key) => values[key],
    set: (key, value) => {
      values[key] = value;
    }
  };
}
function parseQuery(search) {
  const query = {};
  for (const pair of search.replace(/^\?/, "").split("&")) {
    const [name, value] = pair.split("=");
    if (name) query[unescape(name)] = unescape(value || "");
  }
  return query;
}
function unescape(text) {
  try {
    return decodeURIComponent(text.replace(/\+/g, " "));
  } catch (_) {
    return text;
  }
}
function toArrayBuffer(bytes) {
  const { buffer, byteOffset, byteLength } = bytes;
  return byteOffset || byteLength < buffer.byteLength ? buffer.slice(byteOffset, byteOffset + byteLength) : buffer;
}

// src/platform/web_socket.ts
function openWebSocket(Class, url, events) {
  let over = false;
  const closed = (reason) => {
    if (over) return;
    over = true;
    events.closed(reason);
  };
  const socket = new Class(url);
  socket.binaryType = "arraybuffer";
  socket.onopen = () => {
    if (!over) events.open();
  };
  socket.onmessage = ({ data }) => {
    if (over) return;
    if (typeof data === "string") closed("text");
    else events.message(new Uint8Array(data));
  };
  socket.onerror = () => closed("error");
  socket.onclose = ({ code, reason }) => closed(`${code} ${reason}`);
  return {
    send: (bytes) => socket.send(toArrayBuffer(bytes)),
    close() {
      over = true;
      socket.close(1e3);
    }
  };
}

// src/platform/browser.ts
function browserPlatform() {
  const memory = memoryStorage();
  const page = typeof document === "undefined" ? void 0 : document;
  const address = typeof location === "undefined" ? void 0 : location;
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
        }
      }
    },
    lifecycle: {
      sleeps: false,
      launchQuery: () => parseQuery(address && address.search || ""),
      pageUrl: () => (address && address.href || "").replace(/[?#].*$/, ""),
      watch(shown, hidden) {
        if (!page || !page.addEventListener) return () => {
        };
        const changed = () => page.hidden ? hidden() : shown();
        const networkBack = () => page.hidden || shown();
        page.addEventListener("visibilitychange", changed);
        if (typeof addEventListener === "function") addEventListener("online", networkBack);
        return () => {
          page.removeEventListener("visibilitychange", changed);
          if (typeof removeEventListener === "function") removeEventListener("online", networkBack);
        };
      }
    }
  };
}
function request({ method, url, headers, body, timeoutMs }) {
  return new Promise((resolve, reject) => {
    const xhr = new XMLHttpRequest();
    xhr.open(method, url);
    xhr.timeout = timeoutMs;
    for (const name of Object.keys(headers)) xhr.setRequestHeader(name, headers[name]);
    xhr.onload = () => resolve({ status: xhr.status, text: xhr.responseText });
    xhr.onerror = () => reject(new Error("no answer"));
    xhr.onabort = () => reject(new Error("aborted"));
    xhr.ontimeout = () => reject(new Error("timeout"));
    xhr.send(body);
  });
}

// src/platform/wx.ts
function detectWx() {
  return typeof wx === "undefined" || !wx || !wx.connectSocket ? void 0 : wx;
}
function wxPlatform(wx2) {
  return {
    transport: { open: (url, events) => openSocket(wx2, url, events) },
    http: {
      request: ({ method, url, headers, body, timeoutMs }) => new Promise((resolve, reject) => {
        wx2.request({
          method,
          url,
          header: headers,
          data: body,
          // Anything but "json" leaves the text alone.
          dataType: "其他",
          timeout: timeoutMs,
          success: ({ statusCode, data }) => resolve({ status: statusCode, text: typeof data === "string" ? data : JSON.stringify(data) }),
          fail: ({ errMsg }) => reject(new Error(errMsg))
        });
      })
    },
    storage: {
      get(key) {
        try {
          return wx2.getStorageSync(key) || void 0;
        } catch (_) {
          return void 0;
        }
      },
      set(key, value) {
        try {
          wx2.setStorageSync(key, value);
        } catch (_) {
        }
      }
    },
    loginCode: () => new Promise((resolve, reject) => {
      wx2.login({ success: ({ code }) => resolve(code), fail: ({ errMsg }) => reject(new Error(errMsg)) });
    }),
    lifecycle: {
      sleeps: true,
      launchQuery: () => wx2.getLaunchOptionsSync().query || {},
      watch(shown, hidden) {
        let front = true;
        const onShow = (options) => {
          front = true;
          shown(options && options.query);
        };
        const onHide = () => {
          front = false;
          hidden();
        };
        const onNetwork = ({ isConnected }) => {
          if (isConnected && front) shown();
        };
        wx2.onShow(onShow);
        wx2.onHide(onHide);
        if (wx2.onNetworkStatusChange) wx2.onNetworkStatusChange(onNetwork);
        return () => {
          if (wx2.offNetworkStatusChange) wx2.offNetworkStatusChange(onNetwork);
          if (wx2.offShow) wx2.offShow(onShow);
          if (wx2.offHide) wx2.offHide(onHide);
        };
      }
    }
  };
}
function openSocket(wx2, url, events) {
  let over = false;
  const closed = (reason) => {
    if (over) return;
    over = true;
    events.closed(reason);
  };
  const socket = wx2.connectSocket({ url, tcpNoDelay: true, timeout: 1e4, fail: ({ errMsg }) => closed(errMsg) });
  if (!socket) {
    Promise.resolve().then(() => closed("no socket"));
    return { send() {
    }, close: () => void (over = true) };
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
      socket.close({ code: 1e3 });
    }
  };
}

// src/platform/detect.ts
function detectPlatform() {
  const wx2 = detectWx();
  return wx2 ? wxPlatform(wx2) : browserPlatform();
}

// src/clock.ts
var systemClock = {
  now: () => Date.now(),
  after(ms, run) {
    const timer = setTimeout(run, ms);
    return () => clearTimeout(timer);
  },
  random: () => Math.random()
};

// src/testing/bad_network.ts
function wrapNetwork(inner, clock = systemClock) {
  let weakness = {};
  let gone = false;
  let timer = () => {
  };
  const links = /* @__PURE__ */ new Set();
  const counts = { messages: 0, bytes: 0, resent: 0 };
  const healAfter = (seconds) => {
    timer();
    timer = seconds === void 0 ? () => {
    } : clock.after(seconds * 1e3, heal);
  };
  const heal = () => {
    timer();
    weakness = {};
    gone = false;
  };
  const delayMs = () => {
    const { latencyMs = 0, jitterMs = 0, loss = 0, resendMs = 200 } = weakness;
    let delay = latencyMs + clock.random() * jitterMs;
    for (let wait = resendMs; clock.random() < loss && wait < 1e4; wait *= 2) {
      delay += wait;
      counts.resent++;
    }
    return delay;
  };
  const lane = () => {
    let freeAt = 0;
    return (bytes, deliver) => {
      counts.messages++;
      counts.bytes += bytes;
      const now = clock.now();
      freeAt = Math.max(freeAt, now + delayMs());
      if (freeAt <= now) deliver();
      else clock.after(freeAt - now, deliver);
    };
  };
  const open = (url, events) => {
    if (gone) {
      const cancel = clock.after(50, () => events.closed("the network is cut"));
      return { send() {
      }, close: cancel };
    }
    let state = "alive";
    const down = lane();
    const up = lane();
    const closed = (reason) => {
      if (state !== "alive") return;
      state = "closed";
      links.delete(self);
      events.closed(reason);
    };
    const link = inner.open(url, {
      open: () => down(0, () => state === "alive" && events.open()),
      message: (bytes) => down(bytes.length, () => state === "alive" && events.message(bytes)),
      closed: (reason) => down(0, () => closed(reason))
    });
    const self = {
      cut(silent) {
        link.close();
        if (silent) state = "deaf";
        else clock.after(0, () => closed("the network is cut"));
      }
    };
    links.add(self);
    return {
      send: (bytes) => up(bytes.length, () => state === "alive" && link.send(bytes)),
      close() {
        if (state === "alive") link.close();
        state = "closed";
        links.delete(self);
      }
    };
  };
  return {
    transport: { open },
    weak(wanted, seconds) {
      weakness = wanted;
      healAfter(seconds);
    },
    cut(seconds, { silent = false } = {}) {
      gone = true;
      healAfter(seconds);
      links.forEach((link) => link.cut(silent));
      links.clear();
    },
    heal,
    counts
  };
}

// src/platform/memory.ts
function memoryTransport(accept, clock = systemClock) {
  return { open: (url, events) => openMemory(url, events, accept, clock) };
}
function openMemory(url, events, accept, clock) {
  let clientOpen = true;
  let serverOpen = true;
  const later = (run) => void clock.after(0, run);
  const peer = {
    url,
    send(bytes) {
      const copy = bytes.slice();
      if (serverOpen) later(() => clientOpen && events.message(copy));
    },
    close(reason = "closed by the server", silently = false) {
      if (!serverOpen) return;
      serverOpen = false;
      if (silently) return;
      later(() => {
        if (!clientOpen) return;
        clientOpen = false;
        events.closed(reason);
      });
    },
    onMessage: () => {
    },
    onClose: () => {
    }
  };
  later(() => {
    if (!clientOpen) return;
    accept(peer);
    if (serverOpen) events.open();
  });
  return {
    send(bytes) {
      const copy = bytes.slice();
      if (clientOpen) later(() => serverOpen && peer.onMessage(copy));
    },
    close() {
      if (!clientOpen) return;
      clientOpen = false;
      later(() => {
        if (!serverOpen) return;
        serverOpen = false;
        peer.onClose();
      });
    }
  };
}

// src/testing.ts
function badNetwork(inner, clock) {
  return wrapNetwork(inner || detectPlatform().transport, clock);
}
