export interface Wish { seed?: number; tickHz?: number; seats?: number; bots?: number; properties?: Record<string, string> }

export type Said =
  | { what: "broadcast" | "end"; data: Uint8Array }
  | { what: "send"; seat: number; data: Uint8Array }
  | { what: "effect"; kind: string; data: Uint8Array }
  | { what: "log"; level: number; text: string }
  | { what: "metric"; name: string; value: number };

export interface Compiled { readonly compiled: unique symbol }
export function compile(path: string | URL): Promise<Compiled>;

export class TestRoom {
  constructor(module: Compiled, wish?: Wish);
  readonly said: Said[];
  readonly tickNumber: number;
  readonly memoryBytes: number;
  join(seat: number, name: string, id?: string): void;
  leave(seat: number, why?: number): void;
  input(seat: number, data: ArrayLike<number>): void;
  tick(): void;
  ticks(count: number): void;
  view(seat?: number): Uint8Array;
  save(): Uint8Array;
  swap(module: Compiled): void;
  takeSaid(): Said[];
  takeBroadcasts(): Uint8Array[];
}
