//! A room's whole state as bytes, to be restored by a binary that follows the same rules.

use std::sync::Arc;

use bytes::Bytes;
use model::Tick;

use crate::codec::{Damaged, Reader, put_bytes, put_option, put_text, put_varint};
use crate::event::Founding;
use crate::event_codec::{
    put_founding, put_logic, put_member, read_end_reason, read_founding, read_logic, read_member, read_player,
};
use crate::modules::Modules;
use crate::room::Room;
use crate::spec::Properties;
use crate::table::{Chair, Member, Phase, ReportedResult, Table};

/// The layout of an image. A binary reads its own number and the one before.
const FORMAT: u32 = 2;
/// Knew no authoritative rooms.
const FORMAT_BEFORE: u32 = 1;

/// No room gets there: a year at 60 Hz.
const MOST_TICKS: Tick = 1 << 31;

impl Room {
    /// `&mut`, because a guest is looked at while nothing else runs in it; the room stays as it is.
    pub fn image(&mut self) -> Vec<u8> {
        let mut out = Vec::with_capacity(1024);
        put_varint(&mut out, FORMAT);
        put_founding(&mut out, &self.founding);
        put_option(&mut out, self.founding.logic.as_ref(), put_logic);
        put_varint(&mut out, self.run);
        put_varint(&mut out, self.continues_at);
        put_varint(&mut out, self.tick);
        self.applied.iter().for_each(|applied| put_varint(&mut out, *applied));
        put_table(&mut out, &self.table);
        self.votes.save(&mut out);
        self.logic.save(&mut out);
        out
    }

    pub fn restore(image: &[u8], modules: &Arc<dyn Modules>) -> Result<Room, Damaged> {
        let mut reader = Reader::new(image);
        let mut room = Room::bare(read_head(&mut reader)?, modules);
        room.run = reader.u32()?;
        room.continues_at = reader.u32()?;
        room.tick = reader.u32()?;
        if room.tick > MOST_TICKS {
            return Err(Damaged::new("a number is too large"));
        }
        for applied in &mut room.applied {
            *applied = reader.u32()?;
        }
        read_table(&mut reader, &mut room.table)?;
        room.votes.load(&mut reader)?;
        room.logic.load(&mut reader)?;
        reader.end()?;
        Ok(room)
    }
}

impl Founding {
    /// Of the room that the image is of; needs no module.
    pub fn of_image(image: &[u8]) -> Result<Founding, Damaged> {
        read_head(&mut Reader::new(image))
    }
}

fn read_head(reader: &mut Reader<'_>) -> Result<Founding, Damaged> {
    let format = reader.u32()?;
    if !(FORMAT_BEFORE..=FORMAT).contains(&format) {
        let message =
            format!("the image has format {format}; this binary reads {FORMAT_BEFORE} and {FORMAT}");
        return Err(Damaged::new(message));
    }
    let founding = read_founding(reader)?;
    let logic = if format == FORMAT { reader.option(read_logic)? } else { None };
    if logic.is_some() != founding.spec.authoritative.is_some() {
        return Err(Damaged::new("an authoritative room names its logic, and no other"));
    }
    Ok(Founding { logic, ..founding })
}

fn put_table(out: &mut Vec<u8>, table: &Table) {
    match table.phase {
        Phase::Open => out.push(0),
        Phase::Playing => out.push(1),
        Phase::Ended(reason) => out.extend([2, reason as u8]),
    }
    put_option(out, table.owner.as_ref(), |out, owner| put_text(out, owner.as_str()));
    table.seats.iter().for_each(|chair| put_chair(out, chair));
    put_varint(out, table.spectators.len() as u64);
    table.spectators.iter().for_each(|member| put_presence(out, member));
    put_properties(out, &table.properties);
    put_varint(out, table.banned.len() as u64);
    table.banned.iter().for_each(|player| put_text(out, player.as_str()));
    put_varint(out, table.reservations.len() as u64);
    for (player, until_ms) in &table.reservations {
        put_text(out, player.as_str());
        put_option(out, *until_ms, put_varint);
    }
    put_varint(out, table.emptied);
    put_varint(out, table.revision);
}

fn read_table(reader: &mut Reader<'_>, table: &mut Table) -> Result<(), Damaged> {
    table.phase = match reader.byte()? {
        0 => Phase::Open,
        1 => Phase::Playing,
        2 => Phase::Ended(read_end_reason(reader)?),
        _ => return Err(Damaged::new("the phase is not known")),
    };
    table.owner = reader.option(read_player)?;
    for chair in &mut table.seats {
        *chair = read_chair(reader, chair.bot)?;
    }
    table.spectators = reader.list(read_presence)?;
    table.properties = read_properties(reader)?;
    table.banned = reader.list(read_player)?;
    table.reservations = reader.list(|reader| Ok((read_player(reader)?, reader.option(Reader::u64)?)))?;
    table.emptied = reader.u32()?;
    table.revision = reader.u32()?;
    Ok(())
}

fn put_chair(out: &mut Vec<u8>, chair: &Chair) {
    put_option(out, chair.member.as_ref(), put_presence);
    out.extend([u8::from(chair.ready), u8::from(chair.muted)]);
    put_properties(out, &chair.properties);
    put_option(out, chair.result.as_ref(), |out, told| {
        put_bytes(out, &told.result);
        put_varint(out, told.hash);
        put_varint(out, told.tick);
    });
}

fn read_chair(reader: &mut Reader<'_>, bot: bool) -> Result<Chair, Damaged> {
    Ok(Chair {
        member: reader.option(read_presence)?,
        bot,
        ready: reader.bool()?,
        muted: reader.bool()?,
        properties: read_properties(reader)?,
        result: reader.option(|reader| {
            Ok(ReportedResult {
                result: Bytes::copy_from_slice(reader.bytes()?),
                hash: reader.u32()?,
                tick: reader.u32()?,
            })
        })?,
    })
}

fn put_presence(out: &mut Vec<u8>, member: &Member) {
    put_member(out, &member.player, &member.session, member.session_number, &member.name);
    out.extend([u8::from(member.online), u8::from(member.gone)]);
}

fn read_presence(reader: &mut Reader<'_>) -> Result<Member, Damaged> {
    let (player, session, session_number, name) = read_member(reader)?;
    Ok(Member { player, session, session_number, name, online: reader.bool()?, gone: reader.bool()? })
}

fn put_properties(out: &mut Vec<u8>, properties: &Properties) {
    put_varint(out, properties.len() as u64);
    for (key, value) in properties {
        put_text(out, key);
        put_text(out, value);
    }
}

fn read_properties(reader: &mut Reader<'_>) -> Result<Properties, Damaged> {
    reader.list(|reader| Ok((reader.text()?.to_owned(), reader.text()?.to_owned())))
}
