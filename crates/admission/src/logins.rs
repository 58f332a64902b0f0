//! How often a device and an address may try to log in.

use clock::Moment;
use model::AppId;
use protocol::{ErrorCode, Fault};

use crate::address::AddressKey;
use crate::keyed::KeyedBuckets;
use crate::rate::Rate;

#[derive(Clone, Copy, Debug)]
pub struct LoginLimitsConfig {
    pub per_device: Rate,
    /// A carrier's NAT is one address.
    pub per_address: Rate,
    /// Devices and addresses remembered, each.
    pub remembered: usize,
}

/// Counts attempts, successful or not.
#[derive(Debug)]
pub struct LoginLimits {
    devices: KeyedBuckets<(AppId, Box<str>)>,
    addresses: KeyedBuckets<AddressKey>,
}

impl LoginLimits {
    pub fn new(config: LoginLimitsConfig, now: Moment) -> LoginLimits {
        LoginLimits {
            devices: KeyedBuckets::new(config.per_device, config.remembered, now),
            addresses: KeyedBuckets::new(config.per_address, config.remembered, now),
        }
    }

    /// The fault is `too_many_requests`. An empty device is not counted; `address` is `None` for those exempt.
    pub fn attempt(
        &mut self,
        app: &AppId,
        device: &str,
        address: Option<AddressKey>,
        now: Moment,
    ) -> Result<(), Fault> {
        if !device.is_empty() {
            self.devices.take((app.clone(), device.into()), now, 1).map_err(|wait| {
                Fault::new(ErrorCode::TooManyRequests, "This device logs in too often.").retry_after(wait)
            })?;
        }
        if let Some(address) = address {
            self.addresses.take(address, now, 1).map_err(|wait| {
                Fault::new(ErrorCode::TooManyRequests, "Too many logins from this address.").retry_after(wait)
            })?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_device_is_held_back_and_its_neighbours_are_not() {
        let config = LoginLimitsConfig {
            per_device: Rate { per_second: 1, burst: 5 },
            per_address: Rate { per_second: 1_000, burst: 1_000 },
            remembered: 10_000,
        };
        let mut limits = LoginLimits::new(config, Moment::ZERO);
        let app = AppId::new("a");
        let nat = Some(AddressKey::of([198, 51, 100, 1].into()));
        let passed = (0..100).filter(|_| limits.attempt(&app, "loud", nat, Moment::ZERO).is_ok()).count();
        assert_eq!(passed, 5);
        assert!((0..900).all(|n| limits.attempt(&app, &format!("phone-{n}"), nat, Moment::ZERO).is_ok()));
        let fault = limits.attempt(&app, "loud", nat, Moment::ZERO).unwrap_err();
        assert!(limits.attempt(&app, "loud", nat, Moment::ZERO + fault.retry_after.unwrap()).is_ok());
    }
}
