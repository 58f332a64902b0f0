//! Who holds how many of the connections that are served at once.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use admission::AddressKey;
use protocol::{ErrorCode, Fault};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

use crate::server::{ConnectionLimits, Peer};

/// The slots of one server. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Slots {
    inner: Arc<Inner>,
}

struct Inner {
    limits: ConnectionLimits,
    free: Arc<Semaphore>,
    /// Connections by address; who has none is not in it.
    addresses: Mutex<HashMap<AddressKey, usize>>,
}

/// A connection's place, given back when dropped.
pub(crate) struct Slot {
    inner: Arc<Inner>,
    address: Option<AddressKey>,
    _permit: OwnedSemaphorePermit,
}

impl Slots {
    pub(crate) fn new(limits: ConnectionLimits) -> Slots {
        let free = Arc::new(Semaphore::new(limits.connections));
        Slots { inner: Arc::new(Inner { limits, free, addresses: Mutex::default() }) }
    }

    /// The fault is `too_many_connections` for an address that has its share, and else `overloaded`.
    pub(crate) fn take(&self, peer: Peer) -> Result<Slot, Fault> {
        let Inner { limits, free, .. } = &*self.inner;
        // `X-Forwarded-For` is of a request; a connection that carries many clients' requests is the proxy's.
        let address = limits.proxies.client_address(peer.ip, peer.told, None).key();
        let mut addresses = self.inner.addresses();
        let held = address.and_then(|address| addresses.get(&address).copied()).unwrap_or(0);
        if address.is_some() && held >= limits.per_address {
            let sentence = "Too many connections from this address.";
            return Err(Fault::new(ErrorCode::TooManyConnections, sentence).retry_after(RETRY_AFTER));
        }
        let permit = free.clone().try_acquire_owned();
        let permit = permit.map_err(|_| Fault::from(ErrorCode::Overloaded).retry_after(RETRY_AFTER))?;
        if let Some(address) = address {
            addresses.insert(address, held + 1);
        }
        drop(addresses);
        Ok(Slot { inner: self.inner.clone(), address, _permit: permit })
    }

    /// Slots taken.
    pub(crate) fn taken(&self) -> usize {
        self.inner.limits.connections - self.inner.free.available_permits()
    }

    /// Addresses that hold a slot; listed proxies are not counted.
    pub(crate) fn addresses(&self) -> usize {
        self.inner.addresses().len()
    }

    /// Waits until no slot is taken; false if `limit` passed first.
    pub(crate) async fn all_free(&self, limit: Duration) -> bool {
        let all = u32::try_from(self.inner.limits.connections).unwrap_or(u32::MAX);
        timeout(limit, self.inner.free.acquire_many(all)).await.is_ok()
    }
}

impl Inner {
    fn addresses(&self) -> MutexGuard<'_, HashMap<AddressKey, usize>> {
        self.addresses.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        let Some(address) = self.address else { return };
        let mut addresses = self.inner.addresses();
        match addresses.get_mut(&address) {
            Some(held) if *held > 1 => *held -= 1,
            _ => drop(addresses.remove(&address)),
        }
    }
}

const RETRY_AFTER: Duration = Duration::from_secs(2);
