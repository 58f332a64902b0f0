//! An instance of a module in its own store, with everything that calls need at hand: looking exports up by name costs
//! more than a tick.

use room_core::modules::{Call, CallEnd};
use wasmtime::{Error, Global, Memory, Store, TypedFunc, WasmParams, WasmResults};

use crate::config::Limits;
use crate::ending::{Ended, ending};
use crate::image::{Image, damaged};
use crate::prepared::Template;
use crate::state::State;

pub(crate) struct Instance {
    pub store: Store<State>,
    pub memory: Memory,
    /// The variable ones, in the module's order.
    pub globals: Vec<Global>,
    pub functions: Functions,
    /// For questions that are asked once.
    pub exports: wasmtime::Instance,
}

/// The exports of ABI 1.
pub(crate) struct Functions {
    pub alloc: TypedFunc<u32, u32>,
    pub init: TypedFunc<(u32, u32), i32>,
    pub join: TypedFunc<(u32, u32, u32), i32>,
    pub leave: TypedFunc<(u32, u32), i32>,
    pub input: TypedFunc<(u32, u32, u32), i32>,
    pub tick: TypedFunc<u32, i32>,
    pub view: Option<TypedFunc<i32, i32>>,
    pub save: Option<TypedFunc<(), i32>>,
    pub load: Option<TypedFunc<(u32, u32, u32), i32>>,
}

impl Instance {
    /// A fresh instance that has run its start section and `_initialize` and nothing else.
    pub fn new(template: &Template, limits: Limits) -> Result<Instance, CallEnd> {
        let mut store = Store::new(template.engine(), State::new(limits));
        store.limiter(|state| state);
        let made = prepare_call(&mut store, limits.fuel.init, template.deadline)
            .and_then(|()| Instance::within(&mut store, template));
        match made {
            Ok((memory, globals, functions, exports)) => {
                Ok(Instance { store, memory, globals, functions, exports })
            }
            Err(error) => Err(ending(&error, store.data())),
        }
    }

    fn within(
        store: &mut Store<State>,
        template: &Template,
    ) -> Result<(Memory, Vec<Global>, Functions, wasmtime::Instance), Error> {
        let instance = template.linked.instantiate(&mut *store)?;
        let memory =
            instance.get_memory(&mut *store, game_abi::MEMORY).ok_or_else(|| gone(game_abi::MEMORY))?;
        store.data_mut().memory = Some(memory);
        if template.initializes {
            let initialize = instance.get_typed_func::<(), ()>(&mut *store, game_abi::INITIALIZE)?;
            initialize.call(&mut *store, ())?;
        }
        let mut globals = Vec::with_capacity(template.globals.len());
        for name in &template.globals {
            globals.push(instance.get_global(&mut *store, name).ok_or_else(|| gone(name))?);
        }
        let mut lookup = Lookup { store, instance };
        let functions = Functions {
            alloc: lookup.required("jz_alloc")?,
            init: lookup.required("jz_init")?,
            join: lookup.required("jz_join")?,
            leave: lookup.required("jz_leave")?,
            input: lookup.required("jz_input")?,
            tick: lookup.required("jz_tick")?,
            view: lookup.optional("jz_view", template.view)?,
            save: lookup.optional("jz_save", template.save)?,
            load: lookup.optional("jz_load", template.load)?,
        };
        Ok((memory, globals, functions, instance))
    }

    /// A new instance that continues where the image was taken.
    pub fn from_image(
        template: &Template,
        image: &Image<'_>,
        limits: Limits,
    ) -> Result<Instance, room_core::Damaged> {
        let again = |why: String| damaged(format!("the instance could not be made again: {why}"));
        let mut instance = Instance::new(template, limits).map_err(|end| again(end.to_string()))?;
        let fresh = instance.memory.size(&instance.store);
        let missing = u64::from(image.pages).saturating_sub(fresh);
        if missing > 0 {
            instance
                .memory
                .grow(&mut instance.store, missing)
                .map_err(|error| again(format!("{error:#}")))?;
        }
        image.put_into_fresh(instance.memory.data_mut(&mut instance.store));
        instance.set_registers(image)?;
        Ok(instance)
    }

    /// What an image holds beside memory.
    pub fn set_registers(&mut self, image: &Image<'_>) -> Result<(), room_core::Damaged> {
        for (global, value) in self.globals.iter().zip(&image.globals) {
            let set = global.set(&mut self.store, *value);
            set.map_err(|error| damaged(format!("a global cannot be set: {error:#}")))?;
        }
        self.store.data_mut().chance.state = image.chance;
        Ok(())
    }

    /// Makes one call with the fuel that was given, and gives its status.
    pub fn make(&mut self, call: Call<'_>) -> Result<i32, Error> {
        match call {
            Call::Init { config, .. } => {
                let bytes = self.hand_over(config)?;
                self.functions.init.call(&mut self.store, bytes)
            }
            Call::Join { seat, who } => {
                let (pointer, length) = self.hand_over(who)?;
                self.functions.join.call(&mut self.store, (seat.into(), pointer, length))
            }
            Call::Leave { seat, why } => self.functions.leave.call(&mut self.store, (seat.into(), why)),
            Call::Input { seat, data } => {
                let (pointer, length) = self.hand_over(data)?;
                self.functions.input.call(&mut self.store, (seat.into(), pointer, length))
            }
            Call::Tick { number } => self.functions.tick.call(&mut self.store, number),
            Call::View { seat } => {
                let view = self.functions.view.as_ref().ok_or_else(|| gone("jz_view"))?;
                view.call(&mut self.store, seat.map_or(game_abi::SPECTATOR, i32::from))
            }
            Call::Save => {
                let save = self.functions.save.as_ref().ok_or_else(|| gone("jz_save"))?;
                save.call(&mut self.store, ())
            }
            Call::Load { from, bytes } => {
                let (pointer, length) = self.hand_over(bytes)?;
                let load = self.functions.load.as_ref().ok_or_else(|| gone("jz_load"))?;
                load.call(&mut self.store, (from, pointer, length))
            }
        }
    }

    /// Hands bytes to the guest for the call that follows: pointer and length.
    fn hand_over(&mut self, bytes: &[u8]) -> Result<(u32, u32), Error> {
        if bytes.is_empty() {
            return Ok((0, 0));
        }
        let length =
            u32::try_from(bytes.len()).map_err(|_| trap("more bytes than a guest can hold".to_owned()))?;
        let pointer = self.functions.alloc.call(&mut self.store, length)?;
        self.memory.write(&mut self.store, pointer as usize, bytes).map_err(|_| {
            trap(format!("jz_alloc gave {pointer:#x}, where {length} bytes are not all in memory"))
        })?;
        Ok((pointer, length))
    }
}

/// Fuel and time for one call.
pub(crate) fn prepare_call(store: &mut Store<State>, fuel: u64, deadline: u64) -> Result<(), Error> {
    store.set_fuel(fuel)?;
    store.set_epoch_deadline(deadline);
    Ok(())
}

struct Lookup<'a> {
    store: &'a mut Store<State>,
    instance: wasmtime::Instance,
}

impl Lookup<'_> {
    fn required<P: WasmParams, R: WasmResults>(&mut self, name: &str) -> Result<TypedFunc<P, R>, Error> {
        self.instance.get_typed_func(&mut *self.store, name)
    }

    fn optional<P: WasmParams, R: WasmResults>(
        &mut self,
        name: &str,
        exists: bool,
    ) -> Result<Option<TypedFunc<P, R>>, Error> {
        if exists { self.required(name).map(Some) } else { Ok(None) }
    }
}

fn trap(message: String) -> Error {
    Ended(CallEnd::Trap(message)).into()
}

/// The module was examined before, so this is not to be seen.
fn gone(name: &str) -> Error {
    trap(format!("the instance lacks its export {name}"))
}
