//! Looking at the server from outside: TCP, HTTP, and a script of the operator's.

use std::io::{self, Read, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::Duration;

use clock::Clock;
use rustix::process::{Pid, Signal, kill_process_group};

use crate::child;
use crate::plan::ProbePlan;

/// A way to look.
#[derive(Clone, Debug)]
pub enum Probe {
    /// The door answers to nonsense, or shows it out. To be connected is nothing: the supervisor's own socket does that.
    Tcp(SocketAddr),
    /// `GET /healthz` is answered with 200.
    Http(SocketAddr),
    Script {
        file: PathBuf,
        environment: Vec<(&'static str, String)>,
    },
}

/// The process that is to be looked at, 0 for none; kept by the loop.
pub type Subject = Arc<AtomicU32>;

impl Probe {
    /// All that the plan and the addresses allow.
    pub fn all(plan: &ProbePlan, addresses: &[(&'static str, SocketAddr)]) -> Vec<Probe> {
        let of = |wanted: &str| {
            addresses.iter().find(|(name, _)| *name == wanted).map(|(_, address)| reachable(*address))
        };
        let mut probes = Vec::new();
        probes.extend(of("tcp").or(of("http")).map(Probe::Tcp));
        probes.extend(of("admin").map(Probe::Http));
        if let Some(file) = &plan.script {
            let mut environment = Vec::new();
            environment.extend(of("http").map(|address| ("JIANZI_HTTP", address.to_string())));
            environment.extend(of("admin").map(|address| ("JIANZI_ADMIN", address.to_string())));
            probes.push(Probe::Script { file: file.clone(), environment });
        }
        probes
    }

    pub fn name(&self) -> &'static str {
        match self {
            Probe::Tcp(_) => "tcp",
            Probe::Http(_) => "http",
            Probe::Script { .. } => "script",
        }
    }

    /// Looks again and again, on a thread of its own that ends with this process. `hear` gets the process looked at and
    /// what is wrong with it.
    pub fn watch(
        self,
        plan: &ProbePlan,
        subject: Subject,
        hear: impl Fn(u32, &'static str, Option<String>) + Send + 'static,
    ) -> io::Result<()> {
        let (every, within) = (plan.every, plan.within);
        std::thread::Builder::new().name(format!("probe-{}", self.name())).spawn(move || {
            loop {
                pause(every);
                let process = subject.load(Ordering::Relaxed);
                if process != 0 {
                    hear(process, self.name(), self.look(process, within).err());
                }
            }
        })?;
        Ok(())
    }

    /// The error is half a sentence.
    fn look(&self, process: u32, within: Duration) -> Result<(), String> {
        match self {
            Probe::Tcp(address) => tcp(*address, within).map_err(|error| format!("{address}: {error}")),
            Probe::Http(address) => http(*address, within),
            Probe::Script { file, environment } => script(file, environment, process, within),
        }
    }
}

fn tcp(address: SocketAddr, within: Duration) -> io::Result<()> {
    let mut stream = connect(address, within)?;
    stream.write_all(&[0; 8])?;
    let mut answer = [0; 64];
    match stream.read(&mut answer) {
        // Also shown out without a word.
        Ok(_) => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::ConnectionReset => Ok(()),
        Err(error) if is_timeout(&error) => Err(io::Error::other(format!("no answer within {within:?}"))),
        Err(error) => Err(error),
    }
}

fn http(address: SocketAddr, within: Duration) -> Result<(), String> {
    let ask = || {
        let mut stream = connect(address, within)?;
        stream.write_all(b"GET /healthz HTTP/1.1\r\nHost: probe\r\nConnection: close\r\n\r\n")?;
        let mut answer = Vec::new();
        stream.take(512).read_to_end(&mut answer)?;
        io::Result::Ok(String::from_utf8_lossy(&answer).into_owned())
    };
    let answer = ask().map_err(|error| match is_timeout(&error) {
        true => format!("http://{address}/healthz: no answer within {within:?}"),
        false => format!("http://{address}/healthz: {error}"),
    })?;
    match answer.split_whitespace().nth(1) {
        Some("200") => Ok(()),
        other => Err(format!("http://{address}/healthz answered {}", other.unwrap_or("nothing"))),
    }
}

fn script(
    file: &Path,
    environment: &[(&'static str, String)],
    process: u32,
    within: Duration,
) -> Result<(), String> {
    let shown = file.display();
    let mut command = Command::new(file);
    command
        .envs(environment.iter().map(|(name, value)| (name, value)))
        .env("JIANZI_PID", process.to_string());
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    // A group of its own: what it started ends with it.
    command.process_group(0);
    let mut probe =
        child::spawn(&mut command).map_err(|error| format!("{shown} cannot be started: {error}"))?;
    let group = i32::try_from(probe.id()).ok().and_then(Pid::from_raw);
    let began = Clock::System.now();
    let outcome = loop {
        match probe.try_wait() {
            Ok(Some(status)) if status.success() => break Ok(()),
            Ok(Some(status)) => break Err(format!("{shown}: {status}")),
            Err(error) => break Err(format!("{shown}: {error}")),
            Ok(None) => {}
        }
        if Clock::System.now().since(began) >= within {
            if let Some(group) = group {
                let _ = kill_process_group(group, Signal::KILL);
            }
            let _ = probe.wait();
            break Err(format!("{shown} took longer than {within:?}"));
        }
        pause(Duration::from_millis(10));
    };
    child::forget(probe.id());
    outcome
}

fn connect(address: SocketAddr, within: Duration) -> io::Result<TcpStream> {
    let stream = TcpStream::connect_timeout(&address, within)?;
    stream.set_read_timeout(Some(within))?;
    stream.set_write_timeout(Some(within))?;
    Ok(stream)
}

fn is_timeout(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut)
}

/// An address on which the server hears itself.
fn reachable(mut address: SocketAddr) -> SocketAddr {
    if address.ip().is_unspecified() {
        address.set_ip(match address {
            SocketAddr::V4(_) => IpAddr::V4(Ipv4Addr::LOCALHOST),
            SocketAddr::V6(_) => IpAddr::V6(Ipv6Addr::LOCALHOST),
        });
    }
    address
}

/// A probe's thread has nothing to wait for but time.
fn pause(time: Duration) {
    let (_never, wait) = channel::<()>();
    let waited = wait.recv_timeout(time);
    debug_assert_eq!(waited, Err(RecvTimeoutError::Timeout));
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    const WITHIN: Duration = Duration::from_millis(200);

    #[test]
    fn a_door_that_only_listens_is_not_well() {
        let silent = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = silent.local_addr().unwrap();
        assert!(tcp(address, WITHIN).unwrap_err().to_string().contains("no answer"));
        assert!(http(address, WITHIN).unwrap_err().contains("no answer"));
        let shows_out = std::thread::spawn(move || drop(silent.accept().unwrap()));
        // The connections above wait in the listener, too; whichever is shown out, one more comes.
        let _ = tcp(address, WITHIN);
        shows_out.join().unwrap();
    }

    #[test]
    fn an_answer_is_judged_by_its_status() {
        for (status, well) in [("200 OK", true), ("503 Service Unavailable", false)] {
            let listener = TcpListener::bind("127.0.0.1:0").unwrap();
            let address = listener.local_addr().unwrap();
            let server = std::thread::spawn(move || {
                let (mut stream, _) = listener.accept().unwrap();
                let mut head = [0; 256];
                let _ = stream.read(&mut head).unwrap();
                stream.write_all(format!("HTTP/1.1 {status}\r\n\r\n").as_bytes()).unwrap();
            });
            assert_eq!(http(address, Duration::from_secs(10)).is_ok(), well, "{status}");
            server.join().unwrap();
        }
    }

    #[test]
    fn a_script_is_judged_by_its_exit_and_its_time() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| {
            let file = folder.path().join(name);
            std::fs::write(&file, format!("#!/bin/sh\n{text}\n")).unwrap();
            std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o700)).unwrap();
            file
        };
        let run = |file: &Path, within| script(file, &[("JIANZI_HTTP", "1.2.3.4:5".to_owned())], 17, within);
        let long = Duration::from_secs(20);
        let good = write("good", "test \"$JIANZI_HTTP $JIANZI_PID\" = \"1.2.3.4:5 17\"");
        assert_eq!(run(&good, long), Ok(()));
        assert!(run(&write("bad", "exit 3"), long).unwrap_err().contains("3"));
        assert!(run(&write("slow", "sleep 60"), WITHIN).unwrap_err().contains("longer than"));
        assert!(run(Path::new("/nowhere"), long).unwrap_err().contains("cannot be started"));
    }
}
