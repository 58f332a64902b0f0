//! A room that is played again from its records.

use std::sync::Arc;

use room_core::modules::Modules;
use room_core::{Damaged, Output, Room, RoomEvent};

/// Plays one event on; the first one is the founding.
pub(crate) fn play_on(
    room: &mut Option<Box<Room>>,
    event: RoomEvent,
    modules: &Arc<dyn Modules>,
    outputs: &mut Vec<Output>,
) -> Result<(), Damaged> {
    match (room, event) {
        (Some(room), event) => room.admit(&event, outputs),
        (none, RoomEvent::Founded(founding)) => {
            *none = Some(Box::new(Room::found(*founding, modules, outputs)?));
            Ok(())
        }
        (None, _) => Err(Damaged { what: "the journal does not begin with the founding".into() }),
    }
}
