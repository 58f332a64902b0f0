//! `proto/jianzi/v1/*.proto`, compiled.

use std::path::Path;

use anyhow::{Context, Result};
use prost_types::{DescriptorProto, EnumDescriptorProto, FileDescriptorSet};
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
