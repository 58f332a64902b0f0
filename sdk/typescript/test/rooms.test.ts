// Finding players and rooms; what the client reads again when pushes are lost.
import assert from "node:assert/strict";
import { test } from "node:test";
import * as m from "../src/generated/messages";
import { type JianziError, type MatchOptions } from "../src/index";
import { FakeRoom } from "./fakes/room";
import { playing, within, world } from "./fakes/world";

const name = (promise: Promise<unknown>) => promise.then(() => "", (error: JianziError) => error.name);

/** A matchmaker that knows one ticket and how it stands. */
const matching = async () => {
  const all = world();
  const room = new FakeRoom(all.server, "9-matched00");
  const tickets = new Map<string, m.MatchTicket>();
  const started: m.MatchStart[] = [];
  const cancelled: string[] = [];
  const ticket = (id: string): m.MatchTicket => m.decodeMatchTicket(m.encodeMatchTicket({ ticket: id, reason: "few_players" }));
  all.server.on("match.start", (body) => {
    const start = m.decodeMatchStart(body);
    started.push(start);
    if (!tickets.has(start.ticket)) tickets.set(start.ticket, ticket(start.ticket));
    return m.encodeMatchTicket(tickets.get(start.ticket)!);
  });
  all.server.on("match.status", (body) => {
    const known = tickets.get(m.decodeMatchStatus(body).ticket);
    return known ? m.encodeMatchTicket(known) : { code: 3021 };
  });
  all.server.on("match.cancel", (body) => {
    cancelled.push(m.decodeMatchCancel(body).ticket);
    return new Uint8Array(0);
  });
  await within(all.clock, 1000, all.jz.login());
  const options: MatchOptions = { mode: "duel", players: 2, bots: true, patienceMs: 3000, room: { lockstep: { tickHz: 10 } } };
  return { ...all, room, tickets, started, cancelled, options };
};

test("a match: a ticket of our own, words while waiting, then the room", async () => {
  const { clock, server, jz, room, started, options } = await matching();
  const waiting: number[] = [];
  const match = jz.match({ ...options, onWaiting: ({ playersFound }) => waiting.push(playersFound) });
  await clock.advance(10);
  const { ticket, mode, players, fillWithBots, patienceMs, room: spec } = started[0]!;
  assert.equal(ticket, match.ticket);
  assert.deepEqual({ mode, players, fillWithBots, patienceMs }, { mode: "duel", players: 2, fillWithBots: true, patienceMs: 3000 });
  assert.deepEqual([spec?.kind, spec?.seats, spec?.start, spec?.lockstep?.tickHz], [1, 2, 1, 10]);
  server.session.push({ matchWaiting: { ticket, reason: "few_players", playersFound: 1, playersWanted: 2 } });
  server.session.push({ matchWaiting: { ticket: "another", reason: "few_players", playersFound: 9, playersWanted: 2 } });
  server.session.push({ matched: { ticket, room: room.id } });
  assert.equal((await within(clock, 1000, match)).id, room.id);
  assert.deepEqual(waiting, [0, 1]);
  assert.equal(started.length, 1);
});

test("cancelled by the handle, by a signal, or before it begins", async () => {
  const { clock, jz, cancelled, started, options } = await matching();
  const byHandle = jz.match(options);
  await clock.advance(10);
  byHandle.cancel();
  assert.equal(await name(byHandle), "cancelled");
  const signal: NonNullable<MatchOptions["signal"]> & { onabort?: () => void } = { aborted: false };
  const bySignal = jz.match({ ...options, signal });
  await clock.advance(10);
  signal.onabort!();
  assert.equal(await name(bySignal), "cancelled");
  const controller = new AbortController();
  const byController = jz.match({ ...options, signal: controller.signal });
  await clock.advance(10);
  controller.abort();
  assert.equal(await name(byController), "cancelled");
  assert.equal(await name(jz.match({ ...options, signal: controller.signal })), "cancelled");
  await clock.advance(10);
  assert.equal(started.length, 3);
  assert.deepEqual(cancelled.slice(0, 3), [byHandle.ticket, bySignal.ticket, byController.ticket]);
});

test("the word of the match is lost with the session: the ticket is asked about again", async () => {
  const { clock, server, jz, room, tickets, options } = await matching();
  const match = jz.match(options);
  await clock.advance(10);
  server.cut();
  server.sessions.clear();
  tickets.set(match.ticket, { ...tickets.get(match.ticket)!, state: m.MatchTicketState.MATCHED, room: room.id });
  assert.equal((await within(clock, 3000, match)).id, room.id);
});

test("a server that forgot the ticket is given it again, under its own id", async () => {
  const { clock, server, jz, started, tickets, options } = await matching();
  const match = jz.match(options);
  await clock.advance(10);
  tickets.clear();
  server.sessions.clear();
  server.cut();
  await clock.advance(3000);
  assert.deepEqual(started.map(({ ticket }) => ticket), [match.ticket, match.ticket]);
  match.cancel();
  assert.equal(await name(match), "cancelled");
});

test("a push that never came is made up for by asking now and then", async () => {
  const { clock, jz, room, tickets, options } = await matching();
  const match = jz.match(options);
  await clock.advance(10);
  tickets.set(match.ticket, { ...tickets.get(match.ticket)!, state: m.MatchTicketState.MATCHED, room: room.id });
  assert.equal((await within(clock, 6000, match)).id, room.id);
});

test("a failed match rejects with the server's reason", async () => {
  const { clock, server, jz, options } = await matching();
  const match = jz.match(options);
  await clock.advance(10);
  server.session.push({ matchFailed: { ticket: match.ticket, error: { code: 3023, message: "nobody came" } } });
  const failed = name(match);
  await clock.advance(10);
  assert.equal(await failed, "match_timeout");
});

test("pushes lost: the rooms' views are read again", async () => {
  const { clock, fake, room, server } = await playing();
  const changes: string[] = [];
  room.on("changed", ({ why }) => changes.push(why));
  server.cut();
  server.session.losePush();
  server.pushesLost = 1;
  fake.revision = 9;
  await clock.advance(2000);
  assert.equal(room.view.revision, 9);
  assert.ok(changes.includes("reread"));
  assert.ok(server.executed.includes("rooms.get"));
  // The gap that was told of does not count as another one; a gap nobody told of does.
  const reads = () => server.executed.filter((method) => method === "rooms.get").length;
  const before = reads();
  server.session.push({ notice: { kind: "n", message: "x" } });
  await clock.advance(10);
  assert.equal(reads(), before);
  server.session.losePush();
  server.session.push({ notice: { kind: "n", message: "y" } });
  await clock.advance(10);
  assert.equal(reads(), before + 1);
});

test("older views are ignored, a change is told once", async () => {
  const { clock, fake, room, server } = await playing();
  const changes: string[] = [];
  room.on("changed", ({ why, player }) => changes.push(why + player));
  const change = (revision: number, why: string) => {
    fake.revision = revision;
    server.session.push({ roomChanged: { room: fake.view(), why, player: "p2" } });
  };
  change(5, "joined");
  change(3, "left");
  change(6, "ready");
  await clock.advance(10);
  assert.deepEqual(changes, ["joinedp2", "readyp2"]);
  assert.equal(room.view.revision, 6);
});

test("kicked out of the room, and ended rooms, are over", async () => {
  const { clock, fake, room, jz, server } = await playing();
  const ends: string[] = [];
  room.on("ended", ({ reason }) => ends.push(reason));
  fake.revision = 2;
  server.session.push({ roomChanged: { room: fake.view(), why: "kicked", player: "p1" } });
  await clock.advance(10);
  assert.deepEqual(ends, ["kicked"]);
  assert.deepEqual(jz.rooms.current, []);
  const again = await within(clock, 1000, jz.rooms.join({ room: fake.id }));
  assert.notEqual(again, room);
  again.on("ended", ({ reason, agreed, results }) => ends.push(`${reason} ${agreed} ${results.length}`));
  server.session.push({ roomEnded: { room: fake.id, reason: "finished", agreed: true, lastTick: 9, results: [{ seat: 0 }] } });
  await clock.advance(10);
  assert.deepEqual(ends, ["kicked", "finished true 1"]);
});

test("what is asked wrongly is told at once", async () => {
  const { jz, room } = await playing();
  assert.equal(await name(jz.rooms.join({})), "misuse");
  assert.equal(await name(jz.rooms.create({ seats: 2, start: "soon" as never })), "misuse");
  assert.throws(() => room.lockstep({} as never), /start\(info\)/);
});

test("names of several words are taken with either dash, and given with one", async () => {
  const { clock, server, jz } = world();
  const asked: m.RoomSpec[] = [];
  server.on("rooms.create", (body) => {
    const { room, spec } = m.decodeCreateRoom(body);
    asked.push(spec!);
    return m.encodeJoined({ channel: asked.length, room: { room, spec } });
  });
  for (const durability of ["semi-sync", "semi_sync", "sync"] as never[]) {
    await within(clock, 1000, jz.rooms.create({ seats: 2, start: "when-full" as never, durability }));
  }
  assert.deepEqual(asked.map(({ durability, start }) => [durability, start]), [[0, 1], [0, 1], [2, 1]]);
  assert.equal(await name(jz.rooms.create({ seats: 2, durability: 7 as never })), "misuse");
});

test("a created room has an id of ours, so that asking twice makes one", async () => {
  const { clock, server, jz } = world();
  const ids: string[] = [];
  const room = new FakeRoom(server);
  const create = server.handlers.get("rooms.create")!;
  server.on("rooms.create", (body, session) => {
    ids.push(m.decodeCreateRoom(body).room);
    // The session is gone before the answer: the call goes out again in the next one.
    if (ids.length === 1) {
      server.sessions.clear();
      server.cut();
      return undefined;
    }
    return create(body, session);
  });
  assert.equal((await within(clock, 5000, jz.rooms.create({ seats: 2 }))).id, room.id);
  assert.equal(ids.length, 2);
  assert.equal(ids[0], ids[1]);
  assert.match(ids[0]!, /^\d{1,3}-[0-9a-z]{16}$/);
});

test("an invite is a query and, on a page, a link; it comes back cold and warm", async () => {
  let shown: ((query?: { [name: string]: string }) => void)[] = [];
  const lifecycle = {
    sleeps: true, launchQuery: () => ({ invite: "COLD" }), pageUrl: () => "https://game.test/play",
    watch: (show: (query?: { [name: string]: string }) => void) => {
      shown.push(show);
      return () => void (shown = shown.filter((other) => other !== show));
    },
  };
  const { clock, jz, room } = await playing({}, { lifecycle });
  assert.deepEqual(room.invite({ title: "来" }), { title: "来", query: "invite=ABC234", url: "https://game.test/play?invite=ABC234" });
  assert.equal(jz.launch.invite, "COLD");
  const invites: string[] = [];
  jz.on("invite", (invite) => invites.push(invite));
  shown.forEach((show) => show());
  assert.equal(jz.launch.takeInvite(), "COLD");
  assert.equal(jz.launch.takeInvite(), undefined);
  shown.forEach((show) => show({ invite: "WARM" }));
  await clock.advance(10);
  assert.deepEqual([invites, jz.launch.invite], [["WARM"], "WARM"]);
  jz.close();
  assert.equal(shown.length, 0, "nothing is left at the platform");
});

test("what is said before the game listens is heard", async () => {
  const { clock, fake, room, server } = await playing();
  const say = (value: number) =>
    server.session.send(7, m.encodeRelay({ channel: fake.members[0]!.channel, from: 1, data: Uint8Array.of(value) }));
  say(1);
  say(2);
  await clock.advance(5);
  const heard: number[] = [];
  room.on("relay", ({ data }) => heard.push(...data));
  say(3);
  await clock.advance(5);
  assert.deepEqual(heard, [1, 2, 3]);
});

test("relays wait for the connection, and go out on the new channel", async () => {
  const { clock, fake, room, server } = await playing();
  server.sessions.clear();
  server.cut();
  await clock.advance(1);
  assert.equal(room.relay([1]), true);
  assert.equal(room.relay([2], { latestOnly: true }), false);
  await clock.advance(3000);
  const relays = server.sent.filter(({ operation }) => operation === 7).map(({ body }) => m.decodeRelay(body));
  assert.deepEqual(relays.map(({ data, channel }) => [[...data], channel]), [[[1], fake.members[0]!.channel]]);
});
