// The flow of the game over a stand-in for the SDK; the real one is played against in e2e/.
import assert from "node:assert/strict";
import { mock, test } from "node:test";
import { Play } from "../src/play.ts";
import { END_TICK, hash, result, type State } from "../src/rules.ts";
import { TestRoom, compile } from "../../../sdk/game-assemblyscript/testing/room.mjs";
import { Jianzi } from "./standin/jianzi.ts";

test("quick start: login, match, sixty-three seconds of play, over", async () => {
  await withTime(async (pass) => {
    const { play, states, screens } = begin();
    await play.quick(3);
    await pass(100);
    assert.equal(play.screen.at, "lobby");
    await pass(50 * 100);
    assert.equal(play.screen.at, "playing");
    await pass(50 * END_TICK);
    assert.equal(play.screen.at, "over");
    assert.equal(play.over, true);
    assert.equal(play.agreed, true);
    assert.equal(play.lastRoom, "1-standin");
    assert.equal(states.length, END_TICK);
    assert.deepEqual([...new Set(screens)], ["login", "matching", "lobby", "playing", "over"]);
  });
});

test("inputs reach the state, and only while the match is on", async () => {
  await withTime(async (pass) => {
    const { play, states } = begin();
    play.input([1]);
    await play.quick(2);
    await pass(1000);
    play.input([1]);
    await pass(3000);
    assert.equal(states[states.length - 1]!.players[0]!.x, 30 * 256, "walked left to the edge");
  });
});

test("a match that is found after the player left is left again and not shown", async () => {
  await withTime(async (pass) => {
    let found: (room: unknown) => void = () => undefined, left = 0;
    const jz = new Jianzi();
    jz.match = () => new Promise((resolve) => { found = resolve as typeof found; });
    const { play } = begin(jz);
    const search = play.quick(2);
    await pass(10);
    assert.equal(play.screen.at, "matching");
    play.leave();
    found({ leave: async () => { left += 1; } });
    await search;
    assert.equal(play.screen.at, "title");
    assert.equal(left, 1);
  });
});

test("leaving a search tells the SDK to stop it", async () => {
  await withTime(async (pass) => {
    let stopped = false;
    const jz = new Jianzi();
    jz.match = ({ signal }: any) => new Promise((_, reject) => { signal.onabort = () => { stopped = true; reject(new Error("cancelled")); }; });
    const { play } = begin(jz);
    const search = play.quick(2);
    await pass(10);
    play.leave();
    await search;
    assert.equal(stopped, true);
    assert.equal(play.screen.at, "title");
  });
});

test("a private room waits for its owner to begin", async () => {
  await withTime(async (pass) => {
    const { play } = begin();
    await play.invite(2);
    await pass(2000);
    assert.equal(play.screen.at, "lobby");
    assert.equal(play.room!.invite().query, "invite=ABC234");
    await play.begin();
    await pass(100);
    assert.equal(play.screen.at, "playing");
  });
});

test("referee mode: every state comes from the room, once, and so does the result", async () => {
  const module = await compile(new URL("../room/dist/jianzi-v1.wasm", import.meta.url));
  await withTime(async (pass) => {
    const jz = new Jianzi(), asked: { mode: string; room: unknown }[] = [], match = jz.match.bind(jz);
    jz.match = (wish: any) => { asked.push(wish); return match(wish); };
    jz.referee = ({ seats, bots }) => new TestRoom(module, { seats, bots, seed: 42 });
    const { play, states, screens } = begin(jz);
    play.referee = true;
    await play.quick(2);
    await pass(100);
    assert.equal(asked[0]!.mode, "referee-duel");
    assert.deepEqual(asked[0]!.room, { kind: "authoritative", authoritative: { game: "jianzi", tickHz: 20 } });
    assert.deepEqual([play.screen.at, states.length], ["lobby", 0], "what is told before the start is not shown");
    await pass(1000);
    play.input([1]);
    assert.deepEqual([play.rules?.version, play.watchable], [1, false]);
    await pass(50 * END_TICK);
    assert.deepEqual(states.map(({ tick }) => tick), Array.from({ length: END_TICK }, (_, i) => i + 1));
    assert.equal(states[60]!.players[0]!.x, 30 * 256, "walked left to the edge");
    assert.equal(play.screen.at, "over");
    assert.deepEqual(play.verdict, result(states.at(-1)!));
    assert.deepEqual([...new Set(screens)], ["login", "matching", "lobby", "playing", "over"]);
  });
});

test("a login that fails is told, and trying again helps", async () => {
  await withTime(async (pass) => {
    const jz = new Jianzi(), login = jz.login.bind(jz);
    jz.login = async () => { throw Object.assign(new Error("The server cannot be reached."), { messageZh: "无法连接服务器。" }); };
    const { play } = begin(jz);
    await play.quick(2);
    assert.equal(play.screen.at, "problem");
    jz.login = login;
    await play.quick(2);
    await pass(400);
    assert.equal(play.screen.at, "playing");
  });
});

function begin(jz = new Jianzi()) {
  const states: State[] = [], screens: string[] = [];
  const play: Play = new Play({ jz: jz as never, bots: true, changed: () => screens.push(play.screen.at), state: (state) => { hash(state); states.push(state); } });
  return { play, states, screens };
}

async function withTime(run: (pass: (ms: number) => Promise<void>) => Promise<void>): Promise<void> {
  mock.timers.enable({ apis: ["setTimeout", "setInterval"] });
  try {
    await run(async (ms) => {
      await new Promise<void>((done) => setImmediate(done));
      for (let passed = 0; passed < ms; passed += 10) mock.timers.tick(10);
      await new Promise<void>((done) => setImmediate(done));
    });
  } finally {
    mock.timers.reset();
  }
}
