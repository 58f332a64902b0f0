//! How many live connections an account, a device and an address have.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::hash::Hash;

use model::{AppId, PlayerId};
use protocol::{ErrorCode, Fault};

use crate::address::AddressKey;

/// 0 means no limit.
#[derive(Clone, Copy, Debug)]
pub struct ConnectionLimitsConfig {
    pub all: u32,
    pub per_account: u32,
    pub per_device: u32,
    pub per_address: u32,
    /// Connections of one address that have not logged in yet.
    pub pending_per_address: u32,
}

/// Counts live connections.
///
/// Every `open` that succeeds is followed by one `close` with the same address, every `enter` by one `leave` with the
/// same names; a connection's life is open, enter, leave, close. What is not counted any more takes no memory.
#[derive(Debug)]
pub struct ConnectionLimits {
    config: ConnectionLimitsConfig,
    all: u32,
    accounts: HashMap<(AppId, PlayerId), u32>,
    devices: HashMap<(AppId, Box<str>), u32>,
    addresses: HashMap<AddressKey, u32>,
    pending: HashMap<AddressKey, u32>,
}

impl ConnectionLimits {
    pub fn new(config: ConnectionLimitsConfig) -> ConnectionLimits {
        ConnectionLimits {
            config,
            all: 0,
            accounts: HashMap::new(),
            devices: HashMap::new(),
            addresses: HashMap::new(),
            pending: HashMap::new(),
        }
    }

    /// A connection that has not logged in. `address` is `None` for those exempt from limits by address.
    pub fn open(&mut self, address: Option<AddressKey>) -> Result<(), Fault> {
        if is_full(self.all, self.config.all) {
            return Err(Fault::new(
                ErrorCode::Overloaded,
                "The server has as many connections as it may have.",
            ));
        }
        if let Some(address) = address {
            if is_full(count(&self.addresses, &address), self.config.per_address) {
                return Err(too_many("this address"));
            }
            if is_full(count(&self.pending, &address), self.config.pending_per_address) {
                return Err(Fault::new(
                    ErrorCode::TooManyConnections,
                    "Too many connections from this address have not logged in yet.",
                ));
            }
            *self.addresses.entry(address).or_default() += 1;
            *self.pending.entry(address).or_default() += 1;
        }
        self.all += 1;
        Ok(())
    }

    /// The connection has logged in. On a fault it stays as opened. An empty device is not counted.
    pub fn enter(
        &mut self,
        address: Option<AddressKey>,
        app: &AppId,
        player: &PlayerId,
        device: &str,
    ) -> Result<(), Fault> {
        let account = (app.clone(), player.clone());
        if is_full(count(&self.accounts, &account), self.config.per_account) {
            return Err(too_many("this account"));
        }
        let device = (app.clone(), Box::from(device));
        if is_full(count(&self.devices, &device), self.config.per_device) {
            return Err(too_many("this device"));
        }
        *self.accounts.entry(account).or_default() += 1;
        if !device.1.is_empty() {
            *self.devices.entry(device).or_default() += 1;
        }
        if let Some(address) = address {
            discount(&mut self.pending, address);
        }
        Ok(())
    }

    /// The opposite of a successful `enter`; the connection counts as open and not logged in again.
    pub fn leave(&mut self, address: Option<AddressKey>, app: &AppId, player: &PlayerId, device: &str) {
        discount(&mut self.accounts, (app.clone(), player.clone()));
        if !device.is_empty() {
            discount(&mut self.devices, (app.clone(), device.into()));
        }
        if let Some(address) = address {
            *self.pending.entry(address).or_default() += 1;
        }
    }

    /// The opposite of a successful `open`.
    pub fn close(&mut self, address: Option<AddressKey>) {
        self.all = self.all.saturating_sub(1);
        if let Some(address) = address {
            discount(&mut self.addresses, address);
            discount(&mut self.pending, address);
        }
    }

    /// Live connections.
    pub fn live(&self) -> u32 {
        self.all
    }

    /// Accounts, devices and addresses that are remembered.
    pub fn remembered(&self) -> usize {
        self.accounts.len() + self.devices.len() + self.addresses.len() + self.pending.len()
    }
}

fn is_full(count: u32, limit: u32) -> bool {
    limit != 0 && count >= limit
}

fn count<K: Hash + Eq>(counts: &HashMap<K, u32>, key: &K) -> u32 {
    counts.get(key).copied().unwrap_or(0)
}

fn discount<K: Hash + Eq>(counts: &mut HashMap<K, u32>, key: K) {
    if let Entry::Occupied(mut entry) = counts.entry(key) {
        *entry.get_mut() -= 1;
        if *entry.get() == 0 {
            entry.remove();
        }
    }
}

fn too_many(whose: &str) -> Fault {
    Fault::new(ErrorCode::TooManyConnections, format!("Too many connections from {whose}."))
}

#[cfg(test)]
mod tests;
