//! The thread that runs the matcher.

mod queue;

use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use clock::{Chance, Clock, Moment};
use model::{AppId, Build, PlayerId, SessionId};
use protocol::messages::{MatchCancel, MatchStart, MatchStatus, MatchTicket};
use protocol::{ErrorCode, Fault};
use telemetry::Metrics;

use crate::config::MatchConfig;
use crate::matcher::{Decision, Matcher};
use crate::ports::{Players, RoomMaker};
use crate::ticket::Asking;
use crate::wish::spec_of;
use queue::{Command, Queue, StartRequest};

/// Runs on the matchmaking thread, or at once when the request is refused.
pub type Done = Box<dyn FnOnce(Result<MatchTicket, Fault>) + Send>;

/// Quick match of one node.
pub struct Matchmaking {
    queue: Arc<Queue>,
    maker: Arc<dyn RoomMaker>,
    metrics: Arc<Metrics>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl Matchmaking {
    /// Starts the thread. The error is the operating system's refusal to give one.
    pub fn start(
        config: MatchConfig,
        clock: Clock,
        chance: Chance,
        maker: Arc<dyn RoomMaker>,
        players: Arc<dyn Players>,
        metrics: Arc<Metrics>,
    ) -> std::io::Result<Arc<Matchmaking>> {
        let queue = Arc::new(Queue::new(config.queue));
        let matcher = Matcher::new(config, chance, metrics.clone());
        let worker = Worker { queue: queue.clone(), matcher, clock, maker: maker.clone(), players };
        let thread =
            std::thread::Builder::new().name("matchmaking".to_owned()).spawn(move || worker.run())?;
        Ok(Arc::new(Matchmaking { queue, maker, metrics, thread: Mutex::new(Some(thread)) }))
    }

    /// Method `match.start`.
    pub fn submit(
        &self,
        app: &AppId,
        player: &PlayerId,
        session: &SessionId,
        build: &Build,
        mut start: MatchStart,
        done: Done,
    ) {
        match spec_of(&mut start).and_then(|spec| self.maker.canonical(spec)) {
            Ok(spec) => {
                let asking = Asking {
                    app: app.clone(),
                    player: player.clone(),
                    session: *session,
                    build: build.clone(),
                };
                self.send(Command::Start(Box::new(StartRequest { asking, start, spec, done })));
            }
            Err(fault) => done(Err(fault)),
        }
    }

    /// Method `match.cancel`.
    pub fn cancel(&self, app: &AppId, player: &PlayerId, cancel: MatchCancel, done: Done) {
        let (app, player) = (app.clone(), player.clone());
        self.send(Command::Cancel { app, player, ticket: cancel.ticket, done });
    }

    /// Method `match.status`.
    pub fn status(&self, app: &AppId, player: &PlayerId, status: MatchStatus, done: Done) {
        let (app, player) = (app.clone(), player.clone());
        self.send(Command::Status { app, player, ticket: status.ticket, done });
    }

    /// The session is over, not only its connection.
    pub fn gone(&self, session: &SessionId) {
        self.send(Command::Gone(*session));
    }

    /// Fails the tickets that have no room yet with `draining`, refuses new ones and ends the thread.
    pub fn stop(&self) {
        self.queue.close();
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(thread) = thread
            && thread.join().is_err()
        {
            tracing::error!(event = "matchmaking_panicked");
        }
    }

    fn send(&self, command: Command) {
        if let Err(refused) = self.queue.push(command) {
            self.metrics.matchmaking.refused_total.increment();
            refused.command.refuse(if refused.closed {
                Fault::from(ErrorCode::Draining)
            } else {
                let fault = Fault::new(ErrorCode::Unavailable, "Quick match has more to do than it can.");
                fault.retry_after(Duration::from_secs(1))
            });
        }
    }
}

struct Worker {
    queue: Arc<Queue>,
    matcher: Matcher,
    clock: Clock,
    maker: Arc<dyn RoomMaker>,
    players: Arc<dyn Players>,
}

impl Worker {
    fn run(mut self) {
        while let Some(commands) = self.queue.take(self.wait()) {
            let now = self.clock.now();
            // What came in is heard before time passes: after a stall nobody's patience ends while a partner's ticket
            // is in the queue.
            for command in commands {
                self.handle(command, now);
            }
            self.matcher.advance(now);
            self.carry_out();
        }
        self.matcher.close(self.clock.now());
        self.carry_out();
    }

    /// At most a quarter of a second, so that a clock which is moved by hand is noticed; `None` without anything due.
    fn wait(&self) -> Option<Duration> {
        let due = self.matcher.next_due()?;
        Some(due.since(self.clock.now()).min(Duration::from_millis(250)))
    }

    fn handle(&mut self, command: Command, now: Moment) {
        let matcher = &mut self.matcher;
        match command {
            Command::Start(request) => {
                let StartRequest { asking, start, spec, done } = *request;
                done(matcher.start(&asking, &start, spec, now));
            }
            Command::Cancel { app, player, ticket, done } => {
                done(matcher.cancel(&app, &player, &ticket, now))
            }
            Command::Status { app, player, ticket, done } => {
                done(matcher.status(&app, &player, &ticket, now))
            }
            Command::Gone(session) => matcher.gone(&session, now),
            Command::RoomAnswered(room, answer) => matcher.room_answered(&room, answer, now),
        }
    }

    fn carry_out(&mut self) {
        for decision in self.matcher.take_decisions() {
            match decision {
                Decision::Tell { session, event } => self.players.push(&session, *event),
                Decision::Make(order) => {
                    let (queue, room) = (self.queue.clone(), order.key.clone());
                    let made = move |answer| {
                        // After the end nobody waits for the answer.
                        let _ = queue.push(Command::RoomAnswered(room, answer));
                    };
                    self.maker.make(*order, Box::new(made));
                }
            }
        }
    }
}

#[cfg(test)]
mod tests;
