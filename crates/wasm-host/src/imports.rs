//! What a guest may call.

use bytes::Bytes;
use game_abi::{IMPORT_MODULE, limits as abi};
use room_core::modules::{CallEnd, Said};
use wasmtime::{Caller, Engine, Error, Linker};

use crate::ending::Ended;
use crate::state::{Doing, State};

type Guest<'a> = Caller<'a, State>;

/// All imports of ABI 1, by name.
pub(crate) fn linker(engine: &Engine) -> Result<Linker<State>, Error> {
    let mut linker = Linker::new(engine);
    let module = IMPORT_MODULE;
    linker.func_wrap(module, "send", send)?;
    linker.func_wrap(module, "broadcast", broadcast)?;
    linker.func_wrap(module, "reply", reply)?;
    linker.func_wrap(module, "effect", effect)?;
    linker.func_wrap(module, "end", end)?;
    linker.func_wrap(module, "log", log)?;
    linker.func_wrap(module, "random", random)?;
    linker.func_wrap(module, "now", now)?;
    linker.func_wrap(module, "metric", metric)?;
    Ok(linker)
}

fn send(mut guest: Guest<'_>, seat: i32, pointer: u32, length: u32) -> Result<(), Error> {
    let (state, data) = message(&mut guest, "send", pointer, length)?;
    let seat = u16::try_from(seat).map_err(|_| misuse(format!("send to seat {seat}, which cannot be")))?;
    state.said.push(Said::Send { seat, data });
    Ok(())
}

fn broadcast(mut guest: Guest<'_>, pointer: u32, length: u32) -> Result<(), Error> {
    let (state, data) = message(&mut guest, "broadcast", pointer, length)?;
    state.said.push(Said::Broadcast(data));
    Ok(())
}

fn reply(mut guest: Guest<'_>, pointer: u32, length: u32) -> Result<(), Error> {
    let (bytes, state) = slice(&mut guest, "reply", pointer, length)?;
    let limit = match state.doing {
        Doing::Viewing => state.limits.view_bytes,
        Doing::Saving => state.limits.save_bytes,
        Doing::Playing => return Err(misuse("reply may be called in jz_view and jz_save only".to_owned())),
        Doing::Starting => return Err(too_early("reply")),
    };
    if std::mem::replace(&mut state.counted.replied, true) {
        return Err(misuse("reply was called twice in one call".to_owned()));
    }
    if bytes.len() > limit {
        return Err(Ended(CallEnd::SaidTooMuch).into());
    }
    state.said.push(Said::Reply(Bytes::copy_from_slice(bytes)));
    Ok(())
}

fn effect(mut guest: Guest<'_>, kind: u32, kind_length: u32, pointer: u32, length: u32) -> Result<(), Error> {
    let kind = name(&mut guest, "effect", kind, kind_length)?;
    let (state, data) = message(&mut guest, "effect", pointer, length)?;
    state.said.push(Said::Effect { kind, data });
    Ok(())
}

fn end(mut guest: Guest<'_>, pointer: u32, length: u32) -> Result<(), Error> {
    let (state, result) = message(&mut guest, "end", pointer, length)?;
    if result.len() > abi::RESULT_BYTES {
        return Err(Ended(CallEnd::SaidTooMuch).into());
    }
    state.said.push(Said::End { result });
    Ok(())
}

fn log(mut guest: Guest<'_>, level: i32, pointer: u32, length: u32) -> Result<(), Error> {
    let (bytes, state) = slice(&mut guest, "log", pointer, length)?;
    not_too_early(state, "log")?;
    if state.count_log_line() {
        let mut text = String::from_utf8_lossy(&bytes[..bytes.len().min(abi::LOG_BYTES)]).into_owned();
        text.truncate(text.floor_char_boundary(abi::LOG_BYTES));
        state.said.push(Said::Log { level: level.clamp(0, 3) as u8, text });
    }
    Ok(())
}

fn random(mut guest: Guest<'_>) -> Result<u64, Error> {
    not_too_early(guest.data(), "random")?;
    pay(&mut guest, 0)?;
    Ok(guest.data_mut().chance.next())
}

fn now(mut guest: Guest<'_>) -> Result<u64, Error> {
    not_too_early(guest.data(), "now")?;
    pay(&mut guest, 0)?;
    Ok(guest.data().now_us)
}

fn metric(mut guest: Guest<'_>, pointer: u32, length: u32, value: f64) -> Result<(), Error> {
    let name = name(&mut guest, "metric", pointer, length)?;
    let state = guest.data_mut();
    not_too_early(state, "metric")?;
    if value.is_finite() && state.count_metric() {
        state.said.push(Said::Metric { name, value });
    }
    Ok(())
}

/// A message that the guest may say now, within the limits of one call.
fn message<'a>(
    guest: &'a mut Guest<'_>,
    function: &str,
    pointer: u32,
    length: u32,
) -> Result<(&'a mut State, Bytes), Error> {
    let (bytes, state) = slice(guest, function, pointer, length)?;
    match state.doing {
        Doing::Playing => {}
        Doing::Starting => return Err(too_early(function)),
        Doing::Viewing | Doing::Saving => {
            return Err(misuse(format!(
                "{function} may not be called in jz_view and jz_save, which change nothing"
            )));
        }
    }
    if !state.count_message(bytes.len()) {
        return Err(Ended(CallEnd::SaidTooMuch).into());
    }
    let data = Bytes::copy_from_slice(bytes);
    Ok((state, data))
}

fn name(guest: &mut Guest<'_>, function: &str, pointer: u32, length: u32) -> Result<String, Error> {
    let (bytes, _) = slice(guest, function, pointer, length)?;
    let name = str::from_utf8(bytes).ok().filter(|name| !name.is_empty() && name.len() <= abi::NAME_BYTES);
    name.map(str::to_owned)
        .ok_or_else(|| misuse(format!("{function}: a name is 1 to {} bytes of UTF-8", abi::NAME_BYTES)))
}

/// What a guest points at, if it is all in its memory. Takes the fuel of the import.
fn slice<'a>(
    guest: &'a mut Guest<'_>,
    function: &str,
    pointer: u32,
    length: u32,
) -> Result<(&'a [u8], &'a mut State), Error> {
    let memory = guest.data().memory.ok_or_else(|| too_early(function))?;
    let (begin, size) = (pointer as usize, memory.data_size(&*guest));
    let end = begin + length as usize;
    if end > size {
        return Err(misuse(format!(
            "{function}: {length} bytes at {pointer:#x} are not all in memory, which ends at {size:#x}"
        )));
    }
    pay(guest, length)?;
    let (bytes, state) = memory.data_and_store_mut(guest);
    Ok((&bytes[begin..end], state))
}

fn pay(guest: &mut Guest<'_>, bytes: u32) -> Result<(), Error> {
    let left = guest.get_fuel()?.checked_sub(abi::FUEL_IMPORT + u64::from(bytes));
    guest.set_fuel(left.unwrap_or(0))?;
    if left.is_some() { Ok(()) } else { Err(Ended(CallEnd::OutOfFuel).into()) }
}

fn not_too_early(state: &State, function: &str) -> Result<(), Error> {
    if state.doing == Doing::Starting { Err(too_early(function)) } else { Ok(()) }
}

/// An image is what a fresh instance has not, so instantiation must be a function of the module alone.
fn too_early(function: &str) -> Error {
    misuse(format!("{function} was called before jz_init"))
}

fn misuse(message: String) -> Error {
    Ended(CallEnd::Trap(message)).into()
}
