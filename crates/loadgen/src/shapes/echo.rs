//! Calls of the method `echo`: each connection one at a time (closed loop), or at a given rate (open loop).

use std::collections::VecDeque;

use anyhow::Result;
use clock::Moment;
use protocol::operation;

use super::{Shape, Tally};
use crate::engine::Play;
use crate::lines::{Lines, Window};
use crate::pacer::Pacer;
use crate::wire;

pub struct Echo {
    payload: Vec<u8>,
    callers: Vec<Caller>,
    opened: usize,
    /// Closed loop: the first call of each has been made; the others follow their answers.
    begun: bool,
    /// Open loop.
    pacer: Option<Pacer>,
    window: Option<Window>,
    tally: Tally,
}

struct Caller {
    id: u32,
    /// Calls without an answer: id and the moment at which it was to be sent.
    waiting: VecDeque<(u32, Moment)>,
}

impl Echo {
    /// `rate_hz` is per connection; `None` is the closed loop.
    pub fn new(connections: usize, bytes: usize, rate_hz: Option<f64>, seed: u64) -> Echo {
        Echo {
            payload: (0..bytes).map(|index| index as u8).collect(),
            callers: (0..connections)
                .map(|_| Caller { id: 0, waiting: VecDeque::with_capacity(4) })
                .collect(),
            opened: 0,
            begun: false,
            pacer: rate_hz.map(|rate_hz| Pacer::new(connections, rate_hz, seed)),
            window: None,
            tally: Tally::default(),
        }
    }

    fn call(&mut self, line: usize, intended: Moment, lines: &mut Lines) {
        let caller = &mut self.callers[line];
        caller.id += 1;
        let id = caller.id;
        caller.waiting.push_back((id, intended));
        lines.send(line, operation::CALL, |body| wire::put_call(body, id, "echo", &self.payload));
        if self.window.is_some_and(|window| window.holds(intended)) {
            self.tally.sent += 1;
            self.tally.wanted += 1;
        }
    }
}

impl Play for Echo {
    fn opened(&mut self, _line: usize, _lines: &mut Lines) {
        self.opened += 1;
    }

    fn message(
        &mut self,
        line: usize,
        operation: u8,
        body: &[u8],
        now: Moment,
        lines: &mut Lines,
    ) -> Result<()> {
        let id = match operation {
            operation::ANSWER => {
                if wire::answer_error(body)?.is_some() {
                    self.tally.mistake("refused_calls");
                }
                wire::first_number(body)?
            }
            // The floor sends the call itself back.
            operation::CALL => wire::first_number(body)?,
            _ => return Ok(()),
        };
        let waiting = &mut self.callers[line].waiting;
        let Some(place) = waiting.iter().position(|(waiting, _)| *waiting == id) else {
            self.tally.mistake("unknown_answers");
            return Ok(());
        };
        let Some((_, intended)) = waiting.remove(place) else { return Ok(()) };
        let Some(window) = self.window else { return Ok(()) };
        if window.holds(now) {
            self.tally.arrived += 1;
        }
        if window.holds(intended) {
            self.tally.seen += 1;
            self.tally.record(intended, now);
        }
        if self.pacer.is_none() && now < window.to {
            self.call(line, now, lines);
        }
        Ok(())
    }

    fn pace(&mut self, now: Moment, lines: &mut Lines) -> Moment {
        const NEVER: Moment = Moment::from_micros(u64::MAX);
        let Some(window) = self.window else { return NEVER };
        if self.pacer.is_none() {
            if !std::mem::replace(&mut self.begun, true) {
                for line in 0..self.callers.len() {
                    self.call(line, now, lines);
                }
            }
            return NEVER;
        }
        while let Some((line, due)) = self.pacer.as_mut().and_then(|pacer| pacer.take(now.min(window.to))) {
            self.call(line, due, lines);
            if window.holds(due) {
                self.tally.record_lag(due, now);
            }
        }
        let next = self.pacer.as_ref().map_or(NEVER, Pacer::next);
        if next >= window.to { NEVER } else { next }
    }
}

impl Shape for Echo {
    fn ready(&self) -> bool {
        self.opened >= self.callers.len()
    }

    fn start(&mut self, now: Moment, window: Window) {
        self.window = Some(window);
        if let Some(pacer) = &mut self.pacer {
            pacer.start(now);
        }
    }

    fn settled(&self) -> bool {
        let sent_until = self.pacer.as_ref().map(Pacer::next).zip(self.window);
        let all_sent = sent_until.is_none_or(|(next, window)| next >= window.to);
        all_sent && self.tally.seen == self.tally.wanted
    }

    fn into_tally(self) -> Tally {
        self.tally
    }
}
