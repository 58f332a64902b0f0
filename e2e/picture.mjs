// Makes docs/images/cut.png for the README: one match in two pages while one page's network is cut, and after it.
//   JIANZI_BIN=target/debug/jianzi node picture.mjs
import { mkdir } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { launch, open } from "./lib/pages.mjs";
import { startServer } from "./lib/server.mjs";

const target = fileURLToPath(new URL("../docs/images/cut.png", import.meta.url));
const device = { viewport: { width: 760, height: 620 } };

const server = await startServer();
const browser = await launch();
try {
  const query = { players: "2", bots: "0", auto: "1" };
  const anna = await open(browser, server, { ...query, as: "小燕" }, device);
  const ben = await open(browser, server, { ...query, as: "阿福" }, device);
  await Promise.all([anna, ben].map((player) => player.until((g) => g.screen === "playing" && g.tick >= 160)));
  await anna.page.click("#trouble");
  await anna.page.click("#trouble-cut");
  await anna.page.click("#trouble");
  const cutAt = await anna.game((g) => g.tick);
  await ben.until(`(g) => g.tick > ${cutAt + 130}`);
  const during = [await anna.page.screenshot(), await ben.page.screenshot()];
  await anna.until((g) => g.trouble.cost, 40_000);
  await anna.page.click("#trouble");
  const after = await anna.page.screenshot();
  const shown = [[during[0], "小燕断网，第 6 秒 · her network is cut"], [during[1], "阿福这边照常 · he plays on"], [after, "10 秒后赶上，一帧不少 · caught up, nothing lost"]];
  const figures = shown.map(([image, text]) => `<figure><img src="data:image/png;base64,${image.toString("base64")}"><figcaption>${text}</figcaption></figure>`);
  const sheet = await browser.newPage({ viewport: { width: 1560, height: 470 } });
  await sheet.setContent(`<style>body{margin:0;padding:12px;display:flex;gap:12px;background:#fffaf0;font:600 20px system-ui,"Noto Sans CJK SC",sans-serif;color:#3b3a4a}
    figure{margin:0;flex:1}img{width:100%;border-radius:14px;display:block}figcaption{text-align:center;margin-top:8px}</style>${figures.join("")}`);
  await mkdir(fileURLToPath(new URL("../docs/images/", import.meta.url)), { recursive: true });
  await sheet.screenshot({ path: target });
} finally {
  await browser.close();
  await server.stop();
}
