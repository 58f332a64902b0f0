// The little of a 2D canvas that browsers and WeChat both have.

export type Brush = CanvasRenderingContext2D;
export interface Sheet { width: number; height: number; brush: Brush; image: CanvasImageSource }
/** Makes an off-screen canvas; sizes in device pixels. */
export type MakeSheet = (width: number, height: number) => Sheet;

export const FONT = 'system-ui, -apple-system, "PingFang SC", "Noto Sans CJK SC", "Microsoft YaHei", sans-serif';

export function pill(brush: Brush, x: number, y: number, w: number, h: number, r: number): void {
  const radius = Math.max(0, Math.min(r, w / 2, h / 2));
  brush.beginPath();
  brush.moveTo(x + radius, y);
  brush.arcTo(x + w, y, x + w, y + h, radius);
  brush.arcTo(x + w, y + h, x, y + h, radius);
  brush.arcTo(x, y + h, x, y, radius);
  brush.arcTo(x, y, x + w, y, radius);
  brush.closePath();
}

export function disc(brush: Brush, x: number, y: number, r: number, fill: string | CanvasGradient): void {
  brush.fillStyle = fill;
  brush.beginPath();
  brush.arc(x, y, Math.max(0, r), 0, Math.PI * 2);
  brush.fill();
}

export function oval(brush: Brush, x: number, y: number, rx: number, ry: number, fill: string): void {
  brush.save();
  brush.translate(x, y);
  brush.scale(rx, ry);
  disc(brush, 0, 0, 1, fill);
  brush.restore();
}

export function write(
  brush: Brush, text: string, x: number, y: number, size: number,
  { fill = "#fff", align = "center", weight = 700, edge = "", edgeWidth = 4 }: {
    fill?: string; align?: CanvasTextAlign; weight?: number; edge?: string; edgeWidth?: number;
  } = {},
): void {
  brush.font = `${weight} ${size}px ${FONT}`;
  brush.textAlign = align;
  brush.textBaseline = "middle";
  if (edge) {
    brush.strokeStyle = edge;
    brush.lineWidth = edgeWidth;
    brush.lineJoin = "round";
    brush.strokeText(text, x, y);
  }
  brush.fillStyle = fill;
  brush.fillText(text, x, y);
}

export const ease = (from: number, to: number, part: number): number => from + (to - from) * part;
export const between = (n: number, low: number, high: number): number => Math.max(low, Math.min(high, n));
