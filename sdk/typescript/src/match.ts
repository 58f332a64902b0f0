// Quick match: a ticket whose id the client chooses, so that repeating it is harmless, and the room that comes of it.
import { randomName } from "./clock";
import { asJianziError, CANCELLED, fromWire, JianziError } from "./errors";
import { guard } from "./emitter";
import {
  decodeMatchTicket, encodeMatchCancel, encodeMatchStart, encodeMatchStatus, MatchTicketState, type MatchTicket, type Push,
} from "./generated/messages";
import type { Room, RoomHost } from "./room";
import { type RoomWish, toWireSpec } from "./room_types";
import type { Rooms } from "./rooms";

export interface MatchOptions {
  mode: string;
  players: number;
  /** Seats still empty when the patience ends are given to bots. */
  bots?: boolean;
  /** How long to look for players; 0 or nothing: the server's default for the mode. */
  patienceMs?: number;
  /** The room to play in. Seats follow from `players`. */
  room?: RoomWish;
  onWaiting?: (waiting: MatchWaiting) => void;
  /** An AbortSignal or something like one. */
  signal?: { aborted: boolean; onabort?: unknown; addEventListener?: (name: "abort", listener: () => void) => void };
}

export interface MatchWaiting {
  /** "few_players", "other_builds", "other_sizes" or "room_pending". */
  reason: string;
  playersFound: number;
  playersWanted: number;
  waitedMs: number;
}

/** A promise of the room; `cancel()` gives up looking, and the promise rejects with "cancelled". */
export type Match = Promise<Room> & { ticket: string; cancel(): void };

interface Search {
  options: MatchOptions;
  ticket: string;
  done: boolean;
  resolve: (room: Room) => void;
  reject: (fault: JianziError) => void;
}

const ASK_EVERY_MS = 5000;
const TICKET_UNKNOWN = 3021;

export class Matches {
  private searches: Search[] = [];

  constructor(
    private readonly host: Pick<RoomHost, "clock" | "call" | "isOnline">,
    private readonly rooms: Rooms,
  ) {}

  start(options: MatchOptions): Match {
    const search = { options, ticket: randomName(this.host.clock, 24), done: false } as Search;
    const promise = new Promise<Room>((resolve, reject) => {
      search.resolve = resolve;
      search.reject = reject;
    }) as Match;
    promise.ticket = search.ticket;
    promise.cancel = () => this.cancel(search);
    this.searches.push(search);
    const { signal } = options;
    if (signal) {
      if (signal.addEventListener) signal.addEventListener("abort", promise.cancel);
      else (signal as { onabort: () => void }).onabort = promise.cancel;
      if (signal.aborted) promise.cancel();
    }
    if (!search.done) this.ask(search, "match.start");
    return promise;
  }

  /** A new session, or pushes lost: asks again how each ticket stands. */
  reread(): void {
    for (const search of this.searches) this.ask(search, "match.status");
  }

  closed(fault: JianziError): void {
    for (const search of this.searches) this.fail(search, fault);
  }

  push({ matched, matchWaiting, matchFailed }: Push): void {
    const word = matched || matchWaiting || matchFailed;
    const search = word && this.searches.find((candidate) => candidate.ticket === word.ticket);
    if (!search) return;
    if (matched) this.found(search, matched.room);
    else if (matchWaiting) this.waiting(search, matchWaiting);
    else if (matchFailed) this.fail(search, matchFailed.error ? fromWire(matchFailed.error) : new JianziError(3023));
  }

  private ask(search: Search, method: "match.start" | "match.status"): void {
    const { ticket, options } = search;
    const { mode, players, bots, patienceMs, room } = options;
    let body;
    try {
      body = method === "match.status" ? encodeMatchStatus({ ticket }) : encodeMatchStart({
        ticket, mode, players, fillWithBots: !!bots, patienceMs: patienceMs || 0,
        room: toWireSpec({ start: "when_full", ...room, mode, seats: players }),
      });
    } catch (error) {
      return this.fail(search, asJianziError(error));
    }
    this.host.call(method, body, true, decodeMatchTicket).then(
      (answer) => this.answered(search, answer),
      (error) => {
        const fault = asJianziError(error);
        if (search.done) return;
        if (fault.code === TICKET_UNKNOWN && method === "match.status") this.ask(search, "match.start");
        else if (fault.retry === "now" || (fault.retry === "later" && this.host.isOnline())) this.askLater(search, fault.retryAfterMs);
        else this.fail(search, fault);
      },
    );
  }

  private answered(search: Search, { state, room, reason, waitedMs }: MatchTicket): void {
    if (search.done) return;
    if (state === MatchTicketState.MATCHED) return this.found(search, room);
    if (state === MatchTicketState.CANCELLED) return this.fail(search, new JianziError(CANCELLED));
    if (state === MatchTicketState.FAILED) return this.fail(search, new JianziError(3023));
    this.waiting(search, { reason, playersFound: 0, playersWanted: search.options.players, waitedMs });
    // Pushes tell the rest; asking now and then is for what they cannot tell.
    this.askLater(search, ASK_EVERY_MS);
  }

  private askLater(search: Search, delayMs: number): void {
    this.host.clock.after(Math.max(1000, delayMs), () => {
      if (!search.done && this.host.isOnline()) this.ask(search, "match.status");
    });
  }

  private waiting({ options, done }: Search, { reason, playersFound, playersWanted, waitedMs }: MatchWaiting): void {
    const { onWaiting } = options;
    if (onWaiting && !done) guard(() => onWaiting({ reason, playersFound, playersWanted, waitedMs }));
  }

  private found(search: Search, room: string): void {
    if (search.done) return;
    this.finish(search);
    this.rooms.join({ room }).then(search.resolve, search.reject);
  }

  private cancel(search: Search): void {
    if (search.done) return;
    this.fail(search, new JianziError(CANCELLED));
    // A room found meanwhile is left empty-handed by the server; nothing more to do if this fails.
    this.host.call("match.cancel", encodeMatchCancel({ ticket: search.ticket }), true, () => {}).catch(() => {});
  }

  private fail(search: Search, fault: JianziError): void {
    if (search.done) return;
    this.finish(search);
    search.reject(fault);
  }

  private finish(search: Search): void {
    search.done = true;
    this.searches = this.searches.filter((other) => other !== search);
  }
}
