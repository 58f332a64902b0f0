//! systemd's protocols, with a test in systemd's place.

use std::net::TcpListener;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixDatagram;
use std::process::{Command, Stdio};

use testkit::{LIMIT, eventually};

use crate::stage::{JIANZI, Options, signal};

struct Manager {
    socket: UnixDatagram,
    folder: tempfile::TempDir,
}

impl Manager {
    fn new() -> Manager {
        let folder = tempfile::tempdir().unwrap();
        let socket = UnixDatagram::bind(folder.path().join("notify")).unwrap();
        socket.set_read_timeout(Some(LIMIT)).unwrap();
        Manager { socket, folder }
    }

    /// The next message with this line.
    fn told(&self, wanted: &str) -> String {
        loop {
            let mut buffer = [0; 1024];
            let length = self.socket.recv(&mut buffer).unwrap_or_else(|error| panic!("{wanted}: {error}"));
            let text = String::from_utf8_lossy(&buffer[..length]).into_owned();
            if text.lines().any(|line| line == wanted) {
                return text;
            }
        }
    }
}

#[test]
fn the_manager_hears_from_the_supervisor_that_all_is_ready_alive_and_ending() {
    let manager = Manager::new();
    let mut supervised = Options::new(&[])
        .with("NOTIFY_SOCKET", manager.folder.path().join("notify"))
        .with("WATCHDOG_USEC", "600000")
        .start();
    let ready = manager.told("READY=1");
    assert!(ready.contains(&format!("MAINPID={}", supervised.pid())), "{ready}");
    assert_eq!(supervised.status()["server"]["state"], "ready");
    manager.told("WATCHDOG=1");
    // Its server's end is not its own.
    signal(supervised.server_pid(), "-KILL");
    manager.told("STATUS=the server ended by signal 9 (SIGKILL)");
    manager.told("READY=1");
    manager.told("WATCHDOG=1");
    signal(supervised.pid(), "-TERM");
    manager.told("STOPPING=1");
    assert_eq!(supervised.wait().code(), Some(0));
}

#[test]
fn a_server_alone_speaks_to_the_manager_and_takes_its_sockets() {
    let manager = Manager::new();
    let data = tempfile::tempdir().unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    // The shell knows its own number and keeps it; the socket comes as its standard input.
    let script = "LISTEN_PID=$$ LISTEN_FDS=1 LISTEN_FDNAMES=http exec \"$0\" \"$@\" 3<&0 </dev/null";
    let any = "127.0.0.1:0";
    // The address in its arguments is taken, by the very socket that is passed.
    let http = address.to_string();
    let mut server = Command::new("sh")
        .args(["-c", script, JIANZI, "dev", "--http", &http, "--tcp", any, "--admin", any, "--data"])
        .arg(data.path())
        .env("NOTIFY_SOCKET", manager.folder.path().join("notify"))
        .env("WATCHDOG_USEC", "400000")
        .stdin(Stdio::from(OwnedFd::from(listener)))
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let ready = manager.told("READY=1");
    assert!(ready.contains(&format!("MAINPID={}", server.id())), "{ready}");
    assert_eq!(testkit::Http::new(address).get("/v1/version").status, 200);
    manager.told("WATCHDOG=1");
    manager.told("WATCHDOG=1");
    signal(server.id(), "-USR1");
    manager.told("STOPPING=1");
    let status = eventually("it hands over", || server.try_wait().unwrap());
    assert_eq!(status.code(), Some(0));
}

#[test]
fn sockets_of_unknown_names_are_refused() {
    let data = tempfile::tempdir().unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let script = "LISTEN_PID=$$ LISTEN_FDS=1 LISTEN_FDNAMES=jianzi.socket exec \"$0\" \"$@\" 3<&0 </dev/null";
    let output = Command::new("sh")
        .args(["-c", script, JIANZI, "dev", "--data"])
        .arg(data.path())
        .stdin(Stdio::from(OwnedFd::from(listener)))
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(4));
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(said.contains("FileDescriptorName="), "{said}");
}
