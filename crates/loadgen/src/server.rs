//! The server under test: one that runs already, or a child process of our own.

use std::ffi::OsString;
use std::net::{SocketAddr, ToSocketAddrs};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result};
use clock::{Chance, Clock};

use crate::child::Process;
use crate::cli::ServerArgs;
use crate::http_login;
use crate::process;
use crate::report::Column;
use crate::sources::Sources;

/// What is measured: the server, or the bare relay beside it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    Jianzi,
    Floor,
}

impl Column for Target {
    fn name(self) -> &'static str {
        match self {
            Target::Jianzi => "jianzi",
            Target::Floor => "floor",
        }
    }
}

/// A server that answers. Dropping it stops it if it is a child.
pub struct Server {
    pub target: Target,
    pub door: Door,
    /// Where plain TCP is spoken, if it is known.
    pub tcp: Option<SocketAddr>,
    /// Known for children, and when `--pid` tells it; without it nothing is said of CPU and memory.
    pub pid: Option<u32>,
    /// From the start of the process to its word "ready".
    pub ready_after: Option<Duration>,
    /// The operators' address, if it is known.
    pub admin: Option<SocketAddr>,
    recovered: Option<Recovered>,
    process: Option<Process>,
    data: Option<DataFolder>,
}

/// Rooms that a server has rebuilt from its journal.
#[derive(Clone, Copy, Debug)]
pub struct Recovered {
    pub rooms: usize,
    /// From the start of the process.
    pub after: Duration,
}

/// Where players come in.
#[derive(Clone, Debug)]
pub struct Door {
    pub address: SocketAddr,
    /// Of the upgrade; the floor groups connections by it and has others.
    pub path: String,
    pub app: String,
}

impl Server {
    pub fn start(target: Target, args: &ServerArgs) -> Result<Server> {
        match (target, &args.url) {
            (Target::Floor, _) => Server::start_floor(args),
            (Target::Jianzi, Some(url)) => Server::at(url, args),
            (Target::Jianzi, None) => Server::start_jianzi(args),
        }
    }

    fn at(url: &str, args: &ServerArgs) -> Result<Server> {
        let rest = url.strip_prefix("ws://").context("--url begins with ws://")?;
        let (host, path) = match rest.split_once('/') {
            Some((host, path)) => (host, format!("/{path}")),
            None => (rest, "/ws".to_owned()),
        };
        let mut addresses = host.to_socket_addrs().with_context(|| format!("resolve {host}"))?;
        let address = addresses.next().with_context(|| format!("{host} has no address"))?;
        Ok(Server {
            target: Target::Jianzi,
            door: Door { address, path, app: args.app.clone() },
            tcp: None,
            pid: args.pid,
            ready_after: None,
            admin: None,
            recovered: None,
            process: None,
            data: None,
        })
    }

    fn start_jianzi(args: &ServerArgs) -> Result<Server> {
        Server::start_dev(Command::new(program(args)?), args)
    }

    /// Under its supervisor, whose process it then is.
    pub fn start_supervised(args: &ServerArgs) -> Result<Server> {
        let mut command = Command::new(program(args)?);
        // Kills that come one after the other are no crash loop here.
        command.args(["supervise", "--steady-after", "1s", "--"]);
        Server::start_dev(command, args)
    }

    fn start_dev(command: Command, args: &ServerArgs) -> Result<Server> {
        let data = DataFolder::new()?;
        Server::start_dev_in(data, command, args)
    }

    fn start_dev_in(data: DataFolder, mut command: Command, args: &ServerArgs) -> Result<Server> {
        command.arg("dev");
        for door in ["--http", "--tcp", "--admin"] {
            command.args([door, "127.0.0.1:0"]);
        }
        command.arg("--data").arg(&data.0).args(&args.server_arg).env("NO_COLOR", "1");
        // One bench connection sends as fast as hundreds of players. The limits are lifted, not switched off, so that
        // counting still costs what it costs.
        command.env("JIANZI_LIMITS__FRAMES", "10000000/s").env("JIANZI_LIMITS__BYTES", "2000000000/s");
        for setting in &args.server_env {
            let (name, value) = setting.split_once('=').context("--server-env is NAME=VALUE")?;
            command.env(name, value);
        }
        Server::started(Target::Jianzi, command, args, Some(data))
    }

    fn start_floor(args: &ServerArgs) -> Result<Server> {
        let mut command = Command::new(std::env::current_exe()?);
        command.args(["bench", "ws-floor-server", "--floor-threads"]).arg(args.floor_threads.to_string());
        Server::started(Target::Floor, command, args, None)
    }

    fn started(
        target: Target,
        command: Command,
        args: &ServerArgs,
        data: Option<DataFolder>,
    ) -> Result<Server> {
        const LIMIT: Duration = Duration::from_secs(30);
        let mut process = Process::start(command)?;
        let (started, mut recovered) = (process.started, None);
        let (address, tcp, admin) = process.wait_for(LIMIT, |line| {
            if let Some(rooms) = rooms_recovered(line) {
                recovered = Some(Recovered { rooms, after: Clock::System.now().since(started) });
            }
            let address = ready_address(line, "http")?;
            Some((address, ready_address(line, "tcp"), ready_address(line, "admin")))
        })?;
        Ok(Server {
            target,
            door: Door { address, path: "/ws".to_owned(), app: args.app.clone() },
            tcp,
            pid: Some(process.pid()),
            ready_after: Some(Clock::System.now().since(process.started)),
            admin,
            recovered,
            process: Some(process),
            data,
        })
    }

    /// Kills the server (`SIGKILL`) and starts it again on what it has left behind.
    pub fn kill_and_start_again(self, args: &ServerArgs) -> Result<Server> {
        let Server { process, data, .. } = self;
        drop(process.context("a server that runs elsewhere is not killed")?);
        let data = data.context("the server's data folder is not known")?;
        Server::start_dev_in(data, Command::new(program(args)?), args)
    }

    /// Where a child keeps its data.
    pub fn data(&self) -> Option<&Path> {
        self.data.as_ref().map(|data| Path::new(&data.0))
    }

    /// What a child says of the rooms that it has rebuilt, before it was ready or afterwards.
    pub fn recovered(&mut self, limit: Duration) -> Result<Recovered> {
        if let Some(recovered) = self.recovered {
            return Ok(recovered);
        }
        let process = self.process.as_mut().context("a server that runs elsewhere is not listened to")?;
        let rooms = process.wait_for(limit, rooms_recovered)?;
        Ok(Recovered { rooms, after: Clock::System.now().since(process.started) })
    }

    /// The upgrade's path; the floor groups connections by it.
    pub fn path(&self, floor: impl FnOnce() -> String) -> String {
        match self.target {
            Target::Jianzi => self.door.path.clone(),
            Target::Floor => floor(),
        }
    }

    /// Access tokens of the players, in order. The floor knows no login: empty ones.
    pub fn tokens(&self, players: std::ops::Range<usize>, sources: Sources) -> Result<Vec<String>> {
        match self.target {
            Target::Jianzi => http_login::tokens(&self.door, players, sources),
            Target::Floor => Ok(vec![String::new(); players.len()]),
        }
    }

    pub fn cpu_time(&self) -> Result<Option<Duration>> {
        self.pid.map(process::cpu_time).transpose()
    }

    pub fn memory(&self) -> Result<Option<process::Memory>> {
        self.pid.map(process::memory).transpose()
    }
}

pub fn program(args: &ServerArgs) -> Result<PathBuf> {
    match &args.server {
        Some(path) => Ok(path.clone()),
        None => std::env::current_exe().context("find this program's own file"),
    }
}

/// Reads the line of the event `ready`, as text (`http=ip:port`) or as JSON (`"http":"ip:port"`).
fn ready_address(line: &str, name: &str) -> Option<SocketAddr> {
    if !line.contains("ready") {
        return None;
    }
    let rest = [format!("{name}="), format!("\"{name}\":")]
        .iter()
        .find_map(|mark| line.split_once(mark.as_str()).map(|(_, rest)| rest))?;
    let address = rest.trim_start_matches([' ', '"']);
    let end = address.find([' ', '"', ',', '}']).unwrap_or(address.len());
    address[..end].parse().ok()
}

/// Reads the line of the event `rooms_recovered`.
fn rooms_recovered(line: &str) -> Option<usize> {
    let (_, rest) = line.split_once("rooms_recovered").and_then(|(_, rest)| rest.split_once("rooms="))?;
    let end = rest.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(rest.len());
    rest[..end].parse().ok()
}

/// A folder for a server's data, removed at the end.
struct DataFolder(OsString);

impl DataFolder {
    fn new() -> Result<DataFolder> {
        let path = std::env::temp_dir().join(format!("jianzi-bench-{}", Chance::system().name(10)));
        std::fs::create_dir(&path).with_context(|| format!("make {}", path.display()))?;
        Ok(DataFolder(path.into_os_string()))
    }
}

impl Drop for DataFolder {
    fn drop(&mut self) {
        // What is left behind lies in the system's temporary folder.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_of_rebuilt_rooms_is_read() {
        let line =
            r#"2026-01-01T00:00:00Z  INFO rooms: event="rooms_recovered" rooms=1000 since_start_ms=345"#;
        assert_eq!(rooms_recovered(line), Some(1000));
        assert_eq!(rooms_recovered("ready rooms=7"), None);
    }

    #[test]
    fn the_ready_line_is_read_as_text_and_as_json() {
        let text = "2026-01-01T00:00:00Z  INFO jianzi: ready http=127.0.0.1:8080 tcp=127.0.0.1:8081";
        let json = r#"{"event":"ready","http":"127.0.0.1:8080","tcp":"127.0.0.1:8081"}"#;
        for line in [text, json, "ready http=127.0.0.1:8080", r#"event="ready" http="127.0.0.1:8080""#] {
            assert_eq!(ready_address(line, "http"), "127.0.0.1:8080".parse().ok(), "{line}");
        }
        assert_eq!(ready_address(json, "tcp"), "127.0.0.1:8081".parse().ok());
        assert_eq!(ready_address("listening http=127.0.0.1:8080", "http"), None);
        assert_eq!(ready_address("ready", "http"), None);
    }
}
