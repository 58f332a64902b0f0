// Typed events.

/** Takes the listener off again. */
export type Unsubscribe = () => void;

export class Emitter<Events> {
  private readonly listeners: { [K in keyof Events]?: ((value: Events[K]) => void)[] } = {};

  on<K extends keyof Events>(event: K, listener: (value: Events[K]) => void): Unsubscribe {
    this.listeners[event] = (this.listeners[event] || []).concat(listener);
    return () => this.off(event, listener);
  }

  once<K extends keyof Events>(event: K, listener: (value: Events[K]) => void): Unsubscribe {
    const unsubscribe = this.on(event, (value) => {
      unsubscribe();
      listener(value);
    });
    return unsubscribe;
  }

  off<K extends keyof Events>(event: K, listener: (value: Events[K]) => void): void {
    this.listeners[event] = (this.listeners[event] || []).filter((other) => other !== listener);
  }

  /** @internal */
  hasListener(event: keyof Events): boolean {
    return !!(this.listeners[event] || []).length;
  }

  /** @internal */
  emit<K extends keyof Events>(event: K, value: Events[K]): void {
    for (const listener of this.listeners[event] || []) guard(() => listener(value));
  }
}

/** Runs the game's code: what it throws reaches the console, not the SDK's own work. */
export function guard(run: () => void): void {
  try {
    run();
  } catch (error) {
    Promise.reject(error);
  }
}
