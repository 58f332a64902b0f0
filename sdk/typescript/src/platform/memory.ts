// A transport within one process: the other end is a function. For tests.
import { type Clock, systemClock } from "../clock";
import type { Link, LinkEvents, Transport } from "./platform";

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
export function memoryTransport(accept: (peer: MemoryPeer) => void, clock: Clock = systemClock): Transport {
  return { open: (url, events) => openMemory(url, events, accept, clock) };
}

function openMemory(url: string, events: LinkEvents, accept: (peer: MemoryPeer) => void, clock: Clock): Link {
  let clientOpen = true;
  let serverOpen = true;
  const later = (run: () => void) => void clock.after(0, run);
  const peer: MemoryPeer = {
    url,
    send(bytes) {
      const copy = bytes.slice();
      if (serverOpen) later(() => clientOpen && events.message(copy));
    },
    close(reason = "closed by the server", silently = false) {
      if (!serverOpen) return;
      serverOpen = false;
      if (silently) return;
      later(() => {
        if (!clientOpen) return;
        clientOpen = false;
        events.closed(reason);
      });
    },
    onMessage: () => {},
    onClose: () => {},
  };
  later(() => {
    if (!clientOpen) return;
    accept(peer);
    if (serverOpen) events.open();
  });
  return {
    send(bytes) {
      const copy = bytes.slice();
      if (clientOpen) later(() => serverOpen && peer.onMessage(copy));
    },
    close() {
      if (!clientOpen) return;
      clientOpen = false;
      later(() => {
        if (!serverOpen) return;
        serverOpen = false;
        peer.onClose();
      });
    },
  };
}
