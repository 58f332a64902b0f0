//! Whether a configuration makes sense, and in production whether it is safe.

use std::collections::HashSet;

use platform::Secret;

use super::problem::{BadConfig, Problem};
use super::{Config, Profile};

/// Says everything that is wrong. In dev missing keys are fine: the data folder keeps some.
pub fn check(config: &Config) -> Result<(), BadConfig> {
    let mut problems = Vec::new();
    check_server(config, &mut problems);
    check_apps(config, &mut problems);
    check_numbers(config, &mut problems);
    check_addresses(config, &mut problems);
    if config.profile != Profile::Dev {
        check_secrets(config, &mut problems);
    }
    if problems.is_empty() { Ok(()) } else { Err(BadConfig(problems)) }
}

fn check_server(config: &Config, problems: &mut Vec<Problem>) {
    if config.server.http.is_empty() {
        problems.push(Problem::new(
            "[server] http",
            "at least one address is needed; players log in through HTTP",
        ));
    }
    if config.tls.cert.is_some() != config.tls.key.is_some() {
        problems.push(Problem::new("[tls]", "cert and key belong together; give both or none"));
    }
    if config.profile == Profile::Production && config.cors.origins.iter().any(|origin| origin == "*") {
        let message = "production does not let any origin call; list the origins of your pages";
        problems.push(Problem::new("[cors] origins", message));
    }
    if let Err(error) = telemetry::check_level(&config.log.level) {
        problems.push(Problem::new("[log] level", error.to_string()));
    }
    if let Err(error) = releases::Releases::new(config.build_rules()) {
        problems.push(Problem::new("[[builds]]", error.to_string()));
    }
}

fn check_apps(config: &Config, problems: &mut Vec<Problem>) {
    if config.apps.is_empty() {
        let message = "no app is configured; write [[apps]] with id, jwt_keys and platform";
        problems.push(Problem::new("[[apps]]", message));
    }
    let mut ids = HashSet::new();
    for (number, app) in (1..).zip(&config.apps) {
        let place = format!("[[apps]] {}", app.id);
        if app.id.as_str().is_empty() {
            problems.push(Problem::new("[[apps]] id", format!("app number {number} has no id")));
        } else if !ids.insert(&app.id) {
            problems.push(Problem::new(&place, "this id is given twice"));
        }
        if app.platform.is_none() {
            let message = "platform is missing: how do its players log in? \"simulator\" believes everybody";
            problems.push(Problem::new(&place, message));
        }
    }
}

fn check_numbers(config: &Config, problems: &mut Vec<Problem>) {
    let gateway = &config.gateway;
    let rooms = &config.rooms;
    let matching = &config.matchmaking;
    let journal = &config.journal;
    let bounds = [
        ("[gateway] max_body", (256..=16 << 20).contains(&gateway.max_body.0), "from 256 bytes to 16MiB"),
        ("[gateway] queue", gateway.queue > gateway.max_body, "more than max_body"),
        ("[gateway] login_timeout", !gateway.login_timeout.is_zero(), "more than 0"),
        ("[gateway] heartbeat", gateway.heartbeat.as_millis() >= 100, "at least 100ms"),
        ("[gateway] call_deadline", !gateway.call_deadline.is_zero(), "more than 0"),
        ("[gateway] answers", gateway.answers > 0, "at least 1"),
        ("[gateway] pushes", gateway.pushes > 0, "at least 1"),
        ("[gateway] rooms_per_session", gateway.rooms_per_session > 0, "at least 1"),
        ("[rooms] max_rooms", rooms.max_rooms > 0, "at least 1"),
        ("[rooms] turn", (1..=50).contains(&rooms.turn.as_millis()), "from 1ms to 50ms"),
        ("[rooms] inbox_messages", rooms.inbox_messages > 0, "at least 1"),
        ("[rooms] inbox_requests", rooms.inbox_requests > 0, "at least 1"),
        ("[rooms] quarantine_share", rooms.quarantine_share <= 100, "from 0 to 100"),
        ("[rooms] max_lag", rooms.max_lag >= rooms.turn, "at least one turn"),
        ("[rooms] log_bytes", rooms.log_bytes.0 >= 64 << 10, "at least 64KiB"),
        ("[rooms] backfill_chunk", rooms.backfill_chunk.0 > 0, "more than 0"),
        ("[rooms] backfill_chunk", rooms.backfill_chunk <= gateway.queue, "at most [gateway] queue"),
        ("[rooms] backfills", rooms.backfills > 0, "at least 1"),
        ("[rooms] recovery_grace", rooms.recovery_grace.as_secs() <= 60, "at most 60s"),
        ("[rooms] rebuild_thousand", rooms.rebuild_thousand.as_millis() >= 10, "at least 10ms"),
        ("[journal] segment", (1 << 20..=1 << 30).contains(&journal.segment.0), "from 1MiB to 1GiB"),
        (
            "[journal] quota",
            journal.quota.0 == 0 || journal.quota.0 >= 2 * journal.segment.0,
            "at least two segments, or 0B",
        ),
        ("[journal] queue", journal.queue.0 >= 1 << 20, "at least 1MiB"),
        ("[match] patience", matching.patience <= matching.longest_patience, "at most longest_patience"),
        ("[match] tell_every", matching.tell_every.as_millis() >= 100, "at least 100ms"),
        ("[match] waiting", matching.waiting > 0, "at least 1"),
        ("[match] per_player", matching.per_player > 0, "at least 1"),
        ("[match] queue", matching.queue > 0, "at least 1"),
        ("[login] access_ttl", config.login.access_ttl.as_secs() >= 1, "at least 1s"),
        ("[login] refresh_ttl", config.login.refresh_ttl > config.login.access_ttl, "more than access_ttl"),
    ];
    for (place, holds, wanted) in bounds {
        if !holds {
            problems.push(Problem::new(place, format!("has to be {wanted}")));
        }
    }
}

/// Says nothing of the addresses themselves: they are secrets.
fn check_addresses(config: &Config, problems: &mut Vec<Problem>) {
    let alerts = &config.alerts;
    let addresses = [
        ("[alerts] wecom", &alerts.wecom),
        ("[alerts] dingtalk", &alerts.dingtalk),
        ("[alerts] feishu", &alerts.feishu),
        ("[alerts] webhook", &alerts.webhook),
    ];
    for (place, address) in addresses {
        let is_address = |url: &str| url.starts_with("https://") || url.starts_with("http://");
        if address.as_ref().is_some_and(|address| !is_address(address.reveal())) {
            problems.push(Problem::new(place, "an address that begins with https:// is wanted"));
        }
    }
    if alerts.window.is_zero() {
        problems.push(Problem::new("[alerts] window", "has to be more than 0"));
    }
    if let Some(Err(error)) =
        config.crashes.dsn.as_ref().map(|dsn| dsn.reveal().parse::<alerts::tracker::Dsn>())
    {
        problems.push(Problem::new("[crashes] dsn", error.to_string()));
    }
}

fn check_secrets(config: &Config, problems: &mut Vec<Problem>) {
    let mut secrets = vec![("[server] resume_key".to_owned(), config.server.resume_key.as_ref(), 32)];
    if let Some(token) = &config.server.admin_token {
        secrets.push(("[server] admin_token".to_owned(), Some(token), 16));
    }
    for app in &config.apps {
        let place = || format!("[[apps]] {} jwt_keys", app.id);
        if app.jwt_keys.is_empty() {
            secrets.push((place(), None, 32));
        }
        secrets.extend(app.jwt_keys.iter().map(|key| (place(), Some(key), 32)));
    }
    let mut seen = HashSet::new();
    for (place, secret, least) in secrets {
        let message = match secret.map(Secret::reveal) {
            None | Some("") => format!("a secret is missing: at least {least} characters by chance"),
            Some(secret) if is_placeholder(secret) => "this is a placeholder, not a secret".to_owned(),
            Some(secret) if secret.len() < least => {
                format!("the secret has {} characters; at least {least} are needed", secret.len())
            }
            Some(secret) if !seen.insert(secret) => "the same secret is used in two places".to_owned(),
            Some(_) => continue,
        };
        problems.push(Problem::new(place, format!("{message} (profile {})", config.profile)));
    }
}

/// What people write before they mean to write a secret.
fn is_placeholder(secret: &str) -> bool {
    let lower = secret.to_ascii_lowercase();
    let words = [
        "changeme",
        "change-me",
        "change_me",
        "secret",
        "password",
        "example",
        "default",
        "placeholder",
        "jianzi",
        "…",
    ];
    let distinct = lower.chars().collect::<HashSet<_>>().len();
    words.iter().any(|word| lower.contains(word)) || (lower.len() >= 16 && distinct < 6)
}
