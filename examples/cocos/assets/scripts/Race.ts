// The rules: who taps most wins. Whole numbers only, so that every phone computes the same.
import type { Rules } from 'jianzi';

export const TICKS_PER_SECOND = 20;
const LAST_TICK = 10 * TICKS_PER_SECOND;
export const TAP = [1];

export interface RaceState {
    tick: number;
    taps: number[];
    bots: number[];
}

export const race: Rules<RaceState> = {
    start: ({ seats, bots }) => ({ tick: 0, taps: new Array(seats).fill(0), bots }),

    step(state, { tick, inputs }) {
        state.tick = tick;
        for (const { seat } of inputs) state.taps[seat] += 1;
        // A bot taps three times a second, on every phone alike.
        for (const seat of state.bots) if (tick % 7 === 0) state.taps[seat] += 1;
        return state;
    },

    hash: ({ tick, taps }) => taps.reduce((hash, count) => (Math.imul(hash, 31) + count) >>> 0, tick),

    result: ({ tick, taps }) => (tick >= LAST_TICK ? taps.map((count) => Math.min(count, 255)) : undefined),
};

export function secondsLeft({ tick }: RaceState): number {
    return Math.ceil((LAST_TICK - tick) / TICKS_PER_SECOND);
}
