// A few sounds, made as they are needed. No audio means silence, never an error.

interface Audio { context: AudioContext; out: GainNode }

export class Sound {
  on = true;
  private audio?: Audio | null;

  constructor(private readonly open: () => AudioContext | undefined) {}

  /** Browsers let a page sound only after a touch or key: call it from one. */
  wake(): void {
    if (this.audio !== undefined) {
      this.audio?.context.resume?.().catch(() => undefined);
      return;
    }
    this.audio = null;
    try {
      const context = this.open();
      if (!context) return;
      const out = context.createGain();
      out.gain.value = 0.22;
      out.connect(context.destination);
      this.audio = { context, out };
    } catch {
      this.audio = null;
    }
  }

  kick(quality: number, combo: number): void {
    const step = [0, 2, 4, 7, 9][combo % 5]! + 12 * Math.min(2, Math.floor(combo / 5));
    const pitch = 330 * 2 ** (step / 12);
    this.tone("triangle", pitch, pitch * 1.02, 0.14, quality === 3 ? 0.9 : 0.55);
    if (quality === 3) this.tone("sine", pitch * 2, pitch * 2, 0.28, 0.4, 0.03);
    this.tone("square", 140, 60, 0.05, 0.25);
  }
  whiff(): void { this.tone("sine", 520, 180, 0.12, 0.12); }
  drop(): void { this.tone("sine", 220, 70, 0.4, 0.6); }
  lantern(): void { [0, 4, 7, 12].forEach((n, i) => this.tone("sine", 660 * 2 ** (n / 12), 660 * 2 ** (n / 12), 0.22, 0.4, i * 0.06)); }
  golden(): void { [0, 7, 12, 16].forEach((n, i) => this.tone("triangle", 523 * 2 ** (n / 12), 523 * 2 ** (n / 12), 0.3, 0.4, i * 0.07)); }
  beep(last: boolean): void { this.tone("sine", last ? 880 : 440, last ? 880 : 440, last ? 0.35 : 0.12, 0.4); }

  private tone(type: OscillatorType, from: number, to: number, seconds: number, loud: number, after = 0): void {
    if (!this.on || !this.audio) return;
    const { context, out } = this.audio, start = context.currentTime + after;
    const tone = context.createOscillator(), gain = context.createGain();
    tone.type = type;
    tone.frequency.setValueAtTime(from, start);
    tone.frequency.exponentialRampToValueAtTime(Math.max(1, to), start + seconds);
    gain.gain.setValueAtTime(loud, start);
    gain.gain.exponentialRampToValueAtTime(0.001, start + seconds);
    tone.connect(gain);
    gain.connect(out);
    tone.start(start);
    tone.stop(start + seconds + 0.02);
  }
}
