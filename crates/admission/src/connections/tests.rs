use proptest::prelude::*;

use super::*;

const CONFIG: ConnectionLimitsConfig =
    ConnectionLimitsConfig { all: 12, per_account: 2, per_device: 3, per_address: 5, pending_per_address: 3 };

#[derive(Clone, Debug)]
enum Step {
    Open { address: u8 },
    Enter { which: usize, player: u8, device: u8 },
    Close { which: usize },
}

/// A naive model: the list of live connections, counted anew for each question.
#[derive(Clone)]
struct Live {
    address: Option<AddressKey>,
    login: Option<(PlayerId, String)>,
}

proptest! {
    #[test]
    fn it_equals_counting_a_list(steps in prop::collection::vec(step(), 1..200)) {
        let app = AppId::new("a");
        let mut limits = ConnectionLimits::new(CONFIG);
        let mut list: Vec<Live> = Vec::new();
        for step in steps {
            match step {
                Step::Open { address } => {
                    let address = address_of(address);
                    let of_address = |live: &&Live| address.is_some() && live.address == address;
                    let free = list.len() < 12
                        && list.iter().filter(of_address).count() < 5
                        && list.iter().filter(of_address).filter(|live| live.login.is_none()).count() < 3;
                    prop_assert_eq!(limits.open(address).is_ok(), free);
                    if free {
                        list.push(Live { address, login: None });
                    }
                }
                Step::Enter { which, player, device } => {
                    let Some(index) = pick(&list, which) else { continue };
                    if list[index].login.is_some() {
                        continue;
                    }
                    let player = PlayerId::new(player.to_string());
                    let device = if device == 0 { String::new() } else { device.to_string() };
                    let logins = || list.iter().filter_map(|live| live.login.as_ref());
                    let free = logins().filter(|login| login.0 == player).count() < 2
                        && (device.is_empty() || logins().filter(|login| login.1 == device).count() < 3);
                    let address = list[index].address;
                    prop_assert_eq!(limits.enter(address, &app, &player, &device).is_ok(), free);
                    if free {
                        list[index].login = Some((player, device));
                    }
                }
                Step::Close { which } => {
                    let Some(index) = pick(&list, which) else { continue };
                    close(&mut limits, &app, list.swap_remove(index));
                }
            }
            prop_assert_eq!(limits.live() as usize, list.len());
        }
        for live in list {
            close(&mut limits, &app, live);
        }
        prop_assert_eq!(limits.live(), 0);
        prop_assert_eq!(limits.remembered(), 0, "what is closed takes no memory");
    }
}

#[test]
fn apps_do_not_share_accounts() {
    let mut limits =
        ConnectionLimits::new(ConnectionLimitsConfig { per_account: 1, per_device: 1, ..CONFIG });
    let player = PlayerId::new("p");
    assert!(limits.enter(None, &AppId::new("one"), &player, "phone").is_ok());
    assert!(limits.enter(None, &AppId::new("two"), &player, "phone").is_ok());
    let fault = limits.enter(None, &AppId::new("one"), &player, "").unwrap_err();
    assert_eq!(fault.code, ErrorCode::TooManyConnections);
    let fault = limits.enter(None, &AppId::new("one"), &PlayerId::new("q"), "phone").unwrap_err();
    assert!(fault.message.contains("device"), "{fault}");
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        3 => (0u8..4).prop_map(|address| Step::Open { address }),
        3 => (any::<usize>(), 0u8..4, 0u8..3)
            .prop_map(|(which, player, device)| Step::Enter { which, player, device }),
        1 => any::<usize>().prop_map(|which| Step::Close { which }),
    ]
}

/// 0 is exempt.
fn address_of(number: u8) -> Option<AddressKey> {
    (number > 0).then(|| AddressKey::of([192, 0, 2, number].into()))
}

fn pick(list: &[Live], which: usize) -> Option<usize> {
    which.checked_rem(list.len())
}

fn close(limits: &mut ConnectionLimits, app: &AppId, live: Live) {
    if let Some((player, device)) = live.login {
        limits.leave(live.address, app, &player, &device);
    }
    limits.close(live.address);
}
