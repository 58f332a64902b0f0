//! Who may come in, counted across all of a gateway's threads.

use std::sync::{Mutex, MutexGuard, PoisonError};

use admission::{AddressKey, Arrivals, ConnectionLimits};
use clock::{Chance, Moment};
use model::{AppId, PlayerId};
use protocol::Fault;

use crate::config::GatewayConfig;
use crate::session::Session;

/// The limits of `admission` behind one lock; asked when connections come, log in and go.
pub struct Doorman {
    inner: Mutex<Inner>,
}

struct Inner {
    arrivals: Arrivals,
    connections: ConnectionLimits,
}

impl Doorman {
    pub fn new(config: &GatewayConfig, now: Moment) -> Doorman {
        let arrivals = Arrivals::new(config.arrivals, Chance::system(), now);
        let connections = ConnectionLimits::new(config.connections);
        Doorman { inner: Mutex::new(Inner { arrivals, connections }) }
    }

    /// A new connection from `address` (`None` for a listed proxy's own).
    pub fn admit(&self, address: Option<AddressKey>, now: Moment) -> Result<(), Fault> {
        let mut inner = self.lock();
        inner.arrivals.admit(address, now)?;
        inner.connections.open(address)
    }

    /// A connection admitted at `from` is a client's at `to`: it counts there from now on. On a fault it stays at `from`.
    pub fn relocate(
        &self,
        from: Option<AddressKey>,
        to: Option<AddressKey>,
        now: Moment,
    ) -> Result<(), Fault> {
        let mut inner = self.lock();
        inner.arrivals.admit_address(to, now)?;
        inner.connections.close(from);
        inner.connections.open(to).or_else(|fault| inner.connections.open(from).and(Err(fault)))
    }

    pub fn log_in(&self, address: Option<AddressKey>, session: &Session) -> Result<(), Fault> {
        self.lock().connections.enter(address, &session.app, &session.player, &session.device)
    }

    /// Whether [`Doorman::log_in`] would let this login in. Asked before the login changes anything.
    pub fn may_log_in(&self, app: &AppId, player: &PlayerId, device: &str) -> Result<(), Fault> {
        let connections = &mut self.lock().connections;
        connections.enter(None, app, player, device)?;
        connections.leave(None, app, player, device);
        Ok(())
    }

    /// The connection is gone; `session` if it had logged in.
    pub fn leave(&self, address: Option<AddressKey>, session: Option<&Session>) {
        let mut inner = self.lock();
        if let Some(session) = session {
            inner.connections.leave(address, &session.app, &session.player, &session.device);
        }
        inner.connections.close(address);
    }

    pub fn live(&self) -> u32 {
        self.lock().connections.live()
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
