//! The pushes that a session keeps until its client has told that it saw them.

use std::collections::VecDeque;

use bytes::Bytes;
use prost::Message;
use protocol::messages;

/// Numbered pushes, bounded in number and bytes.
#[derive(Debug, Default)]
pub struct Pushes {
    unseen: VecDeque<(u32, Bytes)>,
    bytes: usize,
    last: u32,
}

impl Pushes {
    /// Numbers a push and keeps it; gives it encoded. The oldest that no longer fit are forgotten.
    pub fn add(&mut self, event: messages::push::Event, keep: usize, keep_bytes: usize) -> Bytes {
        self.last = self.last.wrapping_add(1);
        let push = messages::Push { sequence: self.last, event: Some(event) };
        let encoded = Bytes::from(push.encode_to_vec());
        self.bytes += encoded.len();
        self.unseen.push_back((self.last, encoded.clone()));
        while self.unseen.len() > keep || self.bytes > keep_bytes {
            self.forget_oldest();
        }
        encoded
    }

    /// The client has seen everything up to and with `sequence`.
    pub fn seen(&mut self, sequence: u32) {
        while self.unseen.front().is_some_and(|(oldest, _)| *oldest <= sequence) {
            self.forget_oldest();
        }
    }

    /// What a client that has seen `sequence` must be sent again, and how many are lost to it for good.
    pub fn after(&mut self, sequence: u32) -> (Vec<Bytes>, u32) {
        self.seen(sequence);
        let first_kept = self.unseen.front().map_or(self.last.wrapping_add(1), |(oldest, _)| *oldest);
        let lost = first_kept.saturating_sub(sequence.saturating_add(1));
        (self.unseen.iter().map(|(_, push)| push.clone()).collect(), lost)
    }

    fn forget_oldest(&mut self) {
        if let Some((_, push)) = self.unseen.pop_front() {
            self.bytes -= push.len();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn notice(text: &str) -> messages::push::Event {
        messages::push::Event::Notice(messages::Notice { kind: "test".into(), message: text.into() })
    }

    #[test]
    fn the_unseen_come_again_and_the_lost_are_counted() {
        let mut pushes = Pushes::default();
        for text in ["a", "b", "c", "d"] {
            pushes.add(notice(text), 3, 1000);
        }
        let (again, lost) = pushes.after(0);
        assert_eq!((again.len(), lost), (3, 1));
        assert_eq!(messages::Push::decode(again[0].clone()).unwrap().sequence, 2);
        let (again, lost) = pushes.after(3);
        assert_eq!((again.len(), lost), (1, 0));
        pushes.seen(4);
        assert_eq!(pushes.after(4), (vec![], 0));
        assert_eq!(pushes.bytes, 0);
    }

    #[test]
    fn bytes_are_bounded_too() {
        let mut pushes = Pushes::default();
        for _ in 0..10 {
            pushes.add(notice(&"x".repeat(100)), 1000, 350);
        }
        assert!(pushes.bytes <= 350);
        assert!(pushes.after(0).1 >= 6);
    }
}
