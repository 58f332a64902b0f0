// Logging in, staying connected, coming back.
import assert from "node:assert/strict";
import { test } from "node:test";
import { JianziError } from "../src/index";
import { settled } from "./fakes/clock";
import { json, ok } from "./fakes/server";
import { within, world } from "./fakes/world";

const rejected = async (promise: Promise<unknown>): Promise<JianziError> => {
  const error = await promise.then(() => undefined, (reason) => reason);
  assert.ok(error instanceof JianziError, `rejects with a JianziError, not ${error}`);
  return error;
};

test("one login for all callers, and calls made before wait for it", async () => {
  const { clock, server, jz, statuses } = world();
  const call = jz.call("echo", Uint8Array.of(7));
  const players = await within(clock, 1000, Promise.all([jz.login(), jz.login(), call]));
  assert.equal(players[0].id, "p1");
  assert.equal(players[0], players[1]);
  assert.deepEqual([...players[2]], [7]);
  assert.equal(server.requests.filter((request) => request.url.endsWith("/v1/login")).length, 1);
  assert.equal(server.logins.length, 1);
  assert.equal(server.opened[0], "ws://server.test/ws");
  assert.deepEqual(statuses.map((status) => status.state), ["connecting", "online"]);
});

test("the code is dev:<name>, the platform's, or the device's", async () => {
  const codes = async (login: object, loginCode?: () => Promise<string>) => {
    const { clock, server, jz } = world({}, loginCode ? { loginCode } : {});
    await within(clock, 1000, jz.login(login));
    return JSON.parse(server.requests[0]?.body as string);
  };
  assert.equal((await codes({ as: "ann" })).code, "dev:ann");
  assert.equal((await codes({}, async () => "wx-code")).code, "wx-code");
  const device = await codes({});
  assert.equal(device.code, "device");
  assert.match(device.device, /^[0-9a-z]{24}$/);
});

test("a cut connection comes back by itself, within the time the server named", async () => {
  const { clock, server, jz, statuses } = world();
  await within(clock, 1000, jz.login());
  statuses.length = 0;
  clock.chance = () => 0.99;
  server.cut();
  await clock.advance(0);
  assert.deepEqual({ ...statuses[0], reason: undefined }, { state: "reconnecting", attempt: 1, delayMs: 495, reason: undefined });
  await clock.advance(490);
  assert.equal(jz.status.state, "reconnecting");
  await clock.advance(20);
  assert.equal(jz.status.state, "online");
  assert.equal(server.sessions.size, 1, "the session was resumed");
  assert.ok(server.logins[1]?.resume.length);
});

test("ten lost welcomes in a row cost nothing", async () => {
  const { clock, server, jz } = world();
  await within(clock, 1000, jz.login());
  const session = server.session;
  server.loseWelcomes = 10;
  server.cut();
  const answer = within(clock, 400000, jz.call("echo", Uint8Array.of(1), { deadlineMs: 400000 }));
  assert.deepEqual([...(await answer)], [1]);
  assert.equal(server.logins.length, 12);
  assert.equal(server.session, session);
  assert.equal(jz.session?.number, 1);
});

test("tries wait 1, 2, 4 … 30 s at most, end after the last, and leave nothing behind", async () => {
  const { clock, server, jz, statuses } = world({ maxTries: 9 });
  await within(clock, 1000, jz.login());
  clock.chance = () => 0.999999;
  statuses.length = 0;
  server.down = true;
  server.cut();
  const failed = rejected(jz.call("echo", undefined, { deadlineMs: 600000 }));
  await clock.advance(300000);
  const delays = statuses.filter((status) => status.delayMs).map((status) => status.delayMs);
  assert.deepEqual(delays, [500, 1000, 2000, 4000, 8000, 16000, 30000, 30000, 30000]);
  assert.equal(jz.status.state, "closed");
  assert.equal(jz.status.reason?.name, "gave_up");
  assert.equal((await failed).name, "gave_up");
  assert.equal(clock.waiting, 0, "no timer is left");
  server.down = false;
  await within(clock, 1000, jz.login());
  assert.equal(jz.status.state, "online");
});

test("the delay is drawn from zero to its bound", async () => {
  const { clock, server, jz, statuses } = world();
  await within(clock, 1000, jz.login());
  const drawn = [0.1, 0.7, 0.3];
  clock.chance = () => drawn.shift() ?? 0;
  server.down = true;
  statuses.length = 0;
  server.cut();
  await clock.advance(2000);
  const delays = statuses.filter((status) => status.delayMs).map((status) => status.delayMs);
  assert.deepEqual(delays, [50, 700, 600]);
});

test("what the server asks for is obeyed", async () => {
  const { clock, server, jz, statuses } = world();
  server.refuse = { code: 5002, retryAfterMs: 7000 };
  const login = jz.login();
  await clock.advance(100);
  assert.equal(statuses.at(-1)?.reason?.name, "overloaded");
  assert.ok((statuses.at(-1)?.delayMs ?? 0) >= 7000);
  await clock.advance(6800);
  assert.equal(server.logins.length, 1);
  await within(clock, 2000, login);
});

test("a newer login elsewhere: kicked, no way back but login()", async () => {
  const { clock, server, jz } = world();
  await within(clock, 1000, jz.login());
  server.refuse = { code: 2005 };
  server.cut();
  await clock.advance(60000);
  assert.equal(jz.status.state, "kicked");
  assert.equal(jz.status.reason?.messageZh, "账号已在其他设备登录。");
  assert.equal(server.logins.length, 2, "it does not fight back");
  assert.equal((await rejected(jz.call("echo"))).name, "replaced");
  await within(clock, 1000, jz.login());
  assert.equal(jz.status.state, "online");
});

test("outdated and banned end it", async () => {
  for (const [code, state] of [[2008, "outdated"], [2007, "closed"]] as const) {
    const { clock, server, jz } = world();
    server.refuse = { code };
    const error = await rejected(within(clock, 1000, jz.login()));
    assert.equal(error.code, code);
    assert.equal(jz.status.state, state);
    assert.equal(clock.waiting, 0);
  }
});

test("an expired token is refreshed, a spent resume token means a new session, both unseen", async () => {
  const { clock, server, jz } = world();
  await within(clock, 1000, jz.login());
  server.validToken = 2;
  server.cut();
  await clock.advance(2000);
  assert.equal(jz.status.state, "online");
  assert.ok(server.requests.some((request) => request.url.endsWith("/v1/refresh")));
  server.refuse = { code: 2004 };
  server.cut();
  await clock.advance(2000);
  assert.equal(jz.status.state, "online");
  assert.equal(jz.session?.number, 2);
});

test("a login that never works does not go round in circles", async () => {
  const { clock, server, jz } = world();
  server.httpAnswer = () => json(401, { code: 2006, msg: "bad code" });
  const login = rejected(jz.login());
  await clock.advance(60000);
  assert.equal((await login).name, "code_rejected");
  assert.equal(server.requests.length, 3);
});

test("a login has a deadline", async () => {
  const { clock, server, jz } = world();
  server.down = true;
  const login = rejected(jz.login({ deadlineMs: 5000 }));
  await clock.advance(5001);
  assert.equal((await login).name, "deadline_exceeded");
  assert.equal(clock.waiting, 0);
});

test("a silent link is given up after two heartbeats, a missed heartbeat alone does no harm", async () => {
  const { clock, server, jz } = world();
  await within(clock, 1000, jz.login());
  server.silent = true;
  await clock.advance(15000);
  assert.equal(jz.status.state, "online");
  server.silent = false;
  await clock.advance(15000);
  assert.equal(jz.status.state, "online");
  assert.equal(server.logins.length, 1);
  server.silent = true;
  await clock.advance(31000);
  assert.notEqual(jz.status.state, "online");
  server.silent = false;
  await clock.advance(30000);
  assert.equal(jz.status.state, "online");
});

test("heartbeats measure the way and the server's time, and tell the last push", async () => {
  const { clock, server, jz } = world();
  await within(clock, 1000, jz.login());
  server.session.push({ notice: { kind: "x", message: "hi" } });
  await clock.advance(10100);
  assert.equal(jz.time.now() - clock.now(), 5000);
  assert.equal(server.session.lastHeartbeat?.lastPush, 1);
});

test("garbage from the server ends the connection, and the next one works", async () => {
  const { clock, server, jz } = world();
  await within(clock, 1000, jz.login());
  server.session.peer?.send(Uint8Array.of(1, 2, 3));
  await clock.advance(2000);
  assert.equal(jz.status.state, "online");
  assert.equal(server.logins.length, 2);
});

test("connections that die as soon as they live are no reason to race round", async () => {
  const { clock, server, jz } = world();
  clock.chance = () => 0.9;
  await within(clock, 1000, jz.login());
  for (let i = 0; i < 4000; i++) {
    if (jz.status.state === "online") server.cut();
    await clock.advance(10);
  }
  assert.ok(server.logins.length < 12, `${server.logins.length} logins in 40 s`);
  await clock.advance(60000);
  assert.equal(jz.status.state, "online");
});

test("a server that crashes every two seconds keeps nobody away for longer than its players are told to take", async () => {
  const { clock, server, jz } = world();
  clock.chance = () => 0.99;
  await within(clock, 1000, jz.login());
  let awayMs = 0;
  for (let i = 0; i < 6000; i++) {
    if (i % 200 === 0) server.cut();
    await clock.advance(10);
    if (jz.status.state !== "online") awayMs += 10;
  }
  assert.ok(awayMs <= 30 * 510, `${awayMs} ms away in 60 s with 30 crashes`);
});

test("close() says good-bye and releases everything", async () => {
  const { clock, server, jz } = world();
  await within(clock, 1000, jz.login());
  const call = rejected(jz.call("nobody-answers"));
  server.on("nobody-answers", () => undefined);
  jz.close();
  await clock.advance(10);
  assert.equal(server.goodbyes, 1);
  assert.equal((await call).name, "closed");
  assert.equal(clock.waiting, 0);
  assert.equal((await rejected(jz.login())).name, "closed");
});

test("back from the background: a dead socket is replaced at once, nothing is tried while asleep", async () => {
  const { lifecycle, shown, hidden } = front(true);
  const { clock, server, jz } = world({}, { lifecycle });
  await within(clock, 1000, jz.login());
  hidden();
  server.cut();
  await clock.advance(60000);
  assert.equal(server.logins.length, 1, "no try in the background");
  shown();
  await clock.advance(1);
  assert.equal(jz.status.state, "online");
  // The platform cut the socket and says nothing.
  hidden();
  server.cut(true);
  clock.sleep(30000);
  shown();
  await clock.advance(1);
  assert.equal(jz.status.state, "online");
  assert.equal(server.logins.length, 3);
});

test("a hidden page asks whether anybody is there when it is seen again", async () => {
  const { lifecycle, shown } = front(false);
  const { clock, server, jz } = world({}, { lifecycle });
  await within(clock, 1000, jz.login());
  server.cut(true);
  shown();
  await clock.advance(3000);
  assert.equal(jz.status.state, "online");
  assert.equal(server.logins.length, 2);
});

test("the verdict on the build: please update, other server", async () => {
  const { clock, server, jz } = world();
  const updates: string[] = [];
  jz.on("update", ({ message }) => updates.push(message));
  server.build = { decision: 1, message: "2.0 is out", server: "" };
  await within(clock, 1000, jz.login());
  assert.deepEqual(updates, ["2.0 is out"]);
  server.build = { decision: 3, message: "", server: "wss://other.test/ws" };
  server.cut();
  await clock.advance(1000);
  server.build = undefined;
  await clock.advance(60000);
  assert.equal(jz.status.state, "online");
  assert.deepEqual([...new Set(server.opened)], ["ws://server.test/ws", "wss://other.test/ws"]);
  assert.ok(server.opened.length <= 6, "it does not go round in circles");
});

test("an exception in a listener reaches the console and nothing else", async () => {
  const { clock, jz } = world();
  const unhandled: unknown[] = [];
  const keep = (reason: unknown) => unhandled.push(reason);
  const others = process.listeners("unhandledRejection");
  process.removeAllListeners("unhandledRejection").on("unhandledRejection", keep);
  jz.on("status", () => {
    throw new Error("the game's own");
  });
  await within(clock, 1000, jz.login());
  await settled();
  process.removeAllListeners("unhandledRejection");
  for (const other of others) process.on("unhandledRejection", other as () => void);
  assert.equal(jz.status.state, "online");
  assert.ok(unhandled.length >= 1);
});

test("identical reads in flight are one; static data is kept; a spent token is renewed", async () => {
  const { clock, server, jz } = world();
  await within(clock, 1000, jz.login());
  server.requests.length = 0;
  const [a, b] = await within(clock, 1000, Promise.all([jz.http.get("/v1/user/info"), jz.http.get("/v1/user/info")]));
  assert.deepEqual([a, b], [{ path: "/v1/user/info" }, { path: "/v1/user/info" }]);
  assert.equal(server.requests.length, 1);
  await within(clock, 1000, jz.http.get("/v1/config", { cacheMs: 60000 }));
  await within(clock, 1000, jz.http.get("/v1/config", { cacheMs: 60000 }));
  assert.equal(server.requests.length, 2);
  clock.sleep(61000);
  server.validToken = 2;
  await within(clock, 1000, jz.http.get("/v1/config", { cacheMs: 60000 }));
  assert.deepEqual(server.requests.slice(2).map((request) => request.url.replace(/.*test/, "")), ["/v1/config", "/v1/refresh", "/v1/config"]);
});

test("a server in trouble is left alone: after failures in a row requests fail at once for a while", async () => {
  const { clock, server, jz } = world();
  await within(clock, 1000, jz.login());
  server.down = true;
  for (let i = 0; i < 2; i++) await rejected(within(clock, 5000, jz.http.get(`/v1/${i}`)));
  const before = server.requests.length;
  const error = await rejected(within(clock, 100, jz.http.post("/v1/x", {})));
  assert.equal(error.name, "breaker_open");
  assert.ok(error.retryAfterMs > 0);
  assert.equal(server.requests.length, before);
  server.down = false;
  await clock.advance(60000);
  assert.ok(await within(clock, 1000, jz.http.get("/v1/y")));
});

test("an answer that is not ours is an error, not an exception", async () => {
  const { clock, server, jz } = world();
  await within(clock, 1000, jz.login());
  server.httpAnswer = () => ({ status: 200, text: "<html>" });
  assert.equal((await rejected(within(clock, 1000, jz.http.get("/v1/z")))).name, "bad_answer");
  server.httpAnswer = () => ok(5);
  assert.equal(await within(clock, 1000, jz.http.get("/v1/z")), 5);
});

/** A platform whose front and background a test decides. */
function front(sleeps: boolean) {
  const showers: (() => void)[] = [];
  const hiders: (() => void)[] = [];
  const lifecycle = {
    sleeps,
    launchQuery: () => ({}),
    watch: (show: () => void, hide: () => void) => {
      showers.push(show);
      hiders.push(hide);
      return () => {};
    },
  };
  return { lifecycle, shown: () => showers.forEach((show) => show()), hidden: () => hiders.forEach((hide) => hide()) };
}
