//! What is done in idle time: sealed segments are synced and indexed, and what nobody needs is given up.

use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;

use crate::compaction::{self, Error};
use crate::log::{Log, guard};

/// Wakes the thread that tidies.
#[derive(Default)]
pub struct Keeper {
    state: Mutex<State>,
    woken: Condvar,
}

#[derive(Default)]
struct State {
    has_work: bool,
    is_stopped: bool,
}

const START: Duration = Duration::from_secs(2);

impl Keeper {
    pub fn wake(&self) {
        guard(&self.state).has_work = true;
        self.woken.notify_one();
    }

    pub fn stop(&self) {
        guard(&self.state).is_stopped = true;
        self.woken.notify_one();
    }

    /// Until it is stopped.
    pub fn run(&self, log: &Log) {
        self.leave_the_start_alone();
        while self.wait() {
            if let Err(error) = tidy(log, &|| guard(&self.state).is_stopped) {
                tracing::error!(event = "journal_not_tidied", %error);
            }
        }
    }

    /// What an earlier process left can wait: rooms come back first.
    fn leave_the_start_alone(&self) {
        let state = guard(&self.state);
        let is_idle = |state: &mut State| !state.has_work && !state.is_stopped;
        let waited = self.woken.wait_timeout_while(state, START, is_idle);
        waited.unwrap_or_else(PoisonError::into_inner).0.has_work = true;
    }

    fn wait(&self) -> bool {
        let mut state = guard(&self.state);
        while !state.has_work && !state.is_stopped {
            state = self.woken.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        state.has_work = false;
        !state.is_stopped
    }
}

/// Everything that there is to do now.
pub fn tidy(log: &Log, is_stopped: &dyn Fn() -> bool) -> Result<(), Error> {
    seal(log)?;
    let mut unfit = Vec::new();
    while !is_stopped() {
        // What is planned must still hold when it is done.
        let _tidying = guard(&log.tidying);
        match plan(log, &unfit) {
            None => break,
            Some(Work::Remove(run)) => compaction::remove(log, &run)?,
            Some(Work::Compact(run)) => match compaction::compact(log, &run) {
                // What is damaged stays as it is, for people to look at.
                Err(Error::Damaged(what)) => {
                    tracing::error!(event = "journal_damaged", what);
                    unfit.extend(run);
                }
                done => done?,
            },
        }
    }
    Ok(())
}

/// Syncs all but the segment being written, and makes their indexes.
fn seal(log: &Log) -> Result<(), Error> {
    loop {
        let _tidying = guard(&log.tidying);
        let Some(segment) = oldest_sealed(log) else { return Ok(()) };
        if segment.sync().is_err() {
            segment.tell_written_again();
            compaction::write_again(log, &segment)?;
        } else {
            compaction::write_index(log, &segment)?;
            guard(&log.unsynced).retain(|other| !Arc::ptr_eq(other, &segment));
        }
    }
}

fn oldest_sealed(log: &Log) -> Option<Arc<crate::segment::Segment>> {
    let unsynced = guard(&log.unsynced);
    unsynced.split_last().and_then(|(_, sealed)| sealed.first().cloned())
}

enum Work {
    Remove(Vec<u32>),
    Compact(Vec<u32>),
}

/// So many small neighbours are worth one segment.
const SMALL_ONES: usize = 4;

fn plan(log: &Log, unfit: &[u32]) -> Option<Work> {
    let segment_bytes = log.config.segment_bytes;
    let index = log.index();
    let unsynced: Vec<u32> = guard(&log.unsynced).iter().map(|segment| segment.number).collect();
    let sealed = index.segments.iter().filter(|(number, _)| !unsynced.contains(number));
    let dead: Vec<u32> =
        sealed.clone().filter(|(_, filed)| filed.live == 0).map(|(number, _)| *number).collect();
    if !dead.is_empty() {
        return Some(Work::Remove(dead));
    }
    let (mut run, mut bytes, mut has_waste) = (Vec::new(), 0, false);
    for (number, filed) in sealed {
        let is_waste = filed.live * 4 < u64::from(filed.length.saturating_sub(filed.heads));
        let is_small = u64::from(filed.length) < segment_bytes / 8;
        let fits = bytes + filed.live <= segment_bytes / 2;
        if (is_waste || is_small) && fits && !unfit.contains(number) {
            run.push(*number);
            bytes += filed.live;
            has_waste |= is_waste;
        } else if has_waste || run.len() >= SMALL_ONES {
            break;
        } else {
            (run, bytes, has_waste) = (Vec::new(), 0, false);
        }
    }
    (has_waste || run.len() >= SMALL_ONES).then_some(Work::Compact(run))
}
