// The real server: the binary at JIANZI_BIN, started for one test file and ended with it.
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

export interface Server {
  url: string;
  /** kill -9, and the same server again: same address, same data. Milliseconds until it was ready. */
  crash(): Promise<number>;
  stop(): Promise<void>;
}

const READY_WITHIN_MS = 20000;

export async function startServer(): Promise<Server> {
  const binary = process.env.JIANZI_BIN;
  if (!binary) throw new Error("JIANZI_BIN must name the server's binary, for example target/debug/jianzi");
  const data = mkdtempSync(join(tmpdir(), "jianzi-sdk-"));
  let running = await startOn(binary, data, "127.0.0.1:0");
  const kill = async () => {
    running.child.kill("SIGKILL");
    await running.exited;
  };
  return {
    url: `http://${running.address}`,
    async crash() {
      await kill();
      const began = Date.now();
      running = await startOn(binary, data, running.address);
      return Date.now() - began;
    },
    async stop() {
      await kill();
      rmSync(data, { recursive: true, force: true });
    },
  };
}

async function startOn(binary: string, data: string, http: string) {
  const child = spawn(binary, ["dev", "--http", http, "--tcp", "127.0.0.1:0", "--admin", "127.0.0.1:0", "--data", data], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  const exited = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  let output = "";
  const address = await new Promise<string>((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`not ready within ${READY_WITHIN_MS} ms:\n${output}`)), READY_WITHIN_MS);
    const read = (bytes: Buffer) => {
      output = (output + bytes).slice(-20000);
      const ready = /ready[^\n]*?http"?[=:]"?(127\.0\.0\.1:\d+)/.exec(output);
      if (!ready) return;
      clearTimeout(timer);
      resolve(ready[1] as string);
    };
    child.stdout.on("data", read);
    child.stderr.on("data", read);
    child.once("error", reject);
    child.once("exit", (code) => reject(new Error(`ended with ${code}:\n${output}`)));
  });
  return { child, exited, address };
}

/** Waits until it is so; fails loudly if it never is. */
export async function until(what: string, is: () => boolean, limitMs = 15000): Promise<void> {
  const end = Date.now() + limitMs;
  while (!is()) {
    if (Date.now() > end) throw new Error(`not within ${limitMs} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
