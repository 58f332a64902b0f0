// Every word on the screen, in Chinese and English.

export type Language = "zh" | "en";

const WORDS = {
  title: ["毽子", "Jianzi"],
  motto: ["让毽子一直在空中", "Keep it in the air"],
  quick: ["快速开始", "Quick start"],
  quickHint: ["马上开局，人不够时由机器人补位", "Starts at once; bots fill the empty places"],
  players: ["人数", "Players"],
  invite: ["邀请好友", "Invite a friend"],
  copied: ["链接已复制，发给好友吧", "Link copied: send it to a friend"],
  copyLink: ["复制链接", "Copy link"],
  startNow: ["现在开始", "Start now"],
  waitingFriend: ["等好友进来…", "Waiting for a friend…"],
  inRoom: ["已在房间", "In the room"],
  connecting: ["连接中…", "Connecting…"],
  loggingIn: ["登录中…", "Logging in…"],
  matching: ["正在找人…", "Looking for players…"],
  cancel: ["取消", "Cancel"],
  back: ["返回", "Back"],
  again: ["再来一局", "Play again"],
  watch: ["再看一遍", "Watch again"],
  watching: ["回放", "Replay"],
  speed: ["速度", "Speed"],
  team: ["团队得分", "Team score"],
  best: ["最长连踢", "Best rally"],
  combo: ["连踢", "Rally"],
  touches: ["踢中", "Kicks"],
  perfects: ["完美", "Perfect"],
  drops: ["掉落", "Drops"],
  you: ["你", "You"],
  bot: ["机器人", "Bot"],
  go: ["开始！", "Go!"],
  over: ["时间到", "Time!"],
  perfect: ["完美", "Perfect"],
  good: ["不错", "Good"],
  scrape: ["险！", "Phew!"],
  drop: ["掉了…", "Dropped…"],
  golden: ["金毽子！", "Golden!"],
  lantern: ["灯笼", "Lantern"],
  online: ["在线", "Online"],
  offline: ["未连接", "Offline"],
  reconnecting: ["重连中", "Reconnecting"],
  attempt: ["第 {n} 次", "try {n}"],
  kicked: ["帐号在别处登录", "Signed in elsewhere"],
  outdated: ["请更新到新版本", "Please update"],
  closed: ["已断开", "Closed"],
  takeBack: ["在这里继续", "Continue here"],
  refresh: ["刷新页面", "Reload"],
  sorry: ["出了点问题", "Something went wrong"],
  retry: ["重试", "Try again"],
  howMove: ["移动", "Move"],
  howKick: ["踢", "Kick"],
  howDesktop: ["移动鼠标或按 ← → 走位，单击或按空格踢毽子；光圈合拢时出脚最准", "Move with the mouse or ← →, click or press space to kick; best when the ring closes"],
  howTouch: ["左边走位，右边踢；光圈合拢时出脚最准", "Walk on the left, kick on the right; best when the ring closes"],
  lostRoom: ["房间已经不在了", "The room is gone"],
  ended: ["这一局结束了", "The match is over"],
  trouble: ["捣乱", "Trouble"],
  troubleHint: ["弄坏它，看看代价", "Break it and see what it cost"],
  cut: ["断网 10 秒", "Cut the network, 10 s"],
  weak: ["弱网 20 秒", "Weak network, 20 s"],
  background: ["切到后台 60 秒", "Background, 60 s"],
  elsewhere: ["在别的设备登录", "Log in elsewhere"],
  foreground: ["提前回到前台", "Come back early"],
  running: ["进行中 {n} 秒", "{n} s to go"],
  recovering: ["正在赶上…", "Catching up…"],
  costPause: ["停顿", "Pause"],
  costFrames: ["补回的帧", "Frames backfilled"],
  costInputs: ["丢失的输入", "Inputs lost"],
  costHash: ["状态一致", "States equal"],
  yes: ["是", "yes"],
  no: ["否", "no"],
  needMatch: ["先开一局再捣乱", "Start a match first"],
  disputed: ["各方结果不一致", "Results differ"],
  agreed: ["所有人结果一致", "All agree on the result"],
  sound: ["声音", "Sound"],
} as const;

export type Word = keyof typeof WORDS;
export type Say = (word: Word, values?: Record<string, string | number>) => string;

export function speak(language: Language): Say {
  const column = language === "zh" ? 0 : 1;
  return (word, values = {}) =>
    Object.keys(values).reduce((text, key) => text.replace(`{${key}}`, String(values[key])), WORDS[word][column] as string);
}

export const languageOf = (tag: string | undefined): Language => ((tag ?? "zh").toLowerCase().indexOf("zh") === 0 ? "zh" : "en");
