// A lockstep room for the fake server: remembers every tick, applies inputs by number, backfills from any tick.
import * as m from "../../src/generated/messages";
import { readInputs } from "../../src/inputs";
import * as op from "../../src/wire/frame";
import type { FakeServer, FakeSession } from "./server";

interface Member {
  seat: number;
  channel: number;
  session: string;
  applied: number;
  /** Does it get frames? */
  live: boolean;
}

export class FakeRoom {
  kind: m.RoomKind = 1;
  run = 1;
  ticks: Uint8Array[] = [];
  phase: m.RoomViewPhase = m.RoomViewPhase.PLAYING;
  revision = 1;
  members: Member[] = [];
  hashes: { tick: number; hash: number }[] = [];
  results: m.ReportResult[] = [];
  resumes: number[] = [];
  refuse?: { code: number; retryAfterMs?: number };
  ticksPerMessage = 1;
  /** Frames are made and lost on their way. */
  lossy = false;
  private waiting: { seat: number; data: Uint8Array }[] = [];
  private continuesAt = 1;

  constructor(
    private readonly server: FakeServer,
    readonly id = "7-testroom",
  ) {
    server.rooms.push(this);
    const mine = (run: (body: Uint8Array, session: FakeSession) => Uint8Array | { code: number } | undefined) =>
      (body: Uint8Array, session: FakeSession) => this.refuse ?? (server.rooms.includes(this) ? run(body, session) : { code: 3001 });
    server.on("rooms.create", mine((_, session) => this.enter(session)));
    server.on("rooms.join", mine((_, session) => this.enter(session)));
    server.on("rooms.get", mine(() => m.encodeRoomView(this.view())));
    server.on("rooms.leave", () => new Uint8Array(0));
    server.on("rooms.result", mine((body) => {
      this.results.push(m.decodeReportResult(body));
      return m.encodeRoomView(this.view());
    }));
    server.on("rooms.resume", mine((body, session) => this.resume(m.decodeResumeRoom(body), session)));
  }

  has(session: FakeSession): boolean {
    return this.members.some((member) => member.session === session.id);
  }

  view(): m.RoomView {
    return m.decodeRoomView(m.encodeRoomView({
      room: this.id, phase: this.phase, tick: this.ticks.length, run: this.run, revision: this.revision, invite: "ABC234",
      spec: this.kind === 1
        ? { kind: 1, seats: 2, lockstep: { tickHz: 20, seed: 42, ticksPerMessage: this.ticksPerMessage } }
        : { kind: this.kind, seats: 2, authoritative: { game: "sum", tickHz: 20, seed: 42 } },
      logic: this.kind === 1 ? undefined : { game: "sum", version: 3, hash: "0123456789ab" },
      seats: [{ seat: 0, player: "p1", name: "one", online: true }, { seat: 1, player: "", name: "", bot: true }],
    }));
  }

  /** As a welcome tells it: which room, which run, which seat, and no more. */
  named(session: FakeSession) {
    const { channel, seat, room } = this.joined(session);
    return { channel, seat, room: { room: room?.room, run: room?.run } };
  }

  joined(session: FakeSession): m.Joined {
    const member = this.member(session);
    return { room: this.view(), channel: member.channel, seat: member.seat, applied: member.applied, seed: 42 };
  }

  /** One tick: what was sent before is in it. */
  tick(count = 1): void {
    for (; count > 0; count--) {
      this.ticks.push(entry(this.waiting));
      this.waiting = [];
      this.publish([this.ticks.length], false);
    }
  }

  /** The room goes on elsewhere from tick `at`; what came later is gone. */
  recover(at: number, applied?: number): void {
    this.run++;
    this.ticks = this.ticks.slice(0, at - 1);
    this.continuesAt = at;
    this.waiting = [];
    for (const member of this.members) if (applied !== undefined) member.applied = applied;
  }

  send(session: FakeSession, frame: Partial<m.Frame>): void {
    const { channel, applied } = this.member(session);
    session.send(op.FRAME, m.encodeFrame({ run: this.run, channel, applied, ...frame }));
  }

  take(session: FakeSession, operation: number, body: Uint8Array): void {
    if (operation === op.STATE_HASH) this.hashes.push(m.decodeStateHash(body));
    if (operation !== op.INPUT || !this.has(session)) return;
    const input = m.decodeInput(body);
    const member = this.member(session);
    if (input.channel !== member.channel || input.number <= member.applied) return;
    if (input.number > member.applied + 1) {
      session.send(op.INPUT_REFUSED, m.encodeInputRefused({ channel: member.channel, number: input.number, reason: 7 }));
      return;
    }
    member.applied = input.number;
    this.waiting.push({ seat: member.seat, data: input.data });
  }

  /** Every input of the history, in order. */
  inputs(): number[] {
    return this.ticks.flatMap((bytes) => readInputs(bytes).flatMap(({ data }) => [...data]));
  }

  enter(session: FakeSession): Uint8Array {
    if (!this.has(session)) {
      const before = this.members[0];
      this.members = [{ seat: 0, channel: (before?.channel ?? 0) + 1, session: session.id, applied: before?.applied ?? 0, live: true }];
    }
    return m.encodeJoined(this.joined(session));
  }

  private resume({ channel, fromTick }: m.ResumeRoom, session: FakeSession): Uint8Array | { code: number } {
    const member = this.member(session);
    if (channel !== member.channel) return { code: 3006 };
    this.resumes.push(fromTick);
    member.live = true;
    const answer = m.encodeJoined(this.joined(session));
    if (this.kind === 2) {
      this.server.clock.after(0, () => this.show());
      return answer;
    }
    const last = this.ticks.length;
    // In two messages, the first frame told as an overlap of what may be known.
    this.server.clock.after(0, () => {
      for (let from = fromTick; from <= last; from += 50) {
        const ticks = this.ticks.slice(from - 1, Math.min(last, from + 49));
        // Only live frames acknowledge inputs.
        this.send(session, { tick: from, ticks, backfill: true, applied: 0 });
      }
    });
    return answer;
  }

  /** Authoritative rooms: the state, to all. */
  show(): void {}

  /** The same: what the room says in a tick, besides the inputs, which are nobody's business. */
  told(): Uint8Array[] {
    return [];
  }

  sessionOf(member: Member): FakeSession | undefined {
    return this.server.sessions.get(member.session);
  }

  private publish(numbers: number[], backfill: boolean): void {
    const continuesAt = this.continuesAt;
    this.continuesAt = 0;
    if (this.lossy) return;
    for (const member of this.members) {
      const session = this.server.sessions.get(member.session);
      if (!session || !member.live) continue;
      const ticks = numbers.map((number) => (this.kind === 2 ? spoken(this.told()) : (this.ticks[number - 1] as Uint8Array)));
      this.send(session, { tick: numbers[0], ticks, backfill, continuesAt });
    }
  }

  private member(session: FakeSession): Member {
    const member = this.members.find((candidate) => candidate.session === session.id);
    if (!member) throw new Error("not a member");
    return member;
  }
}

function entry(inputs: { seat: number; data: Uint8Array }[]): Uint8Array {
  return Uint8Array.from(inputs.flatMap(({ seat, data }) => [seat, data.length, ...data]));
}

/** As seat 65535, which is the room. */
function spoken(messages: Uint8Array[]): Uint8Array {
  return Uint8Array.from(messages.flatMap((data) => [0xff, 0xff, 3, data.length, ...data]));
}
