//! Who a login makes one.

use std::time::Duration;

use model::{AppId, PlayerId};
use protocol::ErrorCode;
use wechat_sim::SimFault;

use crate::bench::Bench;

#[test]
fn a_player_is_the_same_after_a_restart_and_another_in_another_app() {
    let bench = Bench::new();
    let alice = bench.login("demo", "dev:alice").unwrap().player;
    assert_eq!(alice, bench.login("demo", "dev:alice").unwrap().player);
    assert_eq!(alice, bench.restarted().login("demo", "dev:alice").unwrap().player);
    assert_ne!(alice.id, bench.login("demo", "dev:bob").unwrap().player.id);
    assert_ne!(alice.id, bench.login("other", "dev:alice").unwrap().player.id);
    assert_eq!(alice.name, "alice");
    assert!(bench.login("demo", "0axyz").unwrap().player.name.starts_with("玩家"));
}

#[test]
fn profiles_count_logins() {
    let bench = Bench::new();
    let demo = AppId::new("demo");
    let alice = bench.login("demo", "dev:alice").unwrap().player.id;
    bench.clock.advance(Duration::from_secs(5));
    bench.login("demo", "dev:alice").unwrap();
    let profile = bench.accounts.profile(&demo, &alice).unwrap();
    assert_eq!((profile.logins, profile.last_login_ms - profile.created_ms), (2, 5000));
    assert_eq!(bench.accounts.profile(&AppId::new("other"), &alice), None);
}

#[test]
fn the_platform_s_refusals_reach_the_client() {
    let bench = Bench::new();
    bench.sim.inject(SimFault::Busy, Some(1));
    assert_eq!(bench.login("demo", "dev:a").unwrap_err().code, ErrorCode::PlatformUnavailable);
    bench.sim.inject(SimFault::UsedCode, Some(1));
    assert_eq!(bench.login("demo", "dev:a").unwrap_err().code, ErrorCode::CodeRejected);
    assert_eq!(bench.login("nowhere", "dev:a").unwrap_err().code, ErrorCode::UnknownApp);
    bench.login("demo", "dev:a").unwrap();
}

#[test]
fn a_ban_holds_everywhere_in_its_app_and_ends_in_time() {
    let bench = Bench::new();
    let demo = AppId::new("demo");
    let before = bench.login("demo", "dev:alice").unwrap();
    let elsewhere = bench.login("other", "dev:alice").unwrap();
    bench.accounts.ban(&demo, &before.player.id, "cheating", Some(Duration::from_secs(60)));
    let refusals = [
        bench.login("demo", "dev:alice").unwrap_err(),
        bench.accounts.refresh(&before.refresh_token).unwrap_err(),
        bench.accounts.verify_access(&before.token).unwrap_err(),
    ];
    for fault in refusals {
        assert_eq!(fault.code, ErrorCode::Banned);
        assert!(fault.message.contains("cheating"));
    }
    bench.accounts.verify_access(&elsewhere.token).unwrap();
    bench.clock.advance(Duration::from_secs(60));
    assert_eq!(bench.accounts.is_banned(&demo, &before.player.id), None);
    bench.accounts.verify_access(&before.token).unwrap();
    bench.accounts.ban(&demo, &before.player.id, "again", None);
    assert!(bench.accounts.unban(&demo, &before.player.id));
    assert!(!bench.accounts.unban(&demo, &before.player.id));
    bench.login("demo", "dev:alice").unwrap();
}

#[test]
fn logout_ends_both_tokens_of_that_login_only() {
    let bench = Bench::new();
    let phone = bench.login("demo", "dev:alice").unwrap();
    let tablet = bench.login("demo", "dev:alice").unwrap();
    bench.accounts.logout(&phone.token).unwrap();
    assert_eq!(bench.accounts.verify_access(&phone.token).unwrap_err().code, ErrorCode::TokenInvalid);
    assert_eq!(bench.accounts.refresh(&phone.refresh_token).unwrap_err().code, ErrorCode::RefreshInvalid);
    bench.accounts.verify_access(&tablet.token).unwrap();
    bench.accounts.refresh(&tablet.refresh_token).unwrap();
}

#[test]
fn plain_text_names_test_players_in_dev_only() {
    let bench = Bench::new();
    let demo = AppId::new("demo");
    let one = bench.accounts.dev_player(&demo, "hello").unwrap();
    assert_eq!(one.player, bench.accounts.dev_player(&demo, "hello").unwrap().player);
    assert_ne!(one.player, bench.accounts.dev_player(&demo, "hello2").unwrap().player);
    assert_eq!(bench.accounts.dev_player(&demo, " ").unwrap_err().code, ErrorCode::BadBody);
    assert!(bench.accounts.dev_player(&AppId::new("nowhere"), "hello").is_err());
    let production = Bench::with(|config| config.dev = false);
    let refused = production.accounts.dev_player(&demo, "hello").unwrap_err();
    assert_eq!(refused.code, ErrorCode::TokenInvalid);
}

#[test]
fn session_numbers_rise_also_across_a_restart() {
    let bench = Bench::new();
    let (demo, alice) = (AppId::new("demo"), PlayerId::new("pa"));
    let first = bench.accounts.next_session_number(&demo, &alice);
    let second = bench.accounts.next_session_number(&demo, &alice);
    assert_eq!(second, first + 1);
    bench.clock.advance(Duration::from_secs(2));
    assert!(bench.restarted().accounts.next_session_number(&demo, &alice) > second);
}
