//! `jianzi patch status`.

use releases::GameStatus;
use serde::Deserialize;
use serde_json::Value;

use super::operate::encoded;
use super::server::Admin;
use super::{StatusArgs, failed, show};
use crate::commands::config::print_out;
use crate::failure::Failure;

#[derive(Deserialize)]
struct Statuses {
    games: Vec<GameStatus>,
    problems: Vec<String>,
}

/// Prints what the server says; fails if it says that something is wrong.
pub(super) fn run(args: &StatusArgs) -> Result<(), Failure> {
    let admin = Admin::new(&args.server)?;
    let query = match (&args.app, &args.game) {
        (Some(app), Some(game)) => format!("?app={}&game={}", encoded(app), encoded(game)),
        _ => String::new(),
    };
    let whole: Value = admin.get(&query)?;
    if args.json {
        return print_out(&format!("{whole:#}\n"));
    }
    let Statuses { games, problems } = serde_json::from_value(whole).map_err(failed)?;
    let shown = match games.is_empty() {
        true => "no game has a version on this server yet\n".to_owned(),
        false => games.iter().map(show::game).collect(),
    };
    print_out(&shown)?;
    match problems.is_empty() {
        true => Ok(()),
        false => Err(failed(problems.join("\n"))),
    }
}
