//! What quick match asks of others; joined in the wiring.

use model::SessionId;
use protocol::{Fault, messages};

use crate::matcher::RoomOrder;

/// The answer to an order; may come on any thread, late, twice or never.
pub type Made = Box<dyn FnOnce(Result<(), Fault>) + Send>;

/// Makes rooms.
pub trait RoomMaker: Send + Sync {
    /// The specification with its defaults filled in, or why it is not possible. Equal wishes have equal forms.
    fn canonical(&self, spec: messages::RoomSpec) -> Result<messages::RoomSpec, Fault>;

    /// Makes the room, or answers the same again if it was made before. Never blocks.
    fn make(&self, order: RoomOrder, made: Made);
}

/// Reaches players.
pub trait Players: Send + Sync {
    /// A numbered push to one session; nothing happens if it is gone. Never blocks.
    fn push(&self, session: &SessionId, event: messages::push::Event);
}
