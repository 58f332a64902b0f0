//! Rooms beside a hostile one: how late their frames come while they are among themselves, beside a room that burns nearly
//! all it may in every tick, and beside one that never comes back from its ticks.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use anyhow::{Context, Result, anyhow};
use clock::{Clock, Moment};

use super::{crowd, guests, pace, players, room_pace, told};
use crate::cli::{AuthoritativeArgs, RunArgs};
use crate::engine::{Dial, Engine, Play};
use crate::figures::Figures;
use crate::lines::{Lines, Window};
use crate::lobby::Lobby;
use crate::measure::measure_during;
use crate::run::room_names;
use crate::server::Server;
use crate::shapes::lockstep::{Game, Lockstep, room_spec};
use crate::shapes::story::{NO_PHASE, PHASES, Phase};
use crate::sources::Sources;
use crate::stop;

pub fn measure(server: &Server, args: &AuthoritativeArgs) -> Result<Figures> {
    guests::publish(server, &args.server, &[guests::BUSY, guests::ENDLESS])?;
    let crowd = crowd(args);
    let all = crowd.groups * crowd.group;
    let tokens = server.tokens(all..all + 2, Sources(args.run.sources))?;
    let phase = Phase::default();
    let make = players(pace(args), crowd);
    let make = |rooms| Lockstep::in_phases(make(rooms), phase.clone());
    let seconds = args.run.seconds * PHASES as f64 + BETWEEN.as_secs_f64() * (PHASES - 1) as f64;
    let run = RunArgs { seconds, ..args.run.clone() };
    let each = Duration::from_secs_f64(args.run.seconds);
    let mut cores = Vec::new();
    let mut used_until = |until: Moment| -> Result<()> {
        let (begun, before) = (Clock::System.now(), server.cpu_time()?);
        stop::wait_until(until)?;
        let used = server.cpu_time()?.zip(before).map_or(Duration::ZERO, |(now, before)| now - before);
        cores.push(used.as_secs_f64() / Clock::System.now().since(begun).as_secs_f64());
        Ok(())
    };
    let course = |window: Window| {
        used_until(window.from + each)?;
        for (number, guest) in [guests::BUSY, guests::ENDLESS].into_iter().enumerate() {
            phase.store(NO_PHASE, Ordering::Relaxed);
            let begun = Clock::System.now();
            let game = Game { name: guest.name, seed: 1 };
            let hostile = Hostile::enter(server, game, args, all + number, tokens[number].clone())?;
            // The calls that a room may cost before it is dealt with belong to what is measured.
            phase.store(number + 1, Ordering::Relaxed);
            used_until(begun + BETWEEN / 2 + each)?;
            phase.store(NO_PHASE, Ordering::Relaxed);
            hostile.leave()?;
            stop::wait_until(begun + BETWEEN + each)?;
        }
        Ok(())
    };
    let (figures, story) = measure_during(server, &run, crowd, |_| String::new(), make, course)?;
    Ok(told(figures, |figures| {
        let phases = ["alone", guests::BUSY.name, guests::ENDLESS.name];
        story.push_lags(figures, phases);
        for (phase, cores) in phases.iter().zip(&cores) {
            figures.push(format!("{phase}_server_cores"), *cores);
        }
    }))
}

/// For a hostile room to come and to go.
const BETWEEN: Duration = Duration::from_secs(2);

/// A player in a room of the player's own, on a thread of its own.
struct Hostile {
    leave: Arc<AtomicBool>,
    thread: std::thread::JoinHandle<Result<()>>,
}

impl Hostile {
    /// Returns once the player is inside, which is when the room begins to tick.
    fn enter(
        server: &Server,
        game: Game,
        args: &AuthoritativeArgs,
        line: usize,
        token: String,
    ) -> Result<Hostile> {
        const LIMIT: Duration = Duration::from_secs(10);
        let dial = Dial {
            server: server.door.address,
            sources: Sources(args.run.sources),
            tokens: vec![token],
            paths: vec![server.path(String::new)],
            first: line,
        };
        let spec = room_spec(room_pace(game, 1, args.tick_hz));
        let mut guest = Guest { lobby: Lobby::new(1, spec, Some(room_names(1))) };
        let leave = Arc::new(AtomicBool::new(false));
        let inside = Arc::new(OnceLock::new());
        let (told, left) = (inside.clone(), leave.clone());
        let thread = std::thread::spawn(move || {
            let mut engine = Engine::new(dial)?;
            engine.run(&mut guest, NEVER, |guest, _| {
                if guest.lobby.everybody_inside() {
                    let _ = told.set(());
                }
                left.load(Ordering::Relaxed)
            })?;
            engine.lines.hang_up();
            Ok(())
        });
        let until = Clock::System.now() + LIMIT;
        while inside.get().is_none() {
            let now = Clock::System.now();
            if thread.is_finished() || now >= until {
                leave.store(true, Ordering::Relaxed);
                let ended = thread.join().map_err(|_| anyhow!("the hostile player's thread panicked"))?;
                return Err(ended.err().unwrap_or_else(|| anyhow!("it did not get in within {LIMIT:?}")))
                    .with_context(|| format!("the player of a room of {}", game.name));
            }
            stop::wait_until(now + Duration::from_millis(5))?;
        }
        Ok(Hostile { leave, thread })
    }

    fn leave(self) -> Result<()> {
        self.leave.store(true, Ordering::Relaxed);
        self.thread.join().map_err(|_| anyhow!("the hostile player's thread panicked"))?
    }
}

const NEVER: Moment = Moment::from_micros(u64::MAX);

/// Enters, and listens no more.
struct Guest {
    lobby: Lobby,
}

impl Play for Guest {
    fn opened(&mut self, line: usize, lines: &mut Lines) {
        self.lobby.opened(line, lines);
    }

    fn message(
        &mut self,
        line: usize,
        operation: u8,
        body: &[u8],
        _: Moment,
        lines: &mut Lines,
    ) -> Result<()> {
        match operation {
            protocol::operation::ANSWER => self.lobby.answered(line, body, lines),
            _ => Ok(()),
        }
    }

    fn pace(&mut self, _: Moment, _: &mut Lines) -> Moment {
        NEVER
    }
}
