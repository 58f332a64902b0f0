// Calls, answers and pushes across a cut.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { JianziError } from "../src/index";
import { within, world } from "./fakes/world";

const online = async () => {
  const all = world();
  await within(all.clock, 1000, all.jz.login());
  return all;
};
const outcome = (promise: Promise<unknown>) => promise.then((value) => ({ value }), (error: JianziError) => ({ error: error.name, retry: error.retry }));

test("an answer lost with the connection comes again, and the call is made once", async () => {
  const { clock, server, jz } = await online();
  server.on("pay", () => {
    server.cut();
    return Uint8Array.of(5);
  });
  const answer = await within(clock, 5000, jz.call("pay"));
  assert.deepEqual([...answer], [5]);
  assert.deepEqual(server.executed, ["pay"]);
  assert.deepEqual(server.calls.map((call) => call.id), [1, 1]);
});

test("in a new session a call that went out fails with retry now, unless it is idempotent", async () => {
  const { clock, server, jz } = await online();
  server.on("slow", () => undefined);
  const plain = outcome(jz.call("slow", undefined, { deadlineMs: 60000 }));
  const idempotent = outcome(jz.call("slow", Uint8Array.of(3), { deadlineMs: 60000, idempotent: true }));
  await clock.advance(10);
  server.cut();
  server.sessions.clear();
  await clock.advance(1);
  const unsent = outcome(jz.call("echo", Uint8Array.of(9), { deadlineMs: 60000 }));
  server.on("slow", (body) => body);
  await clock.advance(5000);
  assert.deepEqual(await plain, { error: "session_lost", retry: "now" });
  assert.deepEqual(await idempotent, { value: Uint8Array.of(3) });
  assert.deepEqual(await unsent, { value: Uint8Array.of(9) });
});

test("deadlines hold across a cut, and are told to the server", async () => {
  const { clock, server, jz } = await online();
  server.on("slow", () => undefined);
  const call = outcome(jz.call("slow", undefined, { deadlineMs: 3000 }));
  await clock.advance(10);
  server.down = true;
  server.cut();
  await clock.advance(3000);
  assert.deepEqual(await call, { error: "deadline_exceeded", retry: "now" });
});

test("the server's errors arrive with code, both languages and what helps", async () => {
  const { clock, server, jz } = await online();
  server.on("no", () => ({ code: 3002, message: "room 7-x is full", retryAfterMs: 1500 }));
  const error = await within(clock, 1000, jz.call("no")).catch((reason: JianziError) => reason);
  const { code, name, message, messageZh, retry, retryAfterMs } = error as JianziError;
  assert.deepEqual({ code, name, message, messageZh, retry, retryAfterMs }, {
    code: 3002, name: "room_full", message: "room 7-x is full", messageZh: "房间已满。", retry: "later", retryAfterMs: 1500,
  });
});

test("calls without answers have a bound", async () => {
  const { clock, server, jz } = await online();
  server.on("slow", () => undefined);
  const calls = Array.from({ length: 65 }, () => outcome(jz.call("slow")));
  assert.deepEqual(await calls[64], { error: "too_many_requests", retry: "later" });
  await clock.advance(10001);
  assert.deepEqual(await calls[0], { error: "deadline_exceeded", retry: "now" });
});

test("pushes made during a cut arrive once each, in order", async () => {
  const { clock, server, jz } = await online();
  const heard: string[] = [];
  jz.on("notice", ({ message }) => heard.push(message));
  const session = server.session;
  session.push({ notice: { kind: "n", message: "1" } });
  await clock.advance(10);
  server.cut();
  session.push({ notice: { kind: "n", message: "2" } });
  session.push({ notice: { kind: "n", message: "3" } });
  await clock.advance(2000);
  session.push({ notice: { kind: "n", message: "4" } });
  session.send(4, session.pushes[1]!.bytes);
  await clock.advance(10);
  assert.deepEqual(heard, ["1", "2", "3", "4"]);
  assert.equal(server.logins[1]?.lastPush, 1);
});
