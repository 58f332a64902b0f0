//! The operations' numbers, which stand in four places.

use std::fs;

use crate::repository;

#[test]
fn server_sdk_and_both_specifications_have_the_same_operations() {
    let read = |path: &str| fs::read_to_string(repository(path)).expect(path);
    let sdk = read("sdk/typescript/src/wire/frame.ts");
    let specifications = [read("docs/protocol.md"), read("docs/en/protocol.md")];

    let source = read("crates/protocol/src/operation.rs");
    let mut operations = 0;
    let mut message = "";
    for line in source.lines() {
        if let Some((_, rest)) = line.split_once("(crate::messages::") {
            message = rest.split(')').next().unwrap();
        }
        let Some(definition) = line.strip_prefix("pub const ") else { continue };
        let (name, number) = definition.trim_end_matches(';').split_once(": u8 = ").expect(line);
        operations += 1;
        assert!(sdk.contains(&format!("export const {name} = {number};")), "the SDK's {name}");
        for specification in &specifications {
            let mut rows = specification.lines().filter(|row| row.starts_with(&format!("| {number} | ")));
            assert!(rows.any(|row| row.contains(&format!("`{message}`"))), "a row for {number}, {message}");
        }
    }
    assert_eq!(operations, 14);
}
