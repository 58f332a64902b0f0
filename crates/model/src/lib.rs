//! The nouns that every part of Jianzi shares: ids and positions. No behaviour lives here.

mod ids;
mod position;
mod room_id;

pub use ids::{AppId, Build, PlayerId, SessionId, TicketId};
pub use position::{Epoch, Partition, Position, Run, Seat, Tick};
pub use room_id::{BadRoomId, RoomId, RoomKey};
