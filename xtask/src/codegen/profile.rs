//! What socket messages may be made of, so that every encoder in every language can be small and gives equal bytes.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Result, bail};
use prost_types::field_descriptor_proto::{Label, Type};
use prost_types::{DescriptorProto, FieldDescriptorProto};

use super::Contract;
use super::contract::Named;

/// Fails with a sentence for each message that leaves the profile.
pub fn check(contract: &Contract) -> Result<()> {
    let mut complaints = Vec::new();
    for file in &contract.files.file {
        let name = file.name();
        if !file.package().starts_with("jianzi.") {
            complaints.push(format!("{name}: package {} (no well-known types, no Any)", file.package()));
        }
        if file.syntax() != "proto3" {
            complaints.push(format!("{name}: not proto3"));
        }
        if !file.service.is_empty() {
            complaints.push(format!("{name}: services do not belong to the socket"));
        }
    }
    let messages = contract.messages();
    for message in &messages {
        complaints.extend(
            message_complaints(message.item).into_iter().map(|what| format!("{}: {what}", message.short)),
        );
    }
    complaints.extend(recursion(&messages));
    if complaints.is_empty() {
        return Ok(());
    }
    bail!("messages outside of the socket's profile:\n  {}", complaints.join("\n  "))
}

fn message_complaints(message: &DescriptorProto) -> Vec<String> {
    let mut complaints = Vec::new();
    if message.nested_type.iter().any(|nested| nested.options.as_ref().is_some_and(|o| o.map_entry())) {
        complaints.push("has a map; use a repeated message".to_owned());
    }
    let oneofs: BTreeSet<i32> = message
        .field
        .iter()
        .filter(|field| !field.proto3_optional())
        .filter_map(|field| field.oneof_index)
        .collect();
    if oneofs.len() > 1 {
        complaints.push("has more than one oneof".to_owned());
    }
    for pair in message.field.windows(2) {
        if pair[0].number() >= pair[1].number() {
            complaints.push(format!(
                "{} = {} stands before {} = {}; fields are declared in the order of their numbers",
                pair[0].name(),
                pair[0].number(),
                pair[1].name(),
                pair[1].number()
            ));
        }
    }
    complaints.extend(message.field.iter().filter_map(field_complaint));
    complaints
}

fn field_complaint(field: &FieldDescriptorProto) -> Option<String> {
    let name = field.name();
    match field.r#type() {
        Type::Int64 | Type::Uint64 | Type::Sint64 | Type::Fixed64 | Type::Sfixed64 => {
            Some(format!("{name} is a 64-bit integer, which JavaScript cannot hold; use string or bytes"))
        }
        Type::Group => Some(format!("{name} is a group")),
        Type::Float | Type::Sint32 | Type::Sfixed32 => {
            Some(format!("{name}: {:?} is not in the SDK's encoder", field.r#type()))
        }
        Type::Double | Type::Fixed32 | Type::String | Type::Bytes | Type::Message
            if field.label() == Label::Repeated && field.oneof_index.is_some() =>
        {
            Some(format!("{name} is repeated inside a oneof"))
        }
        _ => None,
    }
}

/// Messages that hold themselves: how deep one may nest must not be the sender's choice.
fn recursion(messages: &[Named<'_, DescriptorProto>]) -> Vec<String> {
    let inside: BTreeMap<&str, Vec<&str>> = messages
        .iter()
        .map(|message| {
            let fields = message.item.field.iter().filter(|field| field.r#type() == Type::Message);
            (message.full.as_str(), fields.map(|field| field.type_name()).collect())
        })
        .collect();
    let holds_itself = |start: &str| {
        let mut seen = BTreeSet::new();
        let mut open: Vec<&str> = inside.get(start).into_iter().flatten().copied().collect();
        while let Some(name) = open.pop() {
            if name == start {
                return true;
            }
            if seen.insert(name) {
                open.extend(inside.get(name).into_iter().flatten());
            }
        }
        false
    };
    messages
        .iter()
        .filter(|message| holds_itself(&message.full))
        .map(|message| format!("{}: holds itself", message.short))
        .collect()
}
