//! What the process tells whoever started it: systemd's protocol (`NOTIFY_SOCKET`), which our own supervisor speaks, too.

use std::time::Duration;

/// The way to a service manager; without one nothing is told.
#[derive(Debug, Default)]
pub struct Notifier {
    #[cfg(unix)]
    to: Option<unix::Way>,
}

impl Notifier {
    pub fn from_environment() -> Notifier {
        Notifier {
            #[cfg(unix)]
            to: std::env::var_os("NOTIFY_SOCKET").and_then(|address| unix::Way::to(&address)),
        }
    }

    /// Lines such as `READY=1`. A manager that does not listen is none of our worries.
    pub fn tell(&self, lines: &str) {
        #[cfg(unix)]
        if let Some(way) = &self.to {
            // Who says it: a message may arrive after its sender's successor has been started.
            way.send(&format!("{lines}\nMAINPID={}", std::process::id()));
        }
        #[cfg(not(unix))]
        let _ = lines;
    }
}

/// Within which time the manager wants to hear `WATCHDOG=1`, again and again; `None` if it does not.
pub fn watchdog() -> Option<Duration> {
    let variable = |name: &str| std::env::var(name).ok();
    let meant = variable("WATCHDOG_PID").is_none_or(|process| process == std::process::id().to_string());
    let micros = variable("WATCHDOG_USEC")?.parse().ok()?;
    (meant && micros > 0).then(|| Duration::from_micros(micros))
}

#[cfg(unix)]
mod unix {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;
    use std::os::unix::net::{SocketAddr, UnixDatagram};

    #[derive(Debug)]
    pub struct Way {
        socket: UnixDatagram,
        address: SocketAddr,
    }

    impl Way {
        pub fn to(address: &OsStr) -> Option<Way> {
            let socket = UnixDatagram::unbound().ok()?;
            // A manager that stands still must not make the server stand still.
            socket.set_nonblocking(true).ok()?;
            Some(Way { socket, address: read_address(address)? })
        }

        pub fn send(&self, lines: &str) {
            let _ = self.socket.send_to_addr(lines.as_bytes(), &self.address);
        }
    }

    /// A path, or `@name` for an abstract socket of Linux.
    fn read_address(address: &OsStr) -> Option<SocketAddr> {
        #[cfg(target_os = "linux")]
        if let Some(name) = address.as_bytes().strip_prefix(b"@") {
            use std::os::linux::net::SocketAddrExt;

            return SocketAddr::from_abstract_name(name).ok();
        }
        address.as_bytes().starts_with(b"/").then(|| SocketAddr::from_pathname(address).ok())?
    }
}
