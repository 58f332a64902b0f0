//! From an operation byte to what it means.

use std::cell::RefCell;
use std::sync::Arc;

use bytes::{BufMut, Bytes};
use clock::Moment;
use link::{Audience, Class, Publication, ToRoom};
use model::Seat;
use prost::Message;
use prost::encoding::{WireType, encode_key, encode_varint};
use protocol::messages::input_refused::Refusal;
use protocol::{ErrorCode, Fault, messages, operation};

use crate::calls;
use crate::connection::Connection;
use crate::services::Services;
use crate::session::Session;

/// Why a connection does not go on.
pub enum Ending {
    /// Something is wrong: the client is told.
    Fault(Fault),
    /// The client leaves for good; its session ends.
    Goodbye,
    /// The client closed its connection; the session waits for it.
    Closed,
}

impl From<Fault> for Ending {
    fn from(fault: Fault) -> Ending {
        Ending::Fault(fault)
    }
}

/// Handles one frame of a session. What is wrong with a single message is answered, and the connection goes on.
pub fn dispatch(
    services: &Services,
    session: &Arc<Session>,
    connection: &Arc<Connection>,
    now: Moment,
    operation: u8,
    body: &[u8],
) -> Result<(), Ending> {
    let handled = match operation {
        operation::INPUT => input(session, connection, body),
        operation::RELAY => relay(session, body),
        operation::CALL => calls::call(services, session, now, body),
        operation::HEARTBEAT => heartbeat(services, session, connection, body),
        operation::STATE_HASH => state_hash(session, body),
        operation::GOODBYE => return Err(Ending::Goodbye),
        operation::LOGIN => Err(Fault::new(ErrorCode::BadRequest, "the connection is logged in already")),
        unknown => {
            let sentence = format!("operation {unknown} is not one that a client sends");
            Err(Fault::new(ErrorCode::UnknownOperation, sentence))
        }
    };
    match handled {
        Err(fault) if fault.code.closes() => Err(fault.into()),
        Err(fault) => {
            connection.send_message(operation::ERROR, &fault.to_message());
            Ok(())
        }
        Ok(()) => Ok(()),
    }
}

fn input(session: &Session, connection: &Arc<Connection>, body: &[u8]) -> Result<(), Fault> {
    let messages::Input { channel, number, tick, data } =
        messages::Input::decode(body).map_err(unreadable)?;
    in_room(session, channel, |route| match route.seat {
        Some(seat) => {
            let message = ToRoom::Input { session: session.id, seat, number, tick, data };
            route.inbox.send(&route.key, message);
        }
        None => {
            let reason = Refusal::Spectator.into();
            let refused = messages::InputRefused { channel, number, reason };
            connection.send_message(operation::INPUT_REFUSED, &refused);
        }
    })
}

fn state_hash(session: &Session, body: &[u8]) -> Result<(), Fault> {
    let messages::StateHash { channel, tick, hash } =
        messages::StateHash::decode(body).map_err(unreadable)?;
    in_room(session, channel, |route| {
        if let Some(seat) = route.seat {
            let message = ToRoom::StateHash { session: session.id, seat, tick, hash };
            route.inbox.send(&route.key, message);
        }
    })
}

/// Forwards a relay message at once, from this thread.
fn relay(session: &Session, body: &[u8]) -> Result<(), Fault> {
    let message = messages::Relay::decode(body).map_err(unreadable)?;
    let to: Vec<Seat> = message.to.iter().filter_map(|seat| Seat::try_from(*seat).ok()).collect();
    in_room(session, message.channel, |route| {
        let (Some(seat), Some(port)) = (route.seat, &route.relay) else {
            let sentence = "only a seat in a relay room can send to the others";
            return Err(Fault::new(ErrorCode::Forbidden, sentence));
        };
        let audience = if message.to.is_empty() { Audience::Except(seat) } else { Audience::Seats(&to) };
        let class = match message.latest_only {
            true => Class::LatestOnly { key: seat },
            false => Class::Reliable,
        };
        SCRATCH.with_borrow_mut(|body| {
            encode_relay(body, seat, &message.data, message.latest_only);
            port.publish(Publication { operation: operation::RELAY, body, applied: &[], audience, class });
        });
        Ok(())
    })?
}

thread_local! {
    static SCRATCH: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

/// A `Relay` without its channel, which is each receiver's own. The same bytes as prost's, without an allocation.
fn encode_relay(into: &mut Vec<u8>, from: Seat, data: &Bytes, latest_only: bool) {
    into.clear();
    if from != 0 {
        encode_key(1, WireType::Varint, into);
        encode_varint(u64::from(from), into);
    }
    if !data.is_empty() {
        encode_key(2, WireType::LengthDelimited, into);
        encode_varint(data.len() as u64, into);
        into.extend_from_slice(data);
    }
    if latest_only {
        encode_key(4, WireType::Varint, into);
        into.put_u8(1);
    }
}

fn heartbeat(
    services: &Services,
    session: &Session,
    connection: &Arc<Connection>,
    body: &[u8],
) -> Result<(), Fault> {
    let heartbeat = messages::Heartbeat::decode(body).map_err(unreadable)?;
    session.seen_push(heartbeat.last_push);
    let time_ms = services.clock.wall_ms() as f64;
    let answer = messages::Heartbeat { last_push: 0, echo: heartbeat.echo, time_ms };
    connection.send_message(operation::HEARTBEAT, &answer);
    Ok(())
}

fn in_room<T>(session: &Session, channel: u32, with: impl FnOnce(&link::RoomRoute) -> T) -> Result<T, Fault> {
    session.with_room(channel, with).ok_or_else(|| {
        Fault::new(ErrorCode::NotInRoom, format!("the session has no room on channel {channel}"))
    })
}

fn unreadable(error: prost::DecodeError) -> Fault {
    Fault::new(ErrorCode::BadBody, format!("the body cannot be read: {error}"))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_relay_message_is_encoded_as_prost_does(from: u16, data: Vec<u8>, latest_only: bool) {
            let data = Bytes::from(data);
            let mut ours = Vec::new();
            encode_relay(&mut ours, from, &data, latest_only);
            let message = messages::Relay { from: from.into(), data, latest_only, ..Default::default() };
            prop_assert_eq!(ours, message.encode_to_vec());
        }
    }
}
