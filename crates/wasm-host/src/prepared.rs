//! A module that rooms can be made of.

use room_core::modules::ModuleHash;
use wasmtime::{Engine, InstancePre, Linker, Module};

use crate::config::Limits;
use crate::ending::ending;
use crate::image::Pristine;
use crate::instance::{Instance, prepare_call};
use crate::refused::Refused;
use crate::state::State;

/// What is known of a module.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Facts {
    pub abi: u32,
    pub view: bool,
    pub save: bool,
    pub load: bool,
    /// What `jz_save_version` gives: the version of what `jz_save` writes.
    pub save_version: Option<u32>,
    /// Of a fresh instance's memory, 64 KiB each.
    pub memory_pages: u32,
}

/// Compiled, joined with our imports, tried out.
pub(crate) struct Prepared {
    pub hash: ModuleHash,
    pub facts: Facts,
    pub pristine: Pristine,
    pub template: Template,
}

/// What instances are made from.
pub(crate) struct Template {
    pub linked: InstancePre<State>,
    /// Exports by which the variable globals are reached, in the module's order.
    pub globals: Vec<String>,
    /// Of the optional exports.
    pub initializes: bool,
    pub view: bool,
    pub save: bool,
    pub load: bool,
    saves_versions: bool,
    /// How long a call may take, in ticks of the engine's epoch.
    pub deadline: u64,
}

/// The exports that `wasmtime-wizer` adds.
const GLOBAL_PREFIX: &str = "__wizer_global_";

impl Prepared {
    /// Makes one instance to see what a fresh one is like, and asks it for its versions.
    pub fn new(
        hash: ModuleHash,
        module: &Module,
        linker: &Linker<State>,
        limits: Limits,
        deadline: u64,
    ) -> Result<Prepared, Refused> {
        let template = Template::new(module, linker, deadline)?;
        let mut instance = Instance::new(&template, limits).map_err(Refused::Start)?;
        let types =
            instance.globals.iter().map(|global| global.ty(&instance.store).content().clone()).collect();
        let pristine = Pristine::new(instance.memory.data(&instance.store), types);
        let abi = ask(&mut instance, "jz_abi", &template)?;
        if !(game_abi::OLDEST_VERSION as i32..=game_abi::VERSION as i32).contains(&abi) {
            return Err(Refused::Abi { found: abi });
        }
        let save_version = match template.saves_versions {
            true => Some(ask(&mut instance, "jz_save_version", &template)? as u32),
            false => None,
        };
        let facts = Facts {
            abi: abi as u32,
            view: template.view,
            save: template.save,
            load: template.load,
            save_version,
            memory_pages: pristine.pages,
        };
        Ok(Prepared { hash, facts, pristine, template })
    }
}

impl Template {
    fn new(module: &Module, linker: &Linker<State>, deadline: u64) -> Result<Template, Refused> {
        let linked =
            linker.instantiate_pre(module).map_err(|error| Refused::Compile(format!("{error:#}")))?;
        let mut globals: Vec<(u32, String)> = module
            .exports()
            .filter_map(|export| {
                Some((export.name().strip_prefix(GLOBAL_PREFIX)?.parse().ok()?, export.name().into()))
            })
            .collect();
        globals.sort_unstable();
        let exports = |name| module.get_export_index(name).is_some();
        Ok(Template {
            globals: globals.into_iter().map(|(_, name)| name).collect(),
            initializes: exports(game_abi::INITIALIZE),
            view: exports("jz_view"),
            save: exports("jz_save"),
            load: exports("jz_load"),
            saves_versions: exports("jz_save_version"),
            linked,
            deadline,
        })
    }

    pub fn engine(&self) -> &Engine {
        self.linked.module().engine()
    }
}

/// A question about the module: no import may be called to answer it.
fn ask(instance: &mut Instance, function: &'static str, template: &Template) -> Result<i32, Refused> {
    let Instance { store, exports, .. } = instance;
    let limits = store.data().limits;
    let answer = prepare_call(store, limits.fuel.call, template.deadline)
        .and_then(|()| exports.get_typed_func::<(), i32>(&mut *store, function))
        .and_then(|function| function.call(&mut *store, ()));
    answer.map_err(|error| Refused::Probe { function, end: ending(&error, store.data()) })
}
