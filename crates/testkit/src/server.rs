//! The real binary as a child process.

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Read};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tempfile::TempDir;

use crate::http::Http;
use crate::wait::{LIMIT, eventually};

/// How to start a server.
pub struct ServerOptions {
    pub binary: PathBuf,
    /// "dev", or "serve" with a configuration file among the arguments.
    pub command: &'static str,
    /// After the defaults, for example `["--config", "…"]`.
    pub arguments: Vec<String>,
    pub environment: Vec<(String, String)>,
    /// The data folder; a new temporary one if `None`.
    pub data: Option<PathBuf>,
    /// The server finds the disk full, until [`Server::make_space`].
    pub is_disk_full: bool,
}

/// For `sh -c`, before a program and its arguments: the process writes no byte to any file. Needs no rights.
pub const ON_A_FULL_DISK: &str = "trap '' XFSZ; ulimit -S -f 0; exec \"$0\" \"$@\"";

impl ServerOptions {
    pub fn new(binary: impl AsRef<Path>) -> ServerOptions {
        ServerOptions {
            binary: binary.as_ref().to_owned(),
            command: "dev",
            arguments: Vec::new(),
            environment: Vec::new(),
            data: None,
            is_disk_full: false,
        }
    }

    /// Sets a configuration option, for example `("GATEWAY__HEARTBEAT", "200ms")`.
    pub fn with(mut self, key: &str, value: &str) -> ServerOptions {
        self.environment.push((format!("JIANZI_{key}"), value.to_owned()));
        self
    }
}

/// A running server; killed when dropped.
pub struct Server {
    child: Child,
    addresses: HashMap<String, SocketAddr>,
    log: Arc<Mutex<String>>,
    _data: Option<TempDir>,
}

impl Server {
    /// Starts on free ports and waits until it is ready.
    ///
    /// # Panics
    /// When it does not become ready; with its log.
    pub fn start(options: ServerOptions) -> Server {
        let temporary = options.data.is_none().then(|| TempDir::new().expect("a temporary folder"));
        let data = match (&options.data, &temporary) {
            (Some(data), _) => data.clone(),
            (None, Some(temporary)) => temporary.path().to_owned(),
            (None, None) => unreachable!("one of the two is there"),
        };
        let mut command = match options.is_disk_full {
            true => Command::new("sh"),
            false => Command::new(&options.binary),
        };
        if options.is_disk_full {
            command.args(["-c", ON_A_FULL_DISK]).arg(&options.binary);
        }
        command.args([
            options.command,
            "--http",
            "127.0.0.1:0",
            "--tcp",
            "127.0.0.1:0",
            "--admin",
            "127.0.0.1:0",
        ]);
        command.arg("--data").arg(data).args(&options.arguments).envs(options.environment);
        let mut child =
            command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the binary starts");
        let log = Arc::new(Mutex::new(String::new()));
        let (tell, ready) = channel();
        for stream in [
            child.stdout.take().map(|stream| Box::new(stream) as Box<dyn Read + Send>),
            child.stderr.take().map(|stream| Box::new(stream) as Box<dyn Read + Send>),
        ] {
            let (log, tell) = (log.clone(), tell.clone());
            std::thread::spawn(move || {
                for line in BufReader::new(stream.expect("a pipe")).lines().map_while(Result::ok) {
                    let line = without_colour(&line);
                    let addresses = read_addresses(&line);
                    log.lock().expect("no reader panics").push_str(&(line + "\n"));
                    if !addresses.is_empty() {
                        let _ = tell.send(addresses);
                    }
                }
            });
        }
        let addresses = wait_until_ready(&ready, &mut child, &log);
        Server { child, addresses, log, _data: temporary }
    }

    /// An address by its name in the ready line: "http", "tcp", "admin".
    pub fn address(&self, name: &str) -> SocketAddr {
        self.addresses[name]
    }

    pub fn http(&self) -> Http {
        Http::new(self.address("http"))
    }

    pub fn admin(&self) -> Http {
        Http::new(self.address("admin"))
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Ends what [`ServerOptions::is_disk_full`] began.
    pub fn make_space(&self) {
        let pid = self.pid().to_string();
        let made = Command::new("prlimit").args(["--pid", &pid, "--fsize=unlimited:"]).status();
        assert!(made.is_ok_and(|status| status.success()), "prlimit (util-linux) works");
    }

    /// Everything the server has said so far.
    pub fn log(&self) -> String {
        self.log.lock().expect("no reader panics").clone()
    }

    /// The value of a metric's series, written as in the text format; 0 if it is not there.
    pub fn metric(&self, series: &str) -> f64 {
        let text = self.admin().get("/metrics").text;
        let found = text.lines().find_map(|line| line.strip_prefix(series)?.strip_prefix(' '));
        found.map_or(0.0, |value| value.parse().expect("a number"))
    }

    /// Resident memory in bytes.
    pub fn resident_bytes(&self) -> u64 {
        let status =
            std::fs::read_to_string(format!("/proc/{}/status", self.pid())).expect("the process lives");
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("a VmRSS line");
        line.trim().trim_end_matches(" kB").parse::<u64>().expect("a number") * 1024
    }

    /// What was said under `event`, one line each.
    pub fn events(&self, event: &str) -> Vec<String> {
        let (as_text, as_json) = (format!("event=\"{event}\""), format!("\"event\":\"{event}\""));
        let log = self.log();
        let said = log.lines().filter(|line| line.contains(&as_text) || line.contains(&as_json));
        said.map(str::to_owned).collect()
    }

    /// Asks for an orderly end.
    pub fn terminate(&self) {
        let killed = Command::new("kill").args(["-TERM", &self.pid().to_string()]).status();
        assert!(killed.is_ok_and(|status| status.success()));
    }

    pub fn wait(mut self) -> ExitStatus {
        eventually("the server ends", || self.child.try_wait().expect("a child of ours"))
    }

    pub fn is_alive(&mut self) -> bool {
        self.child.try_wait().expect("a child of ours").is_none()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        if std::thread::panicking() {
            eprintln!(
                "--- the server's log ---\n{}",
                self.log.lock().map_or_else(|log| log.into_inner().clone(), |log| log.clone())
            );
        }
    }
}

fn wait_until_ready(
    ready: &Receiver<HashMap<String, SocketAddr>>,
    child: &mut Child,
    log: &Mutex<String>,
) -> HashMap<String, SocketAddr> {
    let end = LIMIT.as_millis() / 50;
    for _ in 0..end {
        if let Ok(addresses) = ready.recv_timeout(Duration::from_millis(50)) {
            return addresses;
        }
        if let Ok(Some(status)) = child.try_wait() {
            panic!("the server ended with {status} before it was ready:\n{}", log.lock().expect("no panic"));
        }
    }
    panic!("the server was not ready within {LIMIT:?}:\n{}", log.lock().expect("no panic"));
}

/// The `name=ip:port` words of a line that says `ready`.
fn read_addresses(line: &str) -> HashMap<String, SocketAddr> {
    if !line.contains("ready") {
        return HashMap::new();
    }
    let words = line.split(|c: char| c.is_whitespace() || matches!(c, '"' | ',' | '}'));
    let pairs = words.filter_map(|word| word.split_once('='));
    pairs.filter_map(|(name, address)| Some((name.to_owned(), address.parse().ok()?))).collect()
}

fn without_colour(line: &str) -> String {
    let mut plain = String::with_capacity(line.len());
    let mut rest = line;
    while let Some((before, after)) = rest.split_once('\u{1b}') {
        plain.push_str(before);
        rest = after.split_once('m').map_or("", |(_, rest)| rest);
    }
    plain + rest
}
