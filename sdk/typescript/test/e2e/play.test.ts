// Against the real server: log in, find each other, play in lockstep, be cut off, come back, agree.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { Jianzi, type JianziError } from "../../src/index_node";
import { badNetwork } from "../../src/testing_node";
import { inputsOf, rules } from "./rules";
import { startServer, type Server, until } from "./server";

let server: Server;
before(async () => void (server = await startServer()));
after(() => server?.stop());

const clients: Jianzi[] = [];
after(() => clients.forEach((jz) => jz.close()));

async function client(as: string, build = "1.0.0") {
  const network = badNetwork();
  const jz = new Jianzi({ url: server.url, app: "jianzi-demo", build, transport: network.transport });
  clients.push(jz);
  await jz.login({ as });
  return { jz, network };
}

/** Two players in a match; the room is `spec`. */
async function pair(mode: string, spec: object = {}) {
  const [a, b] = await Promise.all([client(mode + "-a"), client(mode + "-b")]);
  const wish = { mode, players: 2, patienceMs: 10000, room: { lockstep: { tickHz: 20 }, ...spec } };
  const rooms = await Promise.all([a.jz.match(wish), b.jz.match(wish)]);
  const players = [{ ...a, room: rooms[0] }, { ...b, room: rooms[1] }] as const;
  return players.map((player) => ({ ...player, game: player.room.lockstep(rules) }));
}

test("login gives one stable player", async () => {
  const first = await client("stable");
  assert.ok(first.jz.player?.id);
  const id = first.jz.player?.id;
  const info = await first.jz.http.get("/v1/user/info");
  assert.equal(JSON.stringify(info).includes(id as string), true, JSON.stringify(info));
  first.jz.close();
  assert.equal((await client("stable")).jz.player?.id, id);
});

test("the device's player without a name", async () => {
  const jz = new Jianzi({ url: server.url, app: "jianzi-demo", build: "1.0.0" });
  clients.push(jz);
  assert.ok((await jz.login()).id);
  assert.ok(Math.abs(jz.time.now() - Date.now()) < 2000);
});

test("an unknown app is an error that says so", async () => {
  const jz = new Jianzi({ url: server.url, app: "nobody", build: "1" });
  clients.push(jz);
  const error = await jz.login({ as: "x" }).catch((reason: JianziError) => reason);
  assert.equal((error as JianziError).name, "unknown_app");
  assert.equal(jz.status.state, "closed");
});

test("two players are matched, play, one is cut off for two seconds, and both hold the same end", { timeout: 60000 }, async () => {
  const [a, b] = await pair("cut");
  assert.ok(a && b);
  assert.equal(a.room.id, b.room.id);
  assert.notEqual(a.room.seat, b.room.seat);
  await until("both play", () => a.game.tick > 5 && b.game.tick > 5);
  const sent: number[] = [];
  const send = (value: number) => {
    assert.deepEqual(a.game.input([value]).ok, true);
    sent.push(value);
  };
  send(1);
  b.game.input([101]);
  await until("the input is there", () => b.game.state.inputs.includes(1) && a.game.state.inputs.includes(101));
  a.network.cut(2);
  await until("the cut is noticed", () => a.jz.status.state === "reconnecting");
  send(2);
  send(3);
  const ticksAtCut = b.game.tick;
  await until("the game goes on for the other", () => b.game.tick > ticksAtCut + 30);
  await until("it is back", () => a.jz.status.state === "online" && !a.game.catchingUp, 20000);
  send(4);
  await until("every input is there", () => b.game.state.inputs.includes(4));
  assert.deepEqual(inputsOf(b.game.state, a.room.seat), sent);
  assert.ok(a.game.stats.framesBackfilled > 30, JSON.stringify(a.game.stats));
  assert.equal(a.game.stats.inputsLost, 0);
  const ends = [0, 0].map(() => ({ reason: "", agreed: false }));
  a.room.on("ended", (end) => (ends[0] = end));
  b.room.on("ended", (end) => (ends[1] = end));
  b.game.input([255]);
  await until("both are over", () => a.game.over && b.game.over);
  assert.deepEqual(a.game.state, b.game.state);
  assert.equal(a.game.hash, b.game.hash);
  assert.equal(a.game.stats.hashesEqual && b.game.stats.hashesEqual, true);
  await until("the room has ended", () => ends.every(({ reason }) => reason !== ""));
  assert.deepEqual(ends.map(({ reason, agreed }) => ({ reason, agreed })), [0, 1].map(() => ({ reason: "finished", agreed: true })));
});

test("a weak network loses nothing", { timeout: 60000 }, async () => {
  const [a, b] = await pair("weak");
  assert.ok(a && b);
  await until("both play", () => a.game.tick > 2 && b.game.tick > 2);
  a.network.weak({ latencyMs: 60, jitterMs: 80, loss: 0.05 });
  for (let value = 1; value <= 40; value++) {
    a.game.input([value]);
    const { tick } = a.game;
    await until("a tick", () => a.game.tick > tick);
  }
  a.network.heal();
  await until("all is acknowledged", () => a.game.stats.inputsPending === 0);
  // Acknowledged means that the frame has come, not that either game has stepped it already.
  await until("both have seen all", () => [a, b].every(({ game }) => game.state.inputs.length >= 80));
  const seen = b.game.state.inputs.filter((_, i) => i % 2 === 1);
  assert.deepEqual(seen, Array.from({ length: 40 }, (_, i) => i + 1));
  assert.equal(a.jz.status.state, "online");
});

test("an invite brings a friend in; a spectator sees it from the first tick", { timeout: 60000 }, async () => {
  const [owner, friend, watcher] = await Promise.all([client("owner"), client("friend"), client("watcher")]);
  const room = await owner.jz.rooms.create({
    seats: 2, mode: "friends", private: true, start: "by_owner", maxSpectators: 2, properties: { map: "hill" },
  });
  assert.equal(room.view.phase, "open");
  assert.match(room.invite({ title: "来玩" }).query, /^invite=.+/);
  const changes: string[] = [];
  room.on("changed", ({ why }) => changes.push(why));
  const game = room.lockstep(rules);
  const invite = decodeURIComponent(room.invite().query.slice("invite=".length));
  const theirs = await friend.jz.rooms.join({ invite });
  const theirGame = theirs.lockstep(rules);
  assert.deepEqual(theirs.view.properties, { map: "hill" });
  await until("the owner sees the friend", () => room.view.seats.length === 2);
  assert.ok(changes.includes("joined"), changes.join());
  await theirs.setOwn({ colour: "red" });
  await until("the owner sees the colour", () => room.view.seats.some((seat) => seat.properties.colour === "red"));
  const refused = await theirs.start().catch((error: JianziError) => error.name);
  assert.equal(refused, "not_owner");
  await room.start();
  await until("they play", () => game.tick > 20 && theirGame.tick > 20);
  theirGame.input([7]);
  await until("the input is there", () => game.state.inputs.length > 0);
  const seen = await watcher.jz.rooms.join({ room: room.id, spectate: true });
  assert.equal(seen.seat, undefined);
  const view = seen.lockstep(rules);
  await until("the spectator has caught up", () => view.tick >= game.tick);
  assert.deepEqual(view.state.inputs, game.state.inputs);
  assert.deepEqual(view.input([1]), { ok: false, reason: "spectator" });
});

test("a login elsewhere: kicked, and taken back, the room goes on", { timeout: 60000 }, async () => {
  const [a, b] = await pair("kick");
  assert.ok(a && b);
  await until("both play", () => a.game.tick > 2);
  a.game.input([1]);
  const other = new Jianzi({ url: server.url, app: "jianzi-demo", build: "1.0.0" });
  clients.push(other);
  await other.login({ as: "kick-a" });
  await until("kicked", () => a.jz.status.state === "kicked");
  assert.equal(a.jz.status.reason?.name, "replaced");
  const { tick } = b.game;
  await until("the other plays on", () => b.game.tick > tick + 10);
  await a.jz.login({ as: "kick-a" });
  await until("the first plays again", () => a.game.tick >= b.game.tick - 2 && !a.game.catchingUp);
  assert.equal(a.game.input([2]).ok, true);
  await until("and is heard", () => b.game.state.inputs.includes(2));
  await until("the other device is out", () => other.status.state === "kicked");
});

test("relay rooms pass messages on", async () => {
  const [a, b] = await Promise.all([client("relay-a"), client("relay-b")]);
  const room = await a.jz.rooms.create({ kind: "relay", seats: 4, mode: "chat" });
  const theirs = await b.jz.rooms.join({ room: room.id });
  const heard: string[] = [];
  theirs.on("relay", ({ from, data }) => heard.push(`${from}:${[...data]}`));
  await until("both are in", () => room.view.seats.length === 2);
  room.relay([1, 2]);
  room.relay([3], { to: [theirs.seat as number] });
  room.relay([4], { latestOnly: true });
  await until("all three", () => heard.length === 3);
  assert.deepEqual(heard, ["0:1,2", "0:3", "0:4"]);
  assert.ok((await a.jz.rooms.list({ mode: "chat" })).rooms.some(({ id }) => id === room.id));
  await theirs.leave();
  await until("the other sees it", () => room.view.seats.length === 1);
});

test("nobody comes: the match says why, is cancelled, or ends in time; bots fill up when asked", { timeout: 60000 }, async () => {
  const { jz } = await client("lonely");
  const waiting: string[] = [];
  const match = jz.match({ mode: "lonely", players: 2, patienceMs: 30000, onWaiting: ({ reason }) => waiting.push(reason) });
  await until("it waits", () => waiting.length > 0);
  match.cancel();
  assert.equal((await match.catch((error: JianziError) => error) as JianziError).name, "cancelled");
  const late = await jz.match({ mode: "lonely", players: 2, patienceMs: 300 }).catch((error: JianziError) => error);
  assert.equal((late as JianziError).name, "match_timeout");
  const room = await jz.match({ mode: "lonely", players: 3, bots: true, patienceMs: 300 });
  const bots = room.view.seats.filter((seat) => seat.bot).map((seat) => seat.seat);
  assert.equal(bots.length, 2);
  const game = room.lockstep({ ...rules, start: (info) => ({ inputs: info.bots, ticks: 0 }) });
  await until("it plays", () => game.tick > 5);
  assert.deepEqual(game.state.inputs, bots);
});

test("unknown methods and rooms are errors with a name", async () => {
  const { jz } = await client("errors");
  assert.equal(await jz.call("no.such").catch((error: JianziError) => error.name), "unknown_method");
  assert.equal(await jz.rooms.join({ room: "3-doesnotexist" }).catch((error: JianziError) => error.name), "room_unknown");
  assert.equal(await jz.rooms.get("3-doesnotexist").catch((error: JianziError) => error.name), "room_unknown");
});
