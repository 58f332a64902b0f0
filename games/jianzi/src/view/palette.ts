// The four children's colours, by seat, and the scene's.

export interface Dress { coat: string; dark: string; light: string; trim: string }

export const DRESSES: Dress[] = [
  { coat: "#ee6352", dark: "#c84a3c", light: "#ff9a87", trim: "#ffd9a0" },
  { coat: "#2fa39a", dark: "#217a75", light: "#7fd8cc", trim: "#fff0c2" },
  { coat: "#f2a93b", dark: "#cb8520", light: "#ffd27d", trim: "#fff6dd" },
  { coat: "#7a6fd0", dark: "#5b51ab", light: "#b5aef2", trim: "#ffe0ef" },
];
export const dress = (seat: number): Dress => DRESSES[seat % DRESSES.length]!;

export const INK = "#3b3a4a";
export const CREAM = "#fff8e7";
export const GOLD = "#ffc93c";
export const QUALITY = ["", "#9fb4c0", "#57b894", "#ff8a3d"];
