// The mini-game bundle, as committed, against the real server, with nothing around it but `wx`.
import { after, before, test } from "node:test";
import { startPhone } from "../lib/phone.mjs";
import { startServer } from "../lib/server.mjs";

let server;
before(async () => { server = await startServer(); });
after(async () => { await server?.stop(); });

test("the mini game plays a whole match against a bot and watches it again", { timeout: 120_000 }, async (context) => {
  const phone = await startPhone(server, "dev:phone");
  context.after(() => phone.stop());
  await phone.sees(/^快速开始$/, 5_000);
  phone.press("快速开始");
  await phone.sees(/^在线/, 10_000);
  await phone.sees(/^你 0$/, 15_000);
  await phone.sees(/^你 \d*[1-9]\d*$/, 45_000);
  await phone.sees(/^最长连踢 \d+$/, 90_000);
  phone.press("再看一遍");
  await phone.sees(/^回放$/, 5_000);
});
