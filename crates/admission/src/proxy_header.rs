//! The PROXY protocol's header, versions 1 and 2, that a listed proxy writes before the client's bytes.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

/// What the first bytes of a connection say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProxyHeader {
    /// There is no header: the bytes are the client's own.
    Absent,
    /// So far it could be a header; read more.
    Incomplete,
    /// The client's bytes begin after `length`. The source is absent for the proxy's own connections (health checks)
    /// and for addresses that are not IP.
    Present { source: Option<SocketAddr>, length: usize },
}

/// A header that begins well and goes wrong. The connection cannot go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BadProxyHeader(&'static str);

/// Reads the header at the beginning of `bytes`.
pub fn read_proxy_header(bytes: &[u8]) -> Result<ProxyHeader, BadProxyHeader> {
    if begins(bytes, V1_SIGNATURE) {
        read_v1(bytes)
    } else if begins(bytes, V2_SIGNATURE) {
        read_v2(bytes)
    } else {
        Ok(ProxyHeader::Absent)
    }
}

const V1_SIGNATURE: &[u8] = b"PROXY ";
/// The longest line that the specification allows.
const V1_LONGEST: usize = 107;
const V2_SIGNATURE: &[u8] = b"\r\n\r\n\0\r\nQUIT\n";
const V2_FIXED: usize = 16;
/// More than any proxy writes in its extensions; keeps the reader's buffer small.
const V2_LONGEST: usize = 2048;

/// Does `bytes` begin with `signature`, as far as it goes?
fn begins(bytes: &[u8], signature: &[u8]) -> bool {
    let common = bytes.len().min(signature.len());
    bytes[..common] == signature[..common]
}

fn read_v1(bytes: &[u8]) -> Result<ProxyHeader, BadProxyHeader> {
    let Some(end) = bytes.iter().take(V1_LONGEST).position(|byte| *byte == b'\n') else {
        return if bytes.len() >= V1_LONGEST {
            Err(BadProxyHeader("the line does not end"))
        } else {
            Ok(ProxyHeader::Incomplete)
        };
    };
    let line = bytes[..end].strip_suffix(b"\r").ok_or(BadProxyHeader("the line does not end in CR LF"))?;
    let line = std::str::from_utf8(line).map_err(|_| BadProxyHeader("the line is not ASCII"))?;
    let mut words = line.split(' ').skip(1);
    let source = match words.next() {
        Some("UNKNOWN") => None,
        Some(family @ ("TCP4" | "TCP6")) => {
            let bad = BadProxyHeader("the line has no four good addresses and ports");
            let mut address = || -> Option<IpAddr> { words.next()?.parse().ok() };
            let (source, destination) = (address().ok_or(bad)?, address().ok_or(bad)?);
            let mut port = || -> Option<u16> { words.next()?.parse().ok() };
            let (source_port, _) = (port().ok_or(bad)?, port().ok_or(bad)?);
            let is_v4 = family == "TCP4";
            if words.next().is_some() || source.is_ipv4() != is_v4 || destination.is_ipv4() != is_v4 {
                return Err(bad);
            }
            Some(SocketAddr::new(source, source_port))
        }
        _ => return Err(BadProxyHeader("the line names no known family")),
    };
    Ok(ProxyHeader::Present { source, length: end + 1 })
}

fn read_v2(bytes: &[u8]) -> Result<ProxyHeader, BadProxyHeader> {
    let Some(fixed) = bytes.first_chunk::<V2_FIXED>() else {
        return Ok(ProxyHeader::Incomplete);
    };
    let [.., version_command, family, high, low] = *fixed;
    let length = usize::from(u16::from_be_bytes([high, low]));
    if length > V2_LONGEST {
        return Err(BadProxyHeader("the header is longer than 2048 bytes"));
    }
    if version_command >> 4 != 2 {
        return Err(BadProxyHeader("the version is not 2"));
    }
    let is_local = match version_command & 0x0F {
        0 => true,
        1 => false,
        _ => return Err(BadProxyHeader("the command is neither LOCAL nor PROXY")),
    };
    let Some(addresses) = bytes.get(V2_FIXED..V2_FIXED + length) else {
        return Ok(ProxyHeader::Incomplete);
    };
    let source = if is_local { None } else { v2_source(family, addresses)? };
    Ok(ProxyHeader::Present { source, length: V2_FIXED + length })
}

fn v2_source(family: u8, addresses: &[u8]) -> Result<Option<SocketAddr>, BadProxyHeader> {
    let short = BadProxyHeader("the addresses are cut short");
    let port =
        |at: usize| addresses.get(at..at + 2).map(|port| u16::from_be_bytes([port[0], port[1]])).ok_or(short);
    match family >> 4 {
        1 => {
            let source: &[u8; 4] = addresses.first_chunk().ok_or(short)?;
            let source = Ipv4Addr::from(*source);
            port(10)?;
            Ok(Some(SocketAddr::new(source.into(), port(8)?)))
        }
        2 => {
            let source: &[u8; 16] = addresses.first_chunk().ok_or(short)?;
            let source = Ipv6Addr::from(*source);
            port(34)?;
            Ok(Some(SocketAddr::new(source.into(), port(32)?)))
        }
        _ => Ok(None),
    }
}

impl std::fmt::Display for BadProxyHeader {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "the PROXY header cannot be read: {}", self.0)
    }
}

impl std::error::Error for BadProxyHeader {}

#[cfg(test)]
mod tests;
