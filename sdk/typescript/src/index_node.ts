// The same, for Node.
import { Jianzi } from "./index";
import { nodePlatform } from "./platform/node";

Jianzi.detect = nodePlatform;

export * from "./index";
