//! What a module must be before it is compiled: ours in size, imports, exports and types, and something of which an image
//! can be taken.

use std::fmt;

use game_abi::{Export, Function, Need, Value};
use wasmparser::types::{EntityType, Types};
use wasmparser::{FuncType, Import, TypeRef, ValType, Validator};
use wasmtime_wizer::Wizer;

use crate::advice;
use crate::anatomy::{Anatomy, is_function};
use crate::config::Limits;
use crate::engine::FEATURES;
use crate::refused::Refused;

/// Looks at a module without running it, and gives the bytes to compile: its own, with all mutable globals exported.
pub(crate) fn examine(bytes: &[u8], limits: &Limits) -> Result<Vec<u8>, Refused> {
    if bytes.len() > limits.module_bytes {
        return Err(Refused::TooLarge { bytes: bytes.len(), limit: limits.module_bytes });
    }
    check_head(bytes)?;
    // Before the others: what follows relies on a module that is valid with our features.
    let types = Validator::new_with_features(FEATURES)
        .validate_all(bytes)
        .map_err(|error| Refused::Invalid(explain(&error)))?;
    let anatomy = Anatomy::of(bytes).map_err(|error| Refused::Invalid(error.to_string()))?;
    check_imports(&anatomy, &types)?;
    check_exports(&types)?;
    check_size(&anatomy, limits)?;
    check_image(&anatomy)?;
    let (_, instrumented) = Wizer::new().instrument(bytes).map_err(|error| Refused::NoImage {
        what: format!("{error:#}"),
        place: None,
        advice: "The rules are those of wasmtime-wizer",
    })?;
    Ok(instrumented)
}

fn check_head(bytes: &[u8]) -> Result<(), Refused> {
    match bytes {
        [0, b'a', b's', b'm', 1, 0, 0, 0, ..] => Ok(()),
        [0, b'a', b's', b'm', _, _, 1, 0, ..] => Err(Refused::NotWasm(
            "it is a component; build a core module, in Rust for wasm32-unknown-unknown instead of wasm32-wasip2",
        )),
        [0, b'a', b's', b'm', ..] => Err(Refused::NotWasm("its version of the binary format is not 1")),
        [b'(', ..] => Err(Refused::NotWasm("it is text; translate it with wat2wasm or `wasm-tools parse`")),
        _ => Err(Refused::NotWasm("it does not begin with the four bytes \\0asm")),
    }
}

/// The validator's words, and for features that are off, why.
fn explain(error: &wasmparser::BinaryReaderError) -> String {
    const OFF: &[(&str, &str)] = &[
        ("threads", "a room is one thread"),
        ("shared memor", "a room is one thread"),
        ("atomic", "a room is one thread"),
        ("relaxed SIMD", "its results differ between processors"),
        ("memory64", "pointers have 32 bits"),
        ("multi-memory", "a room has one memory"),
        ("multiple memories", "a room has one memory"),
        ("tail calls", "they are off"),
        ("exceptions", "catch nothing, trap instead (in Rust panic=abort)"),
        ("gc", "objects of the host's garbage collector do not fit an image"),
    ];
    let message = error.message();
    let why = OFF.iter().find(|(word, _)| message.contains(word)).map(|(_, why)| *why);
    let at = format!("{message} (at byte {:#x})", error.offset());
    why.map_or(at.clone(), |why| format!("{at}: {why}"))
}

fn check_imports(anatomy: &Anatomy<'_>, types: &Types) -> Result<(), Refused> {
    for import in &anatomy.imports {
        let ours =
            (import.module == game_abi::IMPORT_MODULE).then(|| game_abi::import(import.name)).flatten();
        match ours {
            Some(function) => check_import_type(import, function, types)?,
            None => {
                return Err(Refused::Import {
                    module: import.module.to_owned(),
                    name: import.name.to_owned(),
                    place: anatomy.first_use_of(import),
                    advice: advice::about_import(import.module, import.name, is_function(import.ty)),
                });
            }
        }
    }
    Ok(())
}

fn check_import_type(import: &Import<'_>, function: &Function, types: &Types) -> Result<(), Refused> {
    let found = match import.ty {
        TypeRef::Func(_) => types.as_ref().entity_type_from_import(import),
        _ => None,
    };
    let found = found.as_ref().and_then(|entity| function_type(entity, types));
    if found.is_some_and(|found| fits(function, found)) {
        return Ok(());
    }
    Err(Refused::ImportType {
        name: import.name.to_owned(),
        wanted: function.to_string(),
        found: found.map_or("something that is no function".to_owned(), |found| Signature(found).to_string()),
    })
}

fn check_exports(types: &Types) -> Result<(), Refused> {
    let exported = |name: &str| {
        let mut exports = types.as_ref().core_exports().into_iter().flatten();
        exports.find(|(exported, _)| *exported == name).map(|(_, entity)| entity)
    };
    match exported(game_abi::MEMORY) {
        Some(EntityType::Memory(_)) => {}
        Some(_) => return Err(wrong_type(game_abi::MEMORY, "a memory", "something else")),
        None => return Err(missing(game_abi::MEMORY, "(its memory)")),
    }
    for Export { function, need } in game_abi::EXPORTS {
        let Some(entity) = exported(function.name) else {
            match need {
                Need::Required => return Err(missing(function.name, &function.to_string())),
                Need::Optional => continue,
            }
        };
        match function_type(&entity, types) {
            Some(found) if fits(function, found) => {}
            Some(found) => {
                return Err(wrong_type(function.name, &function.to_string(), &Signature(found).to_string()));
            }
            None => {
                return Err(wrong_type(
                    function.name,
                    &function.to_string(),
                    "something that is no function",
                ));
            }
        }
    }
    match exported(game_abi::INITIALIZE).map(|entity| function_type(&entity, types).cloned()) {
        Some(Some(found)) if !(found.params().is_empty() && found.results().is_empty()) => {
            Err(wrong_type(game_abi::INITIALIZE, "()", &Signature(&found).to_string()))
        }
        Some(None) => Err(wrong_type(game_abi::INITIALIZE, "()", "something that is no function")),
        Some(Some(_)) | None => Ok(()),
    }
}

fn check_size(anatomy: &Anatomy<'_>, limits: &Limits) -> Result<(), Refused> {
    let pages = anatomy.memory_pages.unwrap_or(0);
    if pages > u64::from(limits.memory_pages) {
        return Err(Refused::Memory { pages, limit: limits.memory_pages });
    }
    if anatomy.tables.len() > 1 {
        return Err(Refused::Tables { tables: anatomy.tables.len() });
    }
    let elements = anatomy.tables.first().map_or(0, |table| table.initial);
    if elements > u64::from(limits.table_elements) {
        return Err(Refused::TableElements { elements, limit: limits.table_elements });
    }
    Ok(())
}

/// The rules of `wasmtime-wizer`, which names neither place nor cause.
fn check_image(anatomy: &Anatomy<'_>) -> Result<(), Refused> {
    if let Some(((instruction, advice), place)) = anatomy.find(advice::about_instruction) {
        return Err(Refused::NoImage { what: format!("{instruction} is used"), place: Some(place), advice });
    }
    let variable = anatomy.globals.iter().filter(|global| global.mutable).count();
    if variable > game_abi::limits::VARIABLE_GLOBALS {
        return Err(Refused::NoImage {
            what: format!("it has {variable} variable globals"),
            place: None,
            advice: advice::MANY_GLOBALS,
        });
    }
    let is_reference =
        |global: &&wasmparser::GlobalType| global.mutable && matches!(global.content_type, ValType::Ref(_));
    if let Some(index) = anatomy.globals.iter().position(|global| is_reference(&global)) {
        return Err(Refused::NoImage {
            what: format!("global {index} is variable and holds a reference"),
            place: None,
            advice: advice::REFERENCE_GLOBAL,
        });
    }
    Ok(())
}

fn missing(name: &'static str, wanted: &str) -> Refused {
    Refused::NoExport { name, wanted: wanted.to_owned(), advice: advice::about_missing(name) }
}

fn wrong_type(name: &'static str, wanted: &str, found: &str) -> Refused {
    Refused::ExportType { name, wanted: wanted.to_owned(), found: found.to_owned() }
}

fn function_type<'t>(entity: &EntityType, types: &'t Types) -> Option<&'t FuncType> {
    match entity {
        EntityType::Func(id) | EntityType::FuncExact(id) => Some(types.as_ref().get(*id)?.unwrap_func()),
        _ => None,
    }
}

fn fits(function: &Function, found: &FuncType) -> bool {
    let same = |ours: &[Value], theirs: &[ValType]| {
        ours.len() == theirs.len() && ours.iter().zip(theirs).all(|(ours, theirs)| val_type(*ours) == *theirs)
    };
    same(function.parameters, found.params()) && same(function.result.as_slice(), found.results())
}

fn val_type(value: Value) -> ValType {
    match value {
        Value::I32 => ValType::I32,
        Value::I64 => ValType::I64,
        Value::F64 => ValType::F64,
    }
}

/// Written as `game_abi` writes its own.
struct Signature<'a>(&'a FuncType);

impl fmt::Display for Signature<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let list = |types: &[ValType]| types.iter().map(ValType::to_string).collect::<Vec<_>>().join(", ");
        write!(f, "({})", list(self.0.params()))?;
        match self.0.results() {
            [] => Ok(()),
            results => write!(f, " -> {}", list(results)),
        }
    }
}
