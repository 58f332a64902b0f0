//! A module taken apart as far as the checks need it.

use std::collections::HashMap;
use std::ops::ControlFlow;

use wasmparser::{
    BinaryReaderError, Export, FunctionBody, GlobalType, Import, KnownCustom, Name, Operator, Parser,
    Payload, TableType, TypeRef,
};

use crate::refused::Place;

#[derive(Default)]
pub(crate) struct Anatomy<'a> {
    pub imports: Vec<Import<'a>>,
    pub exports: Vec<Export<'a>>,
    pub tables: Vec<TableType>,
    /// Minimum of the memory that the module defines, in pages.
    pub memory_pages: Option<u64>,
    pub globals: Vec<GlobalType>,
    bodies: Vec<FunctionBody<'a>>,
    names: Option<wasmparser::NameSectionReader<'a>>,
}

impl<'a> Anatomy<'a> {
    /// Of a module that is valid.
    pub fn of(bytes: &'a [u8]) -> Result<Anatomy<'a>, BinaryReaderError> {
        let mut anatomy = Anatomy::default();
        for payload in Parser::new(0).parse_all(bytes) {
            match payload? {
                Payload::ImportSection(section) => {
                    anatomy.imports = section.into_imports().collect::<Result<_, _>>()?;
                }
                Payload::ExportSection(section) => {
                    anatomy.exports = section.into_iter().collect::<Result<_, _>>()?
                }
                Payload::TableSection(section) => {
                    for table in section {
                        anatomy.tables.push(table?.ty);
                    }
                }
                Payload::MemorySection(section) => {
                    for memory in section {
                        anatomy.memory_pages = Some(memory?.initial);
                    }
                }
                Payload::GlobalSection(section) => {
                    for global in section {
                        anatomy.globals.push(global?.ty);
                    }
                }
                Payload::CodeSectionEntry(body) => anatomy.bodies.push(body),
                Payload::CustomSection(section) => {
                    if let KnownCustom::Name(names) = section.as_known() {
                        anatomy.names = Some(names);
                    }
                }
                _ => {}
            }
        }
        Ok(anatomy)
    }

    /// The first instruction that `wanted` gives something for, with its place.
    pub fn find<T>(&self, mut wanted: impl FnMut(&Operator<'_>) -> Option<T>) -> Option<(T, Place)> {
        let imported = self.imports.iter().filter(|import| is_function(import.ty)).count() as u32;
        for (body, function) in self.bodies.iter().zip(imported..) {
            let found = scan(body, |operator, byte| match wanted(operator) {
                Some(found) => ControlFlow::Break((found, byte)),
                None => ControlFlow::Continue(()),
            });
            if let Some((found, byte)) = found {
                return Some((found, Place { function, name: self.name_of(function), byte }));
            }
        }
        None
    }

    /// Where an imported function is used first.
    pub fn first_use_of(&self, wanted: &Import<'_>) -> Option<Place> {
        let functions = self.imports.iter().filter(|import| is_function(import.ty));
        let index = functions.zip(0..).find(|(import, _)| *import == wanted).map(|(_, index)| index)?;
        let uses = |operator: &Operator<'_>| match operator {
            Operator::Call { function_index } | Operator::RefFunc { function_index } => {
                (*function_index == index).then_some(())
            }
            _ => None,
        };
        self.find(uses).map(|(_, place)| place)
    }

    fn name_of(&self, function: u32) -> Option<String> {
        let mut names = HashMap::new();
        for part in self.names.clone()? {
            if let Ok(Name::Function(functions)) = part {
                names.extend(functions.into_iter().flatten().map(|naming| (naming.index, naming.name)));
            }
        }
        names.get(&function).map(|name| readable(name))
    }
}

/// Rust's names without their mangling, others as they are; cut to what fits a message.
pub(crate) fn readable(name: &str) -> String {
    let mut text = format!("{:#}", rustc_demangle::demangle(name));
    text.truncate(text.floor_char_boundary(80));
    text
}

pub(crate) fn is_function(ty: TypeRef) -> bool {
    matches!(ty, TypeRef::Func(_) | TypeRef::FuncExact(_))
}

fn scan<T>(
    body: &FunctionBody<'_>,
    mut each: impl FnMut(&Operator<'_>, usize) -> ControlFlow<T>,
) -> Option<T> {
    // Errors cannot come: the whole module was validated before.
    let mut operators = body.get_operators_reader().ok()?;
    while !operators.eof() {
        let (operator, byte) = operators.read_with_offset().ok()?;
        if let ControlFlow::Break(found) = each(&operator, byte) {
            return Some(found);
        }
    }
    None
}
