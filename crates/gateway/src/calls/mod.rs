//! Calls: a method's name, a body, one answer. To add a method: a file with its handler, a line in [`call`].

mod matches;
mod rooms;

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use clock::Moment;
use prost::Message;
use protocol::{ErrorCode, Fault, messages, operation};

use crate::services::Services;
use crate::session::{Known, Session};

/// The longest that a client may ask us to work on a call.
const LONGEST_DEADLINE: Duration = Duration::from_secs(60);

/// Makes a call, or repeats the answer of one that was made before.
pub fn call(services: &Services, session: &Arc<Session>, now: Moment, body: &[u8]) -> Result<(), Fault> {
    let call = messages::Call::decode(body)
        .map_err(|error| Fault::new(ErrorCode::BadBody, format!("the call cannot be read: {error}")))?;
    if call.id == 0 {
        return Err(Fault::new(ErrorCode::BadBody, "calls are numbered from 1"));
    }
    // Reading costs nothing when repeated, so its answers are not kept.
    match call.method.as_str() {
        "echo" => return read(services, session, "echo", call.id, Ok(call.body), now),
        "time" => {
            let time_ms = services.clock.wall_ms() as f64;
            let time = messages::Heartbeat { time_ms, ..messages::Heartbeat::default() };
            return read(services, session, "time", call.id, Ok(time.encode_to_vec().into()), now);
        }
        _ => {}
    }
    match session.look_up_call(call.id) {
        Known::No => {}
        Known::UnderWay => return Ok(()),
        Known::Answered(answer) => {
            services.metrics.gateway.answers_repeated_total.increment();
            session.send(operation::ANSWER, &answer);
            return Ok(());
        }
    }
    let wish = Duration::from_millis(u64::from(call.deadline_ms));
    let deadline = if wish.is_zero() { services.config.call_deadline } else { wish.min(LONGEST_DEADLINE) };
    if !session.begin_call(call.id, now + deadline) {
        return Err(Fault::new(ErrorCode::TooManyRequests, "too many calls of this session are under way"));
    }
    let reply = |method| Reply {
        session: session.clone(),
        metrics: services.metrics.clone(),
        clock: services.clock.clone(),
        id: call.id,
        method,
        began: now,
    };
    let body = call.body;
    match call.method.as_str() {
        "rooms.create" => rooms::create(services, session, body, reply("rooms.create")),
        "rooms.join" => rooms::join(services, session, body, reply("rooms.join")),
        "rooms.resume" => rooms::resume(services, session, body, reply("rooms.resume")),
        "rooms.leave" => rooms::leave(services, session, body, reply("rooms.leave")),
        "rooms.get" => rooms::get(services, session, body, reply("rooms.get")),
        "rooms.list" => rooms::list(services, session, body, reply("rooms.list")),
        "rooms.start" => rooms::start(services, session, body, reply("rooms.start")),
        "rooms.ready" => rooms::ready(services, session, body, reply("rooms.ready")),
        "rooms.kick" => rooms::kick(services, session, body, reply("rooms.kick")),
        "rooms.owner" => rooms::owner(services, session, body, reply("rooms.owner")),
        "rooms.set" => rooms::set(services, session, body, reply("rooms.set")),
        "rooms.reserve" => rooms::reserve(services, session, body, reply("rooms.reserve")),
        "rooms.result" => rooms::result(services, session, body, reply("rooms.result")),
        "match.start" => matches::start(services, session, body, reply("match.start")),
        "match.cancel" => matches::cancel(services, session, body, reply("match.cancel")),
        "match.status" => matches::status(services, session, body, reply("match.status")),
        unknown => {
            let shown: String = unknown.chars().take(40).collect();
            let sentence = format!("there is no method {shown:?}");
            reply("unknown").fail(Fault::new(ErrorCode::UnknownMethod, sentence));
        }
    }
    Ok(())
}

/// Answers a call whose time is over; a later answer is thrown away.
pub fn deadline_passed(session: &Session, id: u32) {
    session.answer(id, encode_answer(id, Err(ErrorCode::DeadlineExceeded.into())));
}

fn read(
    services: &Services,
    session: &Session,
    method: &str,
    id: u32,
    outcome: Result<Bytes, Fault>,
    began: Moment,
) -> Result<(), Fault> {
    session.send(operation::ANSWER, &encode_answer(id, outcome));
    let took = services.clock.now().since(began);
    services.metrics.gateway.calls_seconds.of(&[method, "ok"]).observe(took);
    Ok(())
}

/// Somebody's promise to answer a call, from any thread.
pub struct Reply {
    session: Arc<Session>,
    metrics: Arc<telemetry::Metrics>,
    clock: clock::Clock,
    id: u32,
    method: &'static str,
    began: Moment,
}

impl Reply {
    /// Answers with a message, or with what went wrong.
    pub fn finish(self, outcome: Result<impl Message, Fault>) {
        self.finish_bytes(outcome.map(|message| message.encode_to_vec().into()));
    }

    pub fn fail(self, fault: Fault) {
        self.finish_bytes(Err(fault));
    }

    fn finish_bytes(self, outcome: Result<Bytes, Fault>) {
        let status = outcome.as_ref().map_or_else(|fault| fault.code.name(), |_| "ok");
        if let Err(fault) = &outcome
            && fault.code == ErrorCode::Internal
        {
            tracing::error!(event = "call_failed", method = self.method, player = %self.session.player, %fault);
        }
        let took = self.clock.now().since(self.began);
        self.metrics.gateway.calls_seconds.of(&[self.method, status]).observe(took);
        self.session.answer(self.id, encode_answer(self.id, outcome));
    }
}

fn encode_answer(id: u32, outcome: Result<Bytes, Fault>) -> Bytes {
    let answer = match outcome {
        Ok(body) => messages::Answer { id, error: None, body },
        Err(fault) => messages::Answer { id, error: Some(fault.to_message()), body: Bytes::new() },
    };
    answer.encode_to_vec().into()
}

/// Reads a call's body, or fails its reply.
fn read_body<M: Message + Default>(body: Bytes, reply: Reply) -> Option<(M, Reply)> {
    match M::decode(body) {
        Ok(message) => Some((message, reply)),
        Err(error) => {
            let sentence = format!("the body of {} cannot be read: {error}", reply.method);
            reply.fail(Fault::new(ErrorCode::BadRequest, sentence));
            None
        }
    }
}
