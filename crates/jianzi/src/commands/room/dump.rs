//! `jianzi room dump`: a room's log as it is, nothing played.

use model::Position;
use room_core::RoomEvent;
use rooms::RoomLog;

use super::source::Source;
use super::{DumpArgs, event, failed};
use crate::commands::config::print_out;
use crate::failure::Failure;

/// Printed at a time.
const CHUNK_BYTES: usize = 64 << 10;

pub fn run(args: &DumpArgs) -> Result<(), Failure> {
    let source = Source::open(&args.which.folder)?;
    let key = source.room(&args.which)?;
    let (mut tick, mut knows_tick, mut out) = (0, false, String::new());
    for logged in RoomLog::new(&source.journal, &key, Position::default()) {
        let logged = logged.map_err(|damaged| {
            // What came before is told first.
            let _ = print_out(&out);
            failed(damaged)
        })?;
        // A log that lost its beginning says at its first tick or run where it stands.
        match &logged.event {
            RoomEvent::Founded(_) => knows_tick = true,
            RoomEvent::Tick { number, .. } if !knows_tick => {
                (tick, knows_tick) = (number.saturating_sub(1), true)
            }
            RoomEvent::RunBegan { continues_at, .. } => {
                (tick, knows_tick) = (continues_at.saturating_sub(1), true);
            }
            _ => {}
        }
        let within = tick.saturating_add(1) >= args.from && (tick < args.to || args.to == u32::MAX);
        if within {
            out += &match args.which.folder.json {
                true => format!("{}\n", event::as_json(&logged, tick)),
                false => event::as_text(&logged, tick),
            };
        }
        if let RoomEvent::Tick { number, .. } = made(&logged.event) {
            tick = *number;
        }
        if out.len() > CHUNK_BYTES {
            print_out(&out)?;
            out.clear();
        }
    }
    print_out(&out)
}

/// A tick is over whether its call ended well or not.
fn made(event: &RoomEvent) -> &RoomEvent {
    match event {
        RoomEvent::CallEnded { event, .. } => event,
        other => other,
    }
}
