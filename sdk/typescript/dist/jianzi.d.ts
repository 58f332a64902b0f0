// Jianzi SDK 0.1.0, Apache-2.0

/** Stops what was planned; harmless when it has already happened. */
export type Cancel = () => void;
export interface Clock {
	/** Milliseconds; only differences count. */
	now(): number;
	after(ms: number, run: () => void): Cancel;
	/** From 0 up to, but not, 1. */
	random(): number;
}
/** What a client does about an error: nothing helps, try at once, try later, log in again. */
export type Retry = "never" | "now" | "later" | "login";
export declare class JianziError extends Error {
	/** See docs/errors; from 9001 on: of the client itself. */
	readonly code: number;
	/** The code's name, for example "room_full". */
	readonly name: string;
	/** A sentence for the player. `message` is the English one. */
	readonly messageZh: string;
	/** What helps: nothing, trying at once, trying later, logging in again. */
	readonly retry: Retry;
	/** For "later": how long to wait; 0 when nobody said. */
	readonly retryAfterMs: number;
	constructor(code: number, message?: string, retryAfterMs?: number);
}
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
export interface CallOptions {
	/** How long to wait for the answer, across reconnections; default 10 s. */
	deadlineMs?: number;
	/** Made twice it does no harm: it is repeated also in a new session. */
	idempotent?: boolean;
}
/** Takes the listener off again. */
export type Unsubscribe = () => void;
export declare class Emitter<Events> {
	private readonly listeners;
	on<K extends keyof Events>(event: K, listener: (value: Events[K]) => void): Unsubscribe;
	once<K extends keyof Events>(event: K, listener: (value: Events[K]) => void): Unsubscribe;
	off<K extends keyof Events>(event: K, listener: (value: Events[K]) => void): void;
}
export interface GetOptions {
	/** Keep the answer in the device's storage for so long. For static data that is no secret; it ends with the build. */
	cacheMs?: number;
	/** Send the player's token. Default: yes. */
	auth?: boolean;
}
export declare class Http {
	private readonly base;
	private readonly cachePrefix;
	private readonly transport;
	private readonly storage;
	private readonly clock;
	private readonly tokens;
	private readonly breaker;
	private readonly reads;
	/** Reads `path`, for example "/v1/user/info", and resolves with the envelope's `data`. */
	get<T = any>(path: string, options?: GetOptions): Promise<T>;
	/** Sends `body` as JSON. Not repeated by itself. */
	post<T = any>(path: string, body: unknown, options?: {
		auth?: boolean;
	}): Promise<T>;
	private withRetries;
	/** A spent token is renewed once. */
	private authorised;
	private once;
	private cached;
	private keep;
}
/** For `wx.shareAppMessage(invite)`. */
export interface Invite {
	title?: string;
	imageUrl?: string;
	/** Comes back as `launch.invite`. */
	query: string;
	/** Where the game is a web page: the link to send. */
	url?: string;
}
export declare class Launch extends Emitter<{
	invite: string;
}> {
	/** The newest invite that the game was opened with, cold or warm. */
	invite?: string;
	/** Everything the game was opened with. */
	query: {
		[name: string]: string;
	};
	private readonly unwatch;
	/** The invite, once: later calls give none until the game is opened with one again. */
	takeInvite(): string | undefined;
	private take;
}
interface SentInput {
	number: number;
	tick: number;
	data: Uint8Array;
}
declare class Inputs {
	private kept;
	private pending;
	private next;
	/** Acknowledged once, lost by the room, and not here any more either. */
	lost: number;
	get pendingCount(): number;
	/** Nothing if too many are unacknowledged. */
	add(data: Uint8Array, tick: number): SentInput | undefined;
	/** The number of the oldest one without an acknowledgement; 0 if there is none. */
	get oldest(): number;
	/** The room has applied or refused all up to this number. */
	acknowledge(applied: number): void;
	/** What to send again when the room stands at `applied`: also acknowledged ones, if it has lost them. */
	after(applied: number): SentInput[];
}
declare const KINDS: readonly [
	"relay",
	"lockstep",
	"authoritative"
];
declare const STARTS: readonly [
	"when_ready",
	"when_full",
	"on_time",
	"by_owner"
];
declare const LATE_INPUTS: readonly [
	"next_frame",
	"drop",
	"repeat_last"
];
declare const DURABILITIES: readonly [
	"semi_sync",
	"async",
	"sync"
];
declare const PHASES: readonly [
	"open",
	"playing",
	"ended"
];
declare const REFUSALS: readonly [
	"unknown",
	"late",
	"too_many",
	"too_long",
	"not_playing",
	"spectator",
	"muted",
	"gap",
	"ended_badly"
];
export type Properties = {
	[key: string]: string;
};
/** What a room is like. */
export interface RoomSpec {
	kind: (typeof KINDS)[number];
	/** Free word of the game, for lists and matching, for example "duel". */
	mode: string;
	seats: number;
	/** Players needed to start; 0 means all seats. */
	minPlayers: number;
	/** Not listed; entered by id or invite only. */
	private: boolean;
	/** May somebody take a seat after the start? */
	lateJoin: boolean;
	maxSpectators: number;
	/** The room ends after so many seconds; 0 means the server's default. */
	lifeLimitS: number;
	properties: Properties;
	/** Seats kept for these players. */
	reservedFor: string[];
	/** Seats played by the game's own rules on every client. */
	bots: number;
	start: (typeof STARTS)[number];
	startAfterMs: number;
	durability: (typeof DURABILITIES)[number];
	lockstep: LockstepSpec;
	authoritative: AuthoritativeSpec;
}
export interface AuthoritativeSpec {
	/** The name under which the server has the rules. */
	game: string;
	/** Ticks per second, 1–60; default 20. */
	tickHz: number;
	/** 0: the server draws one. */
	seed: number;
}
export interface LockstepSpec {
	/** Ticks per second, 1–60; default 20. */
	tickHz: number;
	/** Ticks told in one message, 1–8; default 1. Two halve the packets and add one tick of delay. */
	ticksPerMessage: number;
	lateInput: (typeof LATE_INPUTS)[number];
	/** 0: the server draws one. */
	seed: number;
	/** A seat reports its state's hash every so many ticks; default 20. */
	hashEvery: number;
	/** The room ends by itself after this tick; 0 means never. */
	lastTick: number;
}
/** What to ask for; everything has a default but the seats. Kind: authoritative if it names a game, else lockstep. */
export type RoomWish = Partial<Pick<RoomSpec, Exclude<keyof RoomSpec, "lockstep" | "authoritative">>> & {
	lockstep?: Partial<LockstepSpec>;
	authoritative?: Partial<AuthoritativeSpec>;
};
export interface Seat {
	seat: number;
	player: string;
	name: string;
	ready: boolean;
	online: boolean;
	bot: boolean;
	properties: Properties;
}
export interface RoomView {
	id: string;
	spec: RoomSpec;
	phase: (typeof PHASES)[number];
	/** The owner's player id. */
	owner: string;
	/** Those that are taken. */
	seats: Seat[];
	spectators: number;
	/** The code that lets others in. */
	invite: string;
	/** The last tick when this view was made. */
	tick: number;
	run: number;
	build: string;
	properties: Properties;
	revision: number;
	/** What an authoritative room runs; `suspended`: its rules failed, and it stands still until they are mended. */
	logic?: {
		game: string;
		version: number;
		hash: string;
		suspended: boolean;
	};
}
export type InputRefusal = (typeof REFUSALS)[number];
export interface GameEvents {
	/** All that was missed has been applied. */
	caughtUp: {
		ticks: number;
		pauseMs: number;
	};
	/** The outcome is known. */
	over: {
		result: Uint8Array;
		tick: number;
		hash: number;
	};
	/** The room did not apply an input. */
	refused: {
		number: number;
		reason: InputRefusal;
	};
}
export interface GameStats {
	/** Milliseconds for which the game stood still, in all. */
	pauseMs: number;
	/** Ticks that were caught up on; in an authoritative room: how often the state was told anew. */
	framesBackfilled: number;
	/** Acknowledged inputs that a new run of the room did not have and that could not be given to it again. */
	inputsLost: number;
	inputsRefused: number;
	/** Sent and not acknowledged yet. */
	inputsPending: number;
	rttMs: number;
	/** No difference to other players has been told. */
	hashesEqual: boolean;
}
export type InputVerdict = {
	ok: true;
	number: number;
} | {
	ok: false;
	reason: "not_started" | "over" | "spectator" | "full" | "too_long";
};
export interface StartInfo {
	/** How many. */
	seats: number;
	seed: number;
	/** The seats that the rules play by themselves. */
	bots: number[];
	spec: RoomSpec;
	/** Who sits there now; for names and colours only. */
	players: Seat[];
}
interface GameRoom {
	clock: Clock;
	inputs: Inputs;
	seat(): number | undefined;
	startInfo(): StartInfo;
	spec(): RoomSpec;
	/** Milliseconds from one frame to the next. */
	frameMs(): number;
	isPlaying(): boolean;
	isOver(): boolean;
	rttMs(): number;
	/** Asks for the ticks from this one on, or for the state. */
	resume(fromTick: number): void;
	sendInput(input: SentInput): void;
	sendHash(tick: number, hash: number): void;
	report(result: Uint8Array, hash: number, tick: number): void;
	rewound(event: {
		from: number;
		to: number;
		reason: string;
	}): void;
	failed(fault: JianziError): void;
}
export declare abstract class Game<Events extends GameEvents = GameEvents> extends Emitter<Events> {
	protected readonly room: GameRoom;
	/** The last tick that was applied. */
	tick: number;
	/** Rises by one with every recovery, move or rollback of the room. */
	run: number;
	/** The outcome is known. */
	over: boolean;
	result?: Uint8Array;
	protected backfilled: number;
	protected equal: boolean;
	protected interruptedAt?: number;
	protected caughtTicks: number;
	protected lastTickAt: number;
	/** The game's own code failed: nothing more is applied. */
	protected broken: boolean;
	private refused;
	private paused;
	/** More than what happens now is being applied. */
	get catchingUp(): boolean;
	get stats(): GameStats;
	/**
	 * Does something: up to 1 KiB, applied by the room at its next tick. It survives a cut connection. What cannot be sent
	 * is not an exception, so that a touch after the last tick does no harm: the verdict says why.
	 */
	input(data: ArrayLike<number>, options?: {
		tick?: number;
	}): InputVerdict;
	protected finish(result: Uint8Array, hash: number): void;
	/** The room holds our inputs up to `applied`; a new run may have lost some that it had. */
	protected acknowledged(applied: number, newRun: boolean): void;
	/** Live again, or never away: counts the time in which nothing moved. */
	protected settle(): void;
}
export interface AuthoritativeEvents extends GameEvents {
	/** Where the game stands, as this client may see it: at first, after a cut, and when other rules go on. What `tick` told before is in it. */
	state: {
		tick: number;
		data: Uint8Array;
	};
	/** The next tick: what the room told everybody, in order. */
	tick: {
		tick: number;
		messages: Uint8Array[];
	};
	/** A word of the room to this seat alone. */
	message: {
		tick: number;
		data: Uint8Array;
	};
}
export declare class Authoritative extends Game<AuthoritativeEvents> {
}
/** The game. Whole numbers, no clock, no chance but the seed: the same on every device. */
export interface Rules<S> {
	/** The state before tick 1. Only `seats`, `seed`, `bots` and `spec` are the same for everybody at any time. */
	start(info: StartInfo): S;
	/** One tick on. May change `state` itself and return it. */
	step(state: S, tick: Tick): S;
	/** A number from 0 to 2³²−1 that differs when states do. With it, players who drift apart are found. */
	hash?(state: S): number;
	/** Once the match is over: its outcome, equal for everybody, up to 4 KiB. */
	result?(state: S): ArrayLike<number> | undefined;
	/** A copy of the state, for going back quickly; without it going back means computing from tick 1. */
	save?(state: S): unknown;
	load?(saved: any): S;
}
export interface Tick {
	tick: number;
	/** In the order in which the room applied them. */
	inputs: {
		seat: number;
		data: Uint8Array;
	}[];
}
export interface LockstepEvents<S> extends GameEvents {
	/** After every tick; after a cut many come in a hurry (`game.catchingUp`). */
	tick: S;
}
export declare class Lockstep<S> extends Game<LockstepEvents<S>> {
	private readonly rules;
	state: S;
	private target;
	/** The room's history before `tick` may differ from ours since this tick. */
	private unverifiedFrom?;
	private healedAt;
	private log;
	private ahead;
	private aheadCount;
	private snapshots;
	/** The state's hash, by the rules. */
	get hash(): number;
	/** Ends the match for this player and reports the outcome, for rules without `result`. */
	end(result?: ArrayLike<number>): void;
	private takeTick;
	private applyAhead;
	private keepAhead;
	private apply;
	private step;
	private checkResult;
	protected settle(): void;
	/** The room went on without us from a tick that we do not know: what we hold is compared before more is applied. */
	private doubt;
	/** Back to the state after tick `to`: from the nearest earlier one that is kept, by the log or by asking the room. */
	private rewind;
}
export interface RoomEvents {
	/** Somebody came, left, got ready …: `why` is "joined", "left", "kicked", "lost", "back", "ready", "properties", "owner", "started", "spectators", "logic" (other rules run, or they stand still) or "reread". */
	changed: {
		view: RoomView;
		why: string;
		player: string;
	};
	/** The room is over for this client. */
	ended: RoomEnd;
	relay: {
		from: number;
		data: Uint8Array;
		latestOnly: boolean;
	};
	/** The room went back to an earlier tick: its server lost the ticks after `to`. */
	rewound: {
		from: number;
		to: number;
		reason: string;
	};
	/** Players' states differ. `mine`: this client's is an odd one, and is computed again. */
	desync: {
		tick: number;
		seats: number[];
		lastAgreedTick: number;
		mine: boolean;
	};
	/** Something the SDK did by itself in this room failed. */
	error: JianziError;
}
export interface RoomEnd {
	/** "finished", "empty", "life_limit", "last_tick", "log_full", "closed", "logic_failed", "damaged", "unrecorded"; "kicked"; "lost": the server does not know the room any more. */
	reason: string;
	lastTick: number;
	/** Seat 65535: the result of an authoritative room's own rules. */
	results: {
		seat: number;
		result: Uint8Array;
		hash: number;
	}[];
	/** All seats that reported told the same. */
	agreed: boolean;
}
export declare class Room extends Emitter<RoomEvents> {
	private readonly host;
	readonly id: string;
	view: RoomView;
	/** The own seat; spectators have none. */
	seat?: number;
	game?: Lockstep<any> | Authoritative;
	/** Left, or ended. */
	over: boolean;
	private seed;
	private readonly inputs;
	private resuming;
	private gapRetryAt;
	private gapWatched;
	private unsent;
	private early;
	/** The newest change that an event has told. */
	private toldRun;
	private toldRevision;
	on<K extends keyof RoomEvents>(event: K, listener: (value: RoomEvents[K]) => void): Unsubscribe;
	/** For `wx.shareAppMessage`, or, with `url`, for a web link. */
	invite(share?: {
		title?: string;
		imageUrl?: string;
	}): Invite;
	/** Plays in lockstep by these rules. Ticks that have passed are fetched. */
	lockstep<S>(rules: Rules<S>): Lockstep<S>;
	/** Plays by rules that run in the room: it tells the state, then every tick. */
	authoritative(): Authoritative;
	ready(ready?: boolean): Promise<void>;
	start(): Promise<void>;
	/** The owner sets the room's properties; an empty value removes one. */
	set(properties: Properties): Promise<void>;
	/** Sets properties of the own seat. */
	setOwn(properties: Properties): Promise<void>;
	kick(player: string, options?: {
		ban?: boolean;
	}): Promise<void>;
	giveOwner(player: string): Promise<void>;
	/** Keeps a seat for a player for a while. */
	reserve(player: string, forMs: number): Promise<void>;
	leave(): Promise<void>;
	/**
	 * A message to all others, or to some seats. `latestOnly`: a newer one may take its place on a slow way. False if it
	 * could not be kept until the connection is back.
	 */
	relay(data: ArrayLike<number>, options?: {
		to?: number[];
		latestOnly?: boolean;
	}): boolean;
	/** Tells what this seat holds for the outcome; games in lockstep do it by `rules.result`. */
	result(result: ArrayLike<number>, hash?: number, tick?: number): Promise<void>;
	/** What met a gap that nobody told of waits for ever if no more follows: all go again if nothing moves. */
	private watchGap;
	private adopt;
	/** After a cut a room is silent until it is asked. A lockstep room is asked when there are rules to play by. */
	private listen;
	/** Frames from this tick on; one request at a time. */
	private resume;
	private failed;
	private end;
	private setProperties;
	private act;
	private ask;
	private sendInput;
	private begin;
	private gameRoom;
}
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
export declare class Rooms {
	private readonly byId;
	private readonly byChannel;
	private readonly host;
	/** Those that the player is in. */
	get current(): Room[];
	/** Makes a room and takes a seat in it. The id may be chosen (`<0–255>-<letters and digits>`); asking twice makes one room. */
	create(wish: RoomWish & {
		id?: string;
	}): Promise<Room>;
	/** Enters a room by its id or an invite code. Being there already is no error. */
	join(where: {
		room?: string;
		invite?: string;
		spectate?: boolean;
	}): Promise<Room>;
	/** Public rooms that are open, newest first. */
	list(options?: ListOptions): Promise<{
		rooms: RoomView[];
		next: string;
	}>;
	get(id: string): Promise<RoomView>;
	private enter;
	private forgetChannel;
	private attempt;
}
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
	signal?: {
		aborted: boolean;
		onabort?: unknown;
		addEventListener?: (name: "abort", listener: () => void) => void;
	};
}
export interface MatchWaiting {
	/** "few_players", "other_builds", "other_sizes" or "room_pending". */
	reason: string;
	playersFound: number;
	playersWanted: number;
	waitedMs: number;
}
/** A promise of the room; `cancel()` gives up looking, and the promise rejects with "cancelled". */
export type Match = Promise<Room> & {
	ticket: string;
	cancel(): void;
};
export interface Platform {
	transport: Transport;
	http: HttpTransport;
	storage: Storage;
	/** A login code of the platform; absent where there is none, and the device's id is used. */
	loginCode?: () => Promise<string>;
	lifecycle: Lifecycle;
}
/** Opens sockets. The one thing to write for a new surrounding. */
export interface Transport {
	open(url: string, events: LinkEvents): Link;
}
/** A socket. Messages arrive whole and in order. */
export interface Link {
	send(bytes: Uint8Array): void;
	/** No event follows. */
	close(): void;
}
export interface LinkEvents {
	open(): void;
	message(bytes: Uint8Array): void;
	/** The link is gone, also when it never opened. At most once. */
	closed(reason: string): void;
}
export interface HttpTransport {
	/** Resolves with any status; rejects when there was no answer. */
	request(request: HttpRequest): Promise<HttpResponse>;
}
export interface HttpRequest {
	method: "GET" | "POST";
	url: string;
	headers: {
		[name: string]: string;
	};
	body?: string;
	timeoutMs: number;
}
export interface HttpResponse {
	status: number;
	text: string;
}
/** Small, synchronous, and allowed to forget. */
export interface Storage {
	get(key: string): string | undefined;
	set(key: string, value: string): void;
}
export interface Lifecycle {
	/** How the game was opened. */
	launchQuery(): {
		[name: string]: string;
	};
	/** Calls back when the game comes to the front (with the query of a warm start, if any) and when it leaves it. */
	watch(shown: (query?: {
		[name: string]: string;
	}) => void, hidden: () => void): () => void;
	/** Nothing runs in the background: no use in trying to connect there. */
	sleeps: boolean;
	/** The address that invites are added to. */
	pageUrl?(): string;
}
/** Where the connection stands. */
export interface Status {
	/**
	 * - `offline`: not logged in yet
	 * - `connecting`: the first login is under way
	 * - `online`
	 * - `reconnecting`: the connection was lost; it comes back by itself
	 * - `kicked`: the player logged in elsewhere; `login()` takes the session back
	 * - `outdated`: this version of the game must be updated
	 * - `closed`: given up, refused, or closed by the game; `reason` says which. `login()` begins anew unless `close()` was called
	 */
	state: "offline" | "connecting" | "online" | "reconnecting" | "kicked" | "outdated" | "closed";
	/** While connecting or reconnecting: the number of the try, from 1. */
	attempt?: number;
	/** Milliseconds until that try begins; 0 while it is under way. */
	delayMs?: number;
	reason?: JianziError;
}
export declare class ServerTime {
	private readonly clock;
	/** The last measured round trip, in milliseconds. */
	rttMs: number;
	private samples;
	/** Milliseconds since 1970, UTC, by the server's clock; by the device's until the first login. */
	now(): number;
	/** The sample with the shortest way is the best one: delays are mostly in one direction. */
	private offsetMs;
}
export interface JianziOptions {
	/** The server, for example "https://game.example.com"; the socket's address follows from it. */
	url: string;
	/** The app's name on that server. */
	app: string;
	/** The game's version; in lockstep only equal ones meet. */
	build: string;
	/** The socket's address, where it is another one. */
	socketUrl?: string;
	/** Tries to reconnect before giving up; default 12, some three minutes. */
	maxTries?: number;
	/** Another way to open sockets, for example `badNetwork().transport`. */
	transport?: Transport;
	/** Other surroundings than the ones found. */
	platform?: Platform;
	/** Another time and chance, for tests. */
	clock?: Clock;
}
export interface JianziEvents {
	status: Status;
	/** A word from the operator. */
	notice: {
		kind: string;
		message: string;
	};
	/** A newer version of the game would be welcome. */
	update: {
		message: string;
	};
	/** The game was opened with an invite while it ran. */
	invite: string;
}
export declare class Jianzi extends Emitter<JianziEvents> {
	readonly rooms: Rooms;
	readonly http: Http;
	readonly launch: Launch;
	readonly time: ServerTime;
	private readonly core;
	private readonly calls;
	private readonly matches;
	private readonly auth;
	private lastPush;
	private expectGap;
	constructor(options: JianziOptions);
	get status(): Status;
	get player(): Player | undefined;
	/** `number` rises with each login of the player; the newer login wins. */
	get session(): {
		id: string;
		number: number;
	} | undefined;
	/** Logs in and connects: with WeChat's code in WeChat, else as this device's player. One flight for all callers. */
	login(options?: LoginOptions): Promise<Player>;
	/** Ends the session here and on the server; `login()` begins a new one. */
	logout(): Promise<void>;
	/** Finds players and takes the seat: resolves with the room. */
	match(options: MatchOptions): Match;
	/** Calls a method of the server with bytes of your own. */
	call(method: string, body?: Uint8Array, options?: CallOptions): Promise<Uint8Array>;
	/** Leaves the server for good; everything is released. */
	close(): void;
	/** A call before the login waits for it, and begins it if nobody has. */
	private request;
	private welcomed;
	private verdict;
	private take;
	private pushed;
	private stopped;
}
/** The part of `wx` that is used. */
export interface Wx {
	connectSocket(options: {
		url: string;
		tcpNoDelay?: boolean;
		timeout?: number;
		fail?: (error: {
			errMsg: string;
		}) => void;
	}): WxSocket;
	request(options: {
		url: string;
		method?: "GET" | "POST";
		header?: {
			[name: string]: string;
		};
		data?: string;
		dataType?: "json" | "\u5176\u4ED6";
		timeout?: number;
		success?: (answer: {
			statusCode: number;
			data: unknown;
		}) => void;
		fail?: (error: {
			errMsg: string;
		}) => void;
	}): unknown;
	login(options: {
		success?: (answer: {
			code: string;
		}) => void;
		fail?: (error: {
			errMsg: string;
		}) => void;
	}): unknown;
	getStorageSync(key: string): unknown;
	setStorageSync(key: string, value: string): void;
	getLaunchOptionsSync(): {
		query?: {
			[name: string]: string;
		};
	};
	onShow(listener: (options: {
		query?: {
			[name: string]: string;
		};
	}) => void): void;
	onHide(listener: () => void): void;
	onNetworkStatusChange?(listener: (status: {
		isConnected: boolean;
	}) => void): void;
	offNetworkStatusChange?(listener?: (status: any) => void): void;
	offShow?(listener: (options: {
		query?: {
			[name: string]: string;
		};
	}) => void): void;
	offHide?(listener: () => void): void;
}
interface WxSocket {
	send(options: {
		data: ArrayBuffer;
		fail?: (error: {
			errMsg: string;
		}) => void;
	}): void;
	close(options: {
		code?: number;
	}): void;
	onOpen(listener: () => void): void;
	onMessage(listener: (message: {
		data: string | ArrayBuffer;
	}) => void): void;
	onError(listener: (error: {
		errMsg: string;
	}) => void): void;
	onClose(listener: (reason: {
		code: number;
		reason: string;
	}) => void): void;
}
export declare function wxPlatform(wx: Wx): Platform;

export as namespace Jianzi;

export {};
