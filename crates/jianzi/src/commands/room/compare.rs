//! `jianzi room compare --on`: the same inputs, another version.

use std::sync::Arc;

use room_core::modules::Modules;
use rooms::{Tried, compare_on};
use serde_json::json;

use super::event::logic;
use super::list::newest;
use super::source::Source;
use super::{CompareArgs, failed};
use crate::commands::config::print_out;
use crate::failure::Failure;

pub fn run(args: &CompareArgs) -> Result<(), Failure> {
    let source = Source::open(&args.which.folder)?;
    let key = source.room(&args.which)?;
    let no_game =
        || failed(format!("room {} runs no game of its own: its log has no rules to compare", key.room));
    let running = {
        let modules = source.playing()?;
        let mut playback = newest(&source.journal, &key, &modules).map_err(failed)?.ok_or_else(no_game)?;
        if playback.room().is_none() {
            playback.play().map_err(failed)?;
        }
        playback.room().and_then(|room| room.logic().cloned()).ok_or_else(no_game)?
    };
    let mut modules = source.modules()?;
    let to = modules.choose(&key.app, &running, &args.on)?;
    let modules: Arc<dyn Modules> = Arc::new(modules);
    let tried = compare_on(&source.journal, &modules, &key, &to).map_err(failed)?;
    let Tried { ticks, from, first_difference, how, ended_badly, saves_compared } = &tried;
    if args.which.folder.json {
        print_out(&format!(
            "{}\n",
            json!({
                "room": key.room.as_str(), "app": key.app.as_str(), "own": logic(&running), "on": logic(&to),
                "from_tick": from, "ticks": ticks, "saves_compared": saves_compared,
                "first_difference": first_difference, "how": how, "ended_badly": ended_badly,
            })
        ))?;
    } else {
        print_out(&text(&tried))?;
    }
    match (first_difference, ended_badly) {
        (None, None) => Ok(()),
        (_, Some(why)) => Err(failed(format!("the other version fails: {why}"))),
        (Some(tick), None) => Err(failed(format!("the versions part at tick {tick}"))),
    }
}

fn text(tried: &Tried) -> String {
    let from = match tried.from {
        0 => "the founding on".to_owned(),
        tick => format!("tick {tick} on, where both load what the room saved"),
    };
    let saves = match tried.saves_compared {
        0 => "saves not compared: one of the versions cannot save".to_owned(),
        count => format!("saves compared {count} times"),
    };
    let mut out = format!("played     {} ticks from {from}; {saves}\n", tried.ticks);
    match (&tried.first_difference, &tried.how) {
        (Some(tick), Some(how)) => out += &format!("parts at   tick {tick}: {how}\n"),
        _ => out += "parts      nowhere: frames, messages, effects and saves are the same\n",
    }
    if let Some(why) = &tried.ended_badly {
        out += &format!("fails      {why}\n");
    }
    out
}
