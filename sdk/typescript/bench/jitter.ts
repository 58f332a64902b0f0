// What jitter costs: calls and inputs through the real SDK and the real server (JIANZI_BIN), with the network made
// unsteady by `badNetwork`. Writes bench/results/sdk-jitter.{md,json}.
import { mkdirSync, writeFileSync } from "node:fs";
import { cpus } from "node:os";
import { fileURLToPath } from "node:url";
import { Jianzi, type Rules } from "../src/index_node";
import type { Weakness } from "../src/testing";
import { badNetwork } from "../src/testing_node";
import { startServer } from "../test/e2e/server";

/** Round trip without jitter: where the founding article's percentages fit its jitters (25 ms are 10 % of some 220 ms). */
const BASE_MS = 220;
const CLIENTS = 16;
const CALLS = 50;
const INPUTS = 40;
/** The last one is the SDK's own. */
const DEADLINES_MS = [300, 400, 500, 1000, 10000];

/** Added to the round trip: at random from `from` to `to`. */
const BANDS: { name: string; from: number; to: number; loss?: number; article?: string }[] = [
  { name: "none", from: 0, to: 0 },
  { name: "0–50 ms", from: 0, to: 50, article: "+10 %, 1 %" },
  { name: "50–100 ms", from: 50, to: 100, article: "+35 %, 8 %" },
  { name: "100–200 ms", from: 100, to: 200, article: "+70 %, 25 % (> 100 ms)" },
  { name: "100–200 ms, 5 % lost", from: 100, to: 200, loss: 0.05 },
];

interface Row {
  band: string;
  /** Delay added and share of timeouts, as the founding article has them; it names neither base nor deadline. */
  article: string;
  calls: number;
  meanMs: number;
  p50Ms: number;
  p99Ms: number;
  addedPercent: number;
  timeoutsPercent: { [deadlineMs: number]: number };
  inputs: number;
  inputP50Ms: number;
  inputP99Ms: number;
  inputsLost: number;
  reconnects: number;
}

const server = await startServer();
try {
  const rows: Row[] = [];
  for (const band of BANDS) rows.push(await measure(band, rows[0]));
  write(rows);
} finally {
  await server.stop();
}
process.exit(0);

async function measure(band: (typeof BANDS)[number], base: Row | undefined): Promise<Row> {
  const weakness: Weakness = { latencyMs: (BASE_MS + band.from) / 2, jitterMs: (band.to - band.from) / 2, loss: band.loss ?? 0 };
  const results = await Promise.all(Array.from({ length: CLIENTS }, (_, i) => one(`jitter-${i}`, weakness)));
  const calls = results.flatMap((result) => result.calls).sort((a, b) => a - b);
  const inputs = results.flatMap((result) => result.inputs).sort((a, b) => a - b);
  const meanMs = calls.reduce((sum, ms) => sum + ms, 0) / calls.length;
  const timeoutsPercent: { [deadlineMs: number]: number } = {};
  for (const deadline of DEADLINES_MS) timeoutsPercent[deadline] = (100 * calls.filter((ms) => ms > deadline).length) / calls.length;
  return {
    band: band.name, article: band.article ?? "", calls: calls.length, meanMs, p50Ms: quantile(calls, 0.5), p99Ms: quantile(calls, 0.99),
    addedPercent: base ? (100 * (meanMs - base.meanMs)) / base.meanMs : 0, timeoutsPercent,
    inputs: inputs.length, inputP50Ms: quantile(inputs, 0.5), inputP99Ms: quantile(inputs, 0.99),
    inputsLost: results.reduce((sum, result) => sum + result.inputsLost, 0),
    reconnects: results.reduce((sum, result) => sum + result.reconnects, 0),
  };
}

/** One player: calls one after the other, then inputs of a match of its own, each timed until its own tick comes back. */
async function one(name: string, weakness: Weakness) {
  const network = badNetwork();
  const jz = new Jianzi({ url: server.url, app: "jianzi-demo", build: "1.0.0", transport: network.transport });
  let reconnects = 0;
  jz.on("status", ({ state }) => void (state === "reconnecting" && reconnects++));
  await jz.login({ as: name });
  const room = await jz.rooms.create({ seats: 2, bots: 1, mode: name, start: "when_full", private: true });
  let seen = 0;
  const rules: Rules<number> = { start: () => 0, step: (count, { inputs }) => (seen = count + inputs.length) };
  const game = room.lockstep(rules);
  await until(() => game.tick > 0);
  network.weak(weakness);
  const calls: number[] = [];
  for (let i = 0; i < CALLS; i++) {
    const from = performance.now();
    await jz.rooms.get(room.id);
    calls.push(performance.now() - from);
  }
  const inputs: number[] = [];
  for (let i = 0; i < INPUTS; i++) {
    const from = performance.now();
    const wanted = seen + 1;
    game.input([1]);
    await until(() => seen >= wanted);
    inputs.push(performance.now() - from);
  }
  const { inputsLost } = game.stats;
  jz.close();
  return { calls, inputs, inputsLost, reconnects };
}

async function until(is: () => boolean): Promise<void> {
  const end = performance.now() + 30000;
  while (!is()) {
    if (performance.now() > end) throw new Error("nothing came within 30 s");
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}

function quantile(sorted: number[], share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] as number;
}

function write(rows: Row[]): void {
  const folder = fileURLToPath(new URL("../../../bench/results/", import.meta.url));
  mkdirSync(folder, { recursive: true });
  const machine = { cpu: cpus()[0]?.model ?? "", cores: cpus().length, node: process.version };
  const settings = { baseRoundTripMs: BASE_MS, clients: CLIENTS, callsEach: CALLS, inputsEach: INPUTS, tickHz: 20 };
  writeFileSync(`${folder}sdk-jitter.json`, JSON.stringify({ settings, machine, rows }, null, 2) + "\n");
  const ms = (value: number) => value.toFixed(0);
  const percent = (value: number) => `${value.toFixed(1)} %`;
  const head = ["jitter of the round trip", "mean", "p50", "p99", "added delay", "article: delay, timeouts", ...DEADLINES_MS.map((deadline) => `over ${deadline} ms`), "input → tick p50", "p99", "inputs lost", "reconnects"];
  const lines = rows.map((row) => [
    row.band, ms(row.meanMs), ms(row.p50Ms), ms(row.p99Ms), percent(row.addedPercent), row.article, ...DEADLINES_MS.map((deadline) => percent(row.timeoutsPercent[deadline] as number)),
    ms(row.inputP50Ms), ms(row.inputP99Ms), String(row.inputsLost), String(row.reconnects),
  ]);
  const table = [head, head.map(() => "---"), ...lines].map((cells) => `| ${cells.join(" | ")} |`).join("\n");
  const text = `# 抖动的代价 · What jitter costs

\`JIANZI_BIN=target/release/jianzi npm run bench:jitter\` (in \`sdk/typescript\`) wrote this file; \`sdk-jitter.json\` has the numbers.

Real SDK, real server, loopback; the network is made unsteady by \`badNetwork\` of \`jianzi/testing\`: ${BASE_MS} ms of round trip, and the
jitter on top, drawn anew for each message and direction, order kept as TCP keeps it; lost messages come 200 ms later, with all
behind them. ${CLIENTS} players, each ${CALLS} calls one after the other, then ${INPUTS} inputs of a 20 Hz match. "Over n ms": the share of
calls that a deadline of n ms would have ended; the SDK's own deadline is 10 s, and nothing is sent twice before it. Jitter adds
its mean to every call, whatever the base; what share of that is a timeout depends on the deadline alone, so the SDK's is generous,
and inputs have none at all: they are kept until acknowledged.
${machine.cpu}, ${machine.cores} cores, Node ${machine.node}. Milliseconds.

${table}
`;
  writeFileSync(`${folder}sdk-jitter.md`, text);
  console.log(table);
}
