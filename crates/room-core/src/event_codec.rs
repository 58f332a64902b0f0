//! Events as bytes. The first byte is the tag; a tag's layout never changes and a tag is never used again, so every
//! binary reads all older journals. The founding record carries the number of the rules besides.

use bytes::Bytes;
use model::{AppId, Build, PlayerId, RoomKey, SessionId};
use prost::Message;
use protocol::messages::{self, input_refused::Refusal};

use crate::codec::{Damaged, Reader, put_bytes, put_option, put_text, put_varint};
use crate::event::{EndReason, Founding, LeftWhy, RoomEvent, RunReason};
use crate::modules::{CallEnd, LogicRef, ModuleHash};
use crate::spec::RoomSpec;

/// What events do to a room. Rises when the same events would lead to another state.
pub(crate) const RULES: u32 = 1;

mod tag {
    pub const FOUNDED: u8 = 1;
    pub const SEAT_TAKEN: u8 = 2;
    pub const SPECTATOR_CAME: u8 = 3;
    pub const LEFT: u8 = 4;
    pub const BANNED: u8 = 5;
    pub const LOST: u8 = 6;
    pub const BACK: u8 = 7;
    pub const GONE: u8 = 8;
    pub const MUTED: u8 = 9;
    pub const READY: u8 = 10;
    pub const PROPERTIES: u8 = 11;
    pub const OWNER: u8 = 12;
    pub const RESERVED: u8 = 13;
    pub const RESERVATION_OVER: u8 = 14;
    pub const STARTED: u8 = 15;
    pub const INPUT: u8 = 16;
    pub const REFUSED: u8 = 17;
    pub const TICK: u8 = 18;
    pub const TICK_WITH_HASH: u8 = 19;
    pub const STATE_HASH: u8 = 20;
    pub const RESULT: u8 = 21;
    pub const RUN_BEGAN: u8 = 22;
    pub const ENDED: u8 = 23;
    pub const FOUNDED_WITH_LOGIC: u8 = 24;
    pub const SHOWN: u8 = 25;
    pub const CALL_ENDED: u8 = 26;
    pub const SWAPPED: u8 = 27;
    pub const SWAP_FAILED: u8 = 28;
    pub const ROLLED_BACK: u8 = 29;
}

impl RoomEvent {
    pub fn encode(&self, out: &mut Vec<u8>) {
        match self {
            RoomEvent::Founded(founding) => {
                out.push(if founding.logic.is_some() { tag::FOUNDED_WITH_LOGIC } else { tag::FOUNDED });
                put_founding(out, founding);
                founding.logic.iter().for_each(|logic| put_logic(out, logic));
            }
            RoomEvent::SeatTaken { seat, player, session, session_number, name } => {
                out.push(tag::SEAT_TAKEN);
                put_varint(out, *seat);
                put_member(out, player, session, *session_number, name);
            }
            RoomEvent::SpectatorCame { player, session, session_number, name } => {
                out.push(tag::SPECTATOR_CAME);
                put_member(out, player, session, *session_number, name);
            }
            RoomEvent::Left { player, why } => {
                put_player(out, tag::LEFT, player);
                out.push(*why as u8);
            }
            RoomEvent::Banned { player } => put_player(out, tag::BANNED, player),
            RoomEvent::Lost { player } => put_player(out, tag::LOST, player),
            RoomEvent::Back { player } => put_player(out, tag::BACK, player),
            RoomEvent::Gone { player } => put_player(out, tag::GONE, player),
            RoomEvent::Muted { seat, muted } => {
                out.push(tag::MUTED);
                put_varint(out, *seat);
                out.push(u8::from(*muted));
            }
            RoomEvent::Ready { seat, ready } => {
                out.push(tag::READY);
                put_varint(out, *seat);
                out.push(u8::from(*ready));
            }
            RoomEvent::Properties { seat, changes } => {
                out.push(tag::PROPERTIES);
                put_option(out, *seat, put_varint);
                put_varint(out, changes.len() as u64);
                for (key, value) in changes {
                    put_text(out, key);
                    put_text(out, value);
                }
            }
            RoomEvent::Owner { player } => put_player(out, tag::OWNER, player),
            RoomEvent::Reserved { player, until_ms } => {
                put_player(out, tag::RESERVED, player);
                put_varint(out, *until_ms);
            }
            RoomEvent::ReservationOver { player } => put_player(out, tag::RESERVATION_OVER, player),
            RoomEvent::Started => out.push(tag::STARTED),
            RoomEvent::Input { seat, number, tick, data } => {
                out.reserve(data.len() + 16);
                out.push(tag::INPUT);
                put_varint(out, *seat);
                put_varint(out, *number);
                put_varint(out, *tick);
                put_bytes(out, data);
            }
            RoomEvent::Refused { seat, number, reason } => {
                out.push(tag::REFUSED);
                put_varint(out, *seat);
                put_varint(out, *number);
                out.push(*reason as u8);
            }
            RoomEvent::Tick { number, hash: None } => {
                out.push(tag::TICK);
                put_varint(out, *number);
            }
            RoomEvent::Tick { number, hash: Some(hash) } => {
                out.push(tag::TICK_WITH_HASH);
                put_varint(out, *number);
                put_varint(out, *hash);
            }
            RoomEvent::StateHash { seat, tick, hash } => {
                out.push(tag::STATE_HASH);
                put_varint(out, *seat);
                put_varint(out, *tick);
                put_varint(out, *hash);
            }
            RoomEvent::Result { seat, result, hash, tick } => {
                out.push(tag::RESULT);
                put_varint(out, *seat);
                put_bytes(out, result);
                put_varint(out, *hash);
                put_varint(out, *tick);
            }
            RoomEvent::RunBegan { run, continues_at, reason } => {
                out.push(tag::RUN_BEGAN);
                put_varint(out, *run);
                put_varint(out, *continues_at);
                out.push(*reason as u8);
            }
            RoomEvent::Ended { reason } => out.extend([tag::ENDED, *reason as u8]),
            RoomEvent::Shown { player } => put_player(out, tag::SHOWN, player),
            RoomEvent::CallEnded { event, end } => {
                out.extend([tag::CALL_ENDED, end.number()]);
                put_text(out, &end.text());
                event.encode(out);
            }
            RoomEvent::Swapped { to, from_version, save } => {
                out.push(tag::SWAPPED);
                put_logic(out, to);
                put_varint(out, *from_version);
                put_bytes(out, save);
            }
            RoomEvent::SwapFailed { to, why } => {
                out.push(tag::SWAP_FAILED);
                put_logic(out, to);
                put_text(out, why);
            }
            RoomEvent::RolledBack { to, state } => {
                out.push(tag::ROLLED_BACK);
                put_logic(out, to);
                put_bytes(out, state);
            }
        }
    }

    /// Reads one event, which must fill the bytes.
    pub fn decode(bytes: &[u8]) -> Result<RoomEvent, Damaged> {
        let mut reader = Reader::new(bytes);
        let event = read_event(&mut reader)?;
        reader.end()?;
        Ok(event)
    }
}

fn read_event(reader: &mut Reader<'_>) -> Result<RoomEvent, Damaged> {
    let tag = reader.byte()?;
    read_event_of(tag, reader)
}

fn read_event_of(tag: u8, reader: &mut Reader<'_>) -> Result<RoomEvent, Damaged> {
    Ok(match tag {
        tag::FOUNDED => RoomEvent::Founded(Box::new(read_founding(reader)?)),
        tag::FOUNDED_WITH_LOGIC => {
            let founding = read_founding(reader)?;
            let logic = Some(read_logic(reader)?);
            RoomEvent::Founded(Box::new(Founding { logic, ..founding }))
        }
        tag::SEAT_TAKEN => {
            let seat = reader.u16()?;
            let (player, session, session_number, name) = read_member(reader)?;
            RoomEvent::SeatTaken { seat, player, session, session_number, name }
        }
        tag::SPECTATOR_CAME => {
            let (player, session, session_number, name) = read_member(reader)?;
            RoomEvent::SpectatorCame { player, session, session_number, name }
        }
        tag::LEFT => RoomEvent::Left { player: read_player(reader)?, why: read_left_why(reader)? },
        tag::BANNED => RoomEvent::Banned { player: read_player(reader)? },
        tag::LOST => RoomEvent::Lost { player: read_player(reader)? },
        tag::BACK => RoomEvent::Back { player: read_player(reader)? },
        tag::GONE => RoomEvent::Gone { player: read_player(reader)? },
        tag::MUTED => RoomEvent::Muted { seat: reader.u16()?, muted: reader.bool()? },
        tag::READY => RoomEvent::Ready { seat: reader.u16()?, ready: reader.bool()? },
        tag::PROPERTIES => RoomEvent::Properties {
            seat: reader.option(Reader::u16)?,
            changes: reader.list(|reader| Ok((reader.text()?.to_owned(), reader.text()?.to_owned())))?,
        },
        tag::OWNER => RoomEvent::Owner { player: read_player(reader)? },
        tag::RESERVED => RoomEvent::Reserved { player: read_player(reader)?, until_ms: reader.u64()? },
        tag::RESERVATION_OVER => RoomEvent::ReservationOver { player: read_player(reader)? },
        tag::STARTED => RoomEvent::Started,
        tag::INPUT => RoomEvent::Input {
            seat: reader.u16()?,
            number: reader.u32()?,
            tick: reader.u32()?,
            data: Bytes::copy_from_slice(reader.bytes()?),
        },
        tag::REFUSED => {
            let (seat, number, reason) = (reader.u16()?, reader.u32()?, reader.byte()?);
            let reason = Refusal::try_from(i32::from(reason))
                .map_err(|_| Damaged::new("the reason of a refusal is not known"))?;
            RoomEvent::Refused { seat, number, reason }
        }
        tag::TICK => RoomEvent::Tick { number: reader.u32()?, hash: None },
        tag::TICK_WITH_HASH => RoomEvent::Tick { number: reader.u32()?, hash: Some(reader.u32()?) },
        tag::STATE_HASH => {
            RoomEvent::StateHash { seat: reader.u16()?, tick: reader.u32()?, hash: reader.u32()? }
        }
        tag::RESULT => RoomEvent::Result {
            seat: reader.u16()?,
            result: Bytes::copy_from_slice(reader.bytes()?),
            hash: reader.u32()?,
            tick: reader.u32()?,
        },
        tag::RUN_BEGAN => RoomEvent::RunBegan {
            run: reader.u32()?,
            continues_at: reader.u32()?,
            reason: read_run_reason(reader)?,
        },
        tag::ENDED => RoomEvent::Ended { reason: read_end_reason(reader)? },
        tag::SHOWN => RoomEvent::Shown { player: read_player(reader)? },
        tag::CALL_ENDED => {
            let (number, text) = (reader.byte()?, reader.text()?);
            let end = CallEnd::from_parts(number, text)
                .ok_or_else(|| Damaged::new("it is not known how a call ended"))?;
            // Once only: whoever writes these bytes does not decide how deep they are read.
            let event = match reader.byte()? {
                tag::CALL_ENDED => return Err(Damaged::new("a call that ended ended again")),
                tag => read_event_of(tag, reader)?,
            };
            RoomEvent::CallEnded { event: Box::new(event), end }
        }
        tag::SWAPPED => RoomEvent::Swapped {
            to: read_logic(reader)?,
            from_version: reader.u32()?,
            save: Bytes::copy_from_slice(reader.bytes()?),
        },
        tag::SWAP_FAILED => RoomEvent::SwapFailed { to: read_logic(reader)?, why: reader.text()?.to_owned() },
        tag::ROLLED_BACK => {
            RoomEvent::RolledBack { to: read_logic(reader)?, state: Bytes::copy_from_slice(reader.bytes()?) }
        }
        other => return Err(Damaged::new(format!("no event has the tag {other}"))),
    })
}

pub(crate) fn put_logic(out: &mut Vec<u8>, logic: &LogicRef) {
    put_text(out, &logic.game);
    put_varint(out, logic.version);
    out.extend(logic.hash.0);
}

pub(crate) fn read_logic(reader: &mut Reader<'_>) -> Result<LogicRef, Damaged> {
    let (game, version) = (reader.text()?.to_owned(), reader.u32()?);
    let mut hash = [0; 32];
    for byte in &mut hash {
        *byte = reader.byte()?;
    }
    Ok(LogicRef { game, version, hash: ModuleHash(hash) })
}

/// Without the logic, which follows where it belongs.
pub(crate) fn put_founding(out: &mut Vec<u8>, founding: &Founding) {
    put_varint(out, RULES);
    put_text(out, founding.key.app.as_str());
    put_text(out, founding.key.room.as_str());
    put_bytes(out, &messages::RoomSpec::from(&founding.spec).encode_to_vec());
    put_text(out, founding.founder.as_str());
    put_text(out, founding.build.as_str());
    put_text(out, &founding.invite);
    put_varint(out, founding.run);
    put_varint(out, founding.wall_ms);
}

pub(crate) fn read_founding(reader: &mut Reader<'_>) -> Result<Founding, Damaged> {
    let rules = reader.u32()?;
    if rules != RULES {
        return Err(Damaged::new(format!("the room follows rules {rules}; these are rules {RULES}")));
    }
    let app = AppId::from(reader.text()?);
    let room = reader.text()?.parse().map_err(|_| Damaged::new("the room's id is none"))?;
    let spec = messages::RoomSpec::decode(reader.bytes()?)
        .map_err(|_| Damaged::new("the specification cannot be read"))?;
    let spec = RoomSpec::try_from(spec).map_err(|fault| Damaged::new(fault.message))?;
    if spec.needs_seed() {
        return Err(Damaged::new("a room without the seed that it plays by"));
    }
    Ok(Founding {
        key: RoomKey { app, room },
        spec,
        founder: read_player(reader)?,
        build: Build::from(reader.text()?),
        invite: reader.text()?.to_owned(),
        run: reader.u32()?,
        wall_ms: reader.u64()?,
        logic: None,
    })
}

pub(crate) fn put_member(out: &mut Vec<u8>, player: &PlayerId, session: &SessionId, number: u32, name: &str) {
    put_text(out, player.as_str());
    put_text(out, session.as_str());
    put_varint(out, number);
    put_text(out, name);
}

pub(crate) fn read_member(reader: &mut Reader<'_>) -> Result<(PlayerId, SessionId, u32, String), Damaged> {
    Ok((read_player(reader)?, read_session(reader)?, reader.u32()?, reader.text()?.to_owned()))
}

fn read_session(reader: &mut Reader<'_>) -> Result<SessionId, Damaged> {
    SessionId::try_from(reader.text()?).map_err(|_| Damaged::new("a session's id is too long"))
}

fn put_player(out: &mut Vec<u8>, tag: u8, player: &PlayerId) {
    out.push(tag);
    put_text(out, player.as_str());
}

pub(crate) fn read_player(reader: &mut Reader<'_>) -> Result<PlayerId, Damaged> {
    Ok(PlayerId::from(reader.text()?))
}

fn read_left_why(reader: &mut Reader<'_>) -> Result<LeftWhy, Damaged> {
    read_variant(reader, &[LeftWhy::Left, LeftWhy::Kicked, LeftWhy::Gone])
}

fn read_run_reason(reader: &mut Reader<'_>) -> Result<RunReason, Damaged> {
    read_variant(reader, &[RunReason::Recovery, RunReason::HandOver, RunReason::Rollback])
}

pub(crate) fn read_end_reason(reader: &mut Reader<'_>) -> Result<EndReason, Damaged> {
    use EndReason::{
        Closed, Damaged, Empty, Finished, LastTick, LifeLimit, LogFull, LogicFailed, Unrecorded,
    };
    let reasons = [Finished, Empty, LifeLimit, LastTick, Closed, LogFull, LogicFailed, Damaged, Unrecorded];
    read_variant(reader, &reasons)
}

/// The variants in the order of their declaration, which is what was written.
fn read_variant<T: Copy>(reader: &mut Reader<'_>, variants: &[T]) -> Result<T, Damaged> {
    let index = usize::from(reader.byte()?);
    variants.get(index).copied().ok_or_else(|| Damaged::new("a reason is not known"))
}
