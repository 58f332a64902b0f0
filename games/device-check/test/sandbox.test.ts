import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import vm from "node:vm";
import { type Faults, phone } from "./phone.ts";

test("a good phone is green in every line", async () => {
  const lines = await check({});
  assert.equal(lines.length, 9);
  assert.deepEqual(lines.filter(({ state }) => state !== "green"), []);
});

const CASES: [string, Faults, RegExp[], RegExp][] = [
  ["storage that forgets", { storageForgets: true }, [/storage/], /differs/],
  ["no login", { loginFails: true }, [/wx\.login/], /no permission/],
  ["a domain that is not listed", { http: "unreachable" }, [/HTTP/], /domain list/],
  ["another server behind the address", { http: 404 }, [/HTTP/], /HTTP 404/],
  ["a socket that is refused", { socket: "refused" }, [/socket, binary/, /two sockets/, /background/], /cannot connect/],
  ["a server that says nothing", { socket: "silent" }, [/socket, binary/, /two sockets/, /background/], /no answer|closed/],
  ["text where bytes should be", { socket: "text" }, [/socket, binary/, /two sockets/, /background/], /not binary/],
  ["not a Jianzi server", { socket: "other-server" }, [/socket, binary/, /two sockets/, /background/], /not a Jianzi/],
  ["a socket that is cut", { socket: "closed" }, [/socket, binary/, /two sockets/, /background/], /1006/],
  ["a slow picture", { pictureMs: 60 }, [/frame gaps/], /slower/],
  ["a player who does not come back", { neverBack: true }, [/background/], /no answer/],
];

for (const [what, faults, red, why] of CASES) {
  test(`${what} is red and says why`, async () => {
    const lines = await check(faults);
    const bad = lines.filter(({ state }) => state === "red");
    assert.equal(bad.length, red.length, JSON.stringify(bad));
    bad.forEach((line, i) => {
      assert.match(line.name, red[i]!);
      assert.match(line.detail, why);
    });
  });
}

/** Runs the built game where nothing exists but `wx`, timers and the language itself. */
async function check(faults: Faults) {
  const source = await readFile(new URL("../wechat/game.js", import.meta.url), "utf8");
  const { globals, report, written } = phone(faults);
  vm.runInNewContext(source, globals, { filename: "game.js" });
  const lines = await report;
  for (const { name } of lines) assert.ok(written.includes(name), `${name} is on the screen`);
  return lines;
}
