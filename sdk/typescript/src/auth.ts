// Tokens: who the player is, by HTTP. One login or refresh at a time, shared by all who ask.
import type { Clock } from "./clock";
import { asJianziError, JianziError, NETWORK } from "./errors";

export interface LoginOptions {
  /** A test player's name: logs in with the code `dev:<name>`. Only servers in `dev` accept it. */
  as?: string;
  /** A code of the platform, or how to get one, in place of what the SDK finds by itself. */
  code?: string | (() => Promise<string>);
  /** How long to try; default 30 s. */
  deadlineMs?: number;
}

export interface Player {
  id: string;
  name: string;
}

interface Tokens {
  token: string;
  refresh_token: string;
  /** Seconds. */
  expires_in: number;
  player: Player;
}

/** Renewed when less than this is left. */
const MARGIN_MS = 30000;

export class Auth {
  player?: Player;
  private options: LoginOptions = {};
  private tokens?: Tokens;
  private expiresAt = 0;
  private flight?: Promise<string>;

  constructor(
    private readonly post: (path: string, body: unknown) => Promise<any>,
    private readonly identity: { app: string; build: string; device: string },
    private readonly platformCode: (() => Promise<string>) | undefined,
    private readonly clock: Clock,
  ) {}

  /** Logs in anew if it is to be somebody else. */
  as(options: LoginOptions): void {
    if (options.as !== this.options.as || options.code !== this.options.code) this.tokens = undefined;
    this.options = options;
  }

  token(): Promise<string> {
    const { tokens } = this;
    if (tokens && tokens.token && this.clock.now() < this.expiresAt - MARGIN_MS) return Promise.resolve(tokens.token);
    if (!this.flight) {
      const done = () => (this.flight = undefined);
      this.flight = tokens ? this.refresh(tokens) : this.login();
      this.flight.then(done, done);
    }
    return this.flight;
  }

  /** The server does not take the token any more: the next one comes from a refresh if that helps, else from a login. */
  invalidate(fault: JianziError): void {
    if (fault.code === 2002 && this.tokens && this.tokens.token) this.tokens.token = "";
    else this.tokens = undefined;
  }

  logout(): Promise<void> {
    const { tokens } = this;
    this.tokens = undefined;
    return tokens ? this.post("/v1/logout", { refresh_token: tokens.refresh_token }).then(() => {}) : Promise.resolve();
  }

  private async login(): Promise<string> {
    const { app, build, device } = this.identity;
    return this.adopt(await this.post("/v1/login", { app, code: await this.code(), build, device }));
  }

  private async refresh(tokens: Tokens): Promise<string> {
    try {
      return this.adopt(await this.post("/v1/refresh", { refresh_token: tokens.refresh_token }));
    } catch (error) {
      if (asJianziError(error).retry !== "login") throw error;
      return this.login();
    }
  }

  private adopt(tokens: Tokens): string {
    this.tokens = tokens;
    this.expiresAt = this.clock.now() + tokens.expires_in * 1000;
    if (tokens.player) this.player = tokens.player;
    return tokens.token;
  }

  private async code(): Promise<string> {
    const { as, code } = this.options;
    if (as !== undefined) return "dev:" + as;
    if (typeof code === "string") return code;
    const source = code || this.platformCode;
    if (!source) return "device";
    try {
      return await source();
    } catch (error) {
      throw new JianziError(NETWORK, "login code: " + (error as Error).message);
    }
  }
}
