use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Condvar, Mutex, mpsc};
use std::time::Duration;

use clock::ManualClock;
use model::RoomKey;
use protocol::messages::{self, RoomSpec};

use super::*;
use crate::matcher::RoomOrder;
use crate::ports::Made;
use crate::ticket::Event;

/// Every answer that can go wrong does: the first is lost, the second comes twice, and each order after that is
/// answered from another thread.
#[test]
fn a_maker_that_loses_and_doubles_answers_makes_one_room_a_match() {
    let maker = Arc::new(UnreliableMaker::default());
    let heard = Arc::new(Heard::default());
    let clock = Clock::Manual(Arc::new(ManualClock::new(0)));
    let Clock::Manual(hand) = &clock else { unreachable!() };
    let matchmaking = start(MatchConfig::default(), clock.clone(), maker.clone(), heard.clone());
    for player in 0..40 {
        let ticket = ask(&matchmaking, &format!("p{player}"), duel()).unwrap();
        assert_eq!(ticket.room, "");
    }
    // The process may also stall: time jumps by five seconds at once.
    for _ in 0..8 {
        hand.advance(Duration::from_secs(5));
        heard.wait_for(Duration::from_millis(300), |matched| matched.len() == 40);
    }
    let matched = heard.wait_for(Duration::from_secs(20), |matched| matched.len() == 40);
    assert_eq!(matched.len(), 40, "everybody is told");
    assert_eq!(matched.values().collect::<HashSet<_>>().len(), 20);
    assert_eq!(maker.rooms.lock().unwrap().len(), 20, "and no room is made twice");
    assert!(maker.orders.load(Ordering::SeqCst) > 20, "the lost answers were asked for again");
    matchmaking.stop();
}

#[test]
fn a_full_queue_and_a_stopped_service_refuse_clearly() {
    let maker = Arc::new(UnreliableMaker::default());
    let config = MatchConfig { queue: 1, ..MatchConfig::default() };
    let matchmaking = start(config, Clock::System, maker, Arc::new(Heard::default()));
    // The first answer holds the thread until the queue is full behind it.
    let (release, held) = mpsc::channel::<()>();
    let (entered, entered_at) = mpsc::channel();
    let status = || MatchStatus { ticket: "none".to_owned() };
    let (app, player) = (AppId::new("a"), PlayerId::new("p"));
    let hold = move |_| {
        entered.send(()).unwrap();
        held.recv().unwrap();
    };
    matchmaking.status(&app, &player, status(), Box::new(hold));
    entered_at.recv_timeout(Duration::from_secs(10)).unwrap();
    let (answers, answered) = mpsc::channel();
    for _ in 0..2 {
        let answers = answers.clone();
        matchmaking.status(&app, &player, status(), Box::new(move |answer| answers.send(answer).unwrap()));
    }
    let refused = answered.recv_timeout(Duration::from_secs(10)).unwrap().unwrap_err();
    assert_eq!(refused.code, ErrorCode::Unavailable);
    assert!(refused.retry_after.is_some());
    release.send(()).unwrap();
    let answer = answered.recv_timeout(Duration::from_secs(10)).unwrap().unwrap_err();
    assert_eq!(answer.code, ErrorCode::TicketUnknown);

    matchmaking.stop();
    assert_eq!(ask(&matchmaking, "p", duel()).unwrap_err().code, ErrorCode::Draining);
}

#[test]
fn the_makers_refusal_is_the_answer() {
    let maker = Arc::new(UnreliableMaker::default());
    let matchmaking = start(MatchConfig::default(), Clock::System, maker, Arc::new(Heard::default()));
    let mut start = duel();
    start.room.as_mut().unwrap().life_limit_s = u32::MAX;
    assert_eq!(ask(&matchmaking, "p", start).unwrap_err().code, ErrorCode::BadSpec);
    matchmaking.stop();
}

fn start(
    config: MatchConfig,
    clock: Clock,
    maker: Arc<UnreliableMaker>,
    heard: Arc<Heard>,
) -> Arc<Matchmaking> {
    Matchmaking::start(config, clock, Chance::seeded(3), maker, heard, Arc::new(Metrics::default())).unwrap()
}

fn ask(matchmaking: &Matchmaking, player: &str, start: MatchStart) -> Result<MatchTicket, Fault> {
    let (answer, answered) = mpsc::channel();
    let done = Box::new(move |result| answer.send(result).unwrap());
    matchmaking.submit(
        &AppId::new("a"),
        &player.into(),
        &SessionId::new(player),
        &Build::new("1"),
        start,
        done,
    );
    answered.recv_timeout(Duration::from_secs(10)).unwrap()
}

fn duel() -> MatchStart {
    let room = Some(RoomSpec { kind: messages::RoomKind::Lockstep.into(), ..RoomSpec::default() });
    MatchStart { ticket: "t".to_owned(), mode: "duel".to_owned(), players: 2, room, ..MatchStart::default() }
}

#[derive(Default)]
struct UnreliableMaker {
    rooms: Mutex<HashMap<RoomKey, RoomOrder>>,
    orders: AtomicU32,
    /// Answers held back until the next order.
    late: Mutex<Option<Made>>,
}

impl RoomMaker for UnreliableMaker {
    fn canonical(&self, spec: RoomSpec) -> Result<RoomSpec, Fault> {
        if spec.life_limit_s > 100_000 { Err(ErrorCode::BadSpec.into()) } else { Ok(spec) }
    }

    fn make(&self, order: RoomOrder, made: Made) {
        let before = self.rooms.lock().unwrap().insert(order.key.clone(), order.clone());
        assert!(before.is_none_or(|before| before == order), "a repeated order is equal");
        match self.orders.fetch_add(1, Ordering::SeqCst) % 4 {
            0 => {}
            1 => {
                if let Some(late) = self.late.lock().unwrap().replace(made) {
                    late(Ok(()));
                }
            }
            2 => made(Ok(())),
            _ => {
                std::thread::spawn(move || made(Ok(())));
            }
        }
    }
}

/// Who was told which room.
#[derive(Default)]
struct Heard {
    matched: Mutex<HashMap<String, String>>,
    changed: Condvar,
}

impl Heard {
    fn wait_for(
        &self,
        limit: Duration,
        enough: impl Fn(&HashMap<String, String>) -> bool,
    ) -> HashMap<String, String> {
        let matched = self.matched.lock().unwrap();
        self.changed.wait_timeout_while(matched, limit, |matched| !enough(matched)).unwrap().0.clone()
    }
}

impl Players for Heard {
    fn push(&self, session: &SessionId, event: Event) {
        if let Event::Matched(told) = event {
            let before = self.matched.lock().unwrap().insert(session.to_string(), told.room);
            assert!(before.is_none(), "told once");
            self.changed.notify_all();
        }
    }
}
