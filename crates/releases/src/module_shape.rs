//! What a module's bytes say about it without running it.

use game_abi::{EXPORTS, IMPORT_MODULE, MEMORY, Need};
use wasmparser::{ExternalKind, FunctionBody, Operator, Parser, Payload, TypeRef};

/// Which of the optional calls a module has, and for which ABI it was built.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ModuleShape {
    /// None: `jz_abi` is not a plain constant, so only running it tells.
    pub abi: Option<u32>,
    pub view: bool,
    pub save: bool,
    pub load: bool,
}

/// Bytes that are no game module.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadModule {
    #[error("this is no WebAssembly module: {0}")]
    NotWasm(String),
    #[error("the module imports {0}; a game module may import from `jianzi` only")]
    Import(String),
    #[error("the module lacks the export {0}")]
    Missing(&'static str),
}

impl ModuleShape {
    /// Live rooms can be brought to another version only by what the old one saves and the new one loads.
    pub const fn can_be_swapped(self) -> bool {
        self.save && self.load
    }

    /// Looks at imports and exports. Whether the module would run, the engine says.
    ///
    /// # Errors
    /// When it cannot be one of ours.
    pub fn of(module: &[u8]) -> Result<ModuleShape, BadModule> {
        let mut reading = Reading::default();
        for payload in Parser::new(0).parse_all(module) {
            reading.take(payload.map_err(not_wasm)?)?;
        }
        let required = EXPORTS.iter().filter(|export| export.need == Need::Required);
        let mut names = required.map(|export| export.function.name).chain([MEMORY]);
        if let Some(missing) = names.find(|name| !reading.has(name)) {
            return Err(BadModule::Missing(missing));
        }
        Ok(ModuleShape {
            abi: reading.abi(),
            view: reading.has("jz_view"),
            save: reading.has("jz_save"),
            load: reading.has("jz_load"),
        })
    }
}

#[derive(Default)]
struct Reading<'a> {
    imported_functions: u32,
    exports: Vec<(&'a str, ExternalKind, u32)>,
    bodies: Vec<FunctionBody<'a>>,
}

impl<'a> Reading<'a> {
    fn take(&mut self, payload: Payload<'a>) -> Result<(), BadModule> {
        match payload {
            Payload::ImportSection(section) => {
                for import in section.into_imports() {
                    let import = import.map_err(not_wasm)?;
                    if import.module != IMPORT_MODULE {
                        let name = format!("{}.{}", import.module, import.name);
                        return Err(BadModule::Import(name.chars().take(80).collect()));
                    }
                    self.imported_functions += u32::from(matches!(import.ty, TypeRef::Func(_)));
                }
            }
            Payload::ExportSection(section) => {
                for export in section {
                    let export = export.map_err(not_wasm)?;
                    self.exports.push((export.name, export.kind, export.index));
                }
            }
            Payload::CodeSectionEntry(body) => self.bodies.push(body),
            Payload::Version { encoding: wasmparser::Encoding::Component, .. } => {
                return Err(BadModule::NotWasm("it is a component; a core module is wanted".to_owned()));
            }
            _ => {}
        }
        Ok(())
    }

    fn has(&self, name: &str) -> bool {
        let kind = if name == MEMORY { ExternalKind::Memory } else { ExternalKind::Func };
        self.exports.iter().any(|(export, of, _)| *export == name && *of == kind)
    }

    /// The constant that the whole body of `jz_abi` is.
    fn abi(&self) -> Option<u32> {
        let (_, _, index) = self.exports.iter().find(|(name, ..)| *name == "jz_abi")?;
        let body = self.bodies.get(index.checked_sub(self.imported_functions)? as usize)?;
        let mut operators = body.get_operators_reader().ok()?;
        match (operators.read().ok()?, operators.read().ok()?) {
            (Operator::I32Const { value }, Operator::End) => u32::try_from(value).ok(),
            _ => None,
        }
    }
}

fn not_wasm(error: wasmparser::BinaryReaderError) -> BadModule {
    BadModule::NotWasm(error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    const CALLS: &str = r#"(memory (export "memory") 1)
        (func (export "jz_alloc") (param i32) (result i32) i32.const 0)
        (func (export "jz_init") (param i32 i32) (result i32) i32.const 0)
        (func (export "jz_join") (param i32 i32 i32) (result i32) i32.const 0)
        (func (export "jz_leave") (param i32 i32) (result i32) i32.const 0)
        (func (export "jz_input") (param i32 i32 i32) (result i32) i32.const 0)
        (func (export "jz_tick") (param i32) (result i32) i32.const 0)"#;

    fn shape(more: &str) -> Result<ModuleShape, BadModule> {
        ModuleShape::of(&wat::parse_str(format!("(module {more} {CALLS})")).unwrap())
    }

    #[test]
    fn exports_and_the_abi_are_seen() {
        let import = r#"(import "jianzi" "broadcast" (func (param i32 i32)))"#;
        let abi = r#"(func (export "jz_abi") (result i32) i32.const 1)"#;
        let save = r#"(func (export "jz_save") (result i32) i32.const 0)"#;
        let load = r#"(func (export "jz_load") (param i32 i32 i32) (result i32) i32.const 0)"#;
        let whole = shape(&[import, abi, save, load].concat()).unwrap();
        assert_eq!(whole, ModuleShape { abi: Some(1), view: false, save: true, load: true });
        assert!(whole.can_be_swapped() && !shape(&[abi, save].concat()).unwrap().can_be_swapped());
        let computed = r#"(func (export "jz_abi") (result i32) i32.const 1 i32.const 1 i32.add)"#;
        assert_eq!(shape(computed).unwrap().abi, None);
    }

    #[test]
    fn strangers_are_refused_with_a_reason() {
        assert_eq!(shape(""), Err(BadModule::Missing("jz_abi")));
        let wasi = r#"(import "wasi_snapshot_preview1" "fd_write" (func))"#;
        assert_eq!(shape(wasi), Err(BadModule::Import("wasi_snapshot_preview1.fd_write".into())));
        assert!(matches!(ModuleShape::of(b""), Err(BadModule::NotWasm(_))));
        assert!(matches!(ModuleShape::of(b"MZ\x90\0"), Err(BadModule::NotWasm(_))));
        let whole =
            wat::parse_str(format!("(module {CALLS} (func (export \"jz_abi\") (result i32) i32.const 1))"))
                .unwrap();
        for cut in 0..whole.len() {
            assert!(ModuleShape::of(&whole[..cut]).is_err(), "cut at {cut}");
        }
        for at in 0..whole.len() {
            let mut damaged = whole.clone();
            damaged[at] ^= 0xff;
            // Whatever it says, it says it.
            let _ = ModuleShape::of(&damaged);
        }
    }
}
