//! The answers that a session remembers, so that a repeated call is answered and not made again.

use std::collections::VecDeque;

use bytes::Bytes;
use clock::Moment;

/// What is known of a call id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Known {
    /// Never heard of: make the call.
    No,
    /// Being made; its answer will come.
    UnderWay,
    /// Made: here is the encoded answer.
    Answered(Bytes),
}

/// The last calls of a session, bounded in number and bytes.
#[derive(Debug, Default)]
pub struct Answers {
    calls: VecDeque<(u32, State)>,
    bytes: usize,
}

#[derive(Debug)]
enum State {
    UnderWay { deadline: Moment },
    Answered(Bytes),
}

impl Answers {
    pub fn look_up(&self, id: u32) -> Known {
        // Repeats are of recent calls, so the search begins at the end.
        match self.calls.iter().rev().find(|(known, _)| *known == id) {
            None => Known::No,
            Some((_, State::UnderWay { .. })) => Known::UnderWay,
            Some((_, State::Answered(answer))) => Known::Answered(answer.clone()),
        }
    }

    /// Notes that a call is being made. `false` if too many are under way already.
    pub fn begin(&mut self, id: u32, deadline: Moment, keep: usize) -> bool {
        if self.calls.iter().filter(|(_, state)| matches!(state, State::UnderWay { .. })).count() >= keep {
            return false;
        }
        self.calls.push_back((id, State::UnderWay { deadline }));
        true
    }

    /// Keeps an answer. `false` if the call was already answered, by its deadline for example.
    pub fn finish(&mut self, id: u32, answer: Bytes, keep: usize, keep_bytes: usize) -> bool {
        let Some((_, state)) = self.calls.iter_mut().rev().find(|(known, _)| *known == id) else {
            return false;
        };
        if !matches!(state, State::UnderWay { .. }) {
            return false;
        }
        self.bytes += answer.len();
        *state = State::Answered(answer);
        while self.calls.len() > keep || self.bytes > keep_bytes {
            // Calls under way are never forgotten: forgetting one would let it be made twice.
            let oldest = self.calls.iter().position(|(_, state)| matches!(state, State::Answered(_)));
            let Some((_, State::Answered(answer))) = oldest.and_then(|index| self.calls.remove(index)) else {
                break;
            };
            self.bytes -= answer.len();
        }
        true
    }

    /// The calls whose deadline has passed.
    pub fn overdue(&self, now: Moment) -> Vec<u32> {
        let late = |state: &State| matches!(state, State::UnderWay { deadline } if *deadline <= now);
        self.calls.iter().filter(|(_, state)| late(state)).map(|(id, _)| *id).collect()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_call_is_made_once_and_its_answer_repeated() {
        let mut answers = Answers::default();
        assert_eq!(answers.look_up(1), Known::No);
        assert!(answers.begin(1, Moment::from_micros(5), 4));
        assert_eq!(answers.look_up(1), Known::UnderWay);
        assert!(answers.overdue(Moment::from_micros(4)).is_empty());
        assert_eq!(answers.overdue(Moment::from_micros(5)), [1]);
        assert!(answers.finish(1, Bytes::from_static(b"yes"), 4, 100));
        assert_eq!(answers.look_up(1), Known::Answered(Bytes::from_static(b"yes")));
        assert!(!answers.finish(1, Bytes::from_static(b"no"), 4, 100), "the first answer stays");
    }

    proptest! {
        #[test]
        fn what_is_kept_is_bounded(sizes in prop::collection::vec(0usize..50, 1..60)) {
            let mut answers = Answers::default();
            for (id, size) in sizes.iter().enumerate() {
                prop_assert!(answers.begin(id as u32, Moment::ZERO, 8));
                answers.finish(id as u32, Bytes::from(vec![0; *size]), 8, 100);
                prop_assert!(answers.calls.len() <= 8);
                let held: usize = answers.calls.iter().map(|(_, state)| match state {
                    State::Answered(answer) => answer.len(),
                    State::UnderWay { .. } => 0,
                }).sum();
                prop_assert_eq!(held, answers.bytes);
                prop_assert!(held <= 100);
            }
        }
    }
}
