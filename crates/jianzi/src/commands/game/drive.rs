//! A room of a module, played with random inputs: the calls that a server makes, without a server.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::time::Duration;

use clock::{Chance, Clock};
use game_abi::{Init, Join};
use room_core::modules::{Call, CallEnd, CallTime, Guest, Said};

/// What a player sends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Input(pub Vec<u8>);

/// What is to be played.
pub struct Plan {
    pub seats: u16,
    pub bots: u16,
    pub tick_hz: u32,
    pub seed: u32,
    pub ticks: u32,
    /// Empty: random bytes.
    pub inputs: Vec<Input>,
    /// Of 100 ticks, those in which a player sends something.
    pub activity: u8,
    pub properties: Vec<(String, String)>,
}

/// What came of it.
#[derive(Default)]
pub struct Played {
    pub tick: Cost,
    pub input: Cost,
    pub heard: Heard,
    /// The last tick that was played.
    pub ticks: u32,
    /// The tick in which the game said `end`, and the result.
    pub ended: Option<(u32, Vec<u8>)>,
    /// The call that ended badly.
    pub failed: Option<(String, CallEnd)>,
    /// Of all that was said and spent, call by call.
    pub digest: u64,
    /// In the middle of the run, after `Plan::ticks / 2` or at `image_at`.
    pub image: Option<(u32, Vec<u8>)>,
}

/// What calls of one kind cost.
#[derive(Default)]
pub struct Cost {
    pub fuel: Vec<u64>,
    pub time: Duration,
}

#[derive(Default)]
pub struct Heard {
    pub broadcasts: Bytes,
    pub sends: Bytes,
    pub effects: Bytes,
    pub metrics: usize,
    pub log: Vec<(u32, u8, String)>,
}

#[derive(Default)]
pub struct Bytes {
    pub count: usize,
    pub bytes: usize,
}

/// Plays the plan in a fresh guest. At tick `image_at` the image is taken, and if `restored`, given back to it at once.
pub fn play(guest: &mut dyn Guest, plan: &Plan, image_at: u32, restored: bool, clock: &Clock) -> Played {
    let mut table = Table {
        guest,
        plan,
        clock,
        played: Played::default(),
        digest: DefaultHasher::new(),
        said: Vec::new(),
    };
    // The first failure ends the run; it is told in `played`.
    let _ = table.play(image_at, restored);
    table.played.digest = table.digest.finish();
    table.played
}

/// The bytes of `jz_init`.
pub fn configuration(plan: &Plan) -> Vec<u8> {
    let settings = plan.properties.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect();
    let init = Init {
        seed: plan.seed,
        tick_hz: plan.tick_hz,
        seats: plan.seats.into(),
        bots: plan.bots.into(),
        settings,
    };
    let mut bytes = Vec::new();
    init.encode(&mut bytes);
    bytes
}

/// For the command line.
pub fn hex(text: &str) -> Result<Input, String> {
    let digits: Vec<u32> =
        text.chars().map(|digit| digit.to_digit(16)).collect::<Option<_>>().unwrap_or_default();
    let (pairs, rest) = digits.as_chunks::<2>();
    if !rest.is_empty() || digits.len() != text.len() {
        return Err("an input has two hexadecimal digits for each byte".to_owned());
    }
    Ok(Input(pairs.iter().map(|[high, low]| (high << 4 | low) as u8).collect()))
}

struct Table<'a> {
    guest: &'a mut dyn Guest,
    plan: &'a Plan,
    clock: &'a Clock,
    played: Played,
    digest: DefaultHasher,
    said: Vec<Said>,
}

/// Told in `Played::failed`.
struct Over;

impl Table<'_> {
    fn play(&mut self, image_at: u32, restored: bool) -> Result<(), Over> {
        let plan = self.plan;
        let mut chance = Chance::seeded(plan.seed.into());
        self.call(Call::Init { config: &configuration(plan), seed: plan.seed.into() }, 0)?;
        let players = plan.seats.saturating_sub(plan.bots);
        for seat in 0..players {
            let mut who = Vec::new();
            let (player, name) = (format!("player-{seat}"), format!("Player {seat}"));
            Join { player: &player, name: &name }.encode(&mut who);
            self.call(Call::Join { seat, who: &who }, 0)?;
        }
        for tick in 1..=plan.ticks {
            for seat in 0..players {
                if chance.below(100) < plan.activity.into() {
                    let Input(data) = self.input(&mut chance);
                    self.call(Call::Input { seat, data: &data }, tick - 1)?;
                }
            }
            self.call(Call::Tick { number: tick }, tick)?;
            self.played.ticks = tick;
            if tick == image_at {
                self.keep_image(tick, restored)?;
            }
            if self.played.ended.is_some() {
                break;
            }
        }
        Ok(())
    }

    fn input(&self, chance: &mut Chance) -> Input {
        let inputs = &self.plan.inputs;
        if let Some(input) = inputs.get(chance.below(inputs.len() as u64) as usize) {
            return input.clone();
        }
        let mut data = vec![0; chance.below(5) as usize];
        chance.fill(&mut data);
        Input(data)
    }

    fn call(&mut self, call: Call<'_>, tick: u32) -> Result<(), Over> {
        let period_us = 1_000_000 / u64::from(self.plan.tick_hz);
        let at = CallTime { tick, now_us: u64::from(tick) * period_us };
        let before = self.clock.now();
        let ended = self.guest.call(call, at, &mut self.said);
        let took = self.clock.now().since(before);
        let fuel = self.guest.spent();
        fuel.hash(&mut self.digest);
        let cost = match call {
            Call::Tick { .. } => Some(&mut self.played.tick),
            Call::Input { .. } => Some(&mut self.played.input),
            _ => None,
        };
        if let Some(cost) = cost {
            cost.fuel.push(fuel);
            cost.time += took;
        }
        for said in std::mem::take(&mut self.said) {
            self.hear(said, tick);
        }
        ended.map_err(|end| {
            self.played.failed = Some((name(&call), end));
            Over
        })
    }

    fn hear(&mut self, said: Said, tick: u32) {
        format!("{said:?}").hash(&mut self.digest);
        let heard = &mut self.played.heard;
        match said {
            Said::Broadcast(data) => heard.broadcasts.add(data.len()),
            Said::Send { data, .. } => heard.sends.add(data.len()),
            Said::Effect { data, .. } => heard.effects.add(data.len()),
            Said::Metric { .. } => heard.metrics += 1,
            Said::Log { level, text } => heard.log.push((tick, level, text)),
            Said::End { result } => self.played.ended = Some((tick, result.to_vec())),
            // No call of the run asks for one.
            Said::Reply(_) => {}
        }
    }

    fn keep_image(&mut self, tick: u32, restored: bool) -> Result<(), Over> {
        let mut image = Vec::new();
        self.guest.image(&mut image);
        if restored && let Err(damaged) = self.guest.restore(&image) {
            self.played.failed = Some(("restoring an image".to_owned(), CallEnd::Trap(damaged.to_string())));
            return Err(Over);
        }
        self.played.image = Some((tick, image));
        Ok(())
    }
}

impl Bytes {
    fn add(&mut self, bytes: usize) {
        self.count += 1;
        self.bytes += bytes;
    }
}

/// A call as its author knows it.
fn name(call: &Call<'_>) -> String {
    match call {
        Call::Init { .. } => "jz_init".to_owned(),
        Call::Join { seat, .. } => format!("jz_join of seat {seat}"),
        Call::Leave { seat, .. } => format!("jz_leave of seat {seat}"),
        Call::Input { seat, data } => {
            let digits: String = data.iter().map(|byte| format!("{byte:02x}")).collect();
            format!("jz_input of seat {seat} with the bytes [{digits}]")
        }
        Call::Tick { number } => format!("jz_tick of tick {number}"),
        Call::View { .. } => "jz_view".to_owned(),
        Call::Save => "jz_save".to_owned(),
        Call::Load { .. } => "jz_load".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn inputs_are_written_in_hexadecimal() {
        assert_eq!(hex("04c8"), Ok(Input(vec![4, 200])));
        assert_eq!(hex(""), Ok(Input(Vec::new())));
        for bad in ["4", "0x", "g0", "毽子"] {
            assert!(hex(bad).is_err(), "{bad}");
        }
    }
}
