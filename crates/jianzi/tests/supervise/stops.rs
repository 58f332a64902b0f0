//! The supervisor is told to stop, or is killed; two of them; what does not start.

use std::net::TcpStream;
use std::process::Command;

use testkit::eventually;

use crate::stage::{JIANZI, Options, has_gone, signal};

#[test]
fn asked_to_stop_it_ends_the_server_in_order() {
    let mut supervised = Options::new(&[]).ready();
    let (server, address) = (supervised.server_pid(), supervised.address("http"));
    signal(supervised.pid(), "-TERM");
    assert_eq!(supervised.wait().code(), Some(0));
    assert!(has_gone(server));
    eventually("its last line", || (supervised.events("stopped").len() == 1).then_some(()));
    assert!(TcpStream::connect(address).is_err(), "nobody listens any more");
    let asked = testkit::run(&mut supervised.command(&["status"]));
    assert_eq!(asked.code, Some(1));
    assert!(asked.stderr.contains("no supervisor answers"), "{}", asked.stderr);
}

#[test]
fn a_server_does_not_outlive_its_supervisor_and_the_next_one_goes_on() {
    let mut first = Options::new(&[]).ready();
    let (server, addresses) = (first.server_pid(), first.addresses());
    signal(first.pid(), "-KILL");
    first.wait();
    eventually("the server notices", || has_gone(server).then_some(()));
    let mut next =
        Options { addresses: addresses.clone(), data: Some(first.data.clone()), ..Options::new(&[]) }.ready();
    assert_eq!(next.addresses(), addresses);
    assert!(next.is_alive());
    assert_eq!(next.http().get("/v1/version").status, 200);
}

#[test]
fn a_server_that_cannot_notice_is_ended_by_the_next_supervisor() {
    let mut first = Options::new(&[]).ready();
    let (server, addresses) = (first.server_pid(), first.addresses());
    // A stopped process takes no signal.
    signal(server, "-STOP");
    signal(first.pid(), "-KILL");
    first.wait();
    assert!(!has_gone(server));
    let next = Options { addresses, data: Some(first.data.clone()), ..Options::new(&[]) }.ready();
    assert!(has_gone(server));
    eventually("it is told", || (next.events("orphan").len() == 1).then_some(()));
    assert_eq!(next.http().get("/v1/version").status, 200);
}

#[test]
fn what_a_power_cut_left_of_the_supervisor_keeps_no_server_from_starting() {
    let mut first = Options::new(&[]).ready();
    signal(first.pid(), "-TERM");
    first.wait();
    let folder = first.folder().join("supervisor");
    std::fs::write(folder.join("state.json"), "").unwrap();
    std::fs::create_dir_all(folder.join("versions")).unwrap();
    std::fs::write(folder.join("versions/arriving"), "half a program").unwrap();
    let next = Options { data: Some(first.data.clone()), ..Options::new(&[]) }.ready();
    eventually("it is told", || (next.events("state_damaged").len() == 1).then_some(()));
    assert!(folder.join("state.json.damaged").exists());
    assert!(!folder.join("versions/arriving").exists());
    assert_eq!(next.http().get("/v1/version").status, 200);
}

#[test]
fn killed_on_a_full_disk_supervisor_and_server_come_back() {
    let first = Options::new(&[]).ready();
    let data = first.data.clone();
    drop(first);
    let next = Options { data: Some(data), is_disk_full: true, ..Options::new(&[]) }.ready();
    assert_eq!(next.http().get("/v1/version").status, 200);
    eventually("it is told", || (!next.events("state_not_saved").is_empty()).then_some(()));
    assert_eq!(next.status()["restarts"], 0);
}

#[test]
fn a_second_supervisor_of_a_data_folder_is_refused() {
    let first = Options::new(&[]).ready();
    let mut second = Options { data: Some(first.data.clone()), ..Options::new(&[]) }.start();
    assert_eq!(second.wait().code(), Some(5));
    let holder = format!("process {}", first.pid());
    eventually("it says who has the folder", || second.log().contains(&holder).then_some(()));
    assert_eq!(first.status()["restarts"], 0);
}

#[test]
fn what_cannot_start_says_so_with_the_server_s_own_exit_code() {
    let folder = tempfile::tempdir().unwrap();
    let ended = |arguments: &[&str]| {
        let mut command = Command::new(JIANZI);
        testkit::run(command.arg("supervise").args(arguments).current_dir(folder.path()))
    };
    assert_eq!(ended(&[]).code, Some(2));
    assert_eq!(ended(&["--", "version"]).code, Some(2));
    assert_eq!(ended(&["--", "dev", "--nonsense"]).code, Some(2));
    assert_eq!(ended(&["--", "serve", "--config", "nowhere.toml"]).code, Some(3));
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = taken.local_addr().unwrap().to_string();
    assert_eq!(ended(&["--", "dev", "--http", &taken]).code, Some(4));

    // Something that only the server itself finds.
    let data = folder.path().join("data");
    std::fs::create_dir_all(data.join("dev-keys.toml")).unwrap();
    let any = "127.0.0.1:0";
    let data = data.display().to_string();
    let server = ["--", "dev", "--http", any, "--tcp", any, "--admin", any, "--data", &data];
    let refused = ended(&server);
    assert_eq!(refused.code, Some(5), "{}", refused.stderr);
    assert!(refused.stderr.contains("dev-keys.toml"), "{}", refused.stderr);
}

#[test]
fn whether_a_server_would_start_is_told_while_another_runs() {
    let supervised = Options::new(&[]).ready();
    let good = testkit::run(&mut supervised.command(&["dev", "--check"]));
    assert_eq!(good.code, Some(0), "{}", good.stderr);
    assert!(good.stdout.contains("would start"), "{}", good.stdout);
    let bad = testkit::run(Command::new(JIANZI).args(["serve", "--check", "--config", "nowhere.toml"]));
    assert_eq!(bad.code, Some(3));
    let file = supervised.folder().join("lock").display().to_string();
    let bad = testkit::run(Command::new(JIANZI).args(["dev", "--check", "--data", &file]));
    assert_eq!(bad.code, Some(5));
}
