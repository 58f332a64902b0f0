//! What `jianzi game run` prints.

use std::fmt::Write;

use super::drive::{Cost, Heard, Played};

/// A number of bytes as people read it.
pub fn size(bytes: usize) -> String {
    match bytes {
        0..1024 => format!("{bytes} bytes"),
        1024..1_048_576 => format!("{:.1} KiB", bytes as f64 / 1024.0),
        _ => format!("{:.1} MiB", bytes as f64 / 1_048_576.0),
    }
}

/// The figures of a run, as lines.
pub fn figures(played: &Played, memory_pages: u32) -> String {
    let mut out = String::new();
    // Writing to a String cannot fail.
    let Played { tick, input, heard, .. } = played;
    let time = tick.time + input.time;
    let per_second = f64::from(played.ticks) / time.as_secs_f64().max(1e-9);
    let _ = writeln!(
        out,
        "  played  {} ticks and {} inputs in {:.1} ms: {per_second:.0} ticks/s on one processor",
        played.ticks,
        input.fuel.len(),
        time.as_secs_f64() * 1000.0,
    );
    let _ = writeln!(out, "  tick    {}", cost(tick));
    let _ = writeln!(out, "  input   {}", cost(input));
    let _ = writeln!(
        out,
        "  memory  {memory_pages} page(s) at the start, {}",
        size(memory_pages as usize * 65536)
    );
    let _ = writeln!(out, "  said    {}", said(heard));
    let _ = match &played.ended {
        Some((tick, result)) => {
            let digits: String = result.iter().take(32).map(|byte| format!("{byte:02x}")).collect();
            let more = if result.len() > 32 { "…" } else { "" };
            writeln!(out, "  ended   at tick {tick}, result of {}: {digits}{more}", size(result.len()))
        }
        None => writeln!(out, "  ended   not yet"),
    };
    out
}

/// The first lines that the game logged.
pub fn log(played: &Played, most: usize) -> String {
    const LEVELS: [&str; 4] = ["debug", "info", "warn", "error"];
    let mut out = String::new();
    let lines = &played.heard.log;
    for (tick, level, text) in lines.iter().take(most) {
        let level = LEVELS.get(usize::from(*level)).copied().unwrap_or("error");
        let _ = writeln!(out, "  log     tick {tick}, {level}: {text}");
    }
    if lines.len() > most {
        let _ = writeln!(out, "  log     … and {} more", lines.len() - most);
    }
    out
}

fn cost(cost: &Cost) -> String {
    let mut fuel = cost.fuel.clone();
    fuel.sort_unstable();
    let Some(most) = fuel.last() else { return "none".to_owned() };
    let at = |share: f64| fuel[((fuel.len() - 1) as f64 * share) as usize];
    format!(
        "{:.2} µs on average; fuel p50 {}, p99 {}, most {most} of {}",
        cost.time.as_secs_f64() * 1e6 / fuel.len() as f64,
        at(0.5),
        at(0.99),
        game_abi::limits::FUEL_CALL,
    )
}

/// What there was of each kind; nothing about what there was not.
fn said(heard: &Heard) -> String {
    let sized = [(&heard.broadcasts, "broadcasts"), (&heard.sends, "messages"), (&heard.effects, "effects")];
    let sized = sized.into_iter().filter(|(what, _)| what.count > 0);
    let mut parts: Vec<String> =
        sized.map(|(what, name)| format!("{} {name} ({})", what.count, size(what.bytes))).collect();
    let counted = [(heard.metrics, "metrics"), (heard.log.len(), "log lines")];
    let counted = counted.into_iter().filter(|(count, _)| *count > 0);
    parts.extend(counted.map(|(count, name)| format!("{count} {name}")));
    if parts.is_empty() { "nothing".to_owned() } else { parts.join(", ") }
}
