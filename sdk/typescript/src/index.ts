// What `import … from "jianzi"` gives.
import { Jianzi } from "./jianzi";
import { detectPlatform } from "./platform/detect";

Jianzi.detect = detectPlatform;

export { Jianzi };
export type { JianziEvents, JianziOptions } from "./jianzi";
export type { LoginOptions, Player } from "./auth";
export type { CallOptions } from "./calls";
export type { Clock, Cancel } from "./clock";
export type { Unsubscribe } from "./emitter";
export { Emitter } from "./emitter";
export { JianziError } from "./errors";
export type { Retry } from "./errors";
export type { GetOptions, Http } from "./http";
export type { Invite, Launch } from "./launch";
export { Lockstep } from "./lockstep";
export { Authoritative } from "./authoritative";
export type { AuthoritativeEvents } from "./authoritative";
export type { Game, GameEvents, GameStats, InputVerdict, StartInfo } from "./game";
export type { LockstepEvents, Rules, Tick } from "./lockstep";
export type { Match, MatchOptions, MatchWaiting } from "./match";
export type {
  HttpRequest, HttpResponse, HttpTransport, Lifecycle, Link, LinkEvents, Platform, Storage, Transport,
} from "./platform/platform";
export { wxPlatform } from "./platform/wx";
export type { Wx } from "./platform/wx";
export { Room } from "./room";
export type { RoomEnd, RoomEvents } from "./room";
export type { AuthoritativeSpec, InputRefusal, LockstepSpec, Properties, RoomSpec, RoomView, RoomWish, Seat } from "./room_types";
export type { ListOptions, Rooms } from "./rooms";
export type { Status } from "./status";
export type { ServerTime } from "./time";
