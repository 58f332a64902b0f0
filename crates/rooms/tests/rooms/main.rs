//! Rooms as a gateway meets them: real shards, a clock moved by hand, players that check every frame they get.

mod gate;
mod player;
mod stage;
mod wire_link;

mod catching_up;
mod compare;
mod cuts;
mod detours;
mod effects;
mod ends;
mod fake_game;
mod game_cuts;
mod games;
mod heavy;
mod journal_trouble;
mod limits;
mod matches;
mod membership;
mod on_disk;
mod quarantine;
mod real_game;
mod rebuild_speed;
mod recovery;
mod standing;
mod twins;
mod without_journal;
