import { browserPlatform } from "./browser";
import type { Platform } from "./platform";
import { detectWx, wxPlatform } from "./wx";

export function detectPlatform(): Platform {
  const wx = detectWx();
  return wx ? wxPlatform(wx) : browserPlatform();
}
