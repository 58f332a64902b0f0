//! The nouns that every part of Jianzi shares: ids and positions. No behaviour lives here.

mod ids;
mod position;
mod room_id;
mod session_id;

pub use ids::{AppId, Build, PlayerId, TicketId};
pub use position::{Epoch, Partition, Position, Run, Seat, Tick};
pub use room_id::{BadRoomId, PARTITIONS, RoomId, RoomKey};
pub use session_id::{SessionId, SessionIdTooLong};
