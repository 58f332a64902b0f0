//! Another version of the game takes the room over between two ticks.

use bytes::Bytes;
use model::Tick;

use super::Authoritative;
use crate::codec::{Damaged, Reader};
use crate::limits;
use crate::modules::{Call, CallEnd, Guest, LogicRef, NoModule, Optional, Said};
use crate::output::Output;

/// Why no other version can take the room over. The room goes on as it is.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoSwap {
    #[error("the room is not authoritative, or has ended")]
    NotNow,
    #[error("the room runs this very version already")]
    Same,
    #[error("version {0} of the game cannot save")]
    CannotSave(u32),
    #[error("version {0} of the game cannot load")]
    CannotLoad(u32),
    #[error("save ended badly: {0}")]
    Save(CallEnd),
    #[error("save gave nothing, or more than {} bytes", limits::SAVE_BYTES)]
    NothingSaved,
    #[error("{0}")]
    Module(#[from] NoModule),
    #[error("init of the new version ended badly: {0}")]
    Init(CallEnd),
    #[error("load of the new version ended badly: {0}")]
    Load(CallEnd),
    #[error("{0}")]
    Damaged(#[from] Damaged),
}

impl Authoritative {
    /// What the game saves. The guest is as before when this returns, but for `NoSwap::Damaged`.
    pub fn save_game(&mut self, now: Tick) -> Result<Bytes, NoSwap> {
        if !self.guest.can(Optional::Save) {
            return Err(NoSwap::CannotSave(self.logic.version));
        }
        // Saving may change the guest's memory, and no event tells of it.
        let (mut image, mut said) = (Vec::new(), Vec::new());
        self.guest.image(&mut image);
        let done = self.guest.call(Call::Save, self.time(now), &mut said);
        self.guest.restore(&image)?;
        done.map_err(NoSwap::Save)?;
        let replies = said.into_iter().filter_map(|word| match word {
            Said::Reply(bytes) => Some(bytes),
            _ => None,
        });
        replies.last().filter(|save| save.len() <= limits::SAVE_BYTES).ok_or(NoSwap::NothingSaved)
    }

    /// The new version begins and takes over what the old one saved. After `Err` the old one is untouched.
    pub fn swap(
        &mut self,
        now: Tick,
        to: &LogicRef,
        from_version: u32,
        save: &[u8],
        out: &mut Vec<Output>,
    ) -> Result<(), NoSwap> {
        let mut guest = self.modules.instantiate(&to.hash)?;
        if !guest.can(Optional::Load) {
            return Err(NoSwap::CannotLoad(to.version));
        }
        let (mut said, mut fuel) = (Vec::new(), 0);
        // Chance goes on with other numbers than those of the beginning.
        let seed = u64::from(now) << 32 | u64::from(self.rules.seed);
        let begin = Call::Init { config: &self.rules.config, seed };
        self.call_new(&mut *guest, now, begin, &mut said, &mut fuel).map_err(NoSwap::Init)?;
        let load = Call::Load { from: from_version, bytes: save };
        self.call_new(&mut *guest, now, load, &mut said, &mut fuel).map_err(NoSwap::Load)?;
        out.extend(said.into_iter().filter_map(|word| match word {
            Said::Log { level, text } => Some(Output::Log { level, text }),
            _ => None,
        }));
        self.guest = guest;
        self.fuel = self.fuel.wrapping_add(fuel);
        self.take_over(to, out);
        Ok(())
    }

    /// As if this state had been reached all along; the run stays.
    pub fn roll_back(&mut self, to: &LogicRef, state: &[u8], out: &mut Vec<Output>) -> Result<(), NoSwap> {
        let (run, continues_at, from) = (self.run, self.continues_at, self.logic.clone());
        let mut reader = Reader::new(state);
        self.load_state(&mut reader)?;
        reader.end()?;
        (self.run, self.continues_at) = (run, continues_at);
        if self.logic != *to {
            return Err(Damaged::new("the state is one of another version").into());
        }
        out.push(Output::Swapped { from, to: to.clone() });
        Ok(())
    }

    fn call_new(
        &self,
        guest: &mut dyn Guest,
        now: Tick,
        call: Call<'_>,
        said: &mut Vec<Said>,
        fuel: &mut u64,
    ) -> Result<(), CallEnd> {
        let done = guest.call(call, self.time(now), said);
        *fuel = fuel.wrapping_add(guest.spent());
        done
    }

    /// What the old version had against seats and ticks is forgotten with it.
    fn take_over(&mut self, to: &LogicRef, out: &mut Vec<Output>) {
        let from = std::mem::replace(&mut self.logic, to.clone());
        (self.ended_ticks, self.suspended) = (0, false);
        for seat in &mut self.seats {
            // Who was muted for having come in vain is still unknown to the game.
            seat.muted = seat.muted && !seat.told;
            seat.ended.clear();
        }
        out.push(Output::Swapped { from, to: to.clone() });
    }
}
