//! `sdk/typescript/src/generated/messages.ts`: interfaces, and one short table for each message.
//!
//! A table is a line of words `name:number,kind,flags` that the SDK's `wire/protobuf.ts` interprets:
//!
//! kind: `s` string, `b` bytes, `u` uint32, `i` int32 or enum, `o` bool, `d` double, `x` fixed32, `m` message;
//! flags: `*` repeated, `?` with presence, `|` with presence and member of the oneof.

use std::collections::BTreeMap;

use anyhow::{Context, Result, bail};
use prost_types::field_descriptor_proto::{Label, Type};
use prost_types::{DescriptorProto, FieldDescriptorProto};

use super::Contract;
use super::contract::{Comments, Named};

const HEADER: &str = "\
// Generated from proto/ by `cargo xtask codegen`; do not edit.

import { decode, encode, table, type Draft, type Table } from \"../wire/protobuf\";

";

pub fn generate(contract: &Contract) -> Result<String> {
    let messages = in_order_of_use(contract.messages())?;
    let mut names: BTreeMap<String, String> =
        messages.iter().map(|message| (message.full.clone(), message.short.clone())).collect();

    let comments = contract.comments();

    let mut text = HEADER.to_owned();
    for kind in contract.enums() {
        let name = &kind.short;
        text += &comment(&comments, &kind.full, "");
        text += &format!("export const {name} = {{\n");
        for value in &kind.item.value {
            text += &comment(&comments, &format!("{}.{}", kind.full, value.name()), "  ");
            text += &format!("  {}: {},\n", value.name(), value.number());
        }
        text += &format!("}} as const;\nexport type {name} = (typeof {name})[keyof typeof {name}];\n\n");
        names.insert(kind.full, kind.short);
    }
    for message in &messages {
        interface(&mut text, message, &names, &comments)?;
        functions(&mut text, message, &names)?;
    }
    text.pop();
    Ok(text)
}

fn interface(
    text: &mut String,
    message: &Named<'_, DescriptorProto>,
    names: &BTreeMap<String, String>,
    comments: &Comments,
) -> Result<()> {
    *text += &comment(comments, &message.full, "");
    *text += &format!("export interface {} {{\n", message.short);
    for field in &message.item.field {
        let mark = if is_optional(field) { "?" } else { "" };
        let mut kind = type_name(field, names)?;
        if field.label() == Label::Repeated {
            kind += "[]";
        }
        *text += &comment(comments, &format!("{}.{}", message.full, field.name()), "  ");
        *text += &format!("  {}{mark}: {kind};\n", camel_case(field.name()));
    }
    *text += "}\n";
    Ok(())
}

fn functions(
    text: &mut String,
    message: &Named<'_, DescriptorProto>,
    names: &BTreeMap<String, String>,
) -> Result<()> {
    let name = &message.short;
    let mut words = Vec::new();
    let mut inner = Vec::new();
    for field in &message.item.field {
        words.push(word(field)?);
        if field.r#type() == Type::Message {
            inner.push(format!("{}Table", name_of(field, names)?));
        }
    }
    let words = words.join(" ");
    let inner = inner.join(", ");
    *text += &format!(
        "const {name}Table: Table = /* @__PURE__ */ table(\"{words}\", [{inner}]);\n\
         export const encode{name} = (message: Draft<{name}>): Uint8Array => encode({name}Table, message);\n\
         export const decode{name} = (bytes: Uint8Array): {name} => decode({name}Table, bytes) as unknown as {name};\n\n"
    );
    Ok(())
}

/// The contract's words about something, as JSDoc.
fn comment(comments: &Comments, name: &str, indent: &str) -> String {
    let lines = comments.get(name).map(Vec::as_slice).unwrap_or_default();
    match lines {
        [] => String::new(),
        [line] => format!("{indent}/** {line} */\n"),
        lines => {
            let lines: String = lines.iter().map(|line| format!("{indent} * {line}\n")).collect();
            format!("{indent}/**\n{lines}{indent} */\n")
        }
    }
}

fn word(field: &FieldDescriptorProto) -> Result<String> {
    let kind = match field.r#type() {
        Type::String => 's',
        Type::Bytes => 'b',
        Type::Uint32 => 'u',
        Type::Int32 | Type::Enum => 'i',
        Type::Bool => 'o',
        Type::Double => 'd',
        Type::Fixed32 => 'x',
        Type::Message => 'm',
        other => bail!("{}: {other:?} has no encoder", field.name()),
    };
    let flags = if field.label() == Label::Repeated {
        "*"
    } else if field.oneof_index.is_some() && !field.proto3_optional() {
        "|"
    } else if is_optional(field) {
        "?"
    } else {
        ""
    };
    Ok(format!("{}:{}{kind}{flags}", camel_case(field.name()), field.number()))
}

fn is_optional(field: &FieldDescriptorProto) -> bool {
    field.label() != Label::Repeated && (field.r#type() == Type::Message || field.oneof_index.is_some())
}

fn type_name(field: &FieldDescriptorProto, names: &BTreeMap<String, String>) -> Result<String> {
    Ok(match field.r#type() {
        Type::String => "string".to_owned(),
        Type::Bytes => "Uint8Array".to_owned(),
        Type::Bool => "boolean".to_owned(),
        Type::Message | Type::Enum => name_of(field, names)?.to_owned(),
        _ => "number".to_owned(),
    })
}

fn name_of<'a>(field: &FieldDescriptorProto, names: &'a BTreeMap<String, String>) -> Result<&'a str> {
    let name = names.get(field.type_name());
    Ok(name.with_context(|| format!("{} names the unknown {}", field.name(), field.type_name()))?)
}

/// Those that are held by others before them; the profile forbids circles.
fn in_order_of_use(mut messages: Vec<Named<'_, DescriptorProto>>) -> Result<Vec<Named<'_, DescriptorProto>>> {
    let mut ordered: Vec<Named<'_, DescriptorProto>> = Vec::new();
    while !messages.is_empty() {
        let ready = messages.iter().position(|message| {
            message
                .item
                .field
                .iter()
                .filter(|field| field.r#type() == Type::Message)
                .all(|field| ordered.iter().any(|done| done.full == field.type_name()))
        });
        ordered.push(messages.remove(ready.context("messages hold each other in a circle")?));
    }
    Ok(ordered)
}

fn camel_case(name: &str) -> String {
    let mut text = String::new();
    let mut upper = false;
    for character in name.chars() {
        if character == '_' {
            upper = true;
        } else if std::mem::take(&mut upper) {
            text.extend(character.to_uppercase());
        } else {
            text.push(character);
        }
    }
    text
}
