//! Rooms over the journal on disk: it is opened again, and it fills up.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use journal::Journal;
use journal_file::{FileJournal, FileJournalConfig};
use protocol::ErrorCode;
use protocol::messages::Durability;
use room_core::{EndReason, RoomRequest};
use rooms::RoomsConfig;

use crate::recovery::{come_back, judge, play};
use crate::stage::{Seated, Stage, code, config, key, lockstep, with_durability};

#[test]
fn a_match_goes_on_from_the_files() {
    let default = RoomsConfig::default().rebuild_budget;
    for (durability, rebuild_budget) in [
        (Durability::SemiSync, default),
        (Durability::Sync, default),
        // Images of nearly every record.
        (Durability::SemiSync, Duration::from_micros(10)),
    ] {
        let folder = tempfile::tempdir().expect("a folder");
        let open = |shards| open(folder.path(), RoomsConfig { shards, rebuild_budget, ..config() });
        let stage = open(2);
        let mut rooms = [stage.full_room("disk", with_durability(lockstep(2), durability))];
        play(&stage, &mut rooms, 10);
        drop(stage);
        for (round, shards) in [(2, 1), (3, 3), (4, 2)] {
            let stage = open(shards);
            come_back(&stage, "disk", &mut rooms[0]);
            play(&stage, &mut rooms, 10 * round);
            judge(&rooms[0]);
            let heard = rooms[0][0].player.heard();
            assert_eq!((heard.run, heard.rewound.len()), (round, 0));
            drop(stage);
        }
    }
}

#[test]
fn a_full_disk_takes_ended_rooms_first_and_then_pauses_the_others() {
    let folder = tempfile::tempdir().expect("a folder");
    let files =
        FileJournalConfig { segment_bytes: 64 << 10, quota_bytes: 256 << 10, ..FileJournalConfig::default() };
    let journal = Arc::new(FileJournal::open(folder.path(), files).expect("a journal"));
    let config = RoomsConfig { epoch: journal.epoch(), linger: Duration::from_secs(3600), ..config() };
    // The stage's clock runs ahead of the real disk.
    let config = RoomsConfig { max_lag: Duration::from_secs(20), ..config };
    let stage = Stage::on_journal(journal.clone(), config);

    // A room that has ended, and has somebody who may still want its ticks.
    let mut over = stage.full_room("over", lockstep(2));
    fill(&stage, &mut over, 120);
    over[0].lost();
    stage.request("over", RoomRequest::Close { reason: EndReason::Closed }).expect("closed");
    stage.pass(Duration::from_millis(200));
    assert_eq!(stage.rooms.counts().rooms, 1);

    let mut living = stage.full_room("living", lockstep(2));
    fill(&stage, &mut living, 130);
    assert_eq!(stage.rooms.counts().rooms, 1, "the ended room was given up");
    assert!(!living[0].player.has_notice("room_paused"), "and that was in time");
    let partition = key("a", "over").room.partition();
    assert!(Journal::rooms(journal.as_ref(), partition).expect("rooms").is_empty());

    // Now there is nothing to give up.
    stage.until("it stands still", || {
        if !living[0].player.has_notice("room_paused") {
            for player in &mut living {
                if player.player.applied() == player.sent {
                    player.send(vec![7; 1000]);
                }
            }
            return false;
        }
        true
    });
    let why = stage.rooms.is_ready().expect_err("not ready");
    assert!(why.contains("no room for more"), "{why}");
    assert_eq!(code(stage.create("a", "new", lockstep(2))), Some(ErrorCode::Unavailable));
    let ticks = living[0].player.ticks();
    stage.pass(Duration::from_secs(2));
    assert!(living[0].player.ticks() <= ticks + 1);
    // What was acknowledged is there when somebody has made space.
    let acknowledged = living[0].player.applied();
    drop(stage);
    drop(journal);
    let stage = open(folder.path(), RoomsConfig::default());
    let joined = stage.come_back("living", &living[0], |_| "again".into()).expect("back").joined;
    assert!(joined.applied >= acknowledged);
}

#[test]
fn a_second_process_is_refused_and_the_first_one_is_named() {
    let folder = tempfile::tempdir().expect("a folder");
    let stage = open(folder.path(), config());
    let error = FileJournal::open(folder.path(), FileJournalConfig::default()).err().expect("refused");
    assert!(error.to_string().contains(&format!("process {}", std::process::id())), "{error}");
    drop(stage);
    FileJournal::open(folder.path(), FileJournalConfig::default()).expect("free again");
}

/// Inputs of 1 KB, one after the other.
fn fill(stage: &Stage, players: &mut [Seated], inputs: u32) {
    stage.until("enough is written", || {
        let player = &mut players[0];
        if player.sent < inputs && player.player.applied() == player.sent {
            player.send(vec![7; 1000]);
        }
        player.player.applied() == inputs
    });
}

fn open(folder: &Path, config: RoomsConfig) -> Stage {
    let journal = FileJournal::open(folder, FileJournalConfig::default()).expect("a journal");
    let epoch = journal.epoch();
    Stage::on_journal(Arc::new(journal), RoomsConfig { epoch, ..config })
}
