//! The state as bytes, the guest's image at its end.

use bytes::Bytes;
use model::Tick;

use super::{Authoritative, SeatState};
use crate::codec::{Damaged, Reader, put_bytes, put_option, put_varint};
use crate::event_codec::{put_logic, read_logic};
use crate::limits;
use crate::logic::Fnv;

impl Authoritative {
    pub(super) fn save_state(&mut self, out: &mut Vec<u8>) {
        put_logic(out, &self.logic);
        out.extend([u8::from(self.playing), u8::from(self.suspended)]);
        put_varint(out, self.run);
        put_varint(out, self.continues_at);
        self.seats.iter().for_each(|seat| put_seat(out, seat));
        put_bytes(out, &self.entry);
        put_varint(out, self.sent_bytes);
        put_varint(out, self.effects);
        put_varint(out, self.ended_ticks);
        put_option(out, self.outcome.as_ref(), |out, outcome| put_bytes(out, outcome));
        put_varint(out, self.digest.0);
        put_varint(out, self.fuel);
        let mut image = Vec::new();
        self.guest.image(&mut image);
        put_bytes(out, &image);
    }

    pub(super) fn load_state(&mut self, reader: &mut Reader<'_>) -> Result<(), Damaged> {
        self.logic = read_logic(reader)?;
        self.playing = reader.bool()?;
        self.suspended = reader.bool()?;
        self.run = reader.u32()?;
        self.continues_at = reader.u32()?;
        for seat in &mut self.seats {
            *seat = read_seat(reader)?;
        }
        self.entry = reader.bytes()?.to_vec();
        if self.entry.len() > limits::FRAME_BYTES {
            return Err(Damaged::new("more was said than fits a frame"));
        }
        self.sent_bytes = reader.u32()?;
        self.effects = reader.u32()?;
        self.ended_ticks = reader.u32()?;
        self.outcome = reader.option(|reader| Ok(Bytes::copy_from_slice(reader.bytes()?)))?;
        self.digest = Fnv(reader.u32()?);
        self.fuel = reader.u64()?;
        let image = reader.bytes()?;
        // There may be no place for two.
        self.release();
        let mut guest = self
            .modules
            .instantiate(&self.logic.hash)
            .map_err(|missing| Damaged::new(missing.to_string()))?;
        guest.restore(image)?;
        self.guest = guest;
        Ok(())
    }
}

fn put_seat(out: &mut Vec<u8>, seat: &SeatState) {
    out.push(u8::from(seat.told) | u8::from(seat.muted) << 1);
    out.push(seat.acted);
    put_varint(out, seat.ended.len() as u64);
    seat.ended.iter().for_each(|tick| put_varint(out, *tick));
}

fn read_seat(reader: &mut Reader<'_>) -> Result<SeatState, Damaged> {
    let flags = reader.byte()?;
    let acted = reader.byte()?;
    let ended: Vec<Tick> = reader.list(Reader::u32)?;
    if flags > 3 || ended.len() > limits::ENDED_INPUTS {
        return Err(Damaged::new("a seat's state is not known"));
    }
    Ok(SeatState { told: flags & 1 != 0, muted: flags & 2 != 0, acted, ended })
}
