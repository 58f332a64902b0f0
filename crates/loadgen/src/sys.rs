//! The few calls to the kernel that no safe library wraps. All unsafe code of this crate is here.
#![expect(
    unsafe_code,
    reason = "TCP_INFO, IP_BIND_ADDRESS_NO_PORT, timerfd and prctl have no safe wrapper here"
)]

use std::io;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::os::unix::process::CommandExt;
use std::process::Command;
use std::time::Duration;

/// What one TCP connection has carried since it began, as the kernel counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TcpCounts {
    pub bytes_sent: u64,
    pub bytes_received: u64,
    /// Segments, acknowledgements without data included.
    pub segments_out: u64,
    pub segments_in: u64,
    /// Segments with data.
    pub data_segments_out: u64,
    pub data_segments_in: u64,
}

/// Reads `TCP_INFO`.
pub fn tcp_counts(socket: &impl AsRawFd) -> io::Result<TcpCounts> {
    // Offsets of `struct tcp_info` in <linux/tcp.h>; the kernel only ever appends to it.
    const BYTES_RECEIVED: usize = 128;
    const SEGMENTS_OUT: usize = 136;
    const SEGMENTS_IN: usize = 140;
    const DATA_SEGMENTS_IN: usize = 152;
    const DATA_SEGMENTS_OUT: usize = 156;
    const BYTES_SENT: usize = 200;
    const NEEDED: usize = BYTES_SENT + 8;

    let mut info = [0_u8; 256];
    let mut length = info.len() as libc::socklen_t;
    // SAFETY: the pointer and the length describe `info`, which the kernel fills with at most `length` bytes.
    let status = unsafe {
        libc::getsockopt(
            socket.as_raw_fd(),
            libc::IPPROTO_TCP,
            libc::TCP_INFO,
            info.as_mut_ptr().cast(),
            &mut length,
        )
    };
    if status != 0 {
        return Err(io::Error::last_os_error());
    }
    if (length as usize) < NEEDED {
        return Err(io::Error::other("this kernel's TCP_INFO does not count bytes sent (Linux 4.19 does)"));
    }
    let u32_at = |at: usize| {
        let mut bytes = [0; 4];
        bytes.copy_from_slice(&info[at..at + 4]);
        u64::from(u32::from_ne_bytes(bytes))
    };
    let u64_at = |at: usize| {
        let mut bytes = [0; 8];
        bytes.copy_from_slice(&info[at..at + 8]);
        u64::from_ne_bytes(bytes)
    };
    Ok(TcpCounts {
        bytes_sent: u64_at(BYTES_SENT),
        bytes_received: u64_at(BYTES_RECEIVED),
        segments_out: u32_at(SEGMENTS_OUT),
        segments_in: u32_at(SEGMENTS_IN),
        data_segments_out: u32_at(DATA_SEGMENTS_OUT),
        data_segments_in: u32_at(DATA_SEGMENTS_IN),
    })
}

/// Lets a bind to an address leave the port to `connect`, so that each server address has all ports to itself.
pub fn bind_without_port(socket: &impl AsRawFd) -> io::Result<()> {
    let on: libc::c_int = 1;
    // SAFETY: the pointer and the length describe `on`, which outlives the call.
    let status = unsafe {
        libc::setsockopt(
            socket.as_raw_fd(),
            libc::IPPROTO_IP,
            libc::IP_BIND_ADDRESS_NO_PORT,
            (&raw const on).cast(),
            size_of::<libc::c_int>() as libc::socklen_t,
        )
    };
    if status == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

/// A timer that a poll can wait for; epoll's own timeout is rounded up to whole milliseconds.
pub struct Timer(OwnedFd);

impl Timer {
    pub fn new() -> io::Result<Timer> {
        let flags = libc::TFD_NONBLOCK | libc::TFD_CLOEXEC;
        // SAFETY: the call takes no pointer.
        let descriptor = unsafe { libc::timerfd_create(libc::CLOCK_MONOTONIC, flags) };
        if descriptor < 0 {
            return Err(io::Error::last_os_error());
        }
        // SAFETY: the descriptor was opened by the call above and belongs to nobody else.
        Ok(Timer(unsafe { OwnedFd::from_raw_fd(descriptor) }))
    }

    /// Fires once after this time; what was set before is void.
    pub fn set(&self, after: Duration) -> io::Result<()> {
        // All zero would disarm the timer.
        let after = after.max(Duration::from_nanos(1));
        let spec = libc::itimerspec {
            it_interval: libc::timespec { tv_sec: 0, tv_nsec: 0 },
            it_value: libc::timespec {
                tv_sec: after.as_secs() as libc::time_t,
                tv_nsec: libc::c_long::from(after.subsec_nanos()),
            },
        };
        // SAFETY: `spec` outlives the call; the old value is not asked for.
        let status =
            unsafe { libc::timerfd_settime(self.0.as_raw_fd(), 0, &raw const spec, std::ptr::null_mut()) };
        if status == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
    }
}

impl AsRawFd for Timer {
    fn as_raw_fd(&self) -> std::os::fd::RawFd {
        self.0.as_raw_fd()
    }
}

/// `kill -9`.
pub fn kill(pid: u32) -> io::Result<()> {
    let pid = libc::pid_t::try_from(pid).map_err(io::Error::other)?;
    // SAFETY: the call takes two numbers.
    match unsafe { libc::kill(pid, libc::SIGKILL) } {
        0 => Ok(()),
        _ => Err(io::Error::last_os_error()),
    }
}

/// Has the kernel kill the child when the thread that starts it ends, whatever ends it.
pub fn die_with_parent(command: &mut Command) -> &mut Command {
    // SAFETY: between fork and exec the closure makes one system call that is async-signal-safe and touches no memory.
    unsafe {
        command.pre_exec(|| {
            if libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL) == 0 {
                Ok(())
            } else {
                Err(io::Error::last_os_error())
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::net::{TcpListener, TcpStream};

    use super::*;

    #[test]
    fn the_kernel_counts_what_was_sent() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let mut client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let (mut server, _) = listener.accept().unwrap();
        client.write_all(&[7; 1000]).unwrap();
        server.read_exact(&mut [0; 1000]).unwrap();
        server.write_all(&[7; 300]).unwrap();
        client.read_exact(&mut [0; 300]).unwrap();

        let counts = tcp_counts(&client).unwrap();
        assert_eq!((counts.bytes_sent, counts.bytes_received), (1000, 300));
        assert_eq!((counts.data_segments_out, counts.data_segments_in), (1, 1));
        assert!(counts.segments_out >= 3, "SYN answer, data, acknowledgement: {counts:?}");
        assert!(counts.segments_in >= 2, "{counts:?}");
    }
}
