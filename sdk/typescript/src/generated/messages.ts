// Generated from proto/ by `cargo xtask codegen`; do not edit.

import { decode, encode, table, type Draft, type Table } from "../wire/protobuf";

export const RoomKind = {
  RELAY: 0,
  LOCKSTEP: 1,
  /** The game's rules run in the room; clients send inputs and are told what happens. */
  AUTHORITATIVE: 2,
} as const;
export type RoomKind = (typeof RoomKind)[keyof typeof RoomKind];

/** What the room does with an input that names a tick already gone. */
export const LateInput = {
  /** It counts for the next frame. */
  NEXT_FRAME: 0,
  /** It is refused. */
  DROP: 1,
  /** As NEXT_FRAME; besides, a seat that sent nothing for a tick repeats its last input. */
  REPEAT_LAST: 2,
} as const;
export type LateInput = (typeof LateInput)[keyof typeof LateInput];

/** How hard a frame's journal entry must be before the frame leaves (docs/rooms.md, section 9). */
export const Durability = {
  SEMI_SYNC: 0,
  ASYNC: 1,
  SYNC: 2,
} as const;
export type Durability = (typeof Durability)[keyof typeof Durability];

export const StartRule = {
  /** When every seat that is taken is ready and at least min_players are. */
  WHEN_READY: 0,
  /** As soon as min_players seats are taken. */
  WHEN_FULL: 1,
  /** start_after_ms after the room was made, with whoever is there. */
  ON_TIME: 2,
  /** When the owner calls "rooms.start". */
  BY_OWNER: 3,
} as const;
export type StartRule = (typeof StartRule)[keyof typeof StartRule];

export const RoomViewPhase = {
  OPEN: 0,
  PLAYING: 1,
  ENDED: 2,
} as const;
export type RoomViewPhase = (typeof RoomViewPhase)[keyof typeof RoomViewPhase];

export const InputRefusedRefusal = {
  UNKNOWN: 0,
  LATE: 1,
  TOO_MANY: 2,
  TOO_LONG: 3,
  NOT_PLAYING: 4,
  SPECTATOR: 5,
  MUTED: 6,
  GAP: 7,
  /** The game's rules failed over it. */
  ENDED_BADLY: 8,
} as const;
export type InputRefusedRefusal = (typeof InputRefusedRefusal)[keyof typeof InputRefusedRefusal];

export const BuildVerdictDecision = {
  ALLOW: 0,
  PLEASE_UPDATE: 1,
  MUST_UPDATE: 2,
  OTHER_SERVER: 3,
} as const;
export type BuildVerdictDecision = (typeof BuildVerdictDecision)[keyof typeof BuildVerdictDecision];

export const MatchTicketState = {
  WAITING: 0,
  MATCHED: 1,
  CANCELLED: 2,
  FAILED: 3,
} as const;
export type MatchTicketState = (typeof MatchTicketState)[keyof typeof MatchTicketState];

export interface LockstepSpec {
  /** Ticks per second, 1–60; 0 means 20. */
  tickHz: number;
  /** Ticks told in one message, 1–8; 0 means 1. Two halve the packets and add one tick of delay. */
  ticksPerMessage: number;
  lateInput: LateInput;
  /** 0: the server draws one. */
  seed: number;
  /** A seat reports its state hash every so many ticks; 0 means 20. */
  hashEvery: number;
  /** The room ends by itself after this tick; 0 means never. */
  lastTick: number;
}
const LockstepSpecTable: Table = /* @__PURE__ */ table("tickHz:1u ticksPerMessage:2u lateInput:3i seed:4u hashEvery:5u lastTick:6u", []);
export const encodeLockstepSpec = (message: Draft<LockstepSpec>): Uint8Array => encode(LockstepSpecTable, message);
export const decodeLockstepSpec = (bytes: Uint8Array): LockstepSpec => decode(LockstepSpecTable, bytes) as unknown as LockstepSpec;

export interface AuthoritativeSpec {
  /** The name under which the server has the game's module. */
  game: string;
  /** Ticks per second, 1–60; 0 means 20. */
  tickHz: number;
  /** 0: the server draws one. */
  seed: number;
}
const AuthoritativeSpecTable: Table = /* @__PURE__ */ table("game:1s tickHz:2u seed:3u", []);
export const encodeAuthoritativeSpec = (message: Draft<AuthoritativeSpec>): Uint8Array => encode(AuthoritativeSpecTable, message);
export const decodeAuthoritativeSpec = (bytes: Uint8Array): AuthoritativeSpec => decode(AuthoritativeSpecTable, bytes) as unknown as AuthoritativeSpec;

export interface Property {
  key: string;
  value: string;
}
const PropertyTable: Table = /* @__PURE__ */ table("key:1s value:2s", []);
export const encodeProperty = (message: Draft<Property>): Uint8Array => encode(PropertyTable, message);
export const decodeProperty = (bytes: Uint8Array): Property => decode(PropertyTable, bytes) as unknown as Property;

export interface RoomSpec {
  kind: RoomKind;
  /** Free word of the game, for lists and matching, for example "duel". */
  mode: string;
  seats: number;
  /** Players needed to start; 0 means all seats. */
  minPlayers: number;
  /** Not listed; entered by id or invite code only. */
  private: boolean;
  /** May somebody take a seat after the start? */
  lateJoin: boolean;
  maxSpectators: number;
  /** The room ends with reason "life_limit" after this time; 0 means the server's default. */
  lifeLimitS: number;
  properties: Property[];
  /** Seats kept for these players; others find them taken. */
  reservedFor: string[];
  /** Seats played by the game's own rules on every client. */
  bots: number;
  start: StartRule;
  startAfterMs: number;
  durability: Durability;
  lockstep?: LockstepSpec;
  authoritative?: AuthoritativeSpec;
}
const RoomSpecTable: Table = /* @__PURE__ */ table("kind:1i mode:2s seats:3u minPlayers:4u private:5o lateJoin:6o maxSpectators:7u lifeLimitS:8u properties:9m* reservedFor:10s* bots:11u start:12i startAfterMs:13u durability:14i lockstep:15m? authoritative:16m?", [PropertyTable, LockstepSpecTable, AuthoritativeSpecTable]);
export const encodeRoomSpec = (message: Draft<RoomSpec>): Uint8Array => encode(RoomSpecTable, message);
export const decodeRoomSpec = (bytes: Uint8Array): RoomSpec => decode(RoomSpecTable, bytes) as unknown as RoomSpec;

export interface SeatView {
  seat: number;
  player: string;
  name: string;
  ready: boolean;
  /** The player has a connection. */
  online: boolean;
  bot: boolean;
  properties: Property[];
}
const SeatViewTable: Table = /* @__PURE__ */ table("seat:1u player:2s name:3s ready:4o online:5o bot:6o properties:7m*", [PropertyTable]);
export const encodeSeatView = (message: Draft<SeatView>): Uint8Array => encode(SeatViewTable, message);
export const decodeSeatView = (bytes: Uint8Array): SeatView => decode(SeatViewTable, bytes) as unknown as SeatView;

export interface Logic {
  game: string;
  version: number;
  /** The first 12 hexadecimal digits of the module's SHA-256. */
  hash: string;
  /** The game's rules failed again and again: the room stands still until they are mended. */
  suspended: boolean;
}
const LogicTable: Table = /* @__PURE__ */ table("game:1s version:2u hash:3s suspended:4o", []);
export const encodeLogic = (message: Draft<Logic>): Uint8Array => encode(LogicTable, message);
export const decodeLogic = (bytes: Uint8Array): Logic => decode(LogicTable, bytes) as unknown as Logic;

export interface RoomView {
  room: string;
  spec?: RoomSpec;
  phase: RoomViewPhase;
  /** The owner's player id. */
  owner: string;
  seats: SeatView[];
  spectators: number;
  invite: string;
  tick: number;
  run: number;
  build: string;
  properties: Property[];
  /** Rises with every change that a RoomChanged tells. */
  revision: number;
  /** What an authoritative room runs. */
  logic?: Logic;
}
const RoomViewTable: Table = /* @__PURE__ */ table("room:1s spec:2m? phase:3i owner:4s seats:5m* spectators:6u invite:7s tick:8u run:9u build:10s properties:11m* revision:12u logic:13m?", [RoomSpecTable, SeatViewTable, PropertyTable, LogicTable]);
export const encodeRoomView = (message: Draft<RoomView>): Uint8Array => encode(RoomViewTable, message);
export const decodeRoomView = (bytes: Uint8Array): RoomView => decode(RoomViewTable, bytes) as unknown as RoomView;

/** "rooms.create". The caller chooses the id, so that a repeated call makes no second room; empty: the server chooses. */
export interface CreateRoom {
  room: string;
  spec?: RoomSpec;
  /** Take a seat at once. */
  join: boolean;
}
const CreateRoomTable: Table = /* @__PURE__ */ table("room:1s spec:2m? join:3o", [RoomSpecTable]);
export const encodeCreateRoom = (message: Draft<CreateRoom>): Uint8Array => encode(CreateRoomTable, message);
export const decodeCreateRoom = (bytes: Uint8Array): CreateRoom => decode(CreateRoomTable, bytes) as unknown as CreateRoom;

/** "rooms.join". Room id or invite code. */
export interface JoinRoom {
  room: string;
  invite: string;
  spectate: boolean;
  /** The highest RoomKind that the client knows, if it is higher than 1. Rooms of higher kinds refuse the client. */
  knowsKind: number;
}
const JoinRoomTable: Table = /* @__PURE__ */ table("room:1s invite:2s spectate:3o knowsKind:4u", []);
export const encodeJoinRoom = (message: Draft<JoinRoom>): Uint8Array => encode(JoinRoomTable, message);
export const decodeJoinRoom = (bytes: Uint8Array): JoinRoom => decode(JoinRoomTable, bytes) as unknown as JoinRoom;

/** Answer to "rooms.create" with join, to "rooms.join" and to "rooms.resume". */
export interface Joined {
  room?: RoomView;
  /** The room's number in this session, in every message about its play. */
  channel: number;
  /** The caller's seat; spectators have none. */
  seat?: number;
  /** The highest input number of this seat that the room has applied. */
  applied: number;
  /** The seed of a lockstep or authoritative room. */
  seed: number;
}
const JoinedTable: Table = /* @__PURE__ */ table("room:1m? channel:2u seat:3u? applied:4u seed:5u", [RoomViewTable]);
export const encodeJoined = (message: Draft<Joined>): Uint8Array => encode(JoinedTable, message);
export const decodeJoined = (bytes: Uint8Array): Joined => decode(JoinedTable, bytes) as unknown as Joined;

/**
 * "rooms.resume": frames from this tick on, then live ones. Also how a late joiner or spectator begins (from_tick 1).
 * An authoritative room tells its state as it is now (operation 15), then live frames; from_tick does not matter.
 */
export interface ResumeRoom {
  channel: number;
  fromTick: number;
}
const ResumeRoomTable: Table = /* @__PURE__ */ table("channel:1u fromTick:2u", []);
export const encodeResumeRoom = (message: Draft<ResumeRoom>): Uint8Array => encode(ResumeRoomTable, message);
export const decodeResumeRoom = (bytes: Uint8Array): ResumeRoom => decode(ResumeRoomTable, bytes) as unknown as ResumeRoom;

/** "rooms.leave", "rooms.get", "rooms.start", "rooms.ready", "rooms.kick", "rooms.owner". */
export interface RoomAction {
  room: string;
  /** "rooms.kick", "rooms.owner": whom. */
  player: string;
  /** "rooms.ready". */
  ready: boolean;
  /** "rooms.kick": may not come back. */
  ban: boolean;
}
const RoomActionTable: Table = /* @__PURE__ */ table("room:1s player:2s ready:3o ban:4o", []);
export const encodeRoomAction = (message: Draft<RoomAction>): Uint8Array => encode(RoomActionTable, message);
export const decodeRoomAction = (bytes: Uint8Array): RoomAction => decode(RoomActionTable, bytes) as unknown as RoomAction;

/** "rooms.set": the owner sets the room's properties, each player those of the own seat. An empty value removes. */
export interface SetProperties {
  room: string;
  properties: Property[];
  ownSeat: boolean;
}
const SetPropertiesTable: Table = /* @__PURE__ */ table("room:1s properties:2m* ownSeat:3o", [PropertyTable]);
export const encodeSetProperties = (message: Draft<SetProperties>): Uint8Array => encode(SetPropertiesTable, message);
export const decodeSetProperties = (bytes: Uint8Array): SetProperties => decode(SetPropertiesTable, bytes) as unknown as SetProperties;

/** "rooms.reserve": the owner keeps a seat for a player for a while. */
export interface ReserveSeat {
  room: string;
  player: string;
  forMs: number;
}
const ReserveSeatTable: Table = /* @__PURE__ */ table("room:1s player:2s forMs:3u", []);
export const encodeReserveSeat = (message: Draft<ReserveSeat>): Uint8Array => encode(ReserveSeatTable, message);
export const decodeReserveSeat = (bytes: Uint8Array): ReserveSeat => decode(ReserveSeatTable, bytes) as unknown as ReserveSeat;

/** "rooms.list": public, open rooms of the caller's app, newest first. */
export interface ListRooms {
  mode: string;
  withFreeSeat: boolean;
  /** Every one must be equal. */
  properties: Property[];
  /** 1–100; 0 means 20. */
  limit: number;
  /** The answer's "next" for the following page. */
  after: string;
}
const ListRoomsTable: Table = /* @__PURE__ */ table("mode:1s withFreeSeat:2o properties:3m* limit:4u after:5s", [PropertyTable]);
export const encodeListRooms = (message: Draft<ListRooms>): Uint8Array => encode(ListRoomsTable, message);
export const decodeListRooms = (bytes: Uint8Array): ListRooms => decode(ListRoomsTable, bytes) as unknown as ListRooms;

export interface RoomList {
  rooms: RoomView[];
  next: string;
}
const RoomListTable: Table = /* @__PURE__ */ table("rooms:1m* next:2s", [RoomViewTable]);
export const encodeRoomList = (message: Draft<RoomList>): Uint8Array => encode(RoomListTable, message);
export const decodeRoomList = (bytes: Uint8Array): RoomList => decode(RoomListTable, bytes) as unknown as RoomList;

/** "rooms.result": what this seat holds for the outcome. Unequal ones are marked as disputed. */
export interface ReportResult {
  room: string;
  /** Up to 4 KiB, compared byte by byte. */
  result: Uint8Array;
  /** The state's hash at the end. */
  hash: number;
  /** The last tick that the state holds. */
  tick: number;
}
const ReportResultTable: Table = /* @__PURE__ */ table("room:1s result:2b hash:3u tick:4u", []);
export const encodeReportResult = (message: Draft<ReportResult>): Uint8Array => encode(ReportResultTable, message);
export const decodeReportResult = (bytes: Uint8Array): ReportResult => decode(ReportResultTable, bytes) as unknown as ReportResult;

export interface RoomChanged {
  room?: RoomView;
  /**
   * "joined", "left", "kicked", "lost", "back", "ready", "properties", "owner", "started", "spectators",
   * "logic".
   */
  why: string;
  player: string;
}
const RoomChangedTable: Table = /* @__PURE__ */ table("room:1m? why:2s player:3s", [RoomViewTable]);
export const encodeRoomChanged = (message: Draft<RoomChanged>): Uint8Array => encode(RoomChangedTable, message);
export const decodeRoomChanged = (bytes: Uint8Array): RoomChanged => decode(RoomChangedTable, bytes) as unknown as RoomChanged;

export interface SeatResult {
  /** 65535: the room itself, where it is authoritative. */
  seat: number;
  result: Uint8Array;
  hash: number;
}
const SeatResultTable: Table = /* @__PURE__ */ table("seat:1u result:2b hash:3u", []);
export const encodeSeatResult = (message: Draft<SeatResult>): Uint8Array => encode(SeatResultTable, message);
export const decodeSeatResult = (bytes: Uint8Array): SeatResult => decode(SeatResultTable, bytes) as unknown as SeatResult;

export interface RoomEnded {
  room: string;
  /** "finished", "empty", "life_limit", "last_tick", "log_full", "closed", "logic_failed", "damaged", "unrecorded". */
  reason: string;
  lastTick: number;
  results: SeatResult[];
  /**
   * Everybody still in play reported and no report differs, or more than half of the human seats told the same; or the
   * room itself told the result.
   */
  agreed: boolean;
}
const RoomEndedTable: Table = /* @__PURE__ */ table("room:1s reason:2s lastTick:3u results:4m* agreed:5o", [SeatResultTable]);
export const encodeRoomEnded = (message: Draft<RoomEnded>): Uint8Array => encode(RoomEndedTable, message);
export const decodeRoomEnded = (bytes: Uint8Array): RoomEnded => decode(RoomEndedTable, bytes) as unknown as RoomEnded;

/** Operation 5, client → room. */
export interface Input {
  channel: number;
  /** Per seat, from 1, without gaps. */
  number: number;
  /** The tick it is meant for; 0: the next one. */
  tick: number;
  /** Up to 1 KiB. */
  data: Uint8Array;
}
const InputTable: Table = /* @__PURE__ */ table("channel:1u number:2u tick:3u data:4b", []);
export const encodeInput = (message: Draft<Input>): Uint8Array => encode(InputTable, message);
export const decodeInput = (bytes: Uint8Array): Input => decode(InputTable, bytes) as unknown as Input;

/** Operation 6, room → client: one or more ticks, in order, without gaps. */
export interface Frame {
  run: number;
  /** The number of the first tick in `ticks`. */
  tick: number;
  /**
   * One entry a tick: for each seat that did something, in order of application, varint seat, varint length, the
   * input's bytes. An empty entry is a tick in which nobody did anything. In an authoritative room these are no
   * inputs: the room itself speaks, as seat 65535.
   */
  ticks: Uint8Array[];
  /** In the first message of a run: where it goes on. Later ticks of an older run are void. */
  continuesAt: number;
  /** Not the newest: backfill for a client that came late or was away. */
  backfill: boolean;
  /** These two come last because they differ from seat to seat while all before is encoded once. */
  channel: number;
  /** The highest input number of this seat that the room has applied or refused. */
  applied: number;
}
const FrameTable: Table = /* @__PURE__ */ table("run:1u tick:2u ticks:3b* continuesAt:4u backfill:5o channel:14u applied:15u", []);
export const encodeFrame = (message: Draft<Frame>): Uint8Array => encode(FrameTable, message);
export const decodeFrame = (bytes: Uint8Array): Frame => decode(FrameTable, bytes) as unknown as Frame;

/**
 * Operation 12, room → client: an input that was not applied. It counts as applied, except after a GAP: the number
 * that was skipped is still expected. Nothing is counted for a spectator, or in a room that has ended.
 */
export interface InputRefused {
  channel: number;
  number: number;
  reason: InputRefusedRefusal;
}
const InputRefusedTable: Table = /* @__PURE__ */ table("channel:1u number:2u reason:3i", []);
export const encodeInputRefused = (message: Draft<InputRefused>): Uint8Array => encode(InputRefusedTable, message);
export const decodeInputRefused = (bytes: Uint8Array): InputRefused => decode(InputRefusedTable, bytes) as unknown as InputRefused;

/** Operation 13, client → room: the state's hash after a tick. */
export interface StateHash {
  channel: number;
  tick: number;
  hash: number;
}
const StateHashTable: Table = /* @__PURE__ */ table("channel:1u tick:2u hash:3x", []);
export const encodeStateHash = (message: Draft<StateHash>): Uint8Array => encode(StateHashTable, message);
export const decodeStateHash = (bytes: Uint8Array): StateHash => decode(StateHashTable, bytes) as unknown as StateHash;

/** Operation 14, room → client: states differ. The client asks for the ticks from the last agreed one on. */
export interface Desync {
  tick: number;
  /** The seats outside the largest group of equal hashes. */
  seats: number[];
  lastAgreedTick: number;
  channel: number;
}
const DesyncTable: Table = /* @__PURE__ */ table("tick:1u seats:2u* lastAgreedTick:3u channel:14u", []);
export const encodeDesync = (message: Draft<Desync>): Uint8Array => encode(DesyncTable, message);
export const decodeDesync = (bytes: Uint8Array): Desync => decode(DesyncTable, bytes) as unknown as Desync;

/**
 * Operation 15, room → client, authoritative rooms: the state as this client may see it, after `tick` and the inputs
 * since. Answers "rooms.resume" and follows a change of the rules; the next frame is that of tick + 1.
 */
export interface RoomState {
  run: number;
  tick: number;
  /** What the game's rules told; empty if they tell no states. */
  data: Uint8Array;
  channel: number;
  /** The highest input number of this seat that the state holds. */
  applied: number;
}
const RoomStateTable: Table = /* @__PURE__ */ table("run:1u tick:2u data:3b channel:14u applied:15u", []);
export const encodeRoomState = (message: Draft<RoomState>): Uint8Array => encode(RoomStateTable, message);
export const decodeRoomState = (bytes: Uint8Array): RoomState => decode(RoomStateTable, bytes) as unknown as RoomState;

/** Operation 16, room → client, authoritative rooms: a word to this seat alone. */
export interface RoomMessage {
  run: number;
  /** The tick that it was said in. */
  tick: number;
  data: Uint8Array;
  channel: number;
}
const RoomMessageTable: Table = /* @__PURE__ */ table("run:1u tick:2u data:3b channel:14u", []);
export const encodeRoomMessage = (message: Draft<RoomMessage>): Uint8Array => encode(RoomMessageTable, message);
export const decodeRoomMessage = (bytes: Uint8Array): RoomMessage => decode(RoomMessageTable, bytes) as unknown as RoomMessage;

/** Operation 7, client → room → client: a message to all others, or to some. */
export interface Relay {
  /** From the server: who sent it. */
  from: number;
  data: Uint8Array;
  /** From the client: to these seats only; none means all others. */
  to: number[];
  /** A newer one of the same sender replaces it in a slow receiver's queue. */
  latestOnly: boolean;
  channel: number;
}
const RelayTable: Table = /* @__PURE__ */ table("from:1u data:2b to:3u* latestOnly:4o channel:14u", []);
export const encodeRelay = (message: Draft<Relay>): Uint8Array => encode(RelayTable, message);
export const decodeRelay = (bytes: Uint8Array): Relay => decode(RelayTable, bytes) as unknown as Relay;

/** Operation 10, client → server. Opens a session or resumes one. */
export interface Login {
  /** The access token of POST /v1/login. Always present, so that the body begins with 0x0A. */
  token: string;
  /** The resume token of the last welcome; empty for a new session. */
  resume: Uint8Array;
  /** The sequence number of the last push that the client has seen. */
  lastPush: number;
  /** The game client's version; in lockstep only equal builds meet. */
  build: string;
  /** Name and version of the SDK, for the server's log. */
  sdk: string;
  /** A name for the device, chosen by the client; counts for limits, not for identity. */
  device: string;
}
const LoginTable: Table = /* @__PURE__ */ table("token:1s resume:2b lastPush:3u build:4s sdk:5s device:6s", []);
export const encodeLogin = (message: Draft<Login>): Uint8Array => encode(LoginTable, message);
export const decodeLogin = (bytes: Uint8Array): Login => decode(LoginTable, bytes) as unknown as Login;

/** What the version table says of the client's build. */
export interface BuildVerdict {
  decision: BuildVerdictDecision;
  message: string;
  /** For OTHER_SERVER: the address to use instead. */
  server: string;
}
const BuildVerdictTable: Table = /* @__PURE__ */ table("decision:1i message:2s server:3s", []);
export const encodeBuildVerdict = (message: Draft<BuildVerdict>): Uint8Array => encode(BuildVerdictTable, message);
export const decodeBuildVerdict = (bytes: Uint8Array): BuildVerdict => decode(BuildVerdictTable, bytes) as unknown as BuildVerdict;

/** Operation 11, server → client. The answer to a login. */
export interface Welcome {
  player: string;
  session: string;
  /** Rises with each login of the player; the newer login wins. */
  sessionNumber: number;
  /** Authorises one resume. The previous one stays valid until the client has spoken on this connection. */
  resume: Uint8Array;
  /** The session went on where it was; otherwise it is new, and rooms must be joined again. */
  resumed: boolean;
  heartbeatMs: number;
  /** A client that loses its connection makes its first try after a random time up to this. */
  retryWithinMs: number;
  /** For how long a lost session is kept. */
  resumeWindowMs: number;
  /** Milliseconds since 1970, UTC. */
  timeMs: number;
  /** Pushes that no longer fit the buffer: the client reads its state again. */
  pushesLost: number;
  /** The longest body, in bytes, that the server accepts. */
  maxBody: number;
  build?: BuildVerdict;
  /** Where the session has a seat. */
  rooms: Joined[];
}
const WelcomeTable: Table = /* @__PURE__ */ table("player:1s session:2s sessionNumber:3u resume:4b resumed:5o heartbeatMs:6u retryWithinMs:7u resumeWindowMs:8u timeMs:9d pushesLost:10u maxBody:11u build:12m? rooms:13m*", [BuildVerdictTable, JoinedTable]);
export const encodeWelcome = (message: Draft<Welcome>): Uint8Array => encode(WelcomeTable, message);
export const decodeWelcome = (bytes: Uint8Array): Welcome => decode(WelcomeTable, bytes) as unknown as Welcome;

/** Operation 1, both ways. The server answers a client's heartbeat with its own. */
export interface Heartbeat {
  /** From the client: the sequence number of the last push seen. */
  lastPush: number;
  /** From the client: any number; the server's answer carries it back. */
  echo: number;
  /** From the server: milliseconds since 1970, UTC. */
  timeMs: number;
}
const HeartbeatTable: Table = /* @__PURE__ */ table("lastPush:1u echo:2u timeMs:3d", []);
export const encodeHeartbeat = (message: Draft<Heartbeat>): Uint8Array => encode(HeartbeatTable, message);
export const decodeHeartbeat = (bytes: Uint8Array): Heartbeat => decode(HeartbeatTable, bytes) as unknown as Heartbeat;

/** Operation 2, client → server. A repeated id is answered from the session's cache. */
export interface Call {
  /** Unique within the session, from 1. */
  id: number;
  /** For example "rooms.join"; docs/protocol.md lists all with their bodies. */
  method: string;
  /** How long the client is going to wait; 0 means the server's default. */
  deadlineMs: number;
  body: Uint8Array;
}
const CallTable: Table = /* @__PURE__ */ table("id:1u method:2s deadlineMs:3u body:4b", []);
export const encodeCall = (message: Draft<Call>): Uint8Array => encode(CallTable, message);
export const decodeCall = (bytes: Uint8Array): Call => decode(CallTable, bytes) as unknown as Call;

/** Operation 8, server → client, and within answers. */
export interface Error {
  /** docs/errors has a page for each. */
  code: number;
  /** A sentence in English about this very case. */
  message: string;
  /** For errors that say "later". */
  retryAfterMs: number;
}
const ErrorTable: Table = /* @__PURE__ */ table("code:1u message:2s retryAfterMs:3u", []);
export const encodeError = (message: Draft<Error>): Uint8Array => encode(ErrorTable, message);
export const decodeError = (bytes: Uint8Array): Error => decode(ErrorTable, bytes) as unknown as Error;

/** Operation 3, server → client. */
export interface Answer {
  id: number;
  /** Absent when the call succeeded. */
  error?: Error;
  body: Uint8Array;
}
const AnswerTable: Table = /* @__PURE__ */ table("id:1u error:2m? body:3b", [ErrorTable]);
export const encodeAnswer = (message: Draft<Answer>): Uint8Array => encode(AnswerTable, message);
export const decodeAnswer = (bytes: Uint8Array): Answer => decode(AnswerTable, bytes) as unknown as Answer;

/** A word from the operator to the players, also that the server is about to restart. */
export interface Notice {
  kind: string;
  message: string;
}
const NoticeTable: Table = /* @__PURE__ */ table("kind:1s message:2s", []);
export const encodeNotice = (message: Draft<Notice>): Uint8Array => encode(NoticeTable, message);
export const decodeNotice = (bytes: Uint8Array): Notice => decode(NoticeTable, bytes) as unknown as Notice;

/** Operation 9, server → client, the last frame before the server closes; client → server, an orderly good-bye. */
export interface Goodbye {
  code: number;
  message: string;
  /** When the client may come back; 0 means by its own schedule. */
  retryAfterMs: number;
}
const GoodbyeTable: Table = /* @__PURE__ */ table("code:1u message:2s retryAfterMs:3u", []);
export const encodeGoodbye = (message: Draft<Goodbye>): Uint8Array => encode(GoodbyeTable, message);
export const decodeGoodbye = (bytes: Uint8Array): Goodbye => decode(GoodbyeTable, bytes) as unknown as Goodbye;

/** Methods "match.start", "match.cancel" and "match.status". The client chooses the ticket's id: repeating is harmless. */
export interface MatchStart {
  ticket: string;
  mode: string;
  players: number;
  /** Seats that stay empty until the time is up are given to bots. */
  fillWithBots: boolean;
  /** How long to look for players before bots fill up, or the ticket fails. 0 means the mode's default. */
  patienceMs: number;
  room?: RoomSpec;
}
const MatchStartTable: Table = /* @__PURE__ */ table("ticket:1s mode:2s players:3u fillWithBots:4o patienceMs:5u room:6m?", [RoomSpecTable]);
export const encodeMatchStart = (message: Draft<MatchStart>): Uint8Array => encode(MatchStartTable, message);
export const decodeMatchStart = (bytes: Uint8Array): MatchStart => decode(MatchStartTable, bytes) as unknown as MatchStart;

export interface MatchCancel {
  ticket: string;
}
const MatchCancelTable: Table = /* @__PURE__ */ table("ticket:1s", []);
export const encodeMatchCancel = (message: Draft<MatchCancel>): Uint8Array => encode(MatchCancelTable, message);
export const decodeMatchCancel = (bytes: Uint8Array): MatchCancel => decode(MatchCancelTable, bytes) as unknown as MatchCancel;

export interface MatchStatus {
  ticket: string;
}
const MatchStatusTable: Table = /* @__PURE__ */ table("ticket:1s", []);
export const encodeMatchStatus = (message: Draft<MatchStatus>): Uint8Array => encode(MatchStatusTable, message);
export const decodeMatchStatus = (bytes: Uint8Array): MatchStatus => decode(MatchStatusTable, bytes) as unknown as MatchStatus;

export interface MatchTicket {
  ticket: string;
  state: MatchTicketState;
  room: string;
  /** While waiting: why. */
  reason: string;
  waitedMs: number;
}
const MatchTicketTable: Table = /* @__PURE__ */ table("ticket:1s state:2i room:3s reason:4s waitedMs:5u", []);
export const encodeMatchTicket = (message: Draft<MatchTicket>): Uint8Array => encode(MatchTicketTable, message);
export const decodeMatchTicket = (bytes: Uint8Array): MatchTicket => decode(MatchTicketTable, bytes) as unknown as MatchTicket;

export interface Matched {
  ticket: string;
  room: string;
}
const MatchedTable: Table = /* @__PURE__ */ table("ticket:1s room:2s", []);
export const encodeMatched = (message: Draft<Matched>): Uint8Array => encode(MatchedTable, message);
export const decodeMatched = (bytes: Uint8Array): Matched => decode(MatchedTable, bytes) as unknown as Matched;

export interface MatchWaiting {
  ticket: string;
  /** "few_players", "other_builds", "other_sizes" or "room_pending". */
  reason: string;
  playersFound: number;
  playersWanted: number;
  waitedMs: number;
}
const MatchWaitingTable: Table = /* @__PURE__ */ table("ticket:1s reason:2s playersFound:3u playersWanted:4u waitedMs:5u", []);
export const encodeMatchWaiting = (message: Draft<MatchWaiting>): Uint8Array => encode(MatchWaitingTable, message);
export const decodeMatchWaiting = (bytes: Uint8Array): MatchWaiting => decode(MatchWaitingTable, bytes) as unknown as MatchWaiting;

export interface MatchFailed {
  ticket: string;
  error?: Error;
}
const MatchFailedTable: Table = /* @__PURE__ */ table("ticket:1s error:2m?", [ErrorTable]);
export const encodeMatchFailed = (message: Draft<MatchFailed>): Uint8Array => encode(MatchFailedTable, message);
export const decodeMatchFailed = (bytes: Uint8Array): MatchFailed => decode(MatchFailedTable, bytes) as unknown as MatchFailed;

/** Operation 4, server → client. Numbered, kept until the client has told that it saw it. */
export interface Push {
  sequence: number;
  roomChanged?: RoomChanged;
  roomEnded?: RoomEnded;
  matched?: Matched;
  matchWaiting?: MatchWaiting;
  matchFailed?: MatchFailed;
  notice?: Notice;
}
const PushTable: Table = /* @__PURE__ */ table("sequence:1u roomChanged:2m| roomEnded:3m| matched:4m| matchWaiting:5m| matchFailed:6m| notice:7m|", [RoomChangedTable, RoomEndedTable, MatchedTable, MatchWaitingTable, MatchFailedTable, NoticeTable]);
export const encodePush = (message: Draft<Push>): Uint8Array => encode(PushTable, message);
export const decodePush = (bytes: Uint8Array): Push => decode(PushTable, bytes) as unknown as Push;
