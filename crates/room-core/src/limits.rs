//! What one room may cost. Widening a limit keeps old journals readable; narrowing one does not.

/// Seats of a room, bots included.
pub const SEATS: u32 = 200;
pub const SPECTATORS: u32 = 200;
pub const MODE_BYTES: usize = 64;
/// A longer name is cut.
pub const NAME_BYTES: usize = 64;
pub const PLAYER_BYTES: usize = 64;
/// Players that an owner has shut out.
pub const BANNED: usize = 256;

/// Of a room, and of each seat.
pub const PROPERTIES: usize = 32;
pub const PROPERTY_KEY_BYTES: usize = 32;
pub const PROPERTY_VALUE_BYTES: usize = 256;
/// Keys and values of all of a room's properties; every change of the room tells them to everybody.
pub const ROOM_PROPERTIES_BYTES: usize = 4096;
/// The same of one seat.
pub const SEAT_PROPERTIES_BYTES: usize = 2048;

pub const TICK_HZ_DEFAULT: u32 = 20;
pub const TICK_HZ: u32 = 60;
pub const TICKS_PER_MESSAGE: u32 = 8;
pub const HASH_EVERY_DEFAULT: u32 = 20;
pub const HASH_EVERY: u32 = 1200;

pub const LIFE_LIMIT_DEFAULT_S: u32 = 4 * 3600;
pub const LIFE_LIMIT_S: u32 = 24 * 3600;
pub const START_AFTER_MS: u32 = 3_600_000;

/// Of a game's name.
pub const GAME_BYTES: usize = 64;

pub const INPUT_BYTES: usize = 1024;
/// Of one seat. What is more waits for the following ticks.
pub const INPUTS_PER_TICK: u8 = 16;
/// How far ahead of the room's tick an input may wait.
pub const AHEAD_TICKS: u32 = 64;
/// Of one seat, waiting.
pub const HELD_BYTES: u32 = 32 * 1024;
/// Of all inputs that one frame tells, so that it fits the default body limit.
pub const FRAME_BYTES: usize = 48 * 1024;

/// What an authoritative room may say between two ticks in answer to inputs and comings and goings, in bytes of the
/// frame. The rest of the frame is the tick's own, so that no flood of inputs makes a tick fail.
pub const SAID_BEFORE_TICK_BYTES: usize = FRAME_BYTES / 2;
/// Of all words to single seats, from one tick to the next.
pub const SENT_PER_TICK_BYTES: u32 = 256 * 1024;
/// The same of effects, and of the bytes of each.
pub const EFFECTS_PER_TICK: u32 = 64;
pub const EFFECT_KIND_BYTES: usize = 64;
pub const EFFECT_BYTES: usize = 4096;
/// So many inputs of a seat that end badly within this time of the room mute it.
pub const ENDED_INPUTS: usize = 3;
pub const ENDED_INPUTS_WITHIN_S: u32 = 60;
/// So many ticks in a row that end badly suspend the room.
pub const ENDED_TICKS: u32 = 3;
/// What a game may save to be taken over by another version.
pub const SAVE_BYTES: usize = 4 * 1024 * 1024;

pub const RESULT_BYTES: usize = 4096;
/// Ticks whose state hashes are still awaited.
pub const OPEN_VOTES: usize = 8;
/// Every so many ticks the journal carries the room's own state hash.
pub const TICK_HASH_EVERY: u32 = 20;

/// How long a room lives in which no seated player is online, but some have a seat and may come back.
pub const EMPTY_GRACE_MS: u32 = 120_000;
/// The same when nobody has a seat or a reservation.
pub const ABANDONED_GRACE_MS: u32 = 30_000;
/// How long the other seats have for their results once more than half have reported, or after the last tick.
pub const RESULT_GRACE_MS: u32 = 30_000;
