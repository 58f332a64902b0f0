//! Random numbers: from the operating system for secrets and names, or from a seed for tests and games.

/// A source of random numbers.
///
/// Seeded, it is SplitMix64 (Steele, Lea, Flood 2014): good enough for jitter and test data, useless for secrets.
/// Secrets are drawn from [`Chance::system`] only.
#[derive(Clone, Debug)]
pub struct Chance {
    seed: Option<u64>,
}

impl Chance {
    /// The operating system's generator.
    pub const fn system() -> Chance {
        Chance { seed: None }
    }

    /// The same numbers for the same seed.
    pub const fn seeded(seed: u64) -> Chance {
        Chance { seed: Some(seed) }
    }

    pub fn u64(&mut self) -> u64 {
        match &mut self.seed {
            None => u64::from_le_bytes(system_bytes()),
            Some(state) => split_mix(state),
        }
    }

    pub fn u32(&mut self) -> u32 {
        (self.u64() >> 32) as u32
    }

    /// A number below `bound`; 0 if `bound` is 0.
    pub fn below(&mut self, bound: u64) -> u64 {
        ((u128::from(self.u64()) * u128::from(bound)) >> 64) as u64
    }

    pub fn fill(&mut self, bytes: &mut [u8]) {
        for chunk in bytes.chunks_mut(8) {
            chunk.copy_from_slice(&self.u64().to_le_bytes()[..chunk.len()]);
        }
    }

    /// A name of `length` characters from an alphabet without look-alikes (no 0/o, 1/l/i).
    pub fn name(&mut self, length: usize) -> String {
        const ALPHABET: &[u8; 31] = b"23456789abcdefghjkmnpqrstuvwxyz";
        (0..length).map(|_| ALPHABET[self.below(ALPHABET.len() as u64) as usize] as char).collect()
    }
}

#[expect(clippy::disallowed_methods, clippy::expect_used, reason = "this is the door")]
fn system_bytes() -> [u8; 8] {
    let mut bytes = [0; 8];
    getrandom::fill(&mut bytes).expect("the operating system gives random numbers");
    bytes
}

fn split_mix(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let mut mixed = *state;
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    mixed ^ (mixed >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_repeats_and_bounds_hold() {
        let mut one = Chance::seeded(7);
        let mut two = Chance::seeded(7);
        for bound in 1..200 {
            let drawn = one.below(bound);
            assert!(drawn < bound);
            assert_eq!(drawn, two.below(bound));
        }
        assert_eq!(one.below(0), 0);
        assert_eq!(one.name(12).len(), 12);
    }

    #[test]
    fn the_system_does_not_repeat() {
        let mut chance = Chance::system();
        assert_ne!(chance.u64(), chance.u64());
    }
}
