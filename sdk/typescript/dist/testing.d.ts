// Jianzi SDK 0.1.0, Apache-2.0

type Cancel = () => void;
interface Clock {
	/** Milliseconds; only differences count. */
	now(): number;
	after(ms: number, run: () => void): Cancel;
	/** From 0 up to, but not, 1. */
	random(): number;
}
interface Transport {
	open(url: string, events: LinkEvents): Link;
}
interface Link {
	send(bytes: Uint8Array): void;
	/** No event follows. */
	close(): void;
}
interface LinkEvents {
	open(): void;
	message(bytes: Uint8Array): void;
	/** The link is gone, also when it never opened. At most once. */
	closed(reason: string): void;
}
export interface Weakness {
	/** Added to every message in each direction, in milliseconds. */
	latencyMs?: number;
	/** Besides, a random time from 0 to this. */
	jitterMs?: number;
	/**
	 * The share of messages that get lost, 0–1. A socket loses nothing: TCP sends again after `resendMs`, and all behind
	 * waits for it. So does this.
	 */
	loss?: number;
	/** Default 200. */
	resendMs?: number;
}
export interface BadNetwork {
	/** For `new Jianzi({ transport })`. */
	transport: Transport;
	/** Bad for so many seconds; without them, until `heal`. */
	weak(weakness: Weakness, seconds?: number): void;
	/** No connection, and none to be had. `silent`: open links are dead without anybody saying so. */
	cut(seconds?: number, options?: {
		silent?: boolean;
	}): void;
	heal(): void;
	/** What went through, by both directions, in messages and bytes. */
	counts: {
		messages: number;
		bytes: number;
		resent: number;
	};
}
/** The server's end of a link. */
export interface MemoryPeer {
	url: string;
	send(bytes: Uint8Array): void;
	/** The client hears of it, unless `silently`: then the link is dead and nobody says so. */
	close(reason?: string, silently?: boolean): void;
	onMessage: (bytes: Uint8Array) => void;
	/** The client closed. */
	onClose: () => void;
}
/** Calls `accept` for each link; to refuse it, close it there. Everything arrives later, in order, never within a call. */
export declare function memoryTransport(accept: (peer: MemoryPeer) => void, clock?: Clock): Transport;
/** Makes a transport as bad as asked; by default the one that the SDK would use. */
export declare function badNetwork(inner?: Transport, clock?: Clock): BadNetwork;

export {};
