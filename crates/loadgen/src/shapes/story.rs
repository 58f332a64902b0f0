//! What a player sees of what happens to a room with rules in the server: pauses, other versions, runs that begin anew, and
//! frames that come late.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use clock::Moment;
use hdrhistogram::Histogram;

use crate::figures::{Figures, micros_histogram};

/// What the players of one event loop have seen.
pub struct Story {
    /// Microseconds between two frames beyond one period, when nothing came between them …
    usual: Histogram<u64>,
    /// … when the room went to another version between them …
    swaps: Histogram<u64>,
    /// … and when it began a new run.
    returns: Histogram<u64>,
    /// Microseconds by which a frame came later than the most punctual one of its room, by phase of the run.
    lags: Vec<Histogram<u64>>,
    /// The first frame of a tick in which the rules told nothing, though they always do.
    first_failed: Option<Moment>,
    /// The last first frame of a new run.
    last_healed: Option<Moment>,
    /// Inputs that had been acknowledged and are not in the state of a new run.
    pub taken_back: u64,
    /// Inputs that were on their way when a new run began: refused for now, and sent again.
    pub overtaken: u64,
}

/// Of one measurement, set by whoever disturbs it. A number without a histogram: nothing is recorded.
pub type Phase = Arc<AtomicUsize>;
pub const PHASES: usize = 3;
pub const NO_PHASE: usize = PHASES;

impl Default for Story {
    fn default() -> Story {
        Story {
            usual: micros_histogram(),
            swaps: micros_histogram(),
            returns: micros_histogram(),
            lags: (0..PHASES).map(|_| micros_histogram()).collect(),
            first_failed: None,
            last_healed: None,
            taken_back: 0,
            overtaken: 0,
        }
    }
}

impl Story {
    pub fn add(&mut self, other: Story) {
        // All have the same bounds, which is all that can fail here.
        let _ = self.usual.add(other.usual);
        let _ = self.swaps.add(other.swaps);
        let _ = self.returns.add(other.returns);
        for (own, other) in self.lags.iter_mut().zip(other.lags) {
            let _ = own.add(other);
        }
        self.first_failed = self.first_failed.into_iter().chain(other.first_failed).min();
        self.last_healed = self.last_healed.max(other.last_healed);
        self.taken_back += other.taken_back;
        self.overtaken += other.overtaken;
    }

    /// Pauses around swaps and new runs, and how long it took from the first failure to the last room's return.
    pub fn push_moves(&self, figures: &mut Figures) {
        figures.push("usual_pause_p99_ms", ms(self.usual.value_at_quantile(0.99)));
        for (name, pauses) in [("swap", &self.swaps), ("return", &self.returns)] {
            figures.push(format!("{name}s_seen"), pauses.len() as f64);
            figures.push(format!("{name}_pause_p50_ms"), ms(pauses.value_at_quantile(0.5)));
            figures.push(format!("{name}_pause_p99_ms"), ms(pauses.value_at_quantile(0.99)));
            figures.push(format!("{name}_pause_max_ms"), ms(pauses.max()));
        }
        if let (Some(failed), Some(healed)) = (self.first_failed, self.last_healed) {
            figures.push("first_failure_to_last_healed_ms", healed.since(failed).as_secs_f64() * 1000.0);
        }
        figures.push("acknowledged_inputs_lost", self.taken_back as f64);
        figures.push("inputs_refused_and_sent_again", self.overtaken as f64);
    }

    /// How late frames came in each phase, and how many there were.
    pub fn push_lags(&self, figures: &mut Figures, phases: [&str; PHASES]) {
        for (phase, lags) in phases.iter().zip(&self.lags) {
            figures.push(format!("{phase}_frames"), lags.len() as f64);
            figures.push(format!("{phase}_lag_p50_ms"), ms(lags.value_at_quantile(0.5)));
            figures.push(format!("{phase}_lag_p99_ms"), ms(lags.value_at_quantile(0.99)));
            figures.push(format!("{phase}_lag_max_ms"), ms(lags.max()));
        }
        let p99: Vec<f64> = self.lags.iter().map(|lags| ms(lags.value_at_quantile(0.99))).collect();
        for (phase, own) in phases.iter().zip(&p99).skip(1) {
            figures.push(format!("{phase}_p99_rise_ms"), own - p99[0]);
        }
    }
}

/// The players of one event loop, each with an eye on the own room.
pub struct Watcher {
    period_us: u64,
    phase: Phase,
    eyes: Vec<Eye>,
}

#[derive(Clone, Copy)]
struct Eye {
    last_frame: Option<Moment>,
    /// What came since the last frame.
    moved: Option<Move>,
    /// When tick 0 would have come at the latest, by the most punctual frame so far.
    origin_us: i64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Move {
    Swapped,
    NewRun,
}

/// A frame as the watcher sees it.
#[derive(Clone, Copy, Debug)]
pub struct Seen {
    pub tick: u32,
    pub at: Moment,
    /// The rules told nothing in it.
    pub silent: bool,
    pub counts: bool,
}

impl Watcher {
    pub fn new(lines: usize, tick_hz: u32, phase: Phase) -> Watcher {
        let eye = Eye { last_frame: None, moved: None, origin_us: i64::MAX };
        Watcher { period_us: 1_000_000 / u64::from(tick_hz.max(1)), phase, eyes: vec![eye; lines] }
    }

    /// A state was told after play had begun.
    pub fn moved(&mut self, line: usize, what: Move) {
        let eye = &mut self.eyes[line];
        eye.moved = eye.moved.filter(|moved| *moved == Move::NewRun).or(Some(what));
        eye.origin_us = i64::MAX;
    }

    pub fn frame(&mut self, line: usize, seen: Seen, story: &mut Story) {
        let eye = &mut self.eyes[line];
        let due_us = u64::from(seen.tick) * self.period_us;
        let offset_us = seen.at.as_micros() as i64 - due_us as i64;
        eye.origin_us = eye.origin_us.min(offset_us);
        let moved = eye.moved.take();
        let Some(last) = eye.last_frame.replace(seen.at).filter(|_| seen.counts) else { return };

        let pause_us = (seen.at.since(last).as_micros() as u64).saturating_sub(self.period_us).max(1);
        match moved {
            None => story.usual.saturating_record(pause_us),
            Some(Move::Swapped) => story.swaps.saturating_record(pause_us),
            Some(Move::NewRun) => {
                story.returns.saturating_record(pause_us);
                story.last_healed = story.last_healed.max(Some(seen.at));
            }
        }
        if seen.silent && story.first_failed.is_none_or(|first| seen.at < first) {
            story.first_failed = Some(seen.at);
        }
        if let Some(lags) = story.lags.get_mut(self.phase.load(Ordering::Relaxed)) {
            lags.saturating_record(((offset_us - eye.origin_us) as u64).max(1));
        }
    }
}

fn ms(us: u64) -> f64 {
    us as f64 / 1000.0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ms: u64) -> Moment {
        Moment::from_micros(1_000_000 + ms * 1000)
    }

    fn frame(tick: u32, ms: u64) -> Seen {
        Seen { tick, at: at(ms), silent: false, counts: true }
    }

    #[test]
    fn pauses_are_told_apart_by_what_came_between_two_frames() {
        let (mut watcher, mut story) = (Watcher::new(2, 20, Phase::default()), Story::default());
        for line in 0..2 {
            watcher.frame(line, frame(1, 50), &mut story);
            watcher.frame(line, frame(2, 100), &mut story);
        }
        watcher.moved(0, Move::Swapped);
        watcher.frame(0, frame(3, 180), &mut story);
        watcher.frame(0, Seen { silent: true, ..frame(4, 200) }, &mut story);
        watcher.frame(1, Seen { silent: true, ..frame(3, 190) }, &mut story);
        watcher.moved(0, Move::NewRun);
        watcher.frame(0, frame(3, 400), &mut story);
        watcher.moved(1, Move::NewRun);
        // A swap told after a new run does not make it none.
        watcher.moved(1, Move::Swapped);
        watcher.frame(1, frame(3, 690), &mut story);

        let mut figures = Figures::default();
        story.push_moves(&mut figures);
        let near = |name: &str, wanted: f64| {
            let value = figures.get(name).unwrap();
            assert!((value - wanted).abs() <= wanted * 0.01, "{name}: {value}, not {wanted}");
        };
        near("swaps_seen", 1.0);
        near("swap_pause_max_ms", 30.0);
        near("returns_seen", 2.0);
        near("return_pause_p50_ms", 150.0);
        near("return_pause_max_ms", 450.0);
        near("first_failure_to_last_healed_ms", 500.0);
    }

    #[test]
    fn a_frame_is_late_by_the_most_punctual_one_and_in_its_phase() {
        let phase = Phase::default();
        let (mut watcher, mut story) = (Watcher::new(1, 20, phase.clone()), Story::default());
        // The first frame is 7 ms late already; the third is the most punctual one.
        for (tick, ms) in [(1, 57), (2, 105), (3, 150)] {
            watcher.frame(0, frame(tick, ms), &mut story);
        }
        phase.store(NO_PHASE, Ordering::Relaxed);
        watcher.frame(0, frame(4, 900), &mut story);
        phase.store(1, Ordering::Relaxed);
        watcher.frame(0, frame(18, 940), &mut story);

        let mut figures = Figures::default();
        story.push_lags(&mut figures, ["alone", "busy", "endless"]);
        assert_eq!((figures.get("alone_frames"), figures.get("endless_frames")), (Some(2.0), Some(0.0)));
        assert_eq!(figures.get("busy_frames"), Some(1.0));
        let busy = figures.get("busy_lag_max_ms").unwrap();
        assert!((39.9..40.1).contains(&busy), "{busy}");
    }
}
