//! A room for a game's own tests: `cargo test`, no server, no WASM.
//!
//! ```
//! # use jianzi_game::{Config, Game, Room, Seat};
//! # struct Echo;
//! # impl Game for Echo {
//! #     fn new(_: &Config, _: &mut Room) -> Echo { Echo }
//! #     fn input(&mut self, room: &mut Room, seat: Seat, data: &[u8]) { room.send(seat, data) }
//! #     fn tick(&mut self, _: &mut Room, _: u32) {}
//! # }
//! use jianzi_game::testing::{Said, TestRoom, Wish};
//!
//! let mut room = TestRoom::<Echo>::new(Wish { seats: 2, ..Wish::default() });
//! room.join(0, "ann");
//! room.input(0, b"hello");
//! assert_eq!(room.take_said(), [Said::Send { seat: 0, data: b"hello".to_vec() }]);
//! ```

use crate::exports::{sealed, unsealed};
use crate::{Config, Game, Leave, Player, Room, Save, Seat, Unreadable, View, recorder};

/// How a room is wished for in a test.
#[derive(Clone, Debug)]
pub struct Wish {
    pub seed: u32,
    pub tick_hz: u32,
    pub seats: u32,
    /// The last seats.
    pub bots: u32,
    pub properties: Vec<(String, String)>,
}

/// What a game has said, in its order.
#[derive(Clone, Debug, PartialEq)]
pub enum Said {
    Broadcast(Vec<u8>),
    Send { seat: Seat, data: Vec<u8> },
    Effect { kind: String, data: Vec<u8> },
    End(Vec<u8>),
    Log { level: u8, text: String },
    Metric { name: String, value: f64 },
}

/// One room of the game `G`, driven by hand.
pub struct TestRoom<G> {
    pub game: G,
    room: Room,
    wish: Wish,
    tick: u32,
}

impl Default for Wish {
    fn default() -> Wish {
        Wish { seed: 1, tick_hz: 20, seats: 2, bots: 0, properties: Vec::new() }
    }
}

impl<G: Game> TestRoom<G> {
    pub fn new(wish: Wish) -> TestRoom<G> {
        let mut room = recorder::room(wish.seed.into());
        let game = begin(&wish, &mut room);
        TestRoom { game, room, wish, tick: 0 }
    }

    /// Somebody takes a seat; the player's id is made from the name.
    pub fn join(&mut self, seat: Seat, name: &str) {
        let id = format!("player-{name}");
        self.game.join(&mut self.room, seat, Player { id: &id, name });
    }

    pub fn leave(&mut self, seat: Seat, why: Leave) {
        self.game.leave(&mut self.room, seat, why);
    }

    pub fn input(&mut self, seat: Seat, data: &[u8]) {
        self.game.input(&mut self.room, seat, data);
    }

    /// The next tick, and the room's time with it.
    pub fn tick(&mut self) {
        self.tick += 1;
        self.room.host.now_us = u64::from(self.tick) * (1_000_000 / u64::from(self.wish.tick_hz.max(1)));
        self.game.tick(&mut self.room, self.tick);
    }

    pub fn ticks(&mut self, count: u32) {
        for _ in 0..count {
            self.tick();
        }
    }

    /// The number of the last tick.
    pub fn now(&self) -> u32 {
        self.tick
    }

    /// What was said since the last time.
    pub fn take_said(&mut self) -> Vec<Said> {
        std::mem::take(&mut self.room.host.said)
    }

    /// The broadcasts among [`take_said`](Self::take_said).
    pub fn take_broadcasts(&mut self) -> Vec<Vec<u8>> {
        let said = self.take_said().into_iter();
        said.filter_map(|said| if let Said::Broadcast(data) = said { Some(data) } else { None }).collect()
    }

    pub fn view(&self, seat: Option<Seat>) -> Vec<u8>
    where
        G: View,
    {
        self.game.view(seat)
    }

    /// For what a trait's method asks of a room in a test of its own.
    pub fn with_room<T>(&mut self, what: impl FnOnce(&mut Room) -> T) -> T {
        what(&mut self.room)
    }

    /// Hands the room over to the rules `H`, as a hot fix does: saved here, begun anew there, loaded.
    ///
    /// # Errors
    /// If `H` cannot read what `G` has saved.
    pub fn swap<H: Save>(mut self) -> Result<TestRoom<H>, Unreadable>
    where
        G: Save,
    {
        let saved = sealed(&self.game);
        let (version, saved) = unsealed(&saved)?;
        let mut game: H = begin(&self.wish, &mut self.room);
        game.load(&mut self.room, version, saved)?;
        Ok(TestRoom { game, room: self.room, wish: self.wish, tick: self.tick })
    }
}

/// Through the ABI's bytes, so that a test sees what a module would.
fn begin<G: Game>(wish: &Wish, room: &mut Room) -> G {
    let count = wish.properties.len() as u32;
    let mut bytes = Vec::new();
    for number in [wish.seed, wish.tick_hz, wish.seats, wish.bots, count] {
        bytes.extend(number.to_le_bytes());
    }
    for text in wish.properties.iter().flat_map(|(key, value)| [key, value]) {
        bytes.extend((text.len() as u32).to_le_bytes());
        bytes.extend(text.as_bytes());
    }
    let config = Config::read(&bytes).expect("a wish is written as it is read");
    G::new(&config, room)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Counts what comes in; its second version counts double.
    struct Tally<const TIMES: u32> {
        sum: u32,
        seats: u32,
    }

    impl<const TIMES: u32> Game for Tally<TIMES> {
        fn new(config: &Config, room: &mut Room) -> Self {
            room.info(config.property("greeting").unwrap_or("nothing"));
            Tally { sum: 0, seats: config.seats }
        }
        fn join(&mut self, room: &mut Room, seat: Seat, player: Player) {
            room.effect("came", player.id.as_bytes());
            room.send(seat, player.name.as_bytes());
        }
        fn input(&mut self, _: &mut Room, _: Seat, data: &[u8]) {
            self.sum += data.len() as u32 * TIMES;
        }
        fn tick(&mut self, room: &mut Room, number: u32) {
            room.broadcast(&[number as u8, self.sum as u8]);
            if self.sum >= 10 {
                room.metric("sum", self.sum.into());
                room.end(&room.now_us().to_le_bytes());
            }
        }
    }

    impl<const TIMES: u32> View for Tally<TIMES> {
        fn view(&self, seat: Option<Seat>) -> Vec<u8> {
            vec![self.sum as u8, seat.map_or(255, |seat| seat as u8)]
        }
    }

    impl<const TIMES: u32> Save for Tally<TIMES> {
        const VERSION: u32 = TIMES;

        fn save(&self) -> Vec<u8> {
            vec![self.sum as u8]
        }
        fn load(&mut self, _: &mut Room, version: u32, saved: &[u8]) -> Result<(), Unreadable> {
            match (version, saved) {
                (1 | 2, [sum]) => self.sum = u32::from(*sum),
                _ => return Err(Unreadable),
            }
            Ok(())
        }
    }

    crate::game!(Tally<1>: View, Save);

    #[test]
    fn a_test_room_drives_a_game_and_keeps_what_it_says() {
        let greeting = vec![("greeting".to_owned(), "毽子".to_owned())];
        let mut room = TestRoom::<Tally<1>>::new(Wish { seats: 3, properties: greeting, ..Wish::default() });
        assert_eq!(room.game.seats, 3);
        assert_eq!(room.take_said(), [Said::Log { level: 1, text: "毽子".to_owned() }]);
        room.join(1, "ann");
        let came = Said::Effect { kind: "came".to_owned(), data: b"player-ann".to_vec() };
        assert_eq!(room.take_said(), [came, Said::Send { seat: 1, data: b"ann".to_vec() }]);
        room.ticks(2);
        room.input(1, b"0123456789");
        room.tick();
        assert_eq!(room.now(), 3);
        assert_eq!(room.view(None), [10, 255]);
        assert_eq!(room.view(Some(1)), [10, 1]);
        let end = Said::End(150_000u64.to_le_bytes().to_vec());
        assert_eq!(room.take_said()[3..], [Said::Metric { name: "sum".to_owned(), value: 10.0 }, end]);
    }

    #[test]
    fn a_save_crosses_versions_and_an_unknown_one_is_refused() {
        let mut room = TestRoom::<Tally<1>>::new(Wish::default());
        room.input(0, b"abc");
        room.tick();
        let mut room = room.swap::<Tally<2>>().expect("2 reads 1");
        room.input(0, b"abc");
        room.tick();
        assert_eq!((room.game.sum, room.now()), (9, 2));
        let room = room.swap::<Tally<3>>().err();
        assert_eq!(room, None, "3 reads 2");
        let third = TestRoom::<Tally<3>>::new(Wish::default());
        assert_eq!(third.swap::<Tally<1>>().err(), Some(Unreadable));
    }

    #[test]
    fn chance_repeats_with_the_seed() {
        let draw = |seed| {
            let mut room = recorder::room(seed);
            (0..50).map(|_| room.random_below(6)).collect::<Vec<_>>()
        };
        assert_eq!(draw(1), draw(1));
        assert_ne!(draw(1), draw(2));
        assert!(draw(1).iter().all(|number| *number < 6) && draw(1).contains(&0) && draw(1).contains(&5));
    }
}
