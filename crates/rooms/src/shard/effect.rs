//! What members hear, each in the order in which it happened, once the journal has it.

use bytes::Bytes;
use link::{Audience, Class, Publication};
use model::{Run, Seat, SessionId, Tick};
use prost::Message;
use protocol::messages::input_refused::Refusal;
use protocol::messages::{self, push};
use protocol::operation;
use telemetry::RoomMetrics;

use crate::calls::{Done, JoinedRoom};
use crate::games::GameEffect;

use super::hosted::{Attached, Hosted};

pub(super) enum Effect {
    Frame {
        body: Bytes,
        first_tick: Tick,
        last_tick: Tick,
        applied: Box<[u32]>,
    },
    Refused {
        seat: Seat,
        number: u32,
        reason: Refusal,
    },
    Desync {
        tick: Tick,
        seats: Vec<Seat>,
        last_agreed: Tick,
    },
    Changed(Box<messages::RoomChanged>),
    Attach(Box<Attached>),
    Detach(SessionId),
    Joined(Box<JoinedRoom>, Done<JoinedRoom>),
    Resumed(Box<messages::Joined>, Done<messages::Joined>),
    /// The member hears what is published from now on.
    Hear(SessionId),
    /// The state of an authoritative room, and from there on what is published.
    State {
        session: SessionId,
        run: Run,
        tick: Tick,
        data: Bytes,
        applied: Box<[u32]>,
    },
    Message {
        seat: Seat,
        run: Run,
        tick: Tick,
        data: Bytes,
    },
    Outside(GameEffect),
    Answer(Box<messages::RoomView>, Done<messages::RoomView>),
    Ended(Box<messages::RoomEnded>),
}

impl Effect {
    /// Bytes that wait while the effect does.
    pub fn weight(&self) -> usize {
        match self {
            Effect::Frame { body, .. } => body.len(),
            Effect::State { data, .. } | Effect::Message { data, .. } => data.len(),
            Effect::Outside(effect) => effect.data.len(),
            _ => 0,
        }
    }

    pub fn happen(self, hosted: &mut Hosted, metrics: &RoomMetrics) {
        match self {
            Effect::Frame { body, first_tick, last_tick, applied } => {
                hosted.ring.push(&body, first_tick, last_tick);
                hosted.released = last_tick;
                hosted.port.publish(Publication {
                    operation: operation::FRAME,
                    body: &body,
                    applied: &applied,
                    audience: Audience::All,
                    class: Class::Reliable,
                });
                hosted.acknowledged = applied;
            }
            Effect::Refused { seat, number, reason } => refuse(hosted, seat, number, reason, metrics),
            Effect::Desync { tick, seats, last_agreed } => {
                metrics.desyncs_total.increment();
                let key = &hosted.key;
                tracing::warn!(event = "desync", app = %key.app, room = %key.room, tick, ?seats, last_agreed);
                let seats = seats.into_iter().map(u32::from).collect();
                let desync = messages::Desync { tick, seats, last_agreed_tick: last_agreed, channel: 0 };
                hosted.port.publish(Publication {
                    operation: operation::DESYNC,
                    body: &desync.encode_to_vec(),
                    applied: &[],
                    audience: Audience::All,
                    class: Class::Reliable,
                });
            }
            Effect::Changed(change) => hosted.push_to_all(&push::Event::RoomChanged(*change)),
            Effect::Attach(member) => hosted.attach(*member, &metrics.members),
            Effect::Detach(session) => hosted.detach(&session, &metrics.members),
            Effect::Joined(joined, done) => done(Ok(*joined)),
            Effect::Resumed(joined, done) => done(Ok(*joined)),
            Effect::Hear(session) => hosted.hear(&session),
            Effect::State { session, run, tick, data, applied } => {
                let state = messages::RoomState { run, tick, data, channel: 0, applied: 0 };
                hosted.port.send_to(
                    &session,
                    reliable(operation::ROOM_STATE, &state.encode_to_vec(), &applied, Audience::All),
                );
                hosted.hear(&session);
            }
            Effect::Message { seat, run, tick, data } => {
                let message = messages::RoomMessage { run, tick, data, channel: 0 };
                let body = message.encode_to_vec();
                hosted.port.publish(reliable(operation::ROOM_MESSAGE, &body, &[], Audience::Seats(&[seat])));
            }
            Effect::Outside(effect) => hosted.take_outside(effect),
            Effect::Answer(view, done) => done(Ok(*view)),
            Effect::Ended(ended) => hosted.push_to_all(&push::Event::RoomEnded(*ended)),
        }
    }

    /// The shard stops before the journal answered.
    pub fn abandon(self, fault: &protocol::Fault) {
        match self {
            Effect::Joined(_, done) => done(Err(fault.clone())),
            Effect::Answer(_, done) => done(Err(fault.clone())),
            Effect::Resumed(_, done) => done(Err(fault.clone())),
            _ => {}
        }
    }
}

fn reliable<'a>(
    operation: u8,
    body: &'a [u8],
    applied: &'a [u32],
    audience: Audience<'a>,
) -> Publication<'a> {
    Publication { operation, body, applied, audience, class: Class::Reliable }
}

/// Tells the seat that its input was not applied.
pub(super) fn refuse(hosted: &Hosted, seat: Seat, number: u32, reason: Refusal, metrics: &RoomMetrics) {
    metrics.inputs_refused_total.of(&[reason.as_str_name()]).increment();
    for member in hosted.members.iter().filter(|member| member.seat == Some(seat)) {
        let refused = messages::InputRefused { channel: member.channel, number, reason: reason.into() };
        hosted.port.send_to(
            &member.session,
            Publication {
                operation: operation::INPUT_REFUSED,
                body: &refused.encode_to_vec(),
                applied: &[],
                audience: Audience::All,
                class: Class::Reliable,
            },
        );
    }
}
