//! `proto/jianzi/v1/*.proto`, compiled.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context, Result};
use prost_types::{DescriptorProto, EnumDescriptorProto, FileDescriptorProto, FileDescriptorSet};
use protox::Compiler;

use crate::workspace;

/// All messages of the socket, with comments.
pub struct Contract {
    pub files: FileDescriptorSet,
}

impl Contract {
    pub fn read(root: &Path) -> Result<Contract> {
        let proto = root.join("proto");
        let sources = workspace::files_below(&proto.join("jianzi"), "proto")?;
        let mut compiler = Compiler::new([&proto])?;
        compiler.include_imports(true).include_source_info(true);
        compiler.open_files(sources).context("proto/ does not compile")?;
        Ok(Contract { files: compiler.file_descriptor_set() })
    }

    /// Every message, nested ones before the one that holds them, with its name in generated TypeScript.
    pub fn messages(&self) -> Vec<Named<'_, DescriptorProto>> {
        let mut found = Vec::new();
        for file in &self.files.file {
            for message in &file.message_type {
                collect_messages(file.package(), "", message, &mut found);
            }
        }
        found
    }

    /// Every enum, also nested ones.
    pub fn enums(&self) -> Vec<Named<'_, EnumDescriptorProto>> {
        let mut found = Vec::new();
        for file in &self.files.file {
            for kind in &file.enum_type {
                found.push(Named::new(file.package(), "", kind.name(), kind));
            }
        }
        for message in self.messages() {
            for kind in &message.item.enum_type {
                found.push(Named {
                    full: format!("{}.{}", message.full, kind.name()),
                    short: format!("{}{}", message.short, kind.name()),
                    item: kind,
                });
            }
        }
        found
    }
}

/// What the contract says in words, by full name: `.jianzi.v1.Login.token`. One line for each line of the comment.
pub type Comments = BTreeMap<String, Vec<String>>;

impl Contract {
    pub fn comments(&self) -> Comments {
        let mut comments = Comments::new();
        for file in &self.files.file {
            for location in file.source_code_info.iter().flat_map(|info| &info.location) {
                let Some(name) = name_of_path(file, &location.path) else { continue };
                let lines = location.leading_comments().lines().map(|line| line.trim().replace("*/", "* /"));
                comments.insert(name, lines.filter(|line| !line.is_empty()).collect());
            }
        }
        comments
    }
}

/// What a path of a descriptor's source information leads to: messages are 4, enums 5; in a message fields are 2,
/// messages 3, enums 4; in an enum values are 2.
fn name_of_path(file: &FileDescriptorProto, path: &[i32]) -> Option<String> {
    let item = |at: &i32| usize::try_from(*at).ok();
    let (mut message, mut name, mut rest) = match path {
        [4, at, rest @ ..] => {
            let message = file.message_type.get(item(at)?)?;
            (message, format!(".{}.{}", file.package(), message.name()), rest)
        }
        [5, at, rest @ ..] => {
            let kind = file.enum_type.get(item(at)?)?;
            return name_in_enum(kind, format!(".{}.{}", file.package(), kind.name()), rest);
        }
        _ => return None,
    };
    loop {
        match rest {
            [] => return Some(name),
            [2, at] => return Some(format!("{name}.{}", message.field.get(item(at)?)?.name())),
            [3, at, inside @ ..] => {
                message = message.nested_type.get(item(at)?)?;
                name = format!("{name}.{}", message.name());
                rest = inside;
            }
            [4, at, inside @ ..] => {
                let kind = message.enum_type.get(item(at)?)?;
                return name_in_enum(kind, format!("{name}.{}", kind.name()), inside);
            }
            _ => return None,
        }
    }
}

fn name_in_enum(kind: &EnumDescriptorProto, name: String, rest: &[i32]) -> Option<String> {
    match rest {
        [] => Some(name),
        [2, at] => Some(format!("{name}.{}", kind.value.get(usize::try_from(*at).ok()?)?.name())),
        _ => None,
    }
}

/// Something with a name in the contract.
pub struct Named<'a, T> {
    /// As fields refer to it: `.jianzi.v1.RoomView.Phase`.
    pub full: String,
    /// Without package and dots: `RoomViewPhase`.
    pub short: String,
    pub item: &'a T,
}

impl<'a, T> Named<'a, T> {
    fn new(package: &str, parents: &str, name: &str, item: &'a T) -> Named<'a, T> {
        let path = format!("{parents}{name}");
        Named { full: format!(".{package}.{path}"), short: path.replace('.', ""), item }
    }
}

fn collect_messages<'a>(
    package: &str,
    parents: &str,
    message: &'a DescriptorProto,
    found: &mut Vec<Named<'a, DescriptorProto>>,
) {
    let inside = format!("{parents}{}.", message.name());
    for nested in &message.nested_type {
        collect_messages(package, &inside, nested, found);
    }
    found.push(Named::new(package, parents, message.name(), message));
}
