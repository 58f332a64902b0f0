//! The log leads to the same room from its beginning and from the room's image.

use journal::Journal;
use model::RoomKey;
use rooms::{Playback, Unplayable};

use crate::Odd;
use crate::disk::Disk;
use crate::world::World;

pub fn check(world: &World, whole: &Disk, key: &RoomKey) -> Result<(), Odd> {
    let modules = &world.modules;
    let beginning = || Playback::from_beginning(whole as &dyn Journal, key, modules);
    let image = || Playback::from_image(world.disk.as_ref() as &dyn Journal, key, modules);
    let from_beginning = to_the_end(beginning).map_err(|odd| odd.to_string())?;
    let from_image = to_the_end(image).map_err(|odd| odd.to_string())?;
    if from_beginning.is_none() {
        return Err("the log does not begin with the founding".to_owned());
    }
    if from_image.is_some() && from_image != from_beginning {
        return Err("its image and what followed lead to another room than the whole log".to_owned());
    }
    Ok(())
}

/// The room's image at the log's end.
fn to_the_end<'a>(
    begin: impl Fn() -> Result<Option<Playback<'a>>, Unplayable>,
) -> Result<Option<Vec<u8>>, Unplayable> {
    let Some(mut playback) = begin()? else { return Ok(None) };
    while playback.play()?.is_some() {}
    Ok(playback.room().map(|room| room.image()))
}
