//! Which construct of the source leads to what is refused, and what to write instead.

use wasmparser::Operator;

/// Instructions whose effect no image could hold, by the rules of `wasmtime-wizer`: name and advice.
pub(crate) fn about_instruction(operator: &Operator<'_>) -> Option<(&'static str, &'static str)> {
    Some(match operator {
        Operator::TableSet { .. } => ("table.set", TABLE_CHANGED),
        Operator::TableGrow { .. } => ("table.grow", TABLE_CHANGED),
        Operator::TableFill { .. } => ("table.fill", TABLE_CHANGED),
        Operator::TableCopy { .. } => ("table.copy", TABLE_CHANGED),
        Operator::TableInit { .. } => ("table.init", PASSIVE_ELEMENTS),
        Operator::ElemDrop { .. } => ("elem.drop", PASSIVE_ELEMENTS),
        Operator::DataDrop { .. } => ("data.drop", PASSIVE_DATA),
        _ => return None,
    })
}

const TABLE_CHANGED: &str = "The table of functions may not change while the game runs. This comes from wasm-bindgen (its \
    table of JavaScript objects: build without wasm-bindgen), from linking at run time (dlopen, addFunction), or from \
    table.* written by hand; keep an index or an enum instead of a new function";

const PASSIVE_ELEMENTS: &str = "Element segments must be active. Linkers write passive ones for threads and dynamic \
    libraries: link without -pthread, --shared-memory and -shared";

const PASSIVE_DATA: &str = "Data segments must be active. Linkers write passive ones, and data.drop, for threads: build \
    without -pthread, --shared-memory and, in Rust, without -C target-feature=+atomics";

pub(crate) const REFERENCE_GLOBAL: &str = "This comes from a global variable that holds a function or an object of the \
    host (in AssemblyScript `let x: funcref` or `externref`); keep a number instead";

pub(crate) const MANY_GLOBALS: &str = "There may be 1024. In AssemblyScript each `let` outside of functions is one: keep \
    tables in an array or a class";

/// What to do about an import that is not ours.
pub(crate) fn about_import(module: &str, name: &str, is_function: bool) -> &'static str {
    match (module, name) {
        (game_abi::IMPORT_MODULE, _) => {
            "there is no such function; there are send, broadcast, reply, effect, end, log, random, now and metric"
        }
        _ if module.starts_with("wasi") => {
            "game logic has no files, no clock and no environment. In Rust build for wasm32-unknown-unknown instead of \
             wasm32-wasip1 and keep away from std::fs, std::time and std::env; log with the SDK"
        }
        _ if module.starts_with("__wbindgen") || module == "wbg" => {
            "this is wasm-bindgen, which needs JavaScript around the module. Leave it out; of a crate that brings it along, \
             turn off the feature that does (getrandom's and chrono's, for example)"
        }
        ("env", "abort") => "compile AssemblyScript with --use abort=",
        ("env", "seed") => {
            "this is AssemblyScript's Math.random: take the SDK's random instead, or compile with --use seed="
        }
        ("env", "trace" | "console.log") | ("console", _) => {
            "log with the SDK's log instead of trace or console"
        }
        ("env", "Date.now") => "take the SDK's now instead of Date.now: room time is the only time there is",
        ("env", "memory") => {
            "the module must have a memory of its own: link without --import-memory (--importMemory)"
        }
        ("env", "__indirect_function_table") => {
            "the module must have a table of its own: link without --import-table (--importTable)"
        }
        ("env", "__memory_base" | "__table_base" | "__stack_pointer") => {
            "this is a dynamic library; build without -fPIC and -shared"
        }
        (_, _) if is_function => {
            "only the functions of the module jianzi may be imported. A function that is declared and nowhere defined \
             becomes an import: is a library missing?"
        }
        _ => "only functions of the module jianzi may be imported",
    }
}

/// What an author forgot who lacks this export.
pub(crate) fn about_missing(name: &str) -> &'static str {
    match name {
        game_abi::MEMORY => "the host reads and writes the module's memory",
        "jz_abi" => "this is not a game module of Jianzi, or it was built without the SDK's entry point",
        _ => "every game has it, if only to return 0; the SDK writes it",
    }
}
