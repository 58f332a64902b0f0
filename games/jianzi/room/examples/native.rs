//! What a tick of these rules costs without WASM, in a thousand rooms in turn: the other half of a comparison with
//!
//! ```text
//! cargo run --release --example native
//! cargo run --release -p wasm-host --example calls games/jianzi/room/dist/jianzi-v1.wasm     (in the project's root)
//! ```

#![allow(
    clippy::disallowed_methods,
    reason = "a measurement beside the server, which has no clock of its own"
)]

use std::time::Instant;

use jianzi_game::testing::{TestRoom, Wish};
use jianzi_room::Rally;

const ROOMS: u32 = 1000;
const TICKS: u32 = 200;
const SEATS: u32 = 4;

fn main() {
    let wish = Wish { seats: SEATS, seed: 7, ..Wish::default() };
    let mut rooms: Vec<_> = (0..ROOMS).map(|_| TestRoom::<Rally>::new(wish.clone())).collect();
    for room in &mut rooms {
        (0..SEATS).for_each(|seat| room.join(seat as u16, "player"));
    }
    measure("tick, rooms in turn", &mut rooms, |_, _| {});
    measure("tick with an input, rooms in turn", &mut rooms, |room, tick| {
        room.input((tick % SEATS) as u16, b"kick");
    });
}

fn measure(what: &str, rooms: &mut [TestRoom<Rally>], before: impl Fn(&mut TestRoom<Rally>, u32)) {
    let begin = Instant::now();
    for tick in 0..TICKS {
        for room in rooms.iter_mut() {
            before(room, tick);
            room.tick();
            room.take_said();
        }
    }
    let each = begin.elapsed().as_secs_f64() * 1e6 / f64::from(ROOMS * TICKS);
    println!("{what:<36} {each:>10.2} µs");
}
