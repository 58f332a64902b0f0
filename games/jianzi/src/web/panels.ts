// The card in the middle of the page: title, waiting, lobby, result, problem.
import type { Play } from "../play";
import { result as outcome, stars, type State } from "../rules";
import type { Language, Say } from "../text";
import { dress } from "../view/palette";
import { element } from "./elements";

export interface PanelActions {
  quick(): void; invite(): void; begin(): void; cancel(): void; again(): void; watch(): void; takeBack(): void;
  players: number; choosePlayers(players: number): void;
  referee: boolean; chooseReferee(): void;
}

export function panel(play: Play, last: State | undefined, say: Say, language: Language, act: PanelActions): HTMLElement[] {
  if (play.status.state === "kicked" && play.screen.at !== "over") return kicked(say, act);
  if (play.status.state === "outdated") return [heading(say("outdated")), button("refresh", say("refresh"), () => location.reload(), true)];
  const { screen } = play;
  switch (screen.at) {
    case "title": return title(say, act);
    case "login": return waiting(say("loggingIn"), say, act);
    case "matching": return waiting(say("matching"), say, act);
    case "lobby": return lobby(play, say, act);
    case "playing": return [];
    case "over": return last ? result(play, last, say, act) : [];
    case "gone": return [
      heading(say(screen.reason === "lost" ? "lostRoom" : "ended")), button("again", say("again"), act.again, true),
      ...(screen.reason === "lost" || !play.watchable ? [] : [button("watch", say("watch"), act.watch)]), button("back", say("back"), act.cancel),
    ];
    case "problem": return problem(screen.error, say, language, act);
  }
}

function title(say: Say, act: PanelActions): HTMLElement[] {
  return [
    feather(), element("h1", {}, say("title")), element("p", {}, say("motto")),
    choice(say, act),
    button("quick", say("quick"), act.quick, true), element("p", {}, say("quickHint")),
    button("invite", say("invite"), act.invite), referee(say, act),
  ];
}

/** The quiet switch: who computes the match. */
function referee(say: Say, act: PanelActions): HTMLElement {
  return element("button", {
    type: "button", id: "referee", class: "switch", role: "switch", "aria-checked": String(act.referee), title: say("refereeHint"), click: act.chooseReferee,
  }, element("i"), say("referee"));
}

function choice(say: Say, act: PanelActions): HTMLElement {
  return element("div", { class: "choice", role: "group", "aria-label": say("players") },
    ...[2, 3, 4].map((n) => element("button", {
      type: "button", id: `players-${n}`, "aria-pressed": String(act.players === n), click: () => act.choosePlayers(n),
    }, `${n} P`)));
}

function waiting(text: string, say: Say, act: PanelActions): HTMLElement[] {
  return [
    feather(), heading(text), element("p", {}, say("quickHint")), choice(say, act),
    button("invite", say("invite"), act.invite), button("cancel", say("cancel"), act.cancel), referee(say, act),
  ];
}

function lobby(play: Play, say: Say, act: PanelActions): HTMLElement[] {
  const view = play.room?.view;
  if (!view) return waiting(say("connecting"), say, act);
  const me = play.seat;
  const people = element("ul", { class: "people" });
  for (let seat = 0; seat < view.spec.seats; seat++) {
    const who = view.seats.find((s) => s.seat === seat);
    people.append(element("li", { class: seat === me ? "mine" : "" },
      element("i", { style: `background:${dress(seat).coat}` }),
      who ? element("span", {}, seat === me ? `${who.name} (${say("you")})` : who.bot ? say("bot") : who.name)
        : element("span", { class: "empty" }, say("waitingFriend")),
      ""));
  }
  const owner = view.owner === play.player?.id;
  const isPrivate = view.spec.private;
  return [
    heading(say(isPrivate ? "invite" : "inRoom")), people,
    ...(isPrivate ? [link(play, say)] : []),
    ...(isPrivate && owner ? [button("begin", say("startNow"), act.begin, true)] : []),
    button("cancel", say("back"), act.cancel),
  ];
}

function link(play: Play, say: Say): HTMLElement {
  const url = inviteLink(play);
  const field = element("input", { id: "invite-link", readonly: true, value: url, "aria-label": say("copyLink") });
  const copy = element("button", { type: "button", id: "copy" }, say("copyLink"));
  copy.addEventListener("click", () => {
    field.select();
    const done = () => { copy.textContent = "✓"; };
    if (navigator.clipboard) navigator.clipboard.writeText(url).then(done, () => { if (document.execCommand("copy")) done(); });
    else if (document.execCommand("copy")) done();
  });
  return element("div", { class: "link" }, field, copy);
}

/** This page's address with the room's invite code. */
export function inviteLink(play: Play): string {
  const url = new URL(location.href);
  const kept = new URLSearchParams(play.room?.invite().query ?? "");
  url.search = kept.toString();
  url.hash = "";
  return url.toString();
}

function result(play: Play, state: State, say: Say, act: PanelActions): HTMLElement[] {
  const lit = stars(state);
  const order = state.players.map((player, seat) => ({ player, seat })).sort((a, b) => b.player.score - a.player.score);
  return [
    element("div", { class: "stars", "aria-label": `${lit}/3` }, ...[1, 2, 3].map((n) => element("span", { class: n <= lit ? "lit" : "" }, "★"))),
    element("p", {}, say("team")), element("div", { class: "big", id: "team-score" }, String(state.team)),
    element("p", {}, `${say("best")} ${state.best}`),
    element("ul", { class: "people" }, ...order.map(({ player, seat }, rank) => element("li", { class: seat === play.seat ? "mine" : "" },
      element("i", { style: `background:${dress(seat).coat}` }),
      element("span", { class: rank === 0 ? "first" : "" }, seat === play.seat ? say("you") : play.names[seat] ?? say("bot"),
        element("small", {}, `${say("touches")} ${player.touches} · ${say("perfects")} ${player.perfects} · ${say("drops")} ${player.drops}`)),
      element("b", {}, String(player.score))))),
    ...verdict(play, state, say),
    button("again", say("again"), act.again, true),
    element("div", { class: "row" }, play.watchable && button("watch", say("watch"), act.watch), button("invite", say("invite"), act.invite)),
    referee(say, act),
  ];
}

function verdict(play: Play, state: State, say: Say): HTMLElement[] {
  const line = (text: string) => [element("p", { id: "verdict" }, text)];
  if (play.verdict) return line(String(outcome(state)) === String(play.verdict) ? `✓ ${say("judged")}` : say("disputed"));
  return play.agreed === undefined || !play.watchable ? [] : line(play.agreed ? `✓ ${say("agreed")}` : say("disputed"));
}

function kicked(say: Say, act: PanelActions): HTMLElement[] {
  return [heading(say("kicked")), button("take-back", say("takeBack"), act.takeBack, true)];
}

function problem(error: Error & { messageZh?: string; code?: number }, say: Say, language: Language, act: PanelActions): HTMLElement[] {
  const sentence = language === "zh" && error.messageZh ? error.messageZh : error.message;
  return [heading(say("sorry")), element("p", { id: "problem" }, error.code ? `${sentence} (${error.code})` : sentence),
    button("retry", say("retry"), act.again, true), button("back", say("back"), act.cancel)];
}

const heading = (text: string): HTMLElement => element("h1", { class: "small" }, text);
const button = (id: string, text: string, click: () => void, main = false): HTMLElement =>
  element("button", { id, type: "button", class: main ? "button main" : "button", click }, text);

/** The shuttlecock as a small picture. */
function feather(): HTMLElement {
  const box = element("div", { class: "spinner", "aria-hidden": "true" });
  box.innerHTML = '<svg viewBox="-32 -50 64 64" width="54" height="54">' +
    ["#f25f5c", "#ffe066", "#50b99b", "#f78fb3", "#5fa8d3"].map((color, i) =>
      `<path transform="rotate(${(i - 2) * 17})" fill="${color}" d="M0 -4C-9 -16 -10 -34 -1 -46C9 -36 9 -16 0 -4Z"/>`).join("") +
    '<path fill="#e0483e" d="M-6 -9H6L8 2H-8Z"/><ellipse cy="6" rx="13" ry="5" fill="#a8791d"/><ellipse cy="3" rx="13" ry="5" fill="#ffc93c"/></svg>';
  return box;
}
