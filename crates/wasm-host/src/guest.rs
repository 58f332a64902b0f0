//! One room's guest.

use std::sync::Arc;

use room_core::Damaged;
use room_core::modules::{Call, CallEnd, CallTime, Guest, Optional, Said};
use wasmtime::Val;

use crate::config::{Fuel, Limits};
use crate::ending::ending;
use crate::image::{self, Image, damaged};
use crate::instance::{Instance, prepare_call};
use crate::prepared::Prepared;
use crate::slots::Slot;

pub(crate) struct RoomGuest {
    /// None only when an instance could not be made again.
    instance: Option<Instance>,
    /// False after a call that ended badly: it may have done half of its work.
    is_sound: bool,
    spent: u64,
    limits: Limits,
    module: Arc<Prepared>,
    /// After the instance, so that its memory is free before its place is.
    _slot: Slot,
}

impl RoomGuest {
    pub fn new(module: Arc<Prepared>, limits: Limits, slot: Slot) -> Result<RoomGuest, CallEnd> {
        let instance = Some(Instance::new(&module.template, limits)?);
        Ok(RoomGuest { instance, is_sound: true, spent: 0, limits, module, _slot: slot })
    }

    fn make(&mut self, call: Call<'_>, at: CallTime, said: &mut Vec<Said>) -> Result<(), CallEnd> {
        let Some(instance) = self.instance.as_mut().filter(|_| self.is_sound) else {
            self.spent = 0;
            return Err(CallEnd::Trap(
                "an earlier call ended badly; the instance must be restored first".to_owned(),
            ));
        };
        let fuel = fuel_of(&call, &self.limits.fuel);
        let said_before = said.len();
        let state = instance.store.data_mut();
        state.begin(&call, at);
        std::mem::swap(&mut state.said, said);
        let made = prepare_call(&mut instance.store, fuel, self.module.template.deadline)
            .and_then(|()| instance.make(call));
        std::mem::swap(&mut instance.store.data_mut().said, said);
        self.spent = fuel.saturating_sub(instance.store.get_fuel().unwrap_or(0));
        let end = match made {
            Ok(game_abi::WELL) => return Ok(()),
            Ok(status) => CallEnd::Status(status),
            Err(error) => ending(&error, instance.store.data()),
        };
        self.is_sound = false;
        keep_only_logs(said, said_before);
        Err(end)
    }

    /// A question: what it changes in the guest (memory that was allocated, chance that was drawn) is taken back, so that
    /// a room does not depend on who looked at it when.
    fn ask(&mut self, call: Call<'_>, at: CallTime, said: &mut Vec<Said>) -> Result<(), CallEnd> {
        if !self.is_sound {
            return self.make(call, at, said);
        }
        let mut before = Vec::new();
        self.image(&mut before);
        let asked = self.make(call, at, said);
        match self.put_back(&before) {
            Ok(()) => asked,
            Err(damaged) => asked.and(Err(CallEnd::Trap(damaged.to_string()))),
        }
    }

    /// As [`Guest::restore`], in place if memory has not grown.
    fn put_back(&mut self, image: &[u8]) -> Result<(), Damaged> {
        let Some(instance) = self.instance.as_mut().filter(|_| self.is_sound) else {
            return self.restore(image);
        };
        let read = read_image(&self.module, &self.limits, image)?;
        if instance.memory.size(&instance.store) != u64::from(read.pages) {
            return self.restore(image);
        }
        read.put_into(instance.memory.data_mut(&mut instance.store), &self.module.pristine);
        instance.set_registers(&read)
    }
}

impl Guest for RoomGuest {
    /// After `Err` only log lines were added to `said`: they tell the author why. A view or a save that ends badly harms
    /// nothing.
    fn call(&mut self, call: Call<'_>, at: CallTime, said: &mut Vec<Said>) -> Result<(), CallEnd> {
        let (needs, name) = match call {
            Call::View { .. } => (Optional::View, "jz_view"),
            Call::Save => (Optional::Save, "jz_save"),
            Call::Load { .. } => (Optional::Load, "jz_load"),
            _ => return self.make(call, at, said),
        };
        if !self.can(needs) {
            self.spent = 0;
            return Err(CallEnd::Trap(format!("the module does not export {name}")));
        }
        if needs == Optional::Load { self.make(call, at, said) } else { self.ask(call, at, said) }
    }

    fn can(&self, what: Optional) -> bool {
        let facts = &self.module.facts;
        match what {
            Optional::View => facts.view,
            Optional::Save => facts.save,
            Optional::Load => facts.load,
        }
    }

    fn image(&mut self, out: &mut Vec<u8>) {
        let Some(Instance { store, memory, globals, .. }) = &mut self.instance else { return };
        let globals: Vec<Val> = globals.iter().map(|global| global.get(&mut *store)).collect();
        let (memory, state) = memory.data_and_store_mut(&mut *store);
        image::write(&self.module.hash, &self.module.pristine, memory, &globals, state.chance.state, out);
    }

    /// The instance is a new one afterwards: nothing of a call that ended badly is left, be it in memory or outside.
    fn restore(&mut self, image: &[u8]) -> Result<(), Damaged> {
        let image = read_image(&self.module, &self.limits, image)?;
        // Before the new one, which takes its place in the pool.
        self.instance = None;
        self.is_sound = false;
        self.instance = Some(Instance::from_image(&self.module.template, &image, self.limits)?);
        self.is_sound = true;
        Ok(())
    }

    fn spent(&self) -> u64 {
        self.spent
    }
}

fn read_image<'a>(module: &Prepared, limits: &Limits, image: &'a [u8]) -> Result<Image<'a>, Damaged> {
    if image.is_empty() {
        return Err(damaged("an empty image"));
    }
    Image::read(image, &module.hash, &module.pristine, limits.memory_pages)
}

const fn fuel_of(call: &Call<'_>, fuel: &Fuel) -> u64 {
    match call {
        Call::Init { .. } => fuel.init,
        Call::Load { .. } => fuel.load,
        Call::Save => fuel.save,
        _ => fuel.call,
    }
}

fn keep_only_logs(said: &mut Vec<Said>, from: usize) {
    let mut index = 0;
    said.retain(|one| {
        index += 1;
        index <= from || matches!(one, Said::Log { .. })
    });
}
