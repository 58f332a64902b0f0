// Generated from proto/ by `cargo xtask codegen`; do not edit.

import { decode, encode, table, type Draft, type Table } from "../wire/protobuf";

export const RoomKind = {
  RELAY: 0,
  LOCKSTEP: 1,
} as const;
export type RoomKind = (typeof RoomKind)[keyof typeof RoomKind];

export const LateInput = {
  NEXT_FRAME: 0,
  DROP: 1,
  REPEAT_LAST: 2,
} as const;
export type LateInput = (typeof LateInput)[keyof typeof LateInput];

export const Durability = {
  SEMI_SYNC: 0,
  ASYNC: 1,
  SYNC: 2,
} as const;
export type Durability = (typeof Durability)[keyof typeof Durability];

export const StartRule = {
  WHEN_READY: 0,
  WHEN_FULL: 1,
  ON_TIME: 2,
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
  tickHz: number;
  ticksPerMessage: number;
  lateInput: LateInput;
  seed: number;
  hashEvery: number;
  lastTick: number;
}
const LockstepSpecTable: Table = /* @__PURE__ */ table("tickHz:1u ticksPerMessage:2u lateInput:3i seed:4u hashEvery:5u lastTick:6u", []);
export const encodeLockstepSpec = (message: Draft<LockstepSpec>): Uint8Array => encode(LockstepSpecTable, message);
export const decodeLockstepSpec = (bytes: Uint8Array): LockstepSpec => decode(LockstepSpecTable, bytes) as unknown as LockstepSpec;

export interface Property {
  key: string;
  value: string;
}
const PropertyTable: Table = /* @__PURE__ */ table("key:1s value:2s", []);
export const encodeProperty = (message: Draft<Property>): Uint8Array => encode(PropertyTable, message);
export const decodeProperty = (bytes: Uint8Array): Property => decode(PropertyTable, bytes) as unknown as Property;

export interface RoomSpec {
  kind: RoomKind;
  mode: string;
  seats: number;
  minPlayers: number;
  private: boolean;
  lateJoin: boolean;
  maxSpectators: number;
  lifeLimitS: number;
  properties: Property[];
  reservedFor: string[];
  bots: number;
  start: StartRule;
  startAfterMs: number;
  durability: Durability;
  lockstep?: LockstepSpec;
}
const RoomSpecTable: Table = /* @__PURE__ */ table("kind:1i mode:2s seats:3u minPlayers:4u private:5o lateJoin:6o maxSpectators:7u lifeLimitS:8u properties:9m* reservedFor:10s* bots:11u start:12i startAfterMs:13u durability:14i lockstep:15m?", [PropertyTable, LockstepSpecTable]);
export const encodeRoomSpec = (message: Draft<RoomSpec>): Uint8Array => encode(RoomSpecTable, message);
export const decodeRoomSpec = (bytes: Uint8Array): RoomSpec => decode(RoomSpecTable, bytes) as unknown as RoomSpec;

export interface SeatView {
  seat: number;
  player: string;
  name: string;
  ready: boolean;
  online: boolean;
  bot: boolean;
  properties: Property[];
}
const SeatViewTable: Table = /* @__PURE__ */ table("seat:1u player:2s name:3s ready:4o online:5o bot:6o properties:7m*", [PropertyTable]);
export const encodeSeatView = (message: Draft<SeatView>): Uint8Array => encode(SeatViewTable, message);
export const decodeSeatView = (bytes: Uint8Array): SeatView => decode(SeatViewTable, bytes) as unknown as SeatView;

export interface RoomView {
  room: string;
  spec?: RoomSpec;
  phase: RoomViewPhase;
  owner: string;
  seats: SeatView[];
  spectators: number;
  invite: string;
  tick: number;
  run: number;
  build: string;
  properties: Property[];
  revision: number;
}
const RoomViewTable: Table = /* @__PURE__ */ table("room:1s spec:2m? phase:3i owner:4s seats:5m* spectators:6u invite:7s tick:8u run:9u build:10s properties:11m* revision:12u", [RoomSpecTable, SeatViewTable, PropertyTable]);
export const encodeRoomView = (message: Draft<RoomView>): Uint8Array => encode(RoomViewTable, message);
export const decodeRoomView = (bytes: Uint8Array): RoomView => decode(RoomViewTable, bytes) as unknown as RoomView;

export interface CreateRoom {
  room: string;
  spec?: RoomSpec;
  join: boolean;
}
const CreateRoomTable: Table = /* @__PURE__ */ table("room:1s spec:2m? join:3o", [RoomSpecTable]);
export const encodeCreateRoom = (message: Draft<CreateRoom>): Uint8Array => encode(CreateRoomTable, message);
export const decodeCreateRoom = (bytes: Uint8Array): CreateRoom => decode(CreateRoomTable, bytes) as unknown as CreateRoom;

export interface JoinRoom {
  room: string;
  invite: string;
  spectate: boolean;
}
const JoinRoomTable: Table = /* @__PURE__ */ table("room:1s invite:2s spectate:3o", []);
export const encodeJoinRoom = (message: Draft<JoinRoom>): Uint8Array => encode(JoinRoomTable, message);
export const decodeJoinRoom = (bytes: Uint8Array): JoinRoom => decode(JoinRoomTable, bytes) as unknown as JoinRoom;

export interface Joined {
  room?: RoomView;
  channel: number;
  seat?: number;
  applied: number;
  seed: number;
}
const JoinedTable: Table = /* @__PURE__ */ table("room:1m? channel:2u seat:3u? applied:4u seed:5u", [RoomViewTable]);
export const encodeJoined = (message: Draft<Joined>): Uint8Array => encode(JoinedTable, message);
export const decodeJoined = (bytes: Uint8Array): Joined => decode(JoinedTable, bytes) as unknown as Joined;

export interface ResumeRoom {
  channel: number;
  fromTick: number;
}
const ResumeRoomTable: Table = /* @__PURE__ */ table("channel:1u fromTick:2u", []);
export const encodeResumeRoom = (message: Draft<ResumeRoom>): Uint8Array => encode(ResumeRoomTable, message);
export const decodeResumeRoom = (bytes: Uint8Array): ResumeRoom => decode(ResumeRoomTable, bytes) as unknown as ResumeRoom;

export interface RoomAction {
  room: string;
  player: string;
  ready: boolean;
  ban: boolean;
}
const RoomActionTable: Table = /* @__PURE__ */ table("room:1s player:2s ready:3o ban:4o", []);
export const encodeRoomAction = (message: Draft<RoomAction>): Uint8Array => encode(RoomActionTable, message);
export const decodeRoomAction = (bytes: Uint8Array): RoomAction => decode(RoomActionTable, bytes) as unknown as RoomAction;

export interface SetProperties {
  room: string;
  properties: Property[];
  ownSeat: boolean;
}
const SetPropertiesTable: Table = /* @__PURE__ */ table("room:1s properties:2m* ownSeat:3o", [PropertyTable]);
export const encodeSetProperties = (message: Draft<SetProperties>): Uint8Array => encode(SetPropertiesTable, message);
export const decodeSetProperties = (bytes: Uint8Array): SetProperties => decode(SetPropertiesTable, bytes) as unknown as SetProperties;

export interface ReserveSeat {
  room: string;
  player: string;
  forMs: number;
}
const ReserveSeatTable: Table = /* @__PURE__ */ table("room:1s player:2s forMs:3u", []);
export const encodeReserveSeat = (message: Draft<ReserveSeat>): Uint8Array => encode(ReserveSeatTable, message);
export const decodeReserveSeat = (bytes: Uint8Array): ReserveSeat => decode(ReserveSeatTable, bytes) as unknown as ReserveSeat;

export interface ListRooms {
  mode: string;
  withFreeSeat: boolean;
  properties: Property[];
  limit: number;
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

export interface ReportResult {
  room: string;
  result: Uint8Array;
  hash: number;
  tick: number;
}
const ReportResultTable: Table = /* @__PURE__ */ table("room:1s result:2b hash:3u tick:4u", []);
export const encodeReportResult = (message: Draft<ReportResult>): Uint8Array => encode(ReportResultTable, message);
export const decodeReportResult = (bytes: Uint8Array): ReportResult => decode(ReportResultTable, bytes) as unknown as ReportResult;

export interface RoomChanged {
  room?: RoomView;
  why: string;
  player: string;
}
const RoomChangedTable: Table = /* @__PURE__ */ table("room:1m? why:2s player:3s", [RoomViewTable]);
export const encodeRoomChanged = (message: Draft<RoomChanged>): Uint8Array => encode(RoomChangedTable, message);
export const decodeRoomChanged = (bytes: Uint8Array): RoomChanged => decode(RoomChangedTable, bytes) as unknown as RoomChanged;

export interface SeatResult {
  seat: number;
  result: Uint8Array;
  hash: number;
}
const SeatResultTable: Table = /* @__PURE__ */ table("seat:1u result:2b hash:3u", []);
export const encodeSeatResult = (message: Draft<SeatResult>): Uint8Array => encode(SeatResultTable, message);
export const decodeSeatResult = (bytes: Uint8Array): SeatResult => decode(SeatResultTable, bytes) as unknown as SeatResult;

export interface RoomEnded {
  room: string;
  reason: string;
  lastTick: number;
  results: SeatResult[];
  agreed: boolean;
}
const RoomEndedTable: Table = /* @__PURE__ */ table("room:1s reason:2s lastTick:3u results:4m* agreed:5o", [SeatResultTable]);
export const encodeRoomEnded = (message: Draft<RoomEnded>): Uint8Array => encode(RoomEndedTable, message);
export const decodeRoomEnded = (bytes: Uint8Array): RoomEnded => decode(RoomEndedTable, bytes) as unknown as RoomEnded;

export interface Input {
  channel: number;
  number: number;
  tick: number;
  data: Uint8Array;
}
const InputTable: Table = /* @__PURE__ */ table("channel:1u number:2u tick:3u data:4b", []);
export const encodeInput = (message: Draft<Input>): Uint8Array => encode(InputTable, message);
export const decodeInput = (bytes: Uint8Array): Input => decode(InputTable, bytes) as unknown as Input;

export interface Frame {
  run: number;
  tick: number;
  ticks: Uint8Array[];
  continuesAt: number;
  backfill: boolean;
  channel: number;
  applied: number;
}
const FrameTable: Table = /* @__PURE__ */ table("run:1u tick:2u ticks:3b* continuesAt:4u backfill:5o channel:14u applied:15u", []);
export const encodeFrame = (message: Draft<Frame>): Uint8Array => encode(FrameTable, message);
export const decodeFrame = (bytes: Uint8Array): Frame => decode(FrameTable, bytes) as unknown as Frame;

export interface InputRefused {
  channel: number;
  number: number;
  reason: InputRefusedRefusal;
}
const InputRefusedTable: Table = /* @__PURE__ */ table("channel:1u number:2u reason:3i", []);
export const encodeInputRefused = (message: Draft<InputRefused>): Uint8Array => encode(InputRefusedTable, message);
export const decodeInputRefused = (bytes: Uint8Array): InputRefused => decode(InputRefusedTable, bytes) as unknown as InputRefused;

export interface StateHash {
  channel: number;
  tick: number;
  hash: number;
}
const StateHashTable: Table = /* @__PURE__ */ table("channel:1u tick:2u hash:3x", []);
export const encodeStateHash = (message: Draft<StateHash>): Uint8Array => encode(StateHashTable, message);
export const decodeStateHash = (bytes: Uint8Array): StateHash => decode(StateHashTable, bytes) as unknown as StateHash;

export interface Desync {
  tick: number;
  seats: number[];
  lastAgreedTick: number;
  channel: number;
}
const DesyncTable: Table = /* @__PURE__ */ table("tick:1u seats:2u* lastAgreedTick:3u channel:14u", []);
export const encodeDesync = (message: Draft<Desync>): Uint8Array => encode(DesyncTable, message);
export const decodeDesync = (bytes: Uint8Array): Desync => decode(DesyncTable, bytes) as unknown as Desync;

export interface Relay {
  from: number;
  data: Uint8Array;
  to: number[];
  latestOnly: boolean;
  channel: number;
}
const RelayTable: Table = /* @__PURE__ */ table("from:1u data:2b to:3u* latestOnly:4o channel:14u", []);
export const encodeRelay = (message: Draft<Relay>): Uint8Array => encode(RelayTable, message);
export const decodeRelay = (bytes: Uint8Array): Relay => decode(RelayTable, bytes) as unknown as Relay;

export interface Login {
  token: string;
  resume: Uint8Array;
  lastPush: number;
  build: string;
  sdk: string;
  device: string;
}
const LoginTable: Table = /* @__PURE__ */ table("token:1s resume:2b lastPush:3u build:4s sdk:5s device:6s", []);
export const encodeLogin = (message: Draft<Login>): Uint8Array => encode(LoginTable, message);
export const decodeLogin = (bytes: Uint8Array): Login => decode(LoginTable, bytes) as unknown as Login;

export interface BuildVerdict {
  decision: BuildVerdictDecision;
  message: string;
  server: string;
}
const BuildVerdictTable: Table = /* @__PURE__ */ table("decision:1i message:2s server:3s", []);
export const encodeBuildVerdict = (message: Draft<BuildVerdict>): Uint8Array => encode(BuildVerdictTable, message);
export const decodeBuildVerdict = (bytes: Uint8Array): BuildVerdict => decode(BuildVerdictTable, bytes) as unknown as BuildVerdict;

export interface Welcome {
  player: string;
  session: string;
  sessionNumber: number;
  resume: Uint8Array;
  resumed: boolean;
  heartbeatMs: number;
  retryWithinMs: number;
  resumeWindowMs: number;
  timeMs: number;
  pushesLost: number;
  maxBody: number;
  build?: BuildVerdict;
  rooms: Joined[];
}
const WelcomeTable: Table = /* @__PURE__ */ table("player:1s session:2s sessionNumber:3u resume:4b resumed:5o heartbeatMs:6u retryWithinMs:7u resumeWindowMs:8u timeMs:9d pushesLost:10u maxBody:11u build:12m? rooms:13m*", [BuildVerdictTable, JoinedTable]);
export const encodeWelcome = (message: Draft<Welcome>): Uint8Array => encode(WelcomeTable, message);
export const decodeWelcome = (bytes: Uint8Array): Welcome => decode(WelcomeTable, bytes) as unknown as Welcome;

export interface Heartbeat {
  lastPush: number;
  echo: number;
  timeMs: number;
}
const HeartbeatTable: Table = /* @__PURE__ */ table("lastPush:1u echo:2u timeMs:3d", []);
export const encodeHeartbeat = (message: Draft<Heartbeat>): Uint8Array => encode(HeartbeatTable, message);
export const decodeHeartbeat = (bytes: Uint8Array): Heartbeat => decode(HeartbeatTable, bytes) as unknown as Heartbeat;

export interface Call {
  id: number;
  method: string;
  deadlineMs: number;
  body: Uint8Array;
}
const CallTable: Table = /* @__PURE__ */ table("id:1u method:2s deadlineMs:3u body:4b", []);
export const encodeCall = (message: Draft<Call>): Uint8Array => encode(CallTable, message);
export const decodeCall = (bytes: Uint8Array): Call => decode(CallTable, bytes) as unknown as Call;

export interface Error {
  code: number;
  message: string;
  retryAfterMs: number;
}
const ErrorTable: Table = /* @__PURE__ */ table("code:1u message:2s retryAfterMs:3u", []);
export const encodeError = (message: Draft<Error>): Uint8Array => encode(ErrorTable, message);
export const decodeError = (bytes: Uint8Array): Error => decode(ErrorTable, bytes) as unknown as Error;

export interface Answer {
  id: number;
  error?: Error;
  body: Uint8Array;
}
const AnswerTable: Table = /* @__PURE__ */ table("id:1u error:2m? body:3b", [ErrorTable]);
export const encodeAnswer = (message: Draft<Answer>): Uint8Array => encode(AnswerTable, message);
export const decodeAnswer = (bytes: Uint8Array): Answer => decode(AnswerTable, bytes) as unknown as Answer;

export interface Notice {
  kind: string;
  message: string;
}
const NoticeTable: Table = /* @__PURE__ */ table("kind:1s message:2s", []);
export const encodeNotice = (message: Draft<Notice>): Uint8Array => encode(NoticeTable, message);
export const decodeNotice = (bytes: Uint8Array): Notice => decode(NoticeTable, bytes) as unknown as Notice;

export interface Goodbye {
  code: number;
  message: string;
  retryAfterMs: number;
}
const GoodbyeTable: Table = /* @__PURE__ */ table("code:1u message:2s retryAfterMs:3u", []);
export const encodeGoodbye = (message: Draft<Goodbye>): Uint8Array => encode(GoodbyeTable, message);
export const decodeGoodbye = (bytes: Uint8Array): Goodbye => decode(GoodbyeTable, bytes) as unknown as Goodbye;

export interface MatchStart {
  ticket: string;
  mode: string;
  players: number;
  fillWithBots: boolean;
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
