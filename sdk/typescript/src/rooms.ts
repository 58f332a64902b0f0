// Finding, making and entering rooms; and bringing each frame to its room.
import { randomName } from "./clock";
import { JianziError, MISUSE } from "./errors";
import {
  decodeDesync, decodeFrame, decodeInputRefused, decodeRelay, decodeRoomList, decodeRoomMessage, decodeRoomState, decodeRoomView,
  encodeCreateRoom, encodeJoinRoom, encodeListRooms, encodeRoomAction, type Joined, type Push, type Welcome,
} from "./generated/messages";
import { decodeJoinedStrict, Room, type RoomHost } from "./room";
import { fromWireView, KNOWS_KIND, type Properties, type RoomView, type RoomWish, toProperties, toWireSpec } from "./room_types";
import { DESYNC, FRAME, INPUT_REFUSED, RELAY, ROOM_MESSAGE, ROOM_STATE } from "./wire/frame";

export interface ListOptions {
  mode?: string;
  withFreeSeat?: boolean;
  /** Every one must be equal. */
  properties?: Properties;
  /** 1–100; default 20. */
  limit?: number;
  /** The last answer's `next`. */
  after?: string;
}

/** How each message of a room is read, and who takes it. */
const ROUTES: { [operation: number]: [(body: Uint8Array) => any, "frame" | "relayed" | "differs" | "refused" | "told" | "spoken"] } = {
  [FRAME]: [decodeFrame, "frame"],
  [RELAY]: [decodeRelay, "relayed"],
  [DESYNC]: [decodeDesync, "differs"],
  [INPUT_REFUSED]: [decodeInputRefused, "refused"],
  [ROOM_STATE]: [decodeRoomState, "told"],
  [ROOM_MESSAGE]: [decodeRoomMessage, "spoken"],
};

export class Rooms {
  private readonly byId: { [id: string]: Room } = {};
  private readonly byChannel: { [channel: number]: Room } = {};
  private readonly host: RoomHost;

  /** @internal */
  constructor(host: Omit<RoomHost, "joined" | "left">) {
    this.host = {
      ...host,
      joined: (room) => {
        this.forgetChannel(room);
        this.byId[room.id] = room;
        this.byChannel[room.channel] = room;
      },
      left: (room) => {
        this.forgetChannel(room);
        if (this.byId[room.id] === room) delete this.byId[room.id];
      },
    };
  }

  /** Those that the player is in. */
  get current(): Room[] {
    return Object.keys(this.byId).map((id) => this.byId[id] as Room);
  }

  /** Makes a room and takes a seat in it. The id may be chosen (`<0–255>-<letters and digits>`); asking twice makes one room. */
  create(wish: RoomWish & { id?: string }): Promise<Room> {
    return this.attempt(() => {
      const { id, ...spec } = wish;
      const { clock } = this.host;
      const room = id || `${Math.floor(clock.random() * 256)}-${randomName(clock, 16)}`;
      return this.enter("rooms.create", encodeCreateRoom({ room, spec: toWireSpec(spec), join: true }));
    });
  }

  /** Enters a room by its id or an invite code. Being there already is no error. */
  join(where: { room?: string; invite?: string; spectate?: boolean }): Promise<Room> {
    return this.attempt(() => {
      if (!where.room && !where.invite) throw new JianziError(MISUSE, "join() wants a room or an invite");
      return this.enter("rooms.join", encodeJoinRoom({ ...where, knowsKind: KNOWS_KIND }));
    });
  }

  /** Public rooms that are open, newest first. */
  list(options: ListOptions = {}): Promise<{ rooms: RoomView[]; next: string }> {
    return this.host.call("rooms.list", encodeListRooms({ ...options, properties: toProperties(options.properties) }), true, (body) => {
      const { rooms, next } = decodeRoomList(body);
      return { rooms: rooms.map(fromWireView), next };
    });
  }

  get(id: string): Promise<RoomView> {
    return this.host.call("rooms.get", encodeRoomAction({ room: id }), true, (body) => fromWireView(decodeRoomView(body)));
  }

  /** @internal */
  welcome({ resumed, rooms, pushesLost }: Welcome): void {
    const known: { [id: string]: Joined } = {};
    for (const joined of rooms) if (resumed && joined.room) known[joined.room.room] = joined;
    for (const room of this.current) {
      const joined = known[room.id];
      if (!joined) room.rejoin();
      else {
        room.back(joined);
        if (pushesLost) room.reread();
      }
    }
  }

  /** @internal */
  lost(): void {
    for (const room of this.current) room.lost();
  }

  /** @internal */
  reread(): void {
    for (const room of this.current) room.reread();
  }

  /** @internal Everything is over: also for the rooms. */
  closed(): void {
    for (const room of this.current) room.ended({ room: room.id, reason: "closed", lastTick: 0, results: [], agreed: false });
  }

  /** @internal */
  push({ roomChanged, roomEnded }: Push): void {
    if (roomChanged && roomChanged.room) {
      const room = this.byId[roomChanged.room.room];
      if (room) room.changed(roomChanged.room, roomChanged.why, roomChanged.player);
    }
    if (roomEnded) {
      const room = this.byId[roomEnded.room];
      if (room) room.ended(roomEnded);
    }
  }

  /** @internal */
  take(operation: number, body: Uint8Array): void {
    const route = ROUTES[operation];
    if (!route) return;
    const [decode, take] = route;
    const message = decode(body);
    const room = this.byChannel[message.channel];
    if (room) room[take](message);
  }

  /** @internal Does anybody play? */
  isPlaying(): boolean {
    return this.current.some((room) => room.view.phase === "playing");
  }

  private enter(method: string, body: Uint8Array): Promise<Room> {
    return this.host.call(method, body, true, (answer) => {
      const joined = decodeJoinedStrict(answer);
      const known = this.byId[(joined.room as { room: string }).room];
      if (known && !known.over) {
        known.back(joined);
        return known;
      }
      return new Room(this.host, joined);
    });
  }

  private forgetChannel(room: Room): void {
    if (this.byChannel[room.channel] === room) delete this.byChannel[room.channel];
  }

  private async attempt<T>(work: () => Promise<T>): Promise<T> {
    return work();
  }
}
