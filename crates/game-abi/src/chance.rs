//! The room's chance: what the import `random` gives.

/// SplitMix64 (Steele, Lea, Flood 2014: "Fast splittable pseudorandom number generators"). Its whole state is one number,
/// which the image of a room carries. Good for games, useless for secrets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Chance {
    pub state: u64,
}

impl Chance {
    pub const fn seeded(seed: u64) -> Chance {
        Chance { state: seed }
    }

    pub const fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The sequence of the authors' C code for this seed. It is a promise: replays depend on it.
    #[test]
    fn the_sequence_is_the_published_one() {
        let mut chance = Chance::seeded(1_234_567);
        let drawn = [(); 3].map(|()| chance.next());
        assert_eq!(drawn, [6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423]);
        assert_eq!(Chance::seeded(chance.state).next(), chance.next());
    }
}
