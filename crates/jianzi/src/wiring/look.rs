//! What a start would find in the data folder. Nothing is changed, and a server may be at work on it meanwhile.

use journal_file::FileJournal;
use releases::Catalog;

use crate::config::Config;
use crate::failure::{Exit, Failure};

use super::journal;

/// What is told of the data folder, and what of it is bad but would not keep the server from starting.
#[derive(Debug, Default)]
pub struct Found {
    pub said: Vec<String>,
    pub damage: Vec<String>,
}

/// The failure is the one that the start would end with.
pub fn look(config: &Config) -> Result<Found, Failure> {
    let mut found = Found::default();
    look_at_games(config, &mut found)?;
    look_at_journal(config, &mut found)?;
    Ok(found)
}

fn look_at_games(config: &Config, found: &mut Found) -> Result<(), Failure> {
    let folder = config.patches().folder;
    let opened = Catalog::look(&folder).map_err(|error| Failure::new(Exit::DataFolder, error))?;
    if opened.torn > 0 {
        let history = folder.join("history.jsonl");
        found.said.push(format!("{} bytes of an unfinished line end {}", opened.torn, history.display()));
    }
    found.damage.extend(opened.problems);
    Ok(())
}

fn look_at_journal(config: &Config, found: &mut Found) -> Result<(), Failure> {
    let folder = journal::folder(config);
    let looked = FileJournal::look(&folder).map_err(|error| journal::unusable(&folder, &error))?;
    let Some(looked) = looked else { return Ok(()) };
    found.said.push(format!("the journal has {} room(s) in {} segment(s)", looked.rooms, looked.segments));
    let in_journal = |what: String| format!("the journal in {}: {what}", folder.display());
    found.damage.extend(looked.damage.into_iter().map(in_journal));
    if looked.damaged_rooms > 0 {
        found.damage.push(in_journal(format!("{} room(s) have lost something", looked.damaged_rooms)));
    }
    Ok(())
}
