//! `jianzi room step --to TICK`: a room as it was then.

use std::sync::Arc;

use journal::Journal;
use model::{RoomKey, Tick};
use room_core::modules::Modules;
use room_core::{Output, Room, RoomEvent};
use rooms::{Playback, Unplayable};
use serde_json::{Value, json};

use super::event::{hex, logic, plain};
use super::list::{kind, phase};
use super::source::Source;
use super::{StepArgs, failed, outputs};
use crate::commands::config::print_out;
use crate::failure::Failure;

pub fn run(args: &StepArgs) -> Result<(), Failure> {
    let source = Source::open(&args.which.folder)?;
    let (key, modules) = (source.room(&args.which)?, source.playing()?);
    let mut playback = begin(&source.journal, &key, &modules, args.to)?;
    let told = play_to(&mut playback, args.to).map_err(failed)?;
    let position = playback.at();
    let room = playback.room().ok_or_else(|| failed("the room has no beginning"))?;
    if room.tick() < args.to {
        eprintln!("jianzi: the log ends after tick {}: that is what is shown", room.tick());
    }
    let mut state = describe(room, &modules);
    state["position"] = position.to_string().into();
    state["told"] = told.iter().map(outputs::as_json).collect();
    if args.which.folder.json {
        return print_out(&format!("{state}\n"));
    }
    let mut out = String::new();
    for (name, value) in state.as_object().into_iter().flatten() {
        match value {
            Value::Array(items) if !items.iter().any(Value::is_object) => {
                let items: Vec<_> = items.iter().map(plain).collect();
                out += &format!("{name:<11}  {}\n", items.join(" "));
            }
            Value::Array(items) => {
                out.extend(items.iter().map(|item| format!("{name:<11}  {}\n", plain(item))));
            }
            Value::Null => {}
            other => out += &format!("{name:<11}  {}\n", plain(other)),
        }
    }
    print_out(&out)
}

/// The image, if it is not too late; otherwise the beginning.
fn begin<'a>(
    journal: &'a dyn Journal,
    key: &'a RoomKey,
    modules: &Arc<dyn Modules>,
    to: Tick,
) -> Result<Playback<'a>, Failure> {
    let mut image = Playback::from_image(journal, key, modules).ok().flatten();
    let image_tick = image.as_mut().and_then(|image| image.room()).map(|room| room.tick());
    // The tick of the image itself is shown from the beginning if possible: what it told is not in the image.
    if image_tick.is_some_and(|tick| tick < to)
        && let Some(image) = image
    {
        return Ok(image);
    }
    if let Some(whole) = Playback::from_beginning(journal, key, modules).map_err(failed)? {
        return Ok(whole);
    }
    match (image, image_tick) {
        (Some(image), Some(tick)) if tick == to => Ok(image),
        (_, Some(tick)) => Err(failed(format!(
            "the log begins at tick {tick}: what came before was given up with the image there"
        ))),
        _ => Err(failed("the room has neither an image nor a beginning that can be used")),
    }
}

/// Plays until the tick is over, or to the log's end. What was told since the tick before.
fn play_to(playback: &mut Playback<'_>, to: Tick) -> Result<Vec<Output>, Unplayable> {
    let mut told = Vec::new();
    loop {
        let before = playback.room().map(|room| room.tick());
        let Some(next) = playback.peek()? else { return Ok(told) };
        // Before the first tick there is more than the founding.
        if before.is_some_and(|tick| tick >= to) && (to > 0 || is_tick(&next.event)) {
            return Ok(told);
        }
        playback.play()?;
        told.extend_from_slice(playback.outputs());
        let tick = playback.room().map_or(0, |room| room.tick());
        if before.is_some_and(|before| before < tick) && tick < to {
            told.clear();
        }
    }
}

fn is_tick(event: &RoomEvent) -> bool {
    match event {
        RoomEvent::Tick { .. } => true,
        RoomEvent::CallEnded { event, .. } => is_tick(event),
        _ => false,
    }
}

fn describe(room: &mut Room, modules: &Arc<dyn Modules>) -> Value {
    let seats: Vec<Value> = room
        .members()
        .map(|(seat, member)| {
            json!({
                "seat": seat, "player": member.player.as_str(), "name": member.name, "online": member.online,
                "applied": seat.map(|seat| room.applied(seat)),
            })
        })
        .collect();
    let image = room.image();
    json!({
        "room": format!("{}/{}", room.key().app, room.key().room), "kind": kind(room), "phase": phase(room),
        "run": room.run(), "tick": room.tick(), "hash": format!("{:08x}", room.hash()),
        "revision": room.revision(), "owner": room.owner().map(|owner| owner.as_str()),
        "logic": room.logic().map(logic), "suspended": room.is_suspended().then_some(true),
        "image_bytes": image.len(), "member": seats, "applied": room.applied_all(),
        "view": view(room, &image, modules),
    })
}

/// What the game shows to its first member, looked at in a copy.
fn view(room: &Room, image: &[u8], modules: &Arc<dyn Modules>) -> Option<String> {
    let (_, member) = room.members().next()?;
    let mut copy = Room::restore(image, modules).ok()?;
    let show = copy.offer_show(&member.player)?;
    let mut told = Vec::new();
    copy.try_apply(&show, &mut told).ok()?;
    told.iter().find_map(|output| match output {
        Output::State { data, .. } => Some(hex(data)),
        _ => None,
    })
}
