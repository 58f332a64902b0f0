//! `jianzi patch status`.

use releases::GameStatus;
use serde::Deserialize;
use serde_json::Value;

use super::operate::encoded;
use super::server::Admin;
use super::{GameArgs, StatusArgs, failed, show};
use crate::commands::config::print_out;
use crate::failure::Failure;

#[derive(Deserialize)]
struct Statuses {
    games: Vec<GameStatus>,
    problems: Vec<String>,
}

/// App and game of an order, asked of the server as far as they are not named.
pub(super) fn scope(args: &GameArgs, admin: &Admin) -> Result<(String, String), Failure> {
    if let GameArgs { app: Some(app), game: Some(game) } = args {
        return Ok((app.clone(), game.clone()));
    }
    let fits = |named: &Option<String>, is: &str| named.as_ref().is_none_or(|named| named == is);
    let Statuses { games, .. } = admin.get("")?;
    let known = games.iter().map(|status| format!("{}/{}", status.app, status.game)).collect::<Vec<_>>();
    let mut fitting =
        games.into_iter().filter(|status| fits(&args.app, &status.app) && fits(&args.game, &status.game));
    match (fitting.next(), fitting.next()) {
        (Some(GameStatus { app, game, .. }), None) => Ok((app, game)),
        (None, _) if known.is_empty() => Err(failed("no game has a version on this server yet")),
        _ => Err(failed(format!("name one of them with --app and --game: {}", known.join(", ")))),
    }
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
