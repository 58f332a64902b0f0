//! The functions on both sides.

use core::fmt;

/// A function as the ABI names and types it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Function {
    pub name: &'static str,
    pub parameters: &'static [Value],
    pub result: Option<Value>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Export {
    pub function: Function,
    pub need: Need,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Value {
    I32,
    I64,
    F64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Need {
    Required,
    Optional,
}

use Need::{Optional, Required};
use Value::{F64, I32, I64};

/// What a module may import from [`IMPORT_MODULE`](crate::IMPORT_MODULE), all of it optional.
pub const IMPORTS: &[Function] = &[
    // seat, pointer, length
    function("send", &[I32, I32, I32], None),
    // pointer, length
    function("broadcast", &[I32, I32], None),
    // pointer, length; in jz_view and jz_save only, once
    function("reply", &[I32, I32], None),
    // kind's pointer and length, pointer, length
    function("effect", &[I32, I32, I32, I32], None),
    // pointer, length of the result
    function("end", &[I32, I32], None),
    // level (0 debug, 1 info, 2 warn, 3 error), pointer, length
    function("log", &[I32, I32, I32], None),
    function("random", &[], Some(I64)),
    // room time in microseconds: tick × period
    function("now", &[], Some(I64)),
    // name's pointer and length, value
    function("metric", &[I32, I32, F64], None),
];

/// The functions that a module exports.
pub const EXPORTS: &[Export] = &[
    export_of(Required, "jz_abi", &[]),
    // length → pointer; room for the next call's bytes, called only when there are any
    export_of(Required, "jz_alloc", &[I32]),
    // pointer, length of `Init` → status
    export_of(Required, "jz_init", &[I32, I32]),
    // seat, pointer, length of `Join` → status
    export_of(Required, "jz_join", &[I32, I32, I32]),
    // seat, why → status
    export_of(Required, "jz_leave", &[I32, I32]),
    // seat, pointer, length → status
    export_of(Required, "jz_input", &[I32, I32, I32]),
    // number → status
    export_of(Required, "jz_tick", &[I32]),
    // seat or SPECTATOR → status; answers by reply
    export_of(Optional, "jz_view", &[I32]),
    // → status; answers by reply
    export_of(Optional, "jz_save", &[]),
    // version of the module that saved, pointer, length → status
    export_of(Optional, "jz_load", &[I32, I32, I32]),
    // the version of what jz_save writes
    export_of(Optional, "jz_save_version", &[]),
];

pub fn import(name: &str) -> Option<&'static Function> {
    IMPORTS.iter().find(|function| function.name == name)
}

pub fn export(name: &str) -> Option<&'static Export> {
    EXPORTS.iter().find(|export| export.function.name == name)
}

const fn function(name: &'static str, parameters: &'static [Value], result: Option<Value>) -> Function {
    Function { name, parameters, result }
}

/// Every export returns an `i32`.
const fn export_of(need: Need, name: &'static str, parameters: &'static [Value]) -> Export {
    Export { function: function(name, parameters, Some(I32)), need }
}

/// As an author reads it: `(i32, i32) -> i32`.
impl fmt::Display for Function {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "(")?;
        for (index, parameter) in self.parameters.iter().enumerate() {
            let comma = if index == 0 { "" } else { ", " };
            write!(f, "{comma}{parameter}")?;
        }
        write!(f, ")")?;
        self.result.map_or(Ok(()), |result| write!(f, " -> {result}"))
    }
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            I32 => "i32",
            I64 => "i64",
            F64 => "f64",
        })
    }
}

#[cfg(test)]
mod tests {
    use alloc::string::ToString;

    use super::*;

    #[test]
    fn names_are_unique_and_found() {
        for (index, function) in IMPORTS.iter().enumerate() {
            assert_eq!(import(function.name), Some(&IMPORTS[index]));
        }
        for (index, found) in EXPORTS.iter().enumerate() {
            assert!(found.function.name.starts_with("jz_"));
            assert_eq!(export(found.function.name), Some(&EXPORTS[index]));
        }
        assert_eq!(import("fd_write"), None);
    }

    #[test]
    fn types_are_written_as_authors_read_them() {
        assert_eq!(import("random").unwrap().to_string(), "() -> i64");
        assert_eq!(import("metric").unwrap().to_string(), "(i32, i32, f64)");
        assert_eq!(export("jz_input").unwrap().function.to_string(), "(i32, i32, i32) -> i32");
    }
}
