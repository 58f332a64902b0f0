//! What the game says: into the tick's entry, to single seats, and outside.

use bytes::Bytes;
use model::Tick;

use super::Authoritative;
use crate::frames::{ROOM_SEAT, input_bytes, put_input};
use crate::limits;
use crate::modules::{CallEnd, Said};
use crate::output::Output;

impl Authoritative {
    /// Takes up what one call said, for `tick`; the last reply. `most_bytes` of what all are to hear may have gathered
    /// after it. Beyond any limit the call has ended badly.
    pub(super) fn take_up(
        &mut self,
        tick: Tick,
        most_bytes: usize,
        said: &mut Vec<Said>,
        out: &mut Vec<Output>,
    ) -> Result<Option<Bytes>, CallEnd> {
        let mut reply = None;
        for word in said.drain(..) {
            match word {
                // Before the start nobody listens; whoever comes is told the state.
                Said::Broadcast(_) | Said::Send { .. } if !self.playing => {}
                Said::Broadcast(data) => {
                    if self.entry.len() + input_bytes(ROOM_SEAT, data.len()) > most_bytes {
                        return Err(CallEnd::SaidTooMuch);
                    }
                    put_input(&mut self.entry, ROOM_SEAT, &data);
                }
                Said::Send { seat, data } => {
                    self.sent_bytes = self.sent_bytes.saturating_add(data.len() as u32);
                    if self.sent_bytes > limits::SENT_PER_TICK_BYTES || data.len() > limits::FRAME_BYTES {
                        return Err(CallEnd::SaidTooMuch);
                    }
                    self.digest = self.digest.number(seat.into()).bytes(&data);
                    out.push(Output::Message { seat, run: self.run, tick, data });
                }
                Said::Reply(data) => {
                    if data.len() > limits::FRAME_BYTES {
                        return Err(CallEnd::SaidTooMuch);
                    }
                    reply = Some(data);
                }
                Said::Effect { kind, data } => out.push(self.effect(tick, kind, data)?),
                Said::End { result } => self.end(result)?,
                Said::Log { level, text } => out.push(Output::Log { level, text }),
                Said::Metric { name, value } => out.push(Output::Metric { name, value }),
            }
        }
        Ok(reply)
    }

    fn effect(&mut self, tick: Tick, kind: String, data: Bytes) -> Result<Output, CallEnd> {
        let fits = self.effects < limits::EFFECTS_PER_TICK
            && kind.len() <= limits::EFFECT_KIND_BYTES
            && data.len() <= limits::EFFECT_BYTES;
        if !fits {
            return Err(CallEnd::SaidTooMuch);
        }
        let ordinal = self.effects;
        self.effects += 1;
        self.digest = self.digest.bytes(kind.as_bytes()).bytes(&data);
        Ok(Output::Effect { tick, ordinal, kind, data })
    }

    /// The first word about the end stands.
    fn end(&mut self, result: Bytes) -> Result<(), CallEnd> {
        if result.len() > limits::RESULT_BYTES {
            return Err(CallEnd::SaidTooMuch);
        }
        if self.outcome.is_none() {
            self.digest = self.digest.bytes(&result);
            self.outcome = Some(result);
        }
        Ok(())
    }
}
