//! A connection that speaks frames: bytes become frames, frames are dispatched.

use std::sync::Arc;

use admission::{ClientAddress, FloodMeter};
use clock::Moment;
use protocol::{ErrorCode, Fault, HEADER_BYTES, Header, frames_in_message, operation};

use crate::connection::{Connection, Transport};
use crate::dispatch::{self, Ending};
use crate::login;
use crate::services::Services;
use crate::session::Session;
use crate::wire::websocket::{self, Opcode};

/// What a connection's handlers need to know besides the bytes.
#[derive(Clone, Copy)]
pub struct Here<'a> {
    pub services: &'a Services,
    pub address: ClientAddress,
    pub now: Moment,
}

/// A connection that speaks frames.
pub struct Live {
    pub connection: Arc<Connection>,
    pub session: Option<Arc<Session>>,
    meter: FloodMeter,
    /// The client has spoken since its login.
    spoken: bool,
    /// The beginning of a message that comes in several WebSocket frames.
    fragments: Option<Vec<u8>>,
}

impl Live {
    pub fn new(connection: Arc<Connection>, at: Here<'_>) -> Live {
        let meter = FloodMeter::new(&at.services.config.flood, at.now);
        Live { connection, session: None, meter, spoken: false, fragments: None }
    }

    /// Handles every whole frame in `bytes`; answers how many bytes were used.
    pub fn on_bytes(&mut self, at: Here<'_>, bytes: &mut [u8]) -> usize {
        // What comes after the end is read and thrown away, until the peer ends too.
        if self.connection.has_ended() {
            return bytes.len();
        }
        let mut used = 0;
        let result = match self.connection.transport() {
            Transport::WebSocket => self.on_websocket(at, bytes, &mut used),
            Transport::Tcp => self.on_stream(at, bytes, &mut used),
        };
        match result {
            Ok(()) => {}
            Err(Ending::Fault(fault)) => {
                tracing::debug!(event = "connection_refused", address = %at.address.ip, code = fault.code.name(),
                    reason = %fault.message);
                self.connection.close(operation::ERROR, &fault);
            }
            Err(Ending::Goodbye) => {
                // One that went on elsewhere meanwhile is not this client's to end.
                if let Some(session) = self.session.as_ref().filter(|session| session.is_on(&self.connection))
                {
                    login::end_session(at.services, session);
                }
                self.connection.close_politely();
            }
            Err(Ending::Closed) => self.connection.close_politely(),
        }
        if self.connection.has_ended() { bytes.len() } else { used }
    }

    fn on_websocket(&mut self, at: Here<'_>, bytes: &mut [u8], used: &mut usize) -> Result<(), Ending> {
        // Several frames may share a message, and the article's client pads: twice the largest body is enough.
        let limit = self.max_body(at) as usize * 2;
        loop {
            let frame = match websocket::read_frame(bytes, *used, limit) {
                Ok(Some(frame)) => frame,
                Ok(None) => return Ok(()),
                Err(error @ websocket::WsError::TooLong { .. }) => {
                    return Err(Fault::new(ErrorCode::TooLong, error.to_string()).into());
                }
                Err(error) => return Err(Fault::new(ErrorCode::BadRequest, error.to_string()).into()),
            };
            *used = frame.payload.end;
            let payload = &bytes[frame.payload];
            match frame.opcode {
                Opcode::Binary if frame.last && self.fragments.is_none() => {
                    self.on_message(at, payload)?;
                }
                Opcode::Binary | Opcode::Continuation => {
                    if (frame.opcode == Opcode::Binary) != self.fragments.is_none() {
                        let sentence = "the message's parts are out of order";
                        return Err(Fault::new(ErrorCode::BadRequest, sentence).into());
                    }
                    let fragments = self.fragments.get_or_insert_default();
                    fragments.extend_from_slice(payload);
                    if fragments.len() > limit {
                        let sentence = format!("the message is over the limit of {limit} bytes");
                        return Err(Fault::new(ErrorCode::TooLong, sentence).into());
                    }
                    // A part is a frame too: endless tiny parts are a flood.
                    self.meter.count(&at.services.config.flood, at.now, payload.len())?;
                    if frame.last {
                        let message = self.fragments.take().unwrap_or_default();
                        self.on_message(at, &message)?;
                    }
                }
                Opcode::Text => return Err(Fault::from(ErrorCode::TextNotAllowed).into()),
                Opcode::Ping => {
                    self.meter.count(&at.services.config.flood, at.now, payload.len())?;
                    self.connection.send_pong(payload);
                }
                Opcode::Pong => self.meter.count(&at.services.config.flood, at.now, payload.len())?,
                Opcode::Close => return Err(Ending::Closed),
            }
        }
    }

    fn on_message(&mut self, at: Here<'_>, message: &[u8]) -> Result<(), Ending> {
        let mut padding = message.len();
        for frame in frames_in_message(message, self.max_body(at)) {
            let (operation, body) = frame.map_err(|error| Fault::new(error.code(), error.to_string()))?;
            padding -= HEADER_BYTES + body.len();
            self.on_frame(at, operation, body)?;
        }
        if padding > 0 || message.is_empty() {
            // Nothing at all, again and again, is a flood too.
            self.meter.count(&at.services.config.flood, at.now, padding)?;
        }
        Ok(())
    }

    /// Who has not logged in has no long messages to send.
    fn max_body(&self, at: Here<'_>) -> u32 {
        const BEFORE_LOGIN: u32 = 16 * 1024;
        let max_body = at.services.config.max_body;
        if self.session.is_some() { max_body } else { max_body.min(BEFORE_LOGIN) }
    }

    fn on_stream(&mut self, at: Here<'_>, bytes: &[u8], used: &mut usize) -> Result<(), Ending> {
        while let Some((header, rest)) = bytes[*used..].split_first_chunk::<HEADER_BYTES>() {
            let header = Header::decode(*header, self.max_body(at))
                .map_err(|error| Fault::new(error.code(), error.to_string()))?;
            let Some(body) = rest.get(..header.length as usize) else { return Ok(()) };
            *used += HEADER_BYTES + body.len();
            self.on_frame(at, header.operation, body)?;
        }
        Ok(())
    }

    fn on_frame(&mut self, at: Here<'_>, operation: u8, body: &[u8]) -> Result<(), Ending> {
        if self.connection.has_ended() {
            return Ok(());
        }
        at.services.metrics.gateway.frames_in_total.of(operation).increment();
        self.meter.count(&at.services.config.flood, at.now, HEADER_BYTES + body.len())?;
        match &self.session {
            Some(session) => {
                if !std::mem::replace(&mut self.spoken, true) {
                    session.has_spoken(&self.connection);
                }
                dispatch::dispatch(at.services, session, &self.connection, at.now, operation, body)
            }
            None if operation == operation::LOGIN => {
                let request = login::LoginRequest::read(body)?;
                self.log_in(at, request).map_err(Ending::Fault)
            }
            None => Err(Fault::from(ErrorCode::NotLoggedIn).into()),
        }
    }

    pub fn log_in(&mut self, at: Here<'_>, request: login::LoginRequest<'_>) -> Result<(), Fault> {
        let Here { services, address, now } = at;
        if self.connection.has_ended() {
            return Ok(());
        }
        let session = login::log_in(services, &self.connection, request)?;
        if let Err(fault) = services.doorman.log_in(address.key(), &session) {
            login::connection_lost(services, &session, &self.connection, now);
            return Err(fault);
        }
        self.session = Some(session);
        Ok(())
    }
}
