//! `proto/golden/messages.json`: values with their bytes, which every implementation must make and read.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use prost_reflect::prost::Message;
use prost_reflect::{DescriptorPool, DynamicMessage};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::codegen::Contract;
use crate::workspace;

#[derive(Serialize, Deserialize)]
struct Vector {
    message: String,
    about: String,
    value: Value,
    hex: String,
}

/// Fills in the bytes of values that have none yet. Bytes that are there stay, right or wrong: tests judge them.
pub fn fill() -> Result<()> {
    let root = workspace::root();
    let path = root.join("proto/golden/messages.json");
    let pool = DescriptorPool::from_file_descriptor_set(Contract::read(&root)?.files)?;
    let mut vectors: Vec<Vector> = serde_json::from_str(&fs::read_to_string(&path)?)?;
    for vector in vectors.iter_mut().filter(|vector| vector.hex.is_empty()) {
        vector.hex =
            encode(&pool, vector).with_context(|| format!("{}: {}", vector.message, vector.about))?;
    }
    write_one_a_line(&path, &vectors)
}

fn encode(pool: &DescriptorPool, vector: &Vector) -> Result<String> {
    let name = format!("jianzi.v1.{}", vector.message);
    let descriptor = pool.get_message_by_name(&name).context("no such message")?;
    let message = DynamicMessage::deserialize(descriptor, &vector.value)?;
    Ok(message.encode_to_vec().iter().map(|byte| format!("{byte:02x}")).collect())
}

fn write_one_a_line(path: &Path, vectors: &[Vector]) -> Result<()> {
    let lines: Result<Vec<String>, _> = vectors.iter().map(serde_json::to_string).collect();
    fs::write(path, format!("[\n{}\n]\n", lines?.join(",\n")))?;
    Ok(())
}
