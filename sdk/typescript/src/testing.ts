// What `import … from "jianzi/testing"` gives: for development and tests only, never part of a game that is shipped.
import type { Clock } from "./clock";
import { detectPlatform } from "./platform/detect";
import type { Transport } from "./platform/platform";
import { type BadNetwork, wrapNetwork } from "./testing/bad_network";

/** Makes a transport as bad as asked; by default the one that the SDK would use. */
export function badNetwork(inner?: Transport, clock?: Clock): BadNetwork {
  return wrapNetwork(inner || detectPlatform().transport, clock);
}

export type { BadNetwork, Weakness } from "./testing/bad_network";
export { memoryTransport } from "./platform/memory";
export type { MemoryPeer } from "./platform/memory";
