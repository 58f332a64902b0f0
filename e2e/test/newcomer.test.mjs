// Somebody alone opens the page; a friend follows a link; an old client says hello.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { DESKTOP, launch, open, PHONE } from "../lib/pages.mjs";
import { startServer } from "../lib/server.mjs";

let server, browser;
before(async () => {
  server = await startServer();
  browser = await launch();
});
after(async () => {
  await browser?.close();
  await server?.stop();
});

for (const [name, device, locale] of [["desktop", DESKTOP, "zh-CN"], ["phone", PHONE, "en-US"]]) {
  test(`a newcomer alone on a ${name} is in a match within 15 seconds of opening the page`, { timeout: 60_000 }, async () => {
    const from = performance.now();
    const newcomer = await open(browser, server, {}, device, locale);
    await newcomer.shot(`waiting-${name}`);
    await newcomer.until((g) => g.screen === "playing" && g.tick >= 1);
    const seconds = (performance.now() - from) / 1000;
    assert.ok(seconds < 15, `${seconds} s`);
    await newcomer.until((g) => g.tick >= 150);
    await newcomer.shot(`alone-${name}`);
    const state = await newcomer.game((g) => g.state());
    assert.equal(state.players.filter((player) => player.bot).length, 1, "a bot plays along");
    console.log(JSON.stringify({ event: "newcomer", device: name, seconds: Math.round(seconds * 10) / 10 }));
    await newcomer.close();
  });
}

test("what a hand does reaches the room: keys, mouse and fingers", { timeout: 60_000 }, async () => {
  const typist = await open(browser, server, { as: "typist" });
  const x = () => typist.game((g) => g.state().players[g.seat].x);
  await typist.until((g) => g.screen === "playing" && g.tick >= 5);
  await typist.page.keyboard.down("ArrowLeft");
  await typist.until((g) => g.state().players[g.seat].x === 30 * 256);
  await typist.page.keyboard.up("ArrowLeft");
  await typist.page.mouse.move(900, 600);
  await typist.until((g) => g.state().players[g.seat].x > 560 * 256);
  await typist.page.keyboard.press("Space");
  await typist.until((g) => g.state().players[g.seat].rest > 0 || g.state().players[g.seat].swing > 0, 3_000);
  assert.ok((await x()) > 560 * 256);
  await typist.close();

  const finger = await open(browser, server, { as: "finger" }, PHONE);
  await finger.until((g) => g.screen === "playing" && g.tick >= 5);
  await finger.page.touchscreen.tap(330, 760);
  await finger.until((g) => g.state().players[g.seat].rest > 0, 3_000);
  await finger.close();
});

test("an invite link puts a friend into the same room", { timeout: 60_000 }, async () => {
  const owner = await open(browser, server, { as: "owner", players: "2" });
  await owner.page.click("#invite");
  await owner.page.waitForSelector("#invite-link");
  const link = await owner.page.inputValue("#invite-link");
  assert.match(link, /[?&]invite=\w+/);
  await owner.shot("lobby-desktop");
  const friend = await open(browser, server, { ...Object.fromEntries(new URL(link).searchParams), as: "friend" }, PHONE);
  await Promise.all([owner, friend].map((player) => player.until((g) => g.screen === "playing" && g.tick >= 40)));
  const rooms = await Promise.all([owner, friend].map((player) => player.game((g) => g.room)));
  assert.equal(rooms[0], rooms[1]);
  const names = await owner.game((g) => g.names);
  assert.deepEqual([...names].sort(), ["friend", "owner"]);
  await owner.close();
  await friend.close();
});

test("the founding article's client gets a login answer", { timeout: 30_000 }, async () => {
  const context = await browser.newContext();
  const page = await context.newPage();
  await page.goto(`${server.url}/healthz`);
  const answer = await page.evaluate(article, `ws://${server.address}/`);
  assert.equal(answer.magic, 0x1234);
  assert.equal(answer.version, 1);
  assert.equal(answer.operation, 11, "a welcome");
  assert.equal(answer.length, answer.bytes - 8);
  await context.close();
});

/** Section 2.3 of the article, word for word but for the address; `send` waits until the socket is open. */
async function article(address) {
  const ws = new WebSocket(address);
  const answered = new Promise((resolve, reject) => {
    ws.binaryType = "arraybuffer";
    ws.onmessage = (event) => resolve(event.data);
    ws.onclose = (event) => reject(new Error(`closed: ${event.code} ${event.reason}`));
  });
  await new Promise((resolve) => { ws.onopen = resolve; });

  // 构建协议包
  const buffer = new ArrayBuffer(1024);
  const dataView = new DataView(buffer);
  dataView.setUint16(0, 0x1234); // 魔数
  dataView.setUint8(2, 1); // 协议版本
  dataView.setUint8(3, 10); // 操作类型:登录
  dataView.setUint32(4, 16); // 数据长度
  // 填充数据体(如用户ID)
  const encoder = new TextEncoder();
  const userId = encoder.encode("user123");
  (new Uint8Array(buffer, 8)).set(userId);
  // 发送数据
  ws.send(buffer);

  const data = await answered, view = new DataView(data);
  ws.onclose = null;
  ws.close();
  return { magic: view.getUint16(0), version: view.getUint8(2), operation: view.getUint8(3), length: view.getUint32(4), bytes: data.byteLength };
}
