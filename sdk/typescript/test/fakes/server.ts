// A server of a page or two that speaks the real wire: sessions that resume, answers kept, pushes numbered. It can be
// told to lose welcomes, fall silent, forget sessions.
import * as m from "../../src/generated/messages";
import { memoryTransport, type MemoryPeer } from "../../src/platform/memory";
import { type HttpRequest, type HttpResponse, memoryStorage, type Platform } from "../../src/platform/platform";
import * as op from "../../src/wire/frame";
import type { Draft } from "../../src/wire/protobuf";
import type { ManualClock } from "./clock";
import type { FakeRoom } from "./room";

export class FakeSession {
  generation = 0;
  peer?: MemoryPeer;
  answers = new Map<number, Uint8Array>();
  pushes: { sequence: number; bytes: Uint8Array }[] = [];
  sequence = 0;
  lastHeartbeat?: m.Heartbeat;

  constructor(
    readonly id: string,
    readonly player: string,
    readonly number: number,
  ) {}

  send(operation: number, body: Uint8Array): void {
    this.peer?.send(op.encodeFrame(operation, body));
  }

  push(event: Draft<m.Push>): void {
    const sequence = ++this.sequence;
    const bytes = m.encodePush({ sequence, ...event });
    this.pushes.push({ sequence, bytes });
    this.send(op.PUSH, bytes);
  }

  /** A push that was made and did not fit the buffer. */
  losePush(): void {
    this.sequence++;
  }
}

type Handler = (body: Uint8Array, session: FakeSession) => Uint8Array | { code: number; message?: string; retryAfterMs?: number } | undefined;

export class FakeServer {
  /** The next so many welcomes are lost on their way, and the connection with them. */
  loseWelcomes = 0;
  /** Accepts nothing. */
  down = false;
  /** Hears and says nothing. */
  silent = false;
  heartbeatMs = 10000;
  retryWithinMs = 500;
  /** For the next login on the socket. */
  refuse?: { code: number; retryAfterMs?: number };
  /** For HTTP requests, in place of what is right. */
  httpAnswer?: () => HttpResponse;
  validToken = 1;
  opened: string[] = [];
  logins: m.Login[] = [];
  requests: HttpRequest[] = [];
  calls: { method: string; id: number; session: string }[] = [];
  executed: string[] = [];
  sent: { operation: number; body: Uint8Array }[] = [];
  messages = 0;
  sessions = new Map<string, FakeSession>();
  rooms: FakeRoom[] = [];
  handlers = new Map<string, Handler>();
  peers: MemoryPeer[] = [];
  pushesLost = 0;
  /** For every welcome. */
  build?: m.BuildVerdict;
  goodbyes = 0;
  private numbers = 0;

  constructor(readonly clock: ManualClock) {
    this.on("echo", (body) => body);
  }

  on(method: string, handler: Handler): void {
    this.handlers.set(method, handler);
  }

  platform(overrides: Partial<Platform> = {}): Platform {
    return {
      transport: memoryTransport((peer) => this.accept(peer), this.clock),
      http: { request: (request) => this.http(request) },
      storage: memoryStorage(),
      lifecycle: { sleeps: false, launchQuery: () => ({}), watch: () => () => {} },
      ...overrides,
    };
  }

  /** All connections break. */
  cut(silently = false): void {
    for (const peer of this.peers) peer.close("cut", silently);
    this.peers = [];
  }

  /** The one session there is. */
  get session(): FakeSession {
    const all = [...this.sessions.values()];
    return all[all.length - 1] as FakeSession;
  }

  private async http(request: HttpRequest): Promise<HttpResponse> {
    this.requests.push(request);
    if (this.httpAnswer) {
      return this.httpAnswer();
    }
    if (this.down) throw new Error("refused");
    const path = request.url.replace(/^https?:\/\/[^/]+/, "");
    const body = JSON.parse(request.body ?? "{}");
    if (path === "/v1/login" || path === "/v1/refresh") {
      const name = path === "/v1/login" ? body.code : "refreshed";
      return ok({ token: `token-${this.validToken}`, refresh_token: "r", expires_in: 3600, player: { id: "p1", name } });
    }
    if (request.headers.Authorization !== `Bearer token-${this.validToken}`) return json(401, { code: 2002, msg: "expired" });
    return ok({ path });
  }

  private accept(peer: MemoryPeer): void {
    this.opened.push(peer.url);
    if (this.down) return peer.close("refused");
    this.peers.push(peer);
    let session: FakeSession | undefined;
    peer.onMessage = (bytes) => {
      if (this.silent) return;
      this.messages++;
      op.walkFrames(bytes, (operation, body) => {
        if (operation === op.LOGIN) session = this.login(peer, m.decodeLogin(body));
        else if (session) this.take(session, operation, body.slice());
        return true;
      });
    };
  }

  private login(peer: MemoryPeer, login: m.Login): FakeSession | undefined {
    this.logins.push(login);
    const refuse = this.refuse ?? (login.token === `token-${this.validToken}` ? undefined : { code: 2002 });
    this.refuse = undefined;
    if (refuse) {
      peer.send(op.encodeFrame(op.ERROR, m.encodeError(refuse)));
      peer.close("refused");
      return undefined;
    }
    const [id, generation] = new TextDecoder().decode(login.resume).split("/");
    let session = id ? this.sessions.get(id) : undefined;
    const resumed = session !== undefined;
    if (session && Number(generation) < session.generation - 1) {
      peer.send(op.encodeFrame(op.ERROR, m.encodeError({ code: 2004 })));
      peer.close("spent");
      return undefined;
    }
    session ??= new FakeSession(`s${++this.numbers}`, "p1", this.numbers);
    this.sessions.set(session.id, session);
    // Only a client that speaks makes the predecessor invalid: a lost welcome does not raise the generation twice.
    session.generation = (resumed ? Number(generation) : 0) + 1;
    session.peer = peer;
    if (this.loseWelcomes > 0) {
      this.loseWelcomes--;
      peer.close("lost");
      return session;
    }
    const welcome = m.encodeWelcome({
      player: session.player, session: session.id, sessionNumber: session.number,
      resume: new TextEncoder().encode(`${session.id}/${session.generation}`), resumed,
      heartbeatMs: this.heartbeatMs, retryWithinMs: this.retryWithinMs, resumeWindowMs: 60000, timeMs: this.clock.now() + 5000,
      pushesLost: this.pushesLost, build: this.build, maxBody: 65536, rooms: resumed ? this.rooms.filter((room) => room.has(session as FakeSession)).map((room) => room.named(session as FakeSession)) : [],
    });
    this.pushesLost = 0;
    session.send(op.WELCOME, welcome);
    for (const push of session.pushes) if (push.sequence > login.lastPush) session.send(op.PUSH, push.bytes);
    return session;
  }

  private take(session: FakeSession, operation: number, body: Uint8Array): void {
    this.sent.push({ operation, body });
    if (operation === op.HEARTBEAT) {
      session.lastHeartbeat = m.decodeHeartbeat(body);
      session.send(op.HEARTBEAT, m.encodeHeartbeat({ echo: session.lastHeartbeat.echo, timeMs: this.clock.now() + 5000 }));
    } else if (operation === op.GOODBYE) {
      this.goodbyes++;
      this.sessions.delete(session.id);
    } else if (operation === op.CALL) this.call(session, m.decodeCall(body));
    else for (const room of this.rooms) room.take(session, operation, body);
  }

  private call(session: FakeSession, { id, method, body }: m.Call): void {
    this.calls.push({ method, id, session: session.id });
    const kept = session.answers.get(id);
    if (kept) return session.send(op.ANSWER, kept);
    const handler = this.handlers.get(method);
    this.executed.push(method);
    const result = handler ? handler(body, session) : { code: 4001 };
    if (result === undefined) return;
    const answer = m.encodeAnswer(result instanceof Uint8Array ? { id, body: result } : { id, error: result });
    session.answers.set(id, answer);
    session.send(op.ANSWER, answer);
  }
}

export function ok(data: unknown): HttpResponse {
  return json(200, { code: 0, msg: "ok", data });
}

export function json(status: number, body: unknown): HttpResponse {
  return { status, text: JSON.stringify(body) };
}
