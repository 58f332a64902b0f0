// The same, for Node.
import type { Clock } from "./clock";
import { nodePlatform } from "./platform/node";
import type { Transport } from "./platform/platform";
import { type BadNetwork, wrapNetwork } from "./testing/bad_network";

export function badNetwork(inner?: Transport, clock?: Clock): BadNetwork {
  return wrapNetwork(inner || nodePlatform().transport, clock);
}

export { memoryTransport } from "./platform/memory";
