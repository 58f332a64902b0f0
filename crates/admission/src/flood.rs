//! How much one connection may send.

use clock::Moment;
use protocol::{ErrorCode, Fault};

use crate::rate::{Rate, TokenBucket};

/// Shared by all connections.
#[derive(Clone, Copy, Debug)]
pub struct FloodConfig {
    pub frames: Rate,
    pub bytes: Rate,
}

/// One connection's account of what it sent: 32 bytes.
#[derive(Clone, Copy, Debug)]
pub struct FloodMeter {
    frames: TokenBucket,
    bytes: TokenBucket,
}

impl FloodMeter {
    pub fn new(config: &FloodConfig, now: Moment) -> FloodMeter {
        FloodMeter {
            frames: TokenBucket::full(config.frames, now),
            bytes: TokenBucket::full(config.bytes, now),
        }
    }

    /// Counts one frame of so many bytes, header included. The fault is `flood`; the connection ends.
    pub fn count(&mut self, config: &FloodConfig, now: Moment, bytes: usize) -> Result<(), Fault> {
        let bytes = u32::try_from(bytes).unwrap_or(u32::MAX);
        let wait = match (self.frames.take(config.frames, now, 1), self.bytes.take(config.bytes, now, bytes))
        {
            (Ok(()), Ok(())) => return Ok(()),
            (Err(wait), _) | (_, Err(wait)) => wait,
        };
        Err(Fault::from(ErrorCode::Flood).retry_after(wait))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    const CONFIG: FloodConfig = FloodConfig {
        frames: Rate { per_second: 100, burst: 200 },
        bytes: Rate { per_second: 10_000, burst: 70_000 },
    };

    #[test]
    fn a_busy_player_passes_and_a_flood_does_not() {
        let mut meter = FloodMeter::new(&CONFIG, Moment::ZERO);
        let mut now = Moment::ZERO;
        for _ in 0..10_000 {
            now = now + Duration::from_millis(10);
            assert!(meter.count(&CONFIG, now, 40).is_ok());
        }
        now = now + Duration::from_secs(2);
        let passed = (0..1_000).take_while(|_| meter.count(&CONFIG, now, 40).is_ok()).count();
        assert_eq!(passed, 200);
    }

    #[test]
    fn few_but_large_frames_are_a_flood_too() {
        let mut meter = FloodMeter::new(&CONFIG, Moment::ZERO);
        assert!(meter.count(&CONFIG, Moment::ZERO, 65_544).is_ok());
        let fault = meter.count(&CONFIG, Moment::ZERO, 65_544).unwrap_err();
        assert_eq!(fault.code, ErrorCode::Flood);
        assert!(meter.count(&CONFIG, Moment::ZERO + fault.retry_after.unwrap(), 65_544).is_ok());
    }
}
