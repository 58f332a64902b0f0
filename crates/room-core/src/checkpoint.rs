//! How an authoritative room outlives a call that ended badly: an image, and what happened since.

use std::sync::Arc;

use bytes::Bytes;

use crate::codec::{Damaged, Reader, put_bytes, put_option, put_varint};
use crate::event::RoomEvent;
use crate::event_codec::{put_logic, read_logic};
use crate::modules::{LogicRef, Modules};
use crate::output::Output;
use crate::room::Room;

/// From which a room is made anew. Of no use without every event that was applied since, so events are applied through
/// [`Checkpoint::apply`].
pub struct Checkpoint {
    modules: Arc<dyn Modules>,
    /// What ran then.
    logic: Option<LogicRef>,
    image: Bytes,
    /// Events since, each behind its length.
    since: Vec<u8>,
    fuel: u64,
    record: Vec<u8>,
}

impl Checkpoint {
    pub fn take(room: &mut Room, modules: Arc<dyn Modules>) -> Checkpoint {
        let image = Bytes::from(room.image());
        let logic = room.logic().cloned();
        Checkpoint { modules, logic, image, since: Vec::new(), fuel: room.fuel(), record: Vec::new() }
    }

    /// With the events since; `decode` reads it.
    pub fn encode(&self, out: &mut Vec<u8>) {
        put_option(out, self.logic.as_ref(), put_logic);
        put_varint(out, self.fuel);
        put_bytes(out, &self.image);
        put_bytes(out, &self.since);
    }

    pub fn decode(bytes: &[u8], modules: Arc<dyn Modules>) -> Result<Checkpoint, Damaged> {
        let mut reader = Reader::new(bytes);
        let checkpoint = Checkpoint {
            modules,
            logic: reader.option(read_logic)?,
            fuel: reader.u64()?,
            image: Bytes::copy_from_slice(reader.bytes()?),
            since: reader.bytes()?.to_vec(),
            record: Vec::new(),
        };
        reader.end()?;
        Ok(checkpoint)
    }

    /// What ran when it was taken.
    pub fn logic(&self) -> Option<&LogicRef> {
        self.logic.as_ref()
    }

    /// Applies an event. If the game's call ends badly, the room is made anew as it was before; what happened instead,
    /// which is what the log has to carry, is applied then and given back.
    ///
    /// `Err`: the room cannot be made anew; it stays poisoned and can only end.
    pub fn apply(
        &mut self,
        room: &mut Room,
        event: &RoomEvent,
        out: &mut Vec<Output>,
    ) -> Result<Option<RoomEvent>, Damaged> {
        let Err(not_made) = room.try_apply(event, out) else {
            self.add(event);
            return Ok(None);
        };
        if room.is_poisoned() {
            let load = room.take_logic_load();
            out.extend(room.take_last_words());
            room.release_game();
            *room = self.heal()?;
            room.carry_logic_load(load);
        }
        let instead = not_made.in_place_of(event);
        room.try_apply(&instead, out).map_err(|not_made| Damaged::new(not_made.to_string()))?;
        self.add(&instead);
        Ok(Some(instead))
    }

    /// The room as the last event left it.
    pub fn heal(&self) -> Result<Room, Damaged> {
        let mut room = Room::restore(&self.image, &self.modules)?;
        let (mut reader, mut heard_before) = (Reader::new(&self.since), Vec::new());
        while !reader.is_empty() {
            room.admit(&RoomEvent::decode(reader.bytes()?)?, &mut heard_before)?;
            heard_before.clear();
        }
        room.take_logic_load();
        Ok(room)
    }

    /// The same inputs from here on under the version that ran here, whatever became of them later: calls that ended
    /// badly are made, swaps are not. The effects that this version wants are all that is told of it.
    pub fn replay_as_it_was(&self, effects: &mut Vec<Output>) -> Result<Room, Damaged> {
        let mut replayed = Room::restore(&self.image, &self.modules)?;
        let mut way = Checkpoint::take(&mut replayed, self.modules.clone());
        let (mut reader, mut out) = (Reader::new(&self.since), Vec::new());
        while !reader.is_empty() {
            let event = match RoomEvent::decode(reader.bytes()?)? {
                RoomEvent::CallEnded { event, .. } => *event,
                RoomEvent::Swapped { .. } | RoomEvent::SwapFailed { .. } | RoomEvent::RolledBack { .. } => {
                    continue;
                }
                other => other,
            };
            let event = match (&event, replayed.next_tick()) {
                // Its hash is one of a history that is not to be.
                (RoomEvent::Tick { .. }, Some(tick @ RoomEvent::Tick { .. })) => tick,
                // Here the game came to its end, or to a standstill, before.
                (RoomEvent::Tick { .. }, _) => break,
                _ => event,
            };
            way.apply(&mut replayed, &event, &mut out)?;
            effects.extend(out.drain(..).filter(|output| matches!(output, Output::Effect { .. })));
        }
        Ok(replayed)
    }

    /// The image, for the journal.
    pub fn image(&self) -> &Bytes {
        &self.image
    }

    /// Of the events since.
    pub fn tail_bytes(&self) -> usize {
        self.since.len()
    }

    /// What making the room anew costs, in fuel.
    pub fn tail_fuel(&self, room: &Room) -> u64 {
        room.fuel().wrapping_sub(self.fuel)
    }

    /// Takes note of an event that was applied elsewhere.
    pub fn add(&mut self, event: &RoomEvent) {
        self.record.clear();
        event.encode(&mut self.record);
        put_bytes(&mut self.since, &self.record);
    }
}
