//! Refresh tokens: an answer lost on the way costs nothing, a stolen copy ends the family.

use std::collections::HashSet;
use std::sync::Barrier;
use std::time::Duration;

use accounts::LoginAnswer;
use model::AppId;
use protocol::ErrorCode;

use crate::bench::Bench;

#[test]
fn a_refresh_gives_a_new_pair_for_the_same_player() {
    let bench = Bench::new();
    let first = bench.login("demo", "dev:alice").unwrap();
    bench.clock.advance(Duration::from_secs(3600));
    assert!(bench.accounts.verify_access(&first.token).is_err());
    let second = bench.accounts.refresh(&first.refresh_token).unwrap();
    assert_eq!(second.player, first.player);
    assert_ne!(second.refresh_token, first.refresh_token);
    bench.accounts.verify_access(&second.token).unwrap();
}

#[test]
fn a_predecessor_answers_with_the_same_successor_for_60_s() {
    let bench = Bench::new();
    let first = bench.login("demo", "dev:alice").unwrap();
    let second = bench.accounts.refresh(&first.refresh_token).unwrap();
    for _ in 0..10 {
        bench.clock.advance(Duration::from_secs(6));
        let again = bench.accounts.refresh(&first.refresh_token).unwrap();
        assert_eq!(again.refresh_token, second.refresh_token);
        bench.accounts.verify_access(&again.token).unwrap();
    }
    bench.clock.advance(Duration::from_millis(1));
    let late = bench.accounts.refresh(&first.refresh_token).unwrap_err();
    assert_eq!(late.code, ErrorCode::RefreshInvalid);
    // The whole family is gone, access tokens included.
    assert!(bench.accounts.refresh(&second.refresh_token).is_err());
    assert_eq!(bench.accounts.verify_access(&second.token).unwrap_err().code, ErrorCode::TokenInvalid);
}

#[test]
fn a_wall_clock_that_jumps_by_an_hour_costs_at_most_a_refresh() {
    const HOUR_MS: i64 = 3_600_000;
    for jump in [HOUR_MS, -HOUR_MS] {
        let bench = Bench::new();
        let (app, player) = (AppId::new("demo"), bench.login("demo", "dev:alice").unwrap());
        let number = |answer: &LoginAnswer| {
            let claims = bench.accounts.verify_access(&answer.token).unwrap();
            bench.accounts.next_session_number(&app, &claims.player)
        };
        let before = number(&player);
        bench.clock.jump_wall(jump);
        assert_eq!(bench.accounts.verify_access(&player.token).is_ok(), jump < 0);
        let second = bench.accounts.refresh(&player.refresh_token).unwrap();
        assert!(number(&second) > before, "the newer login wins");
        // Back to the right time.
        bench.clock.jump_wall(-jump);
        let third = bench.accounts.refresh(&second.refresh_token).unwrap();
        assert!(number(&third) > before + 1);
        assert_eq!(third.player, player.player);
    }
}

/// What a session asks that has no token any more but knows the login it came from.
#[test]
fn a_login_is_known_as_revoked_after_logout_and_after_reuse() {
    let bench = Bench::new();
    let demo = AppId::new("demo");
    let family = |answer: &LoginAnswer| bench.accounts.verify_access(&answer.token).unwrap().family;

    let left = bench.login("demo", "dev:alice").unwrap();
    let stays = bench.login("demo", "dev:alice").unwrap();
    let (left_family, stays_family) = (family(&left), family(&stays));
    assert!(!bench.accounts.is_revoked(&demo, &left_family), "before the logout");
    bench.accounts.logout(&left.token).unwrap();
    assert!(bench.accounts.is_revoked(&demo, &left_family));
    assert!(!bench.accounts.is_revoked(&demo, &stays_family), "the other device's login");
    assert!(!bench.accounts.is_revoked(&AppId::new("other"), &left_family), "another app's login");
    assert!(!bench.accounts.is_revoked(&demo, ""));

    let second = bench.accounts.refresh(&stays.refresh_token).unwrap();
    assert!(!bench.accounts.is_revoked(&demo, &stays_family), "a refresh keeps the login");
    bench.accounts.refresh(&second.refresh_token).unwrap();
    bench.accounts.refresh(&stays.refresh_token).unwrap_err();
    assert!(bench.accounts.is_revoked(&demo, &stays_family));
}

#[test]
fn a_predecessor_is_spent_once_its_successor_was_used() {
    let bench = Bench::new();
    let first = bench.login("demo", "dev:alice").unwrap();
    let second = bench.accounts.refresh(&first.refresh_token).unwrap();
    let third = bench.accounts.refresh(&second.refresh_token).unwrap();
    assert!(bench.accounts.refresh(&first.refresh_token).is_err());
    assert!(bench.accounts.refresh(&third.refresh_token).is_err(), "the family should be revoked");
    // Another login of the same player is another family.
    let fresh = bench.login("demo", "dev:alice").unwrap();
    bench.accounts.refresh(&fresh.refresh_token).unwrap();
}

#[test]
fn refreshes_at_once_get_one_successor() {
    let bench = Bench::new();
    let first = bench.login("demo", "dev:alice").unwrap();
    let barrier = Barrier::new(16);
    let successors: HashSet<String> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..16)
            .map(|_| {
                scope.spawn(|| {
                    barrier.wait();
                    bench.accounts.refresh(&first.refresh_token).unwrap().refresh_token
                })
            })
            .collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    assert_eq!(successors.len(), 1);
}

#[test]
fn tokens_of_before_a_restart_go_on() {
    let bench = Bench::new();
    let first = bench.login("demo", "dev:alice").unwrap();
    let second = bench.accounts.refresh(&first.refresh_token).unwrap();
    let restarted = bench.restarted();
    let third = restarted.accounts.refresh(&second.refresh_token).unwrap();
    assert_eq!(third.player, first.player);
    // What came before the predecessor is reuse, also for a process that never saw it used.
    assert!(restarted.accounts.refresh(&first.refresh_token).is_err());
    assert!(restarted.accounts.refresh(&third.refresh_token).is_err());
}

#[test]
fn a_refresh_token_lives_30_days_from_its_last_use() {
    let bench = Bench::new();
    const DAY: Duration = Duration::from_secs(24 * 3600);
    let mut token = bench.login("demo", "dev:alice").unwrap().refresh_token;
    for _ in 0..3 {
        bench.clock.advance(DAY * 29);
        token = bench.accounts.refresh(&token).unwrap().refresh_token;
    }
    bench.clock.advance(DAY * 30);
    assert_eq!(bench.accounts.refresh(&token).unwrap_err().code, ErrorCode::RefreshInvalid);
}

#[test]
fn an_access_token_refreshes_nothing() {
    let bench = Bench::new();
    let answer = bench.login("demo", "dev:alice").unwrap();
    for wrong in [answer.token.as_str(), "", "x", "a.b.c"] {
        assert_eq!(bench.accounts.refresh(wrong).unwrap_err().code, ErrorCode::RefreshInvalid, "{wrong}");
    }
}
