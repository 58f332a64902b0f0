//! `jianzi game run [FOLDER | MODULE]`: a room in the real engine, and what a server relies on, tried out.

use std::path::Path;

use clock::Clock;
use room_core::modules::{Call, CallTime, Guest, Modules, Said};

use super::RunArgs;
use super::build::{Checked, abilities, check};
use super::drive::{Plan, Played, configuration, play};
use super::project::Project;
use super::report;
use crate::commands::config::print_out;
use crate::failure::{Exit, Failure};

/// Guests at the same time: the room, and the one that is compared with it.
const ROOMS: u32 = 2;
const LOG_LINES: usize = 20;

pub fn run(args: &RunArgs) -> Result<(), Failure> {
    if args.bots > args.seats {
        return Err(Failure::new(Exit::Usage, "--bots: bots sit in seats, so there are not more of them"));
    }
    let path = match args.game.is_file() {
        true => args.game.clone(),
        false => Project::find(&args.game)?.build()?,
    };
    let checked = check(&path, ROOMS)?;
    let plan = plan(args);
    print_out(&headline(&path, &checked, &plan))?;
    let clock = Clock::default();
    let mut guest = guest(&checked)?;
    let first = play(&mut *guest, &plan, 0, false, &clock);
    print_out(&format!(
        "{}{}",
        report::log(&first, LOG_LINES),
        report::figures(&first, checked.facts.memory_pages)
    ))?;
    if let Some((call, end)) = &first.failed {
        return Err(failed(format!("{call} ended badly after tick {}: {end}", first.ticks)));
    }
    print_out(&replays(&checked, &plan, &first, &clock)?)?;
    print_out(&saves(&checked, &plan, &mut *guest, first.ticks)?)
}

/// The same calls again, through an image in the middle: what recovery and replay rest on.
fn replays(checked: &Checked, plan: &Plan, first: &Played, clock: &Clock) -> Result<String, Failure> {
    let middle = (first.ticks / 2).max(1);
    let again = play(&mut *guest(checked)?, plan, middle, true, clock);
    if again.digest != first.digest {
        return Err(failed(
            "the same calls led to something else the second time: the rules use something that is not in the room"
                .to_owned(),
        ));
    }
    let image = again.image.map_or(0, |(_, image)| image.len());
    Ok(format!(
        "  again   said and cost the same, byte for byte, through an image of {} at tick {middle}\n",
        report::size(image)
    ))
}

/// Saved and loaded: what a hot fix rests on.
fn saves(checked: &Checked, plan: &Plan, guest: &mut dyn Guest, tick: u32) -> Result<String, Failure> {
    let facts = &checked.facts;
    if !(facts.save && facts.load) {
        return Ok("  save    none: a patch reaches new rooms only\n".to_owned());
    }
    let saved = ask(guest, Call::Save, plan, tick)?;
    let mut other = self::guest(checked)?;
    tell(&mut *other, Call::Init { config: &configuration(plan), seed: plan.seed.into() }, plan, tick)?;
    tell(&mut *other, Call::Load { from: 1, bytes: &saved }, plan, tick)?;
    if facts.view {
        let view = Call::View { seat: None };
        if ask(guest, view, plan, tick)? != ask(&mut *other, view, plan, tick)? {
            return Err(failed("a room that loads what another has saved shows another view".to_owned()));
        }
    }
    let size = report::size(saved.len());
    Ok(format!("  save    {size}; a fresh room loads it and shows the same view\n"))
}

fn ask(guest: &mut dyn Guest, call: Call<'_>, plan: &Plan, tick: u32) -> Result<Vec<u8>, Failure> {
    let said = tell(guest, call, plan, tick)?;
    let reply = said.into_iter().find_map(|said| match said {
        Said::Reply(reply) => Some(reply.to_vec()),
        _ => None,
    });
    reply.ok_or_else(|| failed(format!("the module was asked and did not reply: {call:?}")))
}

fn tell(guest: &mut dyn Guest, call: Call<'_>, plan: &Plan, tick: u32) -> Result<Vec<Said>, Failure> {
    let now_us = u64::from(tick) * (1_000_000 / u64::from(plan.tick_hz));
    let mut said = Vec::new();
    let what = match call {
        Call::Save => "jz_save",
        Call::Load { .. } => "jz_load",
        Call::View { .. } => "jz_view",
        _ => "jz_init",
    };
    guest
        .call(call, CallTime { tick, now_us }, &mut said)
        .map_err(|end| failed(format!("{what} ended badly after tick {tick}: {end}")))?;
    Ok(said)
}

fn guest(checked: &Checked) -> Result<Box<dyn Guest>, Failure> {
    checked.host.instantiate(&checked.hash).map_err(|error| failed(error.to_string()))
}

fn plan(args: &RunArgs) -> Plan {
    Plan {
        seats: args.seats,
        bots: args.bots,
        tick_hz: args.tick_hz,
        seed: args.seed,
        ticks: args.ticks,
        inputs: args.inputs.clone(),
        activity: args.activity,
        properties: args.properties.clone(),
    }
}

fn headline(path: &Path, checked: &Checked, plan: &Plan) -> String {
    format!(
        "{} ({}, {:.12}): {} seats, {} of them bots', {} Hz, seed {}\n  module  ABI {}; {}\n",
        path.display(),
        report::size(checked.bytes),
        checked.hash,
        plan.seats,
        plan.bots,
        plan.tick_hz,
        plan.seed,
        checked.facts.abi,
        abilities(&checked.facts),
    )
}

fn failed(message: String) -> Failure {
    Failure::new(Exit::Failed, message)
}
