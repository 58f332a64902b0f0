//! Where the server listens, what it keeps and how it ends.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use admission::Network;
use platform::Secret;

use crate::config::Profile;
use crate::config::section::section;
use crate::config::value::Bytes;

section! {
    /// Where the server listens, what it keeps and how it ends.
    pub struct ServerSection(profile) {
        /// Addresses of HTTP and WebSocket. Port 0 picks a free one; the log's `ready` line tells it.
        pub http: Vec<SocketAddr> = listen(profile, 7600),
        /// Addresses of the same protocol over plain TCP; [] for none.
        pub tcp: Vec<SocketAddr> = listen(profile, 7601),
        /// Address of /metrics, /healthz, /readyz and the operators' calls. Not for the public network.
        pub admin: SocketAddr = SocketAddr::from(([127, 0, 0, 1], 7602)),
        /// Folder for what the server keeps. One process at a time uses it.
        pub data: PathBuf = match profile {
            Profile::Dev => "jianzi-data".into(),
            Profile::Staging | Profile::Production => "/var/lib/jianzi".into(),
        },
        /// Threads that read sockets; 0: one for every two processors.
        pub threads: usize = 0,
        /// The address under which players reach the server, for links; empty: the first of `http`.
        pub public_url: String = String::new(),
        /// Proxies whose PROXY header and X-Forwarded-For are believed, as addresses or networks.
        pub proxies: Vec<Network> = Vec::new(),
        /// Authenticates resume tokens: at least 32 characters by chance, equal on all nodes. Dev makes its own.
        pub resume_key: Option<Secret> = None,
        /// Lets an operator change things through `admin`; without one nobody can. At least 16 characters.
        pub admin_token: Option<Secret> = None,
        /// Memory that the server keeps below: at 85 % nobody new is taken in, at 95 % it ends in order to be started
        /// again. 0: the limit of its control group, if there is one.
        pub memory_limit: Bytes = Bytes(0),
        /// How long a server that was asked to stop waits for its rooms and sessions.
        pub drain_within: Duration = if profile.is_dev() { Duration::from_secs(2) } else { Duration::from_secs(30) },
    }
}

fn listen(profile: Profile, port: u16) -> Vec<SocketAddr> {
    let address = if profile.is_dev() { [127, 0, 0, 1] } else { [0, 0, 0, 0] };
    vec![SocketAddr::from((address, port))]
}
