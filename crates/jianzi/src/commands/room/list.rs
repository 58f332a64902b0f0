//! `jianzi room list`.

use std::sync::Arc;

use journal::Journal;
use model::RoomKey;
use room_core::modules::Modules;
use room_core::{Phase, Room};
use rooms::{Playback, Unplayable};
use serde_json::{Value, json};

use super::FolderArgs;
use super::event::logic;
use super::source::Source;
use crate::commands::config::print_out;
use crate::failure::Failure;

pub fn run(args: &FolderArgs) -> Result<(), Failure> {
    let source = Source::open(args)?;
    let (modules, rooms) = (source.playing()?, source.rooms(args.app.as_deref())?);
    if rooms.is_empty() && !args.json {
        return print_out(&format!("no room in {}\n", source.data.display()));
    }
    for key in &rooms {
        let found = describe(&source.journal, key, &modules);
        print_out(&if args.json { format!("{found}\n") } else { line(&found) })?;
    }
    Ok(())
}

/// At the image and with all that followed, or from the beginning.
pub fn newest<'a>(
    journal: &'a dyn Journal,
    key: &'a RoomKey,
    modules: &Arc<dyn Modules>,
) -> Result<Option<Playback<'a>>, Unplayable> {
    match Playback::from_image(journal, key, modules) {
        Ok(Some(playback)) => Ok(Some(playback)),
        Ok(None) => Playback::from_beginning(journal, key, modules),
        // Without its image the room is made from its whole log, if that is there.
        Err(damaged) => Playback::from_beginning(journal, key, modules)?.ok_or(damaged).map(Some),
    }
}

/// One word.
pub fn kind(room: &Room) -> &'static str {
    match (&room.spec().lockstep, &room.spec().authoritative) {
        (Some(_), _) => "lockstep",
        (_, Some(_)) => "authoritative",
        _ => "relay",
    }
}

pub fn phase(room: &Room) -> String {
    match room.phase() {
        Phase::Open => "open".to_owned(),
        Phase::Playing => "playing".to_owned(),
        Phase::Ended(reason) => format!("ended ({})", reason.as_str()),
    }
}

fn describe(journal: &dyn Journal, key: &RoomKey, modules: &Arc<dyn Modules>) -> Value {
    let mut found = json!({ "app": key.app.as_str(), "room": key.room.as_str() });
    let told =
        to_the_end(journal, key, modules).unwrap_or_else(|damaged| json!({ "damaged": damaged.to_string() }));
    if let (Some(found), Value::Object(told)) = (found.as_object_mut(), told) {
        found.extend(told);
    }
    found
}

fn to_the_end(journal: &dyn Journal, key: &RoomKey, modules: &Arc<dyn Modules>) -> Result<Value, Unplayable> {
    let no_beginning = || Unplayable { after: Default::default(), why: "it has no beginning".to_owned() };
    let mut playback = newest(journal, key, modules)?.ok_or_else(no_beginning)?;
    while playback.play()?.is_some() {}
    let (bytes, at) = (playback.bytes(), playback.at());
    let image = journal.image(key).ok().flatten().map(|(_, image)| image.len());
    let room = playback.room().ok_or_else(no_beginning)?;
    Ok(json!({
        "kind": kind(room), "phase": phase(room), "run": room.run(), "tick": room.tick(),
        "members": room.members().count(), "seats": room.spec().seats, "logic": room.logic().map(logic),
        "suspended": room.is_suspended(), "position": at.to_string(), "log_bytes": bytes,
        "image_bytes": image, "invite": room.invite(),
    }))
}

fn line(found: &Value) -> String {
    let text = |key: &str| found[key].as_str().unwrap_or_default();
    let name = format!("{}/{}", text("app"), text("room"));
    if let Some(damaged) = found["damaged"].as_str() {
        return format!("{name:<40}  damaged: {damaged}\n");
    }
    let logic = match &found["logic"] {
        Value::Null => String::new(),
        logic => {
            let module = logic["module"].as_str().and_then(|module| module.get(..12)).unwrap_or_default();
            let suspended = if found["suspended"] == true { ", suspended" } else { "" };
            format!(
                "  {} version {} ({module}{suspended})",
                logic["game"].as_str().unwrap_or_default(),
                logic["version"]
            )
        }
    };
    let image = match &found["image_bytes"] {
        Value::Null => "no image".to_owned(),
        bytes => format!("image of {bytes}"),
    };
    format!(
        "{name:<40}  {:<13}  {}  run {}  tick {}  {} of {} seats  {image} and {} bytes of log{logic}\n",
        text("kind"),
        text("phase"),
        found["run"],
        found["tick"],
        found["members"],
        found["seats"],
        found["log_bytes"],
    )
}
