// The REST side: one envelope, one login for all, identical reads in flight are one, a cache for what does not change.
import { Breaker } from "./breaker";
import type { Clock } from "./clock";
import { asJianziError, BAD_ANSWER, BREAKER_OPEN, JianziError, NETWORK } from "./errors";
import type { HttpTransport, Storage } from "./platform/platform";

export interface GetOptions {
  /** Keep the answer in the device's storage for so long. For static data that is no secret; it ends with the build. */
  cacheMs?: number;
  /** Send the player's token. Default: yes. */
  auth?: boolean;
}

const TIMEOUT_MS = 10000;
const RETRIES = 2;
/** Longer answers are not kept. */
const CACHE_CHARACTERS = 200000;

export class Http {
  private readonly breaker: Breaker;
  private readonly reads: { [key: string]: Promise<unknown> } = {};

  /** @internal */
  constructor(
    private readonly base: string,
    private readonly cachePrefix: string,
    private readonly transport: HttpTransport,
    private readonly storage: Storage,
    private readonly clock: Clock,
    private readonly tokens: { token(): Promise<string>; invalidate(fault: JianziError): void },
  ) {
    this.breaker = new Breaker(clock);
  }

  /** Reads `path`, for example "/v1/user/info", and resolves with the envelope's `data`. */
  get<T = any>(path: string, options: GetOptions = {}): Promise<T> {
    const auth = options.auth !== false;
    const cached = options.cacheMs ? this.cached<T>(path, options.cacheMs) : undefined;
    if (cached) return Promise.resolve(cached.data);
    const key = path + auth;
    const running = this.reads[key];
    if (running) return running as Promise<T>;
    const read = this.withRetries<T>(path, auth);
    this.reads[key] = read;
    const done = () => void delete this.reads[key];
    read.then(done, done);
    if (options.cacheMs) read.then((data) => this.keep(path, data), () => {});
    return read;
  }

  /** Sends `body` as JSON. Not repeated by itself. */
  post<T = any>(path: string, body: unknown, options: { auth?: boolean } = {}): Promise<T> {
    return this.authorised("POST", path, options.auth !== false, JSON.stringify(body));
  }

  private async withRetries<T>(path: string, auth: boolean): Promise<T> {
    for (let attempt = 0; ; attempt++) {
      try {
        return await this.authorised<T>("GET", path, auth);
      } catch (error) {
        const fault = asJianziError(error);
        if (attempt >= RETRIES || (fault.code !== NETWORK && fault.retry !== "now")) throw fault;
        const delay = 250 * Math.pow(2, attempt) * (1 + this.clock.random());
        await new Promise<void>((resolve) => void this.clock.after(delay, resolve));
      }
    }
  }

  /** A spent token is renewed once. */
  private async authorised<T>(method: "GET" | "POST", path: string, auth: boolean, body?: string): Promise<T> {
    if (!auth) return this.once<T>(method, path, undefined, body);
    try {
      return await this.once<T>(method, path, await this.tokens.token(), body);
    } catch (error) {
      const fault = asJianziError(error);
      if (fault.code !== 2002 && fault.code !== 2003) throw fault;
      this.tokens.invalidate(fault);
      return this.once<T>(method, path, await this.tokens.token(), body);
    }
  }

  private async once<T>(method: "GET" | "POST", path: string, token: string | undefined, body?: string): Promise<T> {
    const wait = this.breaker.waitMs();
    if (wait > 0) throw new JianziError(BREAKER_OPEN, undefined, wait);
    const headers: { [name: string]: string } = {};
    if (token) headers.Authorization = "Bearer " + token;
    if (body !== undefined) headers["Content-Type"] = "application/json";
    let response;
    try {
      response = await this.transport.request({ method, url: this.base + path, headers, body, timeoutMs: TIMEOUT_MS });
    } catch (error) {
      this.breaker.failed();
      throw new JianziError(NETWORK, `${method} ${path}: ${(error as Error).message}`);
    }
    if (response.status >= 500) this.breaker.failed();
    else this.breaker.succeeded();
    return open<T>(response.status, response.text, path);
  }

  private cached<T>(path: string, maximumAgeMs: number): { data: T } | undefined {
    try {
      const kept = JSON.parse(this.storage.get(this.cachePrefix + path) || "null");
      const age = kept && this.clock.now() - kept.at;
      return kept && age >= 0 && age < maximumAgeMs ? kept : undefined;
    } catch (_) {
      return undefined;
    }
  }

  private keep(path: string, data: unknown): void {
    const text = JSON.stringify({ at: this.clock.now(), data });
    if (text.length <= CACHE_CHARACTERS) this.storage.set(this.cachePrefix + path, text);
  }
}

function open<T>(status: number, text: string, path: string): T {
  let envelope;
  try {
    envelope = JSON.parse(text);
  } catch (_) {
    // A proxy's page in place of ours.
  }
  if (!envelope || typeof envelope.code !== "number") {
    if (status >= 500) throw new JianziError(NETWORK, `${path}: HTTP ${status}`);
    throw new JianziError(BAD_ANSWER, `${path}: HTTP ${status} without an envelope`);
  }
  if (envelope.code !== 0) throw new JianziError(envelope.code, envelope.msg, envelope.retry_after_ms);
  return envelope.data;
}
