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
    assert_eq!(operations, 16);
}

#[test]
fn both_specifications_list_the_methods_that_the_server_has() {
    let served = fs::read_to_string(repository("crates/gateway/src/calls/mod.rs")).unwrap();
    let mut served: Vec<&str> = served.lines().filter_map(|line| method(line, "\"", "\" =>")).collect();
    served.sort_unstable();
    assert!(served.len() > 15);
    for path in ["docs/protocol.md", "docs/en/protocol.md"] {
        let text = fs::read_to_string(repository(path)).unwrap();
        let mut listed: Vec<&str> = text.lines().filter_map(|line| method(line, "| `", "` |")).collect();
        listed.sort_unstable();
        assert_eq!(listed, served, "{path}");
    }
}

/// A method's name at the beginning of a line, between two marks.
fn method<'a>(line: &'a str, before: &str, after: &str) -> Option<&'a str> {
    let (name, _) = line.trim_start().strip_prefix(before)?.split_once(after)?;
    let is_method = !name.is_empty() && name.chars().all(|c| c.is_ascii_lowercase() || c == '.');
    is_method.then_some(name)
}
