//! `jianzi patch status --audit`: the history, checked here and not where it is kept.

use std::fmt::Write;

use releases::{Checked, Share, check_history};
use serde_json::{Value, json};

use super::server::Admin;
use super::{StatusArgs, failed, show};
use crate::commands::config::print_out;
use crate::failure::Failure;

/// How many steps are shown.
const SHOWN: usize = 20;

/// Fails when the chain is broken.
pub(super) fn run(args: &StatusArgs) -> Result<(), Failure> {
    let (text, from) = match &args.file {
        Some(file) => {
            let shown = file.display().to_string();
            let read = std::fs::read_to_string(file);
            (read.map_err(|error| failed(format!("{shown} cannot be read: {error}")))?, shown)
        }
        None => {
            let admin = Admin::new(&args.server)?;
            (admin.get_text("/history")?, admin.address().to_owned())
        }
    };
    let Checked { entries, head } = check_history(&text)
        .map_err(|error| failed(format!("the history of {from} is not what was written: {error}")))?;
    let of_game = |entry: &Value| {
        let is = |key: &str, wanted: &Option<String>| {
            wanted.as_deref().is_none_or(|wanted| entry["game"][key] == wanted)
        };
        is("app", &args.app) && is("game", &args.game)
    };
    let steps: Vec<Value> = text
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok())
        .map(|mut line| line["entry"].take())
        .filter(of_game)
        .collect();
    if args.json {
        return print_out(&format!("{:#}\n", json!({"entries": entries, "head": head, "steps": steps})));
    }
    let mut out = String::new();
    for entry in &steps[steps.len().saturating_sub(SHOWN)..] {
        // Writing to a String cannot fail.
        let _ = writeln!(out, "{}", step(entry));
    }
    let _ = writeln!(out, "{entries} steps, each linked to the one before; the last has the hash {head}");
    print_out(&out)
}

/// One step as a line.
fn step(entry: &Value) -> String {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let mut details = Vec::new();
    if let Some(fields) = entry["step"].as_object() {
        for (key, value) in fields.iter().filter(|(key, _)| *key != "what") {
            let value = match value {
                // Of a version, its number and name say enough.
                Value::Object(version) if version.contains_key("name") => {
                    format!("{} {}", version["number"], text(&version["name"]))
                }
                Value::Object(fields) => fields
                    .iter()
                    .map(|(name, value)| format!("{name} {value}"))
                    .collect::<Vec<_>>()
                    .join(", "),
                Value::Number(share) if key == "share" => {
                    share.as_u64().and_then(per_mille).map(|share| share.to_string()).unwrap_or_default()
                }
                Value::String(value) => value.clone(),
                other => other.to_string(),
            };
            details.push(format!("{} {value}", key.replace('_', " ")));
        }
    }
    format!(
        "{:>5}  {:>10}  {:<12}  {}/{}  {}: {}",
        entry["seq"].to_string(),
        show::ago(entry["at_ms"].as_u64().unwrap_or_default()),
        text(&entry["by"]),
        text(&entry["game"]["app"]),
        text(&entry["game"]["game"]),
        text(&entry["step"]["what"]).replace('_', " "),
        details.join(", ")
    )
}

fn per_mille(thousandths: u64) -> Option<Share> {
    Share::per_mille(thousandths.try_into().ok()?)
}
