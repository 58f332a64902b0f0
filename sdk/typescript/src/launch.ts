// How the game was opened, and the link that opens it at a friend's.
import { Emitter } from "./emitter";
import type { Lifecycle } from "./platform/platform";

/** For `wx.shareAppMessage(invite)`. */
export interface Invite {
  title?: string;
  imageUrl?: string;
  /** Comes back as `launch.invite`. */
  query: string;
  /** Where the game is a web page: the link to send. */
  url?: string;
}

export class Launch extends Emitter<{ invite: string }> {
  /** The newest invite that the game was opened with, cold or warm. */
  invite?: string;
  /** Everything the game was opened with. */
  query: { [name: string]: string } = {};
  private readonly unwatch: () => void;

  /** @internal */
  constructor(lifecycle: Lifecycle) {
    super();
    this.take(lifecycle.launchQuery());
    this.unwatch = lifecycle.watch(
      (query) => {
        if (query && Object.keys(query).length) this.take(query);
      },
      () => {},
    );
  }

  /** The invite, once: later calls give none until the game is opened with one again. */
  takeInvite(): string | undefined {
    const { invite } = this;
    this.invite = undefined;
    return invite;
  }

  /** @internal */
  close(): void {
    this.unwatch();
  }

  private take(query: { [name: string]: string }): void {
    this.query = query;
    if (!query.invite) return;
    this.invite = query.invite;
    this.emit("invite", query.invite);
  }
}

export function makeInvite(code: string, share: { title?: string; imageUrl?: string }, pageUrl: string | undefined): Invite {
  const query = "invite=" + encodeURIComponent(code);
  return { ...share, query, ...(pageUrl ? { url: `${pageUrl}?${query}` } : {}) };
}
