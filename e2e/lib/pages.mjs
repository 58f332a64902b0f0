// Chromium pages at /play, and how a test waits for the game in them.
import assert from "node:assert/strict";
import { mkdir } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";

const FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"];
const SCREENSHOTS = fileURLToPath(new URL("../screenshots/", import.meta.url));

export const DESKTOP = { viewport: { width: 1280, height: 800 } };
export const PHONE = { viewport: { width: 390, height: 844 }, deviceScaleFactor: 2, hasTouch: true, isMobile: true };

export const launch = () => chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args: FLAGS });

/** A page of its own device; `query` as in `?as=anna&players=2`. Errors of the page fail the test in `close`. */
export async function open(browser, server, query, device = DESKTOP, locale = "zh-CN") {
  const context = await browser.newContext({ ...device, locale });
  const page = await context.newPage();
  const errors = [];
  page.on("pageerror", (error) => errors.push(error.stack ?? String(error)));
  await page.goto(`${server.url}/play?${new URLSearchParams(query)}`);
  return {
    page,
    game: (read) => page.evaluate(`(() => { const game = window.__jianzi; return (${read})(game); })()`),
    until: (condition, ms = 20_000) => page.waitForFunction(`(${condition})(window.__jianzi)`, undefined, { timeout: ms, polling: 50 }),
    async shot(name) {
      await mkdir(SCREENSHOTS, { recursive: true });
      await page.screenshot({ path: `${SCREENSHOTS}${name}.png` });
    },
    async close() {
      await context.close();
      assert.deepEqual(errors, []);
    },
  };
}
