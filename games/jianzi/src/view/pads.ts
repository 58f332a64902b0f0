import type { Controls } from "../controls";
import type { Say } from "../text";
import { type Brush, disc, write } from "./canvas";

/** The round buttons for fingers. */
export function drawPads(brush: Brush, controls: Controls, say: Say): void {
  for (const { x, y, r, press } of controls.pads) {
    const down = controls.isDown(press);
    brush.globalAlpha = down ? 0.95 : 0.72;
    disc(brush, x, y + 3, r, "rgba(70,50,30,0.25)");
    disc(brush, x, y, down ? r * 0.95 : r, press === "kick" ? "#ee6352" : "#fff8e7");
    brush.globalAlpha = 1;
    if (press === "kick") write(brush, say("howKick"), x, y + 1, r * 0.62, { weight: 800 });
    else {
      const way = press === "left" ? -1 : 1;
      brush.fillStyle = "#5d5a6b";
      brush.beginPath();
      brush.moveTo(x + way * r * 0.42, y);
      brush.lineTo(x - way * r * 0.26, y - r * 0.38);
      brush.lineTo(x - way * r * 0.26, y + r * 0.38);
      brush.fill();
    }
  }
}
