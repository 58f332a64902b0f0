//! `messages.json`: value ↔ bytes. The value side goes through a second implementation, prost-reflect.

use std::collections::BTreeSet;
use std::fs;

use prost_reflect::prost::Message;
use prost_reflect::{DescriptorPool, DynamicMessage, SerializeOptions};
use serde::Deserialize;
use serde_json::Value;

use crate::{exercise, from_hex, repository, to_hex};

#[derive(Deserialize)]
struct Vector {
    message: String,
    about: String,
    value: Value,
    hex: String,
}

#[test]
fn values_and_bytes_agree_both_ways() {
    let pool = pool();
    let vectors: Vec<Vector> =
        serde_json::from_str(&fs::read_to_string(repository("proto/golden/messages.json")).unwrap()).unwrap();
    assert!(vectors.len() > 40);
    for Vector { message, about, value, hex } in &vectors {
        let what = format!("{message}: {about}");
        let descriptor = pool.get_message_by_name(&format!("jianzi.v1.{message}")).expect(&what);

        let made = DynamicMessage::deserialize(descriptor.clone(), value).expect(&what).encode_to_vec();
        assert_eq!(to_hex(&made), *hex, "{what}: from the value");

        let recoded = exercise::recode(message, &from_hex(hex)).expect(&what).expect(&what);
        assert_eq!(to_hex(&recoded), *hex, "{what}: read and written");

        let read = DynamicMessage::decode(descriptor, &recoded[..]).expect(&what);
        let options = SerializeOptions::new().use_enum_numbers(true);
        let read = read.serialize_with_options(serde_json::value::Serializer, &options).expect(&what);
        assert_eq!(read, *value, "{what}: back to the value");
    }
}

#[test]
fn every_message_is_in_a_vector_or_inside_of_one() {
    let pool = pool();
    let all: BTreeSet<String> = pool.all_messages().map(|message| message.name().to_owned()).collect();
    let known: BTreeSet<String> = exercise::MESSAGES.iter().map(|name| name.to_string()).collect();
    assert_eq!(all, known, "fuzz/exercise.rs lists all messages");

    let text = fs::read_to_string(repository("proto/golden/messages.json")).unwrap();
    let vectors: Vec<Vector> = serde_json::from_str(&text).unwrap();
    let mut covered = BTreeSet::new();
    let mut open: Vec<String> = vectors.into_iter().map(|vector| vector.message).collect();
    while let Some(name) = open.pop() {
        let message = pool.get_message_by_name(&format!("jianzi.v1.{name}")).unwrap();
        if covered.insert(name) {
            open.extend(
                message.fields().filter_map(|field| Some(field.kind().as_message()?.name().to_owned())),
            );
        }
    }
    assert_eq!(covered, all);
}

#[derive(Deserialize)]
struct Leniency {
    message: String,
    about: String,
    hex: String,
    /// The same message as our encoders write it; absent if the bytes must be refused.
    canonical: Option<String>,
}

#[test]
fn foreign_bytes_are_read_or_refused_as_listed() {
    let text = fs::read_to_string(repository("proto/golden/decoding.json")).unwrap();
    let vectors: Vec<Leniency> = serde_json::from_str(&text).unwrap();
    assert!(vectors.len() > 15);
    for Leniency { message, about, hex, canonical } in vectors {
        let read = exercise::recode(&message, &from_hex(&hex)).expect("a message");
        assert_eq!(read.ok().map(|bytes| to_hex(&bytes)), canonical, "{message}: {about}");
    }
}

fn pool() -> DescriptorPool {
    let proto = repository("proto");
    let files = ["session", "rooms"].map(|name| proto.join(format!("jianzi/v1/{name}.proto")));
    DescriptorPool::from_file_descriptor_set(protox::compile(files, [proto]).unwrap()).unwrap()
}
