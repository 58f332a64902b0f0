//! Rooms as a gateway meets them: real shards, a clock moved by hand, players that check every frame they get.

mod player;
mod stage;
mod wire_link;

mod catching_up;
mod ends;
mod journal_trouble;
mod limits;
mod matches;
mod membership;
