//! The number that each login of a player draws; the highest wins.

use std::collections::HashMap;

use model::{AppId, PlayerId};

/// Numbers that rise with every login, also across restarts: max(previous + 1, seconds since 1970).
#[derive(Default)]
pub(crate) struct SessionNumbers {
    last: HashMap<(AppId, PlayerId), u32>,
    /// The highest time ever seen: a wall clock set back must not make numbers fall.
    newest_s: u32,
    sweep_at: usize,
}

impl SessionNumbers {
    pub(crate) fn rise_to(&mut self, least: u32) {
        self.newest_s = self.newest_s.max(least);
    }

    pub(crate) fn next(&mut self, app: &AppId, player: &PlayerId, wall_s: u64) -> u32 {
        self.newest_s = self.newest_s.max(u32::try_from(wall_s).unwrap_or(u32::MAX));
        if self.last.len() >= self.sweep_at.max(1024) {
            let newest = self.newest_s;
            // A number below the time says nothing that the time itself does not say.
            self.last.retain(|_, number| *number >= newest);
            self.sweep_at = self.last.len() * 2;
        }
        let last = self.last.entry((app.clone(), player.clone())).or_default();
        *last = last.saturating_add(1).max(self.newest_s);
        *last
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_rise_whatever_the_clock_does() {
        let (app, player) = (AppId::new("demo"), PlayerId::new("p1"));
        let mut numbers = SessionNumbers::default();
        let drawn: Vec<u32> =
            [1000, 1000, 1000, 500, 1001, 1010].iter().map(|s| numbers.next(&app, &player, *s)).collect();
        assert_eq!(drawn, [1000, 1001, 1002, 1003, 1004, 1010]);
        let mut restarted = SessionNumbers::default();
        assert!(restarted.next(&app, &player, 1011) > 1010);
        let mut set_back = SessionNumbers::default();
        set_back.rise_to(1012);
        set_back.rise_to(900);
        assert_eq!([1, 1].map(|s| set_back.next(&app, &player, s)), [1012, 1013]);
    }

    #[test]
    fn memory_does_not_grow_with_players_and_forgetting_loses_nothing() {
        let app = AppId::new("demo");
        let mut numbers = SessionNumbers::default();
        let mut highest = 0;
        for second in 0..100_000_u64 {
            let player = PlayerId::new(format!("p{}", second % 5000));
            let number = numbers.next(&app, &player, 1_000_000 + second);
            assert!(number > highest || second == 0);
            highest = number;
        }
        assert!(numbers.last.len() <= 2048, "{}", numbers.last.len());
    }
}
