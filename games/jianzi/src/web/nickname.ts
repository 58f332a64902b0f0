// A name for somebody who just came by. One per tab, so that two tabs are two players.

const NAMES = ["糖葫芦", "小笼包", "桂花糕", "豆沙包", "山楂片", "绿豆饼", "芝麻球", "麦芽糖", "莲子羹", "杏仁酥", "柿饼", "汤圆"];

export function nickname(): string {
  const key = "jianzi-nickname";
  try {
    const kept = sessionStorage.getItem(key);
    if (kept) return kept;
  } catch { /* private mode: a new one each time */ }
  const drawn = crypto.getRandomValues(new Uint16Array(2));
  const name = `${NAMES[drawn[0]! % NAMES.length]!}${100 + (drawn[1]! % 900)}`;
  try { sessionStorage.setItem(key, name); } catch { /* as above */ }
  return name;
}
