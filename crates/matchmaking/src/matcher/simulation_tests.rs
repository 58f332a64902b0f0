//! Everybody does everything in any order, answers are lost, late and doubled; then all heals.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use model::{RoomKey, SessionId};
use proptest::prelude::*;
use protocol::messages::{MatchStart, RoomKind, RoomSpec, match_ticket};
use protocol::{ErrorCode, Fault};

use super::RoomOrder;
use super::test_world::{World, asking, duel};
use crate::config::MatchConfig;
use crate::ticket::{Event, State};

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn one_ticket_gives_at_most_one_room(steps in prop::collection::vec(step(), 1..150)) {
        let mut world = World::new(MatchConfig::default());
        let mut oracle = Oracle::default();
        for step in steps {
            take(&mut world, step);
            oracle.look(&world);
        }
        heal(&mut world, &mut oracle);
        world.pass(Duration::from_secs(601), Duration::from_secs(1));
        prop_assert!(world.is_empty(), "nothing is left when everything is forgotten");
    }
}

#[derive(Clone, Debug)]
enum Step {
    Start { player: u8, ticket: u8, session: u8, players: u32, bots: bool, lockstep: bool, build: u8 },
    Cancel { player: u8, ticket: u8 },
    Gone { player: u8, session: u8 },
    Pass { ms: u64, at_once: bool },
    Answer { which: usize, outcome: u8 },
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => (0u8..6, 0u8..4, 0u8..2, 1u32..4, any::<bool>(), any::<bool>(), 0u8..2).prop_map(
            |(player, ticket, session, players, bots, lockstep, build)| Step::Start {
                player, ticket, session, players, bots, lockstep, build
            }
        ),
        1 => (0u8..6, 0u8..4).prop_map(|(player, ticket)| Step::Cancel { player, ticket }),
        1 => (0u8..6, 0u8..2).prop_map(|(player, session)| Step::Gone { player, session }),
        2 => (0u64..7_000, any::<bool>()).prop_map(|(ms, at_once)| Step::Pass { ms, at_once }),
        3 => (any::<usize>(), 0u8..8).prop_map(|(which, outcome)| Step::Answer { which, outcome }),
    ]
}

/// Faults of every kind that answers know: an answer may name any order ever given, so some come late or twice, and
/// what is never answered is lost.
fn take(world: &mut World, step: Step) {
    match step {
        Step::Start { player, ticket, session, players, bots, lockstep, build } => {
            let mut asking = asking(&format!("p{player}"), &format!("{build}.0"));
            asking.session = SessionId::new(format!("p{player}-s{session}"));
            let mut start = MatchStart { players, fill_with_bots: bots, ..duel(&format!("t{ticket}")) };
            if !lockstep {
                start.room = Some(RoomSpec { kind: RoomKind::Relay.into(), ..RoomSpec::default() });
            }
            let _ = world.start_as(&asking, start);
        }
        Step::Cancel { player, ticket } => {
            let _ = world.cancel(&format!("p{player}"), &format!("t{ticket}"));
        }
        Step::Gone { player, session } => world.gone(&format!("p{player}-s{session}")),
        Step::Pass { ms, at_once } => {
            let step = if at_once { ms.max(1) } else { 100 };
            world.pass(Duration::from_millis(ms), Duration::from_millis(step));
        }
        Step::Answer { which, outcome } => {
            let Some(index) = which.checked_rem(world.orders.len()) else { return };
            let room = world.orders[index].key.clone();
            let answer = match outcome {
                0..=4 => Ok(()),
                5 => Err(Fault::from(ErrorCode::Unavailable)),
                6 => Err(Fault::from(ErrorCode::RoomPaused)),
                _ => Err(Fault::from(ErrorCode::BadSpec)),
            };
            world.answer(&room, answer);
        }
    }
}

/// From now on every order is answered: every ticket ends.
fn heal(world: &mut World, oracle: &mut Oracle) {
    for _ in 0..100 {
        let orders: Vec<RoomKey> = world.rooms().into_iter().cloned().collect();
        for room in orders {
            world.answer(&room, Ok(()));
        }
        world.pass_ms(500);
        oracle.look(world);
    }
    for (key, ticket) in &world.matcher.tickets {
        assert!(!ticket.is_active(), "{key:?} never ended: {ticket:?}");
        let view = ticket.view(key, crate::ticket::Reason::FewPlayers, world.now);
        assert_eq!(view.state() == match_ticket::State::Matched, !view.room.is_empty());
    }
    assert_eq!(world.metrics.matchmaking.rooms_pending.get(), 0);
    assert_eq!(world.metrics.matchmaking.waiting.of(&["duel"]).get(), 0);
}

/// Remembers all it ever saw and checks after each step.
#[derive(Default)]
struct Oracle {
    orders: BTreeMap<RoomKey, RoomOrder>,
    /// By the ticket's number, which is never used twice.
    rooms: BTreeMap<u64, RoomKey>,
    ended: BTreeMap<u64, State>,
    orders_seen: usize,
    told_seen: usize,
    told_matched: BTreeSet<(String, String)>,
}

impl Oracle {
    fn look(&mut self, world: &World) {
        for order in &world.orders[self.orders_seen..] {
            let first = self.orders.entry(order.key.clone()).or_insert_with(|| order.clone());
            assert_eq!(first, order, "a repetition is equal");
            check_order(order);
        }
        self.orders_seen = world.orders.len();
        for (session, event) in &world.told[self.told_seen..] {
            if let Event::Matched(matched) = event {
                assert!(self.told_matched.insert((session.clone(), matched.room.clone())), "told twice");
            }
        }
        self.told_seen = world.told.len();
        for (key, ticket) in &world.matcher.tickets {
            if let Some(end) = self.ended.get(&ticket.number) {
                assert_eq!(*end, ticket.state, "an end is final");
            }
            if !ticket.is_active() {
                self.ended.insert(ticket.number, ticket.state.clone());
            }
            match &ticket.state {
                State::Pending(room) | State::Matched(room) => {
                    let known = self.rooms.entry(ticket.number).or_insert_with(|| room.clone());
                    assert_eq!(known, room, "a ticket has one room for ever");
                    let order = &self.orders[room];
                    assert!(order.spec.reserved_for.contains(&key.player.to_string()));
                    assert!(ticket.wish.pool.build.as_str().is_empty() || ticket.wish.build == order.build);
                    assert!(
                        order.spec.bots == 0 || ticket.wish.fill_with_bots,
                        "bots only for those who asked"
                    );
                    assert_eq!(order.spec.seats, ticket.wish.players);
                }
                State::Cancelled => assert!(!self.rooms.contains_key(&ticket.number)),
                State::Waiting | State::Failed(_) => {}
            }
        }
    }
}

fn check_order(order: &RoomOrder) {
    let players: BTreeSet<&String> = order.spec.reserved_for.iter().collect();
    assert_eq!(players.len(), order.spec.reserved_for.len(), "nobody sits twice");
    assert_eq!(players.len() as u32 + order.spec.bots, order.spec.seats, "every seat is somebody's");
    assert!(players.contains(&order.founder.to_string()));
}
