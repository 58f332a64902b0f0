import type { Line } from "./check";

const COLORS = { waiting: "#c9c4b8", running: "#f2a93b", green: "#2fa36b", red: "#e0483e" };
const MARKS = { waiting: "·", running: "…", green: "✓", red: "✗" };

export function draw(canvas: WechatMinigame.Canvas, url: string, lines: Line[]): void {
  const view = wx.getWindowInfo ? wx.getWindowInfo() : wx.getSystemInfoSync();
  const ratio = view.pixelRatio, width = view.windowWidth;
  const high = Math.round(view.windowHeight * ratio);
  if (canvas.height !== high) Object.assign(canvas, { width: Math.round(width * ratio), height: high });
  const brush = canvas.getContext("2d");
  brush.setTransform(ratio, 0, 0, ratio, 0, 0);
  brush.fillStyle = "#fffaf0";
  brush.fillRect(0, 0, width, view.windowHeight);
  const left = 20, top = Math.max(view.safeArea ? view.safeArea.top : 0, 24) + 34;
  const write = (text: string, x: number, y: number, size: number, color: string, bold = false) => {
    brush.font = `${bold ? "700 " : ""}${size}px sans-serif`;
    brush.fillStyle = color;
    brush.fillText(text, x, y);
  };
  write("毽子 · 真机检查 device check", left, top, 20, "#3b3a4a", true);
  const done = lines.every(({ state }) => state === "green" || state === "red"), bad = lines.filter(({ state }) => state === "red").length;
  write(done ? (bad ? `${bad} 项不通过 failed · 点屏幕重测 touch to repeat` : "全部通过 all green") : url, left, top + 24, 13, done && bad ? COLORS.red : "#8b8797");
  let y = top + 58;
  for (const { name, state, detail } of lines) {
    brush.fillStyle = COLORS[state];
    brush.beginPath();
    brush.arc(left + 11, y - 5, 11, 0, Math.PI * 2);
    brush.fill();
    brush.textAlign = "center";
    write(MARKS[state], left + 11, y, 14, "#fff", true);
    brush.textAlign = "left";
    write(name, left + 32, y, 16, "#3b3a4a", true);
    const rows = fold(detail, width - left * 2 - 32, (text) => { brush.font = "12px sans-serif"; return brush.measureText(text).width; });
    rows.forEach((row, i) => write(row, left + 32, y + 18 + i * 16, 12, state === "red" ? COLORS.red : "#8b8797"));
    y += 34 + Math.max(1, rows.length) * 16;
  }
}

function fold(text: string, most: number, width: (text: string) => number): string[] {
  const rows: string[] = [];
  let row = "";
  for (const letter of Array.from(text)) {
    if (row && width(row + letter) > most) {
      rows.push(row);
      row = "";
    }
    row += letter;
  }
  return row ? [...rows, row] : rows;
}
