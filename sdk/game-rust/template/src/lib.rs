//! Tug of war: seats with even numbers pull to the left, the others to the right. Whoever has the rope ten steps on
//! their side wins; after two minutes the side that is ahead does. A gust moves the rope a step now and then.

use jianzi_game::{Config, Game, Leave, Player, Room, Save, Seat, Unreadable, View};

pub struct TugOfWar {
    /// Hundredths of a step; negative is left.
    rope: i32,
    over: bool,
    seats: Vec<Puller>,
    last_tick: u32,
}

#[derive(Clone, Default)]
struct Puller {
    name: String,
    bot: bool,
    pulls: u32,
    /// Pulls since the last tick.
    fresh: u8,
}

const STEP: i32 = 100;
const WON: i32 = 10 * STEP;
const GUST_TICKS: u32 = 40;
const PULL: &[u8] = &[1];

jianzi_game::game!(TugOfWar: View, Save);

impl Game for TugOfWar {
    fn new(config: &Config, _: &mut Room) -> TugOfWar {
        let players = config.seats.saturating_sub(config.bots);
        let seats = (0..config.seats).map(|seat| Puller { bot: seat >= players, ..Puller::default() });
        TugOfWar { rope: 0, over: false, seats: seats.collect(), last_tick: config.tick_hz * 120 }
    }

    fn join(&mut self, room: &mut Room, seat: Seat, player: Player) {
        let Some(puller) = self.seats.get_mut(usize::from(seat)) else { return };
        puller.name = player.name.to_owned();
        let side = if seat.is_multiple_of(2) { "left" } else { "right" };
        room.info(&format!("{} pulls to the {side}", player.name));
    }

    fn leave(&mut self, _: &mut Room, seat: Seat, _: Leave) {
        if let Some(puller) = self.seats.get_mut(usize::from(seat)) {
            puller.name.clear();
        }
    }

    /// A seat pulls at most three times in a tick, however fast its client taps.
    fn input(&mut self, _: &mut Room, seat: Seat, data: &[u8]) {
        let Some(puller) = self.seats.get_mut(usize::from(seat)) else { return };
        if data == PULL && puller.fresh < 3 {
            puller.fresh += 1;
            puller.pulls += 1;
        }
    }

    fn tick(&mut self, room: &mut Room, number: u32) {
        if self.over {
            return;
        }
        for (seat, puller) in self.seats.iter_mut().enumerate() {
            if puller.bot && room.random_below(4) == 0 {
                puller.fresh = 1;
            }
            let side = if seat.is_multiple_of(2) { -1 } else { 1 };
            self.rope += side * STEP * i32::from(puller.fresh) / 4;
            puller.fresh = 0;
        }
        if number.is_multiple_of(GUST_TICKS) {
            self.rope += if room.random_below(2) == 0 { -STEP } else { STEP };
        }
        room.broadcast(&self.view(None));
        if self.rope.abs() >= WON || number >= self.last_tick {
            self.finish(room);
        }
    }
}

/// The rope as i32, then each seat's pulls as u32, little-endian.
impl View for TugOfWar {
    fn view(&self, _: Option<Seat>) -> Vec<u8> {
        let pulls = self.seats.iter().flat_map(|puller| puller.pulls.to_le_bytes());
        self.rope.to_le_bytes().into_iter().chain(pulls).collect()
    }
}

/// The view, then each seat's fresh pulls, and whether it is over.
impl Save for TugOfWar {
    const VERSION: u32 = 1;

    fn save(&self) -> Vec<u8> {
        let mut saved = self.view(None);
        saved.extend(self.seats.iter().map(|puller| puller.fresh));
        saved.push(self.over.into());
        saved
    }

    fn load(&mut self, _: &mut Room, version: u32, saved: &[u8]) -> Result<(), Unreadable> {
        let seats = self.seats.len();
        let (rope, rest) = saved.split_first_chunk().ok_or(Unreadable)?;
        let (pulls, rest) = rest.split_at_checked(4 * seats).ok_or(Unreadable)?;
        let (fresh, [over]) = rest.split_at_checked(seats).ok_or(Unreadable)? else { return Err(Unreadable) };
        if version != 1 {
            return Err(Unreadable);
        }
        self.rope = i32::from_le_bytes(*rope);
        self.over = *over == 1;
        let (pulls, _) = pulls.as_chunks();
        for (puller, (pulls, fresh)) in self.seats.iter_mut().zip(pulls.iter().zip(fresh)) {
            puller.pulls = u32::from_le_bytes(*pulls);
            puller.fresh = *fresh;
        }
        Ok(())
    }
}

impl TugOfWar {
    fn finish(&mut self, room: &mut Room) {
        self.over = true;
        room.metric("rope", f64::from(self.rope) / f64::from(STEP));
        room.effect("winner", &[u8::from(self.rope >= 0)]);
        room.end(&self.view(None));
    }
}

#[cfg(test)]
mod tests {
    use jianzi_game::testing::{Said, TestRoom, Wish};

    use super::*;

    #[test]
    fn whoever_pulls_wins_once() {
        let mut room = TestRoom::<TugOfWar>::new(Wish { seats: 2, ..Wish::default() });
        room.join(0, "ann");
        room.join(1, "ben");
        while !room.game.over {
            room.input(1, PULL);
            room.tick();
            assert!(room.now() < 100);
        }
        let ends = |said: &[Said]| said.iter().filter(|said| matches!(said, Said::End(_))).count();
        assert_eq!(ends(&room.take_said()), 1);
        assert!(room.game.rope >= WON);
        room.ticks(10);
        assert_eq!(room.take_said(), []);
    }

    #[test]
    fn a_room_goes_on_from_its_save() {
        let wish = Wish { seats: 4, bots: 2, ..Wish::default() };
        let mut rooms = [TestRoom::<TugOfWar>::new(wish.clone()), TestRoom::new(wish)];
        for room in &mut rooms {
            room.ticks(30);
            room.input(0, PULL);
            room.take_said();
        }
        let [mut plain, swapped] = rooms;
        let mut swapped = swapped.swap::<TugOfWar>().expect("it reads what it writes");
        plain.ticks(30);
        swapped.ticks(30);
        assert_eq!(plain.take_said(), swapped.take_said());
    }

    #[test]
    fn strange_inputs_move_nothing() {
        let mut room = TestRoom::<TugOfWar>::new(Wish { seats: 2, ..Wish::default() });
        for data in [&[][..], &[0], &[2], &[1, 1]] {
            room.input(0, data);
        }
        room.input(7, PULL);
        (0..50).for_each(|_| room.input(0, PULL));
        assert_eq!(room.game.seats[0].pulls, 3);
    }
}
