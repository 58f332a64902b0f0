//! A room's trip to the thread of the quarantine, where its game may take the time that it takes.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use clock::Moment;

use crate::mailbox::Mailbox;

use super::Shared;
use super::hosted::Hosted;
use super::letters::Input;
use super::playing::{Played, Playing};

pub(crate) struct Trip {
    pub(super) hosted: Hosted,
    /// Inputs that the room has still to take.
    pub(super) inputs: VecDeque<Input>,
    /// The tick that it has still to make.
    pub(super) due: Option<Moment>,
    pub(super) has_ticked: bool,
    pub(super) played: Played,
    home: Arc<Mailbox>,
    shared: Arc<Shared>,
}

/// Others wait: a room that takes longer for its inputs makes its ticks, and takes the other inputs the next time.
const TIME_FOR_INPUTS: Duration = Duration::from_millis(50);

impl Trip {
    pub(super) fn new(
        hosted: Hosted,
        inputs: VecDeque<Input>,
        due: Option<Moment>,
        home: Arc<Mailbox>,
        shared: Arc<Shared>,
    ) -> Trip {
        Trip { hosted, inputs, due, has_ticked: false, played: Played::default(), home, shared }
    }

    /// Takes the inputs and makes the ticks that are due. A server that stops waits no longer than for one call.
    pub fn make(&mut self, is_stopping: impl Fn() -> bool) {
        let clock = &self.shared.clock;
        let (now, mut outputs) = (clock.now(), Vec::new());
        let mut playing =
            Playing { shared: &self.shared, now, outputs: &mut outputs, played: &mut self.played };
        while let Some(input) = self.inputs.pop_front_if(|_| !is_stopping()) {
            self.hosted.take_input(input, &mut playing);
            if clock.now().since(now) >= TIME_FOR_INPUTS {
                break;
            }
        }
        if let Some(due) = self.due.take_if(|_| !is_stopping()) {
            playing.now = clock.now();
            self.hosted.make_due_ticks(due, &mut playing);
            self.has_ticked = true;
        }
    }

    pub fn go_home(self: Box<Trip>) {
        let home = self.home.clone();
        home.welcome(self);
    }
}
