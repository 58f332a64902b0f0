//! A room that is played again from its records.

use room_core::{Damaged, Output, Room, RoomEvent};

/// Plays one event on; the first one is the founding.
pub(crate) fn play_on(
    room: &mut Option<Box<Room>>,
    event: RoomEvent,
    outputs: &mut Vec<Output>,
) -> Result<(), Damaged> {
    match (room, event) {
        (Some(room), event) => room.admit(&event, outputs),
        (none, RoomEvent::Founded(founding)) => {
            *none = Some(Box::new(Room::found(*founding, &room_core::modules::none(), outputs)?));
            Ok(())
        }
        (None, _) => Err(Damaged { what: "the journal does not begin with the founding".into() }),
    }
}
