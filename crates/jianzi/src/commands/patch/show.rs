//! How things are written for people.

use clock::Clock;
use releases::{GameStatus, Stage, VersionState, VersionStatus};

pub(super) fn size(bytes: usize) -> String {
    match bytes {
        0..1024 => format!("{bytes} bytes"),
        1024..1_048_576 => format!("{:.1} KiB", bytes as f64 / 1024.0),
        _ => format!("{:.1} MiB", bytes as f64 / 1_048_576.0),
    }
}

pub(super) const fn live(live: bool) -> &'static str {
    match live {
        true => "live rooms can be patched",
        false => "can be patched for new rooms only",
    }
}

/// A time as the distance to now.
pub(super) fn ago(ms: u64) -> String {
    let now = Clock::System.wall_ms();
    let (seconds, when) = match now.checked_sub(ms) {
        Some(past) => (past / 1000, "ago"),
        None => ((ms - now) / 1000, "ahead of this clock"),
    };
    format!("{} {when}", duration(seconds))
}

pub(super) fn duration(seconds: u64) -> String {
    match seconds {
        0..120 => format!("{seconds} s"),
        120..7200 => format!("{} min", seconds / 60),
        7200..172_800 => format!("{} h", seconds / 3600),
        _ => format!("{} days", seconds / 86_400),
    }
}

/// One game as lines.
pub(super) fn game(game: &GameStatus) -> String {
    let mut out = format!("{}/{}\n", game.app, game.game);
    for version in game.versions.iter().rev() {
        out.push_str(&line(game, version));
    }
    if let Some(trial) = &game.trial {
        let crashes = match trial.crashes {
            0 => String::new(),
            crashes => format!(", the server died {crashes} time(s) meanwhile"),
        };
        let share = match trial.stage {
            Stage::Verifying | Stage::Canary => format!(", {} of the rooms", trial.share),
            _ => String::new(),
        };
        let name = game.versions.iter().find(|version| version.number == trial.version);
        out.push_str(&format!(
            "  on trial: {}, {} for {}{share}{crashes}\n",
            name.map_or("?", |version| version.name.as_str()),
            stage(trial.stage),
            duration(trial.seconds)
        ));
    }
    if game.pinned_rooms + game.pinned_players > 0 {
        out.push_str(&format!(
            "  pinned: {} room(s), {} player(s)\n",
            game.pinned_rooms, game.pinned_players
        ));
    }
    out
}

fn line(game: &GameStatus, version: &VersionStatus) -> String {
    let mark = if game.stable == Some(version.number) { '*' } else { ' ' };
    let VersionStatus { number, name, rooms, calls, ended, .. } = version;
    let signer = if version.signer.is_empty() { "unsigned" } else { &version.signer };
    let mut out = format!(
        "{mark} {number:>3}  {name:<24}  {:<12}  {rooms} rooms, {calls} calls, {ended} ended badly; {signer}, {}\n",
        state(version.state),
        ago(version.since_ms)
    );
    if !version.why.is_empty() {
        out.push_str(&format!("       {}\n", version.why));
    }
    if !version.live {
        out.push_str(&format!("       {}\n", live(false)));
    }
    out
}

pub(super) const fn state(state: VersionState) -> &'static str {
    match state {
        VersionState::Published => "verifying",
        VersionState::Canary => "canary",
        VersionState::Confirmed => "confirmed",
        VersionState::RollingBack => "rolling back",
        VersionState::RolledBack => "rolled back",
        VersionState::Refused => "refused",
    }
}

const fn stage(stage: Stage) -> &'static str {
    match stage {
        Stage::Verifying => "being verified",
        Stage::Canary => "canary",
        Stage::Confirmed => "confirmed and watched",
        Stage::RollingBack(_) => "rolling back",
        Stage::Settled => "settled",
        Stage::RolledBack => "rolled back",
        Stage::Refused => "refused",
    }
}
