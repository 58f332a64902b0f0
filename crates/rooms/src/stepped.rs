//! Rooms without threads, for simulations: whoever holds them does each turn.

use std::sync::Arc;

use clock::{Chance, Clock};
use journal::Journal;
use link::RoomLink;
use telemetry::Metrics;

use crate::clerk::ClerkWork;
use crate::config::RoomsConfig;
use crate::quarantine::{Detours, Quarantine};
use crate::rooms::{Parts, Rooms};
use crate::shard::Shard;

/// The shards' own code, in one thread. Dropped, they leave the journal as a killed process does.
pub struct SteppedRooms {
    rooms: Rooms,
    shards: Vec<Shard>,
    clerk: ClerkWork,
    quarantine: Quarantine,
}

impl SteppedRooms {
    /// Takes the journal over and rebuilds what it has. Faults as of [`Rooms::start`].
    pub fn new(
        config: RoomsConfig,
        clock: Clock,
        chance: Chance,
        journal: Arc<dyn Journal>,
        link: Arc<dyn RoomLink>,
        metrics: Arc<Metrics>,
    ) -> std::io::Result<SteppedRooms> {
        let quarantine = Quarantine::without_threads();
        let parts = Parts::new(config, clock, chance, journal, link, metrics, &quarantine)?;
        for (recovery, mailbox) in parts.recoveries.iter().zip(parts.mailboxes.iter()) {
            recovery.run(&parts.shared.config, parts.shared.journal.as_ref(), mailbox);
        }
        Ok(SteppedRooms {
            rooms: Rooms::without_threads(&parts),
            shards: parts.shards,
            clerk: parts.clerk_work,
            quarantine,
        })
    }

    pub fn rooms(&self) -> &Rooms {
        &self.rooms
    }

    /// From now on rooms in quarantine are away across turns, which otherwise are back within them.
    pub fn take_detours(&self, detours: Detours) {
        self.quarantine.take(detours);
    }

    /// One turn of each shard, then what the clerk has to do.
    pub fn turn(&mut self) {
        self.shards.iter_mut().for_each(Shard::turn);
        self.clerk.work_off();
        self.quarantine.turn();
    }
}
