//! A supervised server, and what is done to it.

use std::collections::HashMap;
use std::ffi::OsString;
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex};

use serde_json::Value;
use tempfile::TempDir;
use testkit::{Ended, Http, eventually};

pub const JIANZI: &str = env!("CARGO_BIN_EXE_jianzi");

/// How to start one. `dev` with free ports, unless said otherwise.
pub struct Options {
    /// Of `supervise`.
    pub supervisor: Vec<&'static str>,
    pub environment: Vec<(&'static str, OsString)>,
    /// From an earlier run; else free ones.
    pub addresses: Vec<(String, SocketAddr)>,
    /// From an earlier run; else a new one.
    pub data: Option<Arc<TempDir>>,
    /// For the supervisor and its server.
    pub is_disk_full: bool,
}

impl Options {
    pub fn new(supervisor: &[&'static str]) -> Options {
        Options {
            supervisor: supervisor.to_vec(),
            environment: Vec::new(),
            addresses: Vec::new(),
            data: None,
            is_disk_full: false,
        }
    }

    pub fn with(mut self, name: &'static str, value: impl Into<OsString>) -> Options {
        self.environment.push((name, value.into()));
        self
    }

    pub fn start(self) -> Supervised {
        let data = self.data.clone().unwrap_or_else(|| Arc::new(TempDir::new().unwrap()));
        let mut command = match self.is_disk_full {
            true => Command::new("sh"),
            false => Command::new(JIANZI),
        };
        if self.is_disk_full {
            command.args(["-c", testkit::ON_A_FULL_DISK, JIANZI]);
        }
        command
            .arg("supervise")
            .args(&self.supervisor)
            .args(["--", "dev", "--data"])
            .arg(data.path().join("d"));
        for name in ["http", "tcp", "admin"] {
            let known = self.addresses.iter().find(|(known, _)| known == name);
            let address = known.map_or("127.0.0.1:0".to_owned(), |(_, address)| address.to_string());
            command.arg(format!("--{name}")).arg(address);
        }
        command.envs(self.environment.iter().map(|(name, value)| (name, value)));
        let mut child = command.stdin(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        let log = Arc::new(Mutex::new(String::new()));
        let (stderr, written) = (child.stderr.take().unwrap(), log.clone());
        std::thread::spawn(move || {
            for line in BufReader::new(stderr).lines().map_while(Result::ok) {
                written.lock().unwrap().push_str(&(line + "\n"));
            }
        });
        Supervised { child, log, data }
    }

    /// Waits until the server is ready, too.
    pub fn ready(self) -> Supervised {
        let mut supervised = self.start();
        supervised.until_ready();
        supervised
    }
}

/// A supervisor with its server; killed when dropped, and the server ends with it.
pub struct Supervised {
    child: Child,
    log: Arc<Mutex<String>>,
    pub data: Arc<TempDir>,
}

impl Supervised {
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    pub fn folder(&self) -> PathBuf {
        self.data.path().join("d")
    }

    pub fn log(&self) -> String {
        self.log.lock().unwrap().clone()
    }

    /// Lines of the log under `event`.
    pub fn events(&self, event: &str) -> Vec<String> {
        let wanted = format!("event=\"{event}\"");
        self.log().lines().filter(|line| line.contains(&wanted)).map(str::to_owned).collect()
    }

    /// `jianzi` with these arguments and this data folder.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(JIANZI);
        command.args(arguments).arg("--data").arg(self.folder());
        command
    }

    /// `None` while nobody answers.
    pub fn try_status(&self) -> Option<Value> {
        let Ended { code, stdout, .. } = testkit::run(&mut self.command(&["status", "--json"]));
        (code == Some(0)).then(|| serde_json::from_str(&stdout).unwrap())
    }

    pub fn status(&self) -> Value {
        self.try_status().expect("the supervisor answers")
    }

    /// The status once it is as wanted.
    pub fn until(&mut self, what: &str, mut holds: impl FnMut(&Value) -> bool) -> Value {
        eventually(what, || {
            if let Some(status) = self.child.try_wait().unwrap() {
                panic!("{what}: the supervisor ended with {status}:\n{}", self.log());
            }
            self.try_status().filter(|status| holds(status))
        })
    }

    pub fn until_ready(&mut self) -> Value {
        self.until("the server is ready", |status| status["server"]["state"] == "ready")
    }

    /// Ready after this many restarts.
    pub fn until_restarted(&mut self, restarts: u64) -> Value {
        self.until("the server was started again", |status| {
            status["restarts"].as_u64().unwrap() >= restarts && status["server"]["state"] == "ready"
        })
    }

    pub fn server_pid(&self) -> u32 {
        pid_in(&self.status()).expect("there is a server")
    }

    pub fn addresses(&self) -> Vec<(String, SocketAddr)> {
        addresses_in(&self.status())
    }

    pub fn address(&self, name: &str) -> SocketAddr {
        let addresses: HashMap<_, _> = self.addresses().into_iter().collect();
        addresses[name]
    }

    pub fn http(&self) -> Http {
        Http::new(self.address("http"))
    }

    pub fn is_alive(&mut self) -> bool {
        self.child.try_wait().unwrap().is_none()
    }

    pub fn wait(&mut self) -> ExitStatus {
        eventually("the supervisor ends", || self.child.try_wait().unwrap())
    }

    /// The lines of the audit log: step and detail.
    pub fn audit(&self) -> Vec<(String, String)> {
        read_audit(&self.folder())
    }

    /// The name of the last line's step.
    pub fn until_step(&self, step: &str) {
        eventually(step, || self.audit().iter().any(|(written, _)| written == step).then_some(()));
    }
}

impl Drop for Supervised {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        if std::thread::panicking() {
            eprintln!("--- the log ---\n{}", self.log());
        }
    }
}

pub fn read_audit(data: &Path) -> Vec<(String, String)> {
    let text = std::fs::read_to_string(data.join("supervisor/upgrades.log")).unwrap_or_default();
    let read = |line: &str| {
        let line: Value = serde_json::from_str(line).unwrap();
        assert!(line["at_ms"].as_u64().unwrap() > 0, "{line}");
        (line["step"].as_str().unwrap().to_owned(), line["detail"].as_str().unwrap_or_default().to_owned())
    };
    text.lines().map(read).collect()
}

pub fn pid_in(status: &Value) -> Option<u32> {
    Some(status["server"]["pid"].as_u64()? as u32)
}

pub fn addresses_in(status: &Value) -> Vec<(String, SocketAddr)> {
    let pairs = status["addresses"].as_array().unwrap().iter();
    pairs
        .map(|pair| (pair[0].as_str().unwrap().to_owned(), pair[1].as_str().unwrap().parse().unwrap()))
        .collect()
}

/// Why the last restart was.
pub fn last_cause(status: &Value) -> String {
    let recent = status["recent"].as_array().unwrap();
    recent.last().expect("a restart")["cause"].as_str().unwrap().to_owned()
}

/// `-KILL`, `-STOP` and so on.
pub fn signal(pid: u32, signal: &str) {
    let killed = Command::new("kill").args([signal, &pid.to_string()]).status().unwrap();
    assert!(killed.success(), "{signal} {pid}");
}

/// 'R', 'S', 'T' (stopped), 'Z' (ended); `None`: nobody.
pub fn process_state(pid: u32) -> Option<char> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    stat.rsplit_once(") ")?.1.chars().next()
}

/// With all its threads: the first one may be done before the others, which hold its files.
pub fn has_gone(pid: u32) -> bool {
    let threads = || std::fs::read_dir(format!("/proc/{pid}/task")).map_or(0, Iterator::count);
    matches!(process_state(pid), None | Some('Z')) && threads() <= 1
}
