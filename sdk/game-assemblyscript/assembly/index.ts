// Tug of war: seats with even numbers pull to the left, the others to the right. Whoever has the rope ten steps on
// their side wins; after two minutes the side that is ahead does. A gust moves the rope a step now and then.
import { Bytes, Config, Game, Leave, Player, play, room } from "./jianzi";

export { jz_abi, jz_alloc, jz_init, jz_join, jz_leave, jz_input, jz_tick } from "./jianzi";
export { jz_view, jz_save, jz_save_version, jz_load } from "./jianzi";

const PULL: u8 = 1;
const STEP: i32 = 100;
const WON: i32 = 10 * STEP;
const GUST_TICKS: u32 = 40;

class TugOfWar extends Game {
  /** Hundredths of a step; negative is left. */
  private rope: i32 = 0;
  private over: bool = false;
  /** Pulls of each seat, all of them and those since the last tick. */
  private readonly pulls: StaticArray<u32>;
  private readonly fresh: StaticArray<u8>;
  private readonly names: Map<i32, string> = new Map();
  private readonly lastTick: u32;

  constructor(private readonly config: Config) {
    super();
    this.pulls = new StaticArray<u32>(config.seats);
    this.fresh = new StaticArray<u8>(config.seats);
    this.lastTick = config.tickHz * 120;
  }

  join(seat: i32, player: Player): void {
    this.names.set(seat, player.name);
    room.info(player.name + (seat % 2 == 0 ? " pulls to the left" : " pulls to the right"));
  }

  leave(seat: i32, why: Leave): void {
    if (this.names.has(seat)) this.names.delete(seat);
  }

  /** A seat pulls at most three times in a tick, however fast its client taps. */
  input(seat: i32, data: Bytes): void {
    if (seat >= this.fresh.length || data.length != 1 || data[0] != PULL || this.fresh[seat] >= 3) return;
    this.fresh[seat] += 1;
    this.pulls[seat] += 1;
  }

  tick(number: u32): void {
    if (this.over) return;
    for (let seat = 0; seat < this.fresh.length; seat++) {
      if (seat >= this.fresh.length - this.config.bots && room.randomBelow(4) == 0) this.fresh[seat] = 1;
      this.rope += (seat % 2 == 0 ? -STEP : STEP) * <i32>this.fresh[seat] / 4;
      this.fresh[seat] = 0;
    }
    if (number % GUST_TICKS == 0) this.rope += room.randomBelow(2) == 0 ? -STEP : STEP;
    room.broadcast(this.view(-1));
    if (abs(this.rope) >= WON || number >= this.lastTick) this.finish();
  }

  /** The rope as i32, then each seat's pulls as u32. */
  view(seat: i32): Bytes {
    const told = new StaticArray<u8>(4 + 4 * this.pulls.length), at = changetype<usize>(told);
    store<i32>(at, this.rope);
    memory.copy(at + 4, changetype<usize>(this.pulls), 4 * this.pulls.length);
    return told;
  }

  save(): Bytes {
    const told = this.view(-1), saved = new StaticArray<u8>(told.length + this.fresh.length + 1);
    memory.copy(changetype<usize>(saved), changetype<usize>(told), told.length);
    memory.copy(changetype<usize>(saved) + told.length, changetype<usize>(this.fresh), this.fresh.length);
    saved[saved.length - 1] = this.over ? 1 : 0;
    return saved;
  }

  load(version: u32, saved: Bytes): bool {
    const seats = this.pulls.length, at = changetype<usize>(saved);
    if (version != 1 || saved.length != 4 + 5 * seats + 1) return false;
    this.rope = load<i32>(at);
    memory.copy(changetype<usize>(this.pulls), at + 4, 4 * seats);
    memory.copy(changetype<usize>(this.fresh), at + 4 + 4 * seats, seats);
    this.over = saved[saved.length - 1] == 1;
    return true;
  }

  private finish(): void {
    this.over = true;
    room.metric("rope", <f64>this.rope / STEP);
    room.effect("winner", StaticArray.fromArray<u8>([this.rope < 0 ? 0 : 1]));
    room.end(this.view(-1));
  }
}

play((config: Config): Game => new TugOfWar(config));
