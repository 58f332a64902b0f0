// One line of the report, and how a check becomes one.

export interface Line {
  name: string;
  state: "waiting" | "running" | "green" | "red";
  /** What was measured, or the cause and what to do about it. */
  detail: string;
}

export interface Check {
  name: string;
  /** Answers what was measured; throws with the cause. */
  run(note: (text: string) => void): Promise<string>;
  /** Milliseconds after which it counts as failed. */
  within: number;
}

export class Report {
  readonly lines: Line[];

  constructor(private readonly checks: Check[], private readonly changed: () => void) {
    this.lines = checks.map(({ name }) => ({ name, state: "waiting", detail: "" }));
  }

  /** One after the other, so that none disturbs another's measurement. */
  async run(): Promise<void> {
    for (let i = 0; i < this.checks.length; i++) {
      const check = this.checks[i]!, line = this.lines[i]!;
      Object.assign(line, { state: "running", detail: "…" });
      this.changed();
      try {
        const detail = await limited(check.run((text) => { line.detail = text; this.changed(); }), check.within);
        Object.assign(line, { state: "green", detail });
      } catch (error) {
        Object.assign(line, { state: "red", detail: cause(error) });
      }
      this.changed();
    }
  }
}

/** Whatever wx or the engine threw, as a sentence. */
export function cause(error: unknown): string {
  if (error instanceof Error) return error.message;
  const told = (error as { errMsg?: string } | undefined)?.errMsg;
  return told ?? String(error);
}

export function demand(truth: boolean, otherwise: string): void {
  if (!truth) throw new Error(otherwise);
}

function limited<T>(work: Promise<T>, ms: number): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`没有回应（${ms / 1000} 秒）/ no answer within ${ms / 1000} s`)), ms);
    work.then(resolve, reject).then(() => clearTimeout(timer), () => clearTimeout(timer));
  });
}
