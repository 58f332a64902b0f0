//! What socket messages may be made of, so that every encoder in every language can be small and gives equal bytes.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Result, bail};
use prost_types::field_descriptor_proto::Type;
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

#[cfg(test)]
mod tests {
    use prost_types::{FileDescriptorProto, FileDescriptorSet, ServiceDescriptorProto};

    use super::*;

    #[test]
    fn what_the_profile_allows_passes() {
        let inner = message("Inner", vec![field("a", 1, Type::Uint32), field("b", 3, Type::Bytes)]);
        let outer = message("Outer", vec![held("x", 1, "Inner"), held("y", 2, "Inner")]);
        assert_eq!(complaint(file(vec![inner, outer])), "");
    }

    #[test]
    fn each_departure_from_the_profile_is_named() {
        let alone = |fields| file(vec![message("M", fields)]);
        for (file, expected) in [
            (alone(vec![field("big", 1, Type::Int64)]), "M: big is a 64-bit integer"),
            (alone(vec![field("big", 1, Type::Fixed64)]), "M: big is a 64-bit integer"),
            (alone(vec![field("g", 1, Type::Group)]), "M: g is a group"),
            (alone(vec![field("f", 1, Type::Float)]), "M: f: Float is not in the SDK's encoder"),
            (
                alone(vec![field("b", 2, Type::Bool), field("a", 1, Type::Bool)]),
                "M: b = 2 stands before a = 1",
            ),
            (alone(vec![held("m", 1, "M")]), "M: holds itself"),
            (
                file(vec![message("M", vec![held("n", 1, "N")]), message("N", vec![held("m", 1, "M")])]),
                "M: holds itself",
            ),
        ] {
            let complaint = complaint(file);
            assert!(complaint.contains(expected), "{complaint:?} does not say {expected:?}");
        }

        let mut with_service = alone(vec![]);
        with_service.service.push(ServiceDescriptorProto::default());
        assert!(complaint(with_service).contains("services do not belong to the socket"));

        let mut foreign = alone(vec![]);
        foreign.package = Some("google.protobuf".to_owned());
        assert!(complaint(foreign).contains("no well-known types"));

        let mut map = message("M", vec![]);
        let mut entry = message("PairsEntry", vec![]);
        entry.options = Some(prost_types::MessageOptions { map_entry: Some(true), ..Default::default() });
        map.nested_type.push(entry);
        assert!(complaint(file(vec![map])).contains("M: has a map"));
    }

    fn complaint(file: FileDescriptorProto) -> String {
        let contract = Contract { files: FileDescriptorSet { file: vec![file] } };
        check(&contract).err().map(|error| error.to_string()).unwrap_or_default()
    }

    fn file(messages: Vec<DescriptorProto>) -> FileDescriptorProto {
        FileDescriptorProto {
            name: Some("test.proto".to_owned()),
            package: Some("jianzi.v1".to_owned()),
            syntax: Some("proto3".to_owned()),
            message_type: messages,
            ..Default::default()
        }
    }

    fn message(name: &str, field: Vec<FieldDescriptorProto>) -> DescriptorProto {
        DescriptorProto { name: Some(name.to_owned()), field, ..Default::default() }
    }

    fn field(name: &str, number: i32, kind: Type) -> FieldDescriptorProto {
        let mut field = FieldDescriptorProto { name: Some(name.to_owned()), ..Default::default() };
        field.number = Some(number);
        field.set_type(kind);
        field
    }

    fn held(name: &str, number: i32, message: &str) -> FieldDescriptorProto {
        let mut field = field(name, number, Type::Message);
        field.type_name = Some(format!(".jianzi.v1.{message}"));
        field
    }
}
