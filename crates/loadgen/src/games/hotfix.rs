//! A good patch, then one whose rules fail, published in the midst of live rooms.

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::{Result, ensure};
use clock::Clock;
use serde_json::{Value, json};

use super::{DEMO, crowd, pace, players, told, window};
use crate::cli::AuthoritativeArgs;
use crate::figures::Figures;
use crate::http_login::ask;
use crate::lines::Window;
use crate::measure::measure_during;
use crate::server::Server;
use crate::stop;

pub fn measure(server: &Server, args: &AuthoritativeArgs) -> Result<Figures> {
    let (crowd, address) = (crowd(args), server.door.address);
    let run = window(&args.run, SECONDS);
    let make = players(pace(args), crowd);
    let course = |window: Window| course(address, window);
    let (figures, story) = measure_during(server, &run, crowd, |_| String::new(), make, course)?;
    let figures = told(figures, |figures| {
        story.push_moves(figures);
        let lines = (crowd.groups * crowd.group) as f64;
        figures.push("players_without_swap", lines * GOOD_SWAPS - figures.get("swaps_seen").unwrap_or(0.0));
        figures.push("players_not_healed", lines - figures.get("returns_seen").unwrap_or(0.0));
    });
    Ok(figures)
}

/// Enough for both patches: a developer's server confirms the good one after ten quiet seconds, the bad one fails in its
/// third second.
const SECONDS: f64 = 30.0;
/// To the good patch, and to the bad one.
const GOOD_SWAPS: f64 = 2.0;
const QUIET: Duration = Duration::from_secs(2);
const LIMIT: Duration = Duration::from_secs(25);

fn course(address: SocketAddr, window: Window) -> Result<()> {
    stop::wait_until(window.from + QUIET)?;
    for which in ["v2", "bad"] {
        let published = ask(address, "POST", "/dev/patch", &json!({"which": which}).to_string())?;
        ensure!(published["code"] == 0, "the server refuses the patch {which}: {published}");
        let until = Clock::System.now() + LIMIT;
        while !is_settled(&ask(address, "GET", "/dev/games", "")?) {
            let now = Clock::System.now();
            ensure!(now < until, "the patch {which} is neither confirmed nor taken back after {LIMIT:?}");
            stop::wait_until(now + Duration::from_millis(50))?;
        }
    }
    let end = Clock::System.now();
    ensure!(end < window.to, "the patches took longer than the window: give more --seconds");
    let games = ask(address, "GET", "/dev/games", "")?;
    let states = states(&games);
    ensure!(states == ["confirmed", "confirmed", "rolled_back"], "not as it should have ended: {games}");
    Ok(())
}

fn demo(games: &Value) -> Option<&Value> {
    games["data"]["games"].as_array()?.iter().find(|game| game["game"] == DEMO.name)
}

/// The last patch is neither on its way nor on trial.
fn is_settled(games: &Value) -> bool {
    let last = states(games).pop();
    demo(games).is_some_and(|game| game["trial"].is_null()) && last.is_some_and(|state| state != "published")
}

/// Of the game's versions, from the first.
fn states(games: &Value) -> Vec<&str> {
    let versions = demo(games).and_then(|game| game["versions"].as_array());
    versions.into_iter().flatten().filter_map(|version| version["state"].as_str()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_patch_is_settled_when_no_trial_goes_on_and_its_state_is_final() {
        let games = |trial: Value, states: &[&str]| {
            let versions: Vec<Value> = states.iter().map(|state| json!({"state": state})).collect();
            let others = json!({"game": "other", "trial": {"stage": "canary"}, "versions": []});
            json!({"data": {"games": [others, {"game": "jianzi", "trial": trial, "versions": versions}]}})
        };
        assert!(is_settled(&games(Value::Null, &["confirmed", "rolled_back"])));
        assert!(!is_settled(&games(Value::Null, &["confirmed", "published"])));
        assert!(!is_settled(&games(json!({"stage": "canary"}), &["confirmed", "on_trial"])));
        assert!(!is_settled(&json!({})));
    }
}
