// The real server for one test file: `jianzi dev` on a free port, with a data folder of its own.
import { spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

const READY_WITHIN_MS = 20_000;

/** Starts the binary named by JIANZI_BIN, alone or under its supervisor; answers { address, url, log, stop }. */
export async function startServer({ supervised = false } = {}) {
  const binary = process.env.JIANZI_BIN;
  if (!binary) throw new Error("JIANZI_BIN names the server to test, for example target/debug/jianzi");
  const folder = await mkdtemp(join(tmpdir(), "jianzi-e2e-"));
  const child = spawn(binary, [...(supervised ? ["supervise", "--"] : []), "dev", "--http", "127.0.0.1:0", "--tcp", "127.0.0.1:0", "--admin", "127.0.0.1:0", "--data", join(folder, "data")], { cwd: folder, stdio: ["ignore", "pipe", "pipe"] });
  const log = [];
  const address = await new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`not ready after ${READY_WITHIN_MS} ms:\n${log.join("")}`)), READY_WITHIN_MS);
    const read = (chunk) => {
      log.push(String(chunk));
      const line = log.join("").split("\n").find((text) => /\bready\b/.test(text) && /127\.0\.0\.1:\d+/.test(text));
      const found = line && /\bhttp"?\s*[=:]\s*"?(127\.0\.0\.1:\d+)/.exec(stripColors(line));
      if (found) {
        clearTimeout(timer);
        resolve(found[1]);
      }
    };
    child.stdout.on("data", read);
    child.stderr.on("data", read);
    child.once("error", reject);
    child.once("exit", (code) => reject(new Error(`the server ended with ${code}:\n${log.join("")}`)));
  });
  return {
    address, url: `http://${address}`, log,
    async stop() {
      const gone = new Promise((done) => (child.exitCode === null && child.signalCode === null ? child.once("exit", done) : done()));
      child.kill("SIGTERM");
      const hard = setTimeout(() => child.kill("SIGKILL"), 10_000);
      await gone;
      clearTimeout(hard);
      await rm(folder, { recursive: true, force: true });
    },
  };
}

const stripColors = (text) => text.replace(/\u001b\[[0-9;]*m/g, "");
