//! Where a client really is, when it may stand behind proxies.

use std::net::IpAddr;

use crate::address::{AddressKey, Network};

/// The proxies whose word about an address is believed.
#[derive(Clone, Debug, Default)]
pub struct Proxies {
    listed: Vec<Network>,
}

/// A client's address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClientAddress {
    pub ip: IpAddr,
    /// The address is a listed proxy's own: it told of nobody behind it, so limits by address would count the crowd.
    pub is_proxy: bool,
}

impl ClientAddress {
    /// What limits by address count; `None` for those exempt.
    pub fn key(self) -> Option<AddressKey> {
        (!self.is_proxy).then(|| AddressKey::of(self.ip))
    }
}

impl Proxies {
    pub fn new(listed: Vec<Network>) -> Proxies {
        Proxies { listed }
    }

    /// May this peer speak for others?
    pub fn lists(&self, address: IpAddr) -> bool {
        self.listed.iter().any(|network| network.contains(address))
    }

    /// The address of the client behind `peer`, the socket's other end.
    ///
    /// `told` is the source in the peer's PROXY header; `forwarded_for` the `X-Forwarded-For` values, joined with
    /// commas if there were several. Both are ignored unless the one who said it is listed. The list is read from the
    /// right: each listed proxy vouches for the entry to its left, what stands further left the client made up.
    pub fn client_address(
        &self,
        peer: IpAddr,
        told: Option<IpAddr>,
        forwarded_for: Option<&str>,
    ) -> ClientAddress {
        let mut address = peer.to_canonical();
        if self.lists(address) {
            address = told.unwrap_or(address).to_canonical();
        }
        for entry in forwarded_for.unwrap_or_default().rsplit(',') {
            if !self.lists(address) {
                break;
            }
            match parse_entry(entry.trim()) {
                Some(further) => address = further,
                None => break,
            }
        }
        ClientAddress { ip: address, is_proxy: self.lists(address) }
    }
}

/// `192.0.2.1`, `192.0.2.1:5000`, `2001:db8::1`, `[2001:db8::1]`, `[2001:db8::1]:5000`.
fn parse_entry(entry: &str) -> Option<IpAddr> {
    let bare =
        entry.strip_prefix('[').and_then(|rest| rest.split_once(']')).map_or(entry, |(address, _)| address);
    let address = bare.parse::<IpAddr>().ok().or_else(|| {
        let (address, port) = bare.rsplit_once(':')?;
        port.parse::<u16>().ok()?;
        address.parse::<std::net::Ipv4Addr>().ok().map(IpAddr::V4)
    })?;
    Some(address.to_canonical())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn proxies() -> Proxies {
        Proxies::new(vec!["10.0.0.0/8".parse().unwrap(), "2001:db8:ffff::/48".parse().unwrap()])
    }

    #[test]
    fn only_listed_proxies_are_believed() {
        type Case = (&'static str, Option<&'static str>, Option<&'static str>, &'static str, bool);
        let cases: [Case; 13] = [
            ("203.0.113.5", None, None, "203.0.113.5", false),
            ("203.0.113.5", Some("1.1.1.1"), Some("2.2.2.2"), "203.0.113.5", false),
            ("10.0.0.1", None, None, "10.0.0.1", true),
            ("10.0.0.1", Some("203.0.113.5"), None, "203.0.113.5", false),
            ("10.0.0.1", Some("203.0.113.5"), Some("9.9.9.9"), "203.0.113.5", false),
            ("10.0.0.1", Some("10.0.0.2"), Some("9.9.9.9"), "9.9.9.9", false),
            ("10.0.0.1", None, Some("203.0.113.5"), "203.0.113.5", false),
            ("10.0.0.1", None, Some("6.6.6.6, 203.0.113.5"), "203.0.113.5", false),
            ("10.0.0.1", None, Some("6.6.6.6, 203.0.113.5, 10.7.7.7"), "203.0.113.5", false),
            ("10.0.0.1", None, Some("6.6.6.6, nonsense, 10.7.7.7"), "10.7.7.7", true),
            ("10.0.0.1", None, Some("203.0.113.5:4711"), "203.0.113.5", false),
            ("2001:db8:ffff::1", None, Some("[2001:db8:1::2]:443"), "2001:db8:1::2", false),
            ("::ffff:10.0.0.1", None, Some("2001:db8:1::2"), "2001:db8:1::2", false),
        ];
        for (peer, told, forwarded, expected, is_proxy) in cases {
            let told = told.map(|told| told.parse().unwrap());
            let address = proxies().client_address(peer.parse().unwrap(), told, forwarded);
            let expected = ClientAddress { ip: expected.parse().unwrap(), is_proxy };
            assert_eq!(address, expected, "{peer} {told:?} {forwarded:?}");
            assert_eq!(address.key().is_none(), is_proxy);
        }
    }

    proptest! {
        #[test]
        fn no_header_moves_a_peer_that_is_not_listed(forwarded in ".*", told: u32) {
            let peer = IpAddr::from([203, 0, 113, 5]);
            let told = Some(IpAddr::V4(told.into()));
            prop_assert_eq!(proxies().client_address(peer, told, Some(&forwarded)).ip, peer);
            proxies().client_address([10, 0, 0, 1].into(), None, Some(&forwarded));
        }
    }
}
