//! A developer's server in the local network: its address, and a code for a phone's camera.

use std::net::{IpAddr, UdpSocket};

use qrcode::QrCode;
use qrcode::render::unicode::Dense1x2;

/// This machine's address in the network that its default route leads to. Nothing is sent: a UDP socket that is
/// connected only looks the route up.
pub fn address() -> Option<IpAddr> {
    let socket = UdpSocket::bind(("0.0.0.0", 0)).ok()?;
    socket.connect(("192.0.2.1", 9)).ok()?;
    let address = socket.local_addr().ok()?.ip();
    (!address.is_unspecified() && !address.is_loopback()).then_some(address)
}

/// The text and its code, for a terminal with a dark background.
pub fn invitation(url: &str) -> String {
    match QrCode::new(url) {
        Ok(code) => {
            let picture =
                code.render::<Dense1x2>().dark_color(Dense1x2::Light).light_color(Dense1x2::Dark).build();
            format!("{picture}\n{url}")
        }
        Err(_) => url.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_invitation_shows_code_and_address() {
        let shown = invitation("http://192.168.1.20:7600/play");
        assert!(shown.ends_with("\nhttp://192.168.1.20:7600/play"));
        assert!(shown.lines().count() > 10, "{shown}");
        assert_eq!(invitation(&"x".repeat(10_000)).lines().count(), 1, "too long for a code");
    }
}
