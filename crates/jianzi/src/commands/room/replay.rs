//! `jianzi room replay`: is a room's image what its log leads to, and does the log lead anywhere?

use std::sync::Arc;

use journal::Journal;
use model::RoomKey;
use room_core::modules::Modules;
use rooms::{Playback, Unplayable};
use serde_json::{Value, json};

use super::source::Source;
use super::{OneRoom, failed};
use crate::commands::config::print_out;
use crate::failure::Failure;

/// What was found in one room.
#[derive(Default)]
struct Finding {
    /// The tick of the image, if there is a good one.
    image: Option<u32>,
    whole_log: bool,
    events: u64,
    tick: u32,
    hash: Option<u32>,
    /// What is wrong.
    wrong: Option<String>,
}

pub fn run(args: &OneRoom) -> Result<(), Failure> {
    let source = Source::open(&args.folder)?;
    let modules = source.playing()?;
    let rooms = match &args.room {
        Some(_) => vec![source.room(args)?],
        None => source.rooms(args.folder.app.as_deref())?,
    };
    let mut wrong = 0;
    for key in &rooms {
        let finding = look_at(&source.journal, key, &modules);
        wrong += usize::from(finding.wrong.is_some());
        print_out(&if args.folder.json {
            format!("{}\n", as_json(key, &finding))
        } else {
            line(key, &finding)
        })?;
    }
    match wrong {
        0 if !args.folder.json => {
            print_out(&format!("{} room(s) played again, all as they were\n", rooms.len()))
        }
        0 => Ok(()),
        _ => Err(failed(format!("{wrong} of {} room(s) cannot be played as they were", rooms.len()))),
    }
}

fn look_at(journal: &dyn Journal, key: &RoomKey, modules: &Arc<dyn Modules>) -> Finding {
    let mut finding = Finding::default();
    if let Err(damaged) = play(journal, key, modules, &mut finding) {
        finding.wrong.get_or_insert(damaged.to_string());
    }
    finding
}

fn play(
    journal: &dyn Journal,
    key: &RoomKey,
    modules: &Arc<dyn Modules>,
    finding: &mut Finding,
) -> Result<(), Unplayable> {
    let mut image = Playback::from_image(journal, key, modules)?;
    finding.image = image.as_mut().and_then(|image| image.room()).map(|room| room.tick());
    let mut whole = Playback::from_beginning(journal, key, modules)?;
    finding.whole_log = whole.is_some();
    match (&mut image, &mut whole) {
        (Some(image), Some(whole)) => {
            while whole.peek()?.is_some_and(|next| next.position <= image.at()) {
                whole.play()?;
                finding.events += 1;
            }
            if let Some(wrong) = part(image, whole) {
                finding.wrong =
                    Some(format!("the image at position {} is another room: {wrong}", image.at()));
                return Ok(());
            }
            together(image, whole, finding)
        }
        (Some(one), None) | (None, Some(one)) => alone(one, finding),
        (None, None) => {
            finding.wrong = Some("it has neither an image nor a beginning".to_owned());
            Ok(())
        }
    }
}

fn alone(one: &mut Playback<'_>, finding: &mut Finding) -> Result<(), Unplayable> {
    while one.play()?.is_some() {
        finding.events += 1;
    }
    note_end(one, finding);
    Ok(())
}

fn together<'a>(
    image: &mut Playback<'a>,
    whole: &mut Playback<'a>,
    finding: &mut Finding,
) -> Result<(), Unplayable> {
    while let Some(logged) = image.play()? {
        whole.play()?;
        finding.events += 1;
        let hashes = [&mut *image, &mut *whole].map(|way| way.room().map(|room| room.hash()));
        if hashes[0] != hashes[1] || image.outputs() != whole.outputs() {
            let tick = image.room().map_or(0, |room| room.tick());
            finding.wrong = Some(format!("image and log part at position {}, tick {tick}", logged.position));
            return Ok(());
        }
    }
    if let Some(wrong) = part(image, whole) {
        finding.wrong = Some(format!("at the log's end: {wrong}"));
    }
    note_end(whole, finding);
    Ok(())
}

/// In what two ways to the same place led to different rooms.
fn part(image: &mut Playback<'_>, whole: &mut Playback<'_>) -> Option<String> {
    let (Some(one), Some(other)) = (image.room(), whole.room()) else {
        return Some("there is none".to_owned());
    };
    let ticks = (one.tick(), other.tick());
    if ticks.0 != ticks.1 {
        return Some(format!("tick {} there, tick {} by the log", ticks.0, ticks.1));
    }
    if one.hash() != other.hash() {
        return Some(format!(
            "hash {:08x} there, {:08x} by the log, at tick {}",
            one.hash(),
            other.hash(),
            ticks.0
        ));
    }
    let (one, other) = (one.image(), other.image());
    let at = one.iter().zip(&other).take_while(|(one, other)| one == other).count();
    (one != other).then(|| format!("its bytes are others from byte {at} on, at tick {}", ticks.0))
}

fn note_end(playback: &mut Playback<'_>, finding: &mut Finding) {
    if let Some(room) = playback.room() {
        (finding.tick, finding.hash) = (room.tick(), Some(room.hash()));
    }
}

fn as_json(key: &RoomKey, finding: &Finding) -> Value {
    json!({
        "app": key.app.as_str(), "room": key.room.as_str(), "image_tick": finding.image,
        "from_beginning": finding.whole_log, "events": finding.events, "tick": finding.tick,
        "hash": finding.hash.map(|hash| format!("{hash:08x}")), "wrong": finding.wrong,
    })
}

fn line(key: &RoomKey, finding: &Finding) -> String {
    let name = format!("{}/{}", key.app, key.room);
    if let Some(wrong) = &finding.wrong {
        return format!("{name:<40}  WRONG  {wrong}\n");
    }
    let way = match (finding.image, finding.whole_log) {
        (Some(tick), true) => format!("from its image (tick {tick}) and from its beginning, the same"),
        (Some(tick), false) => format!("from its image (tick {tick}); the log does not reach further back"),
        (None, _) => "from its beginning; it has no image".to_owned(),
    };
    let hash = finding.hash.unwrap_or_default();
    format!("{name:<40}  good   {way}; {} events to tick {}, hash {hash:08x}\n", finding.events, finding.tick)
}
