//! What changes something on a server: publish, promote, roll back, pin.

use std::fmt::Write;

use releases::{GameStatus, Published};
use serde_json::json;

use super::server::Admin;
use super::status::scope;
use super::{OrderArgs, PinArgs, PublishArgs, RollbackArgs, read, read_bundle, show};
use crate::commands::config::print_out;
use crate::failure::Failure;

pub(super) fn publish(args: &PublishArgs) -> Result<(), Failure> {
    // Before the server is bothered.
    read_bundle(&args.bundle)?;
    let admin = Admin::new(&args.server)?;
    let mut query = format!("?by={}", encoded(admin.by()));
    if let Some(share) = args.share {
        // Writing to a String cannot fail.
        let _ = write!(query, "&share={}", encoded(&share.to_string()));
    }
    let Published { game, name, version, already, state, live } =
        admin.post_bytes(&query, &read(&args.bundle)?)?;
    let state = show::state(state);
    print_out(&match already {
        true => format!(
            "{name} of {game} was published before, as version {version}: {state}. Nothing was done.\n"
        ),
        false => format!(
            "{name} of {game} is published as version {version}: {state}; {}\n\
             watch it with: jianzi patch status --app {} --game {}\n",
            show::live(live),
            game.app,
            game.game
        ),
    })
}

pub(super) fn promote(args: &OrderArgs) -> Result<(), Failure> {
    let admin = Admin::new(&args.server)?;
    let (app, game) = scope(&args.game, &admin)?;
    let order = json!({"app": app, "game": game, "by": admin.by()});
    show(&admin.post::<Vec<GameStatus>>("/promote", &order)?)
}

pub(super) fn roll_back(args: &RollbackArgs) -> Result<(), Failure> {
    let admin = Admin::new(&args.server)?;
    let (app, game) = scope(&args.game, &admin)?;
    let order = json!({"app": app, "game": game, "by": admin.by(), "why": args.why});
    show(&admin.post::<Vec<GameStatus>>("/rollback", &order)?)
}

pub(super) fn pin(args: &PinArgs) -> Result<(), Failure> {
    let admin = Admin::new(&args.server)?;
    let (app, game) = scope(&args.game, &admin)?;
    let mut order = json!({"app": app, "game": game, "by": admin.by(), "version": args.version});
    match (&args.room, &args.player) {
        (Some(room), _) => order["room"] = room.as_str().into(),
        (None, player) => order["player"] = player.clone().unwrap_or_default().into(),
    }
    show(&admin.post::<Vec<GameStatus>>("/pin", &order)?)
}

fn show(games: &[GameStatus]) -> Result<(), Failure> {
    print_out(&games.iter().map(show::game).collect::<String>())
}

/// For a query string.
pub(super) fn encoded(text: &str) -> String {
    text.bytes().fold(String::new(), |mut out, byte| {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' => out.push(byte as char),
            // Writing to a String cannot fail.
            _ => drop(write!(out, "%{byte:02X}")),
        }
        out
    })
}
