// A game that is nothing but what was put into it, in order; an input of 255 ends it.
import type { Rules } from "../../src/index_node";

export interface Log {
  inputs: number[];
  ticks: number;
}

export const rules: Rules<Log> = {
  start: () => ({ inputs: [], ticks: 0 }),
  step: (state, { tick, inputs }) => ({
    ticks: tick,
    inputs: inputs.length ? state.inputs.concat(...inputs.map(({ seat, data }) => [seat, ...data])) : state.inputs,
  }),
  hash: ({ inputs, ticks }) => inputs.reduce((hash, value) => (Math.imul(hash, 31) + value) >>> 0, ticks),
  result: ({ inputs, ticks }) => (inputs.includes(255) ? [ticks & 255, inputs.length & 255] : undefined),
};

/** The inputs of one seat, in order. */
export const inputsOf = ({ inputs }: Log, seat?: number): number[] => inputs.filter((_, i) => i % 2 === 1 && inputs[i - 1] === seat);
