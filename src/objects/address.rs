//! Which hosts may be connected to at a stranger's word: never a link-local or metadata address, loopback only
//! where a test or a developer allows it. Names are checked after they are resolved, at the moment
//! of connecting, so that a name cannot be rebound between check and use.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use reqwest::dns::{Addrs, Name, Resolve, Resolving};

/// The address, or the name that resolves to it, must not be connected to.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("{0} is a loopback, link-local or metadata address; no connection is made to it")]
pub struct Forbidden(
    /// The name or address.
    pub String,
);

/// Whether `address` may be connected to.
pub fn allowed(address: IpAddr, loopback: bool) -> bool {
    let address = address.to_canonical();
    if address.is_loopback() {
        return loopback;
    }
    if address.is_unspecified() || address.is_multicast() {
        return false;
    }
    match address {
        IpAddr::V4(v4) => {
            !(v4.is_link_local() || v4.is_broadcast() || v4 == Ipv4Addr::new(100, 100, 100, 200))
        }
        IpAddr::V6(v6) => {
            let embedded = match v6.segments() {
                // NAT64, 6to4 and IPv4-compatible addresses carry an IPv4 one.
                [0x64, 0xff9b, 0, 0, 0, 0, a, b] | [0, 0, 0, 0, 0, 0, a, b] => Some((a, b)),
                [0x2002, a, b, ..] => Some((a, b)),
                _ => None,
            };
            let inner = embedded.map(|(a, b)| {
                let [a, b] = [a.to_be_bytes(), b.to_be_bytes()];
                IpAddr::V4(Ipv4Addr::new(a[0], a[1], b[0], b[1]))
            });
            let metadata = Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254);
            !(v6.is_unicast_link_local() || v6 == metadata)
                && inner.is_none_or(|inner| allowed(inner, loopback))
        }
    }
}

/// Resolves names as the system does and drops what is not [`allowed`].
pub struct Guarded {
    /// Whether loopback is let through: for tests and development.
    pub loopback: bool,
}

impl Resolve for Guarded {
    fn resolve(&self, name: Name) -> Resolving {
        let loopback = self.loopback;
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let kept: Vec<SocketAddr> =
                found.filter(|address| allowed(address.ip(), loopback)).collect();
            if kept.is_empty() {
                return Err(Forbidden(name.as_str().to_owned()).into());
            }
            Ok(Box::new(kept.into_iter()) as Addrs)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_way_to_a_metadata_address() {
        for text in [
            "169.254.169.254",
            "0.0.0.0",
            "::",
            "fe80::1",
            "::ffff:169.254.169.254",
            "64:ff9b::a9fe:a9fe",
            "2002:a9fe:a9fe::",
            "::169.254.169.254",
            "fd00:ec2::254",
            "100.100.100.200",
            "224.0.0.1",
            "255.255.255.255",
        ] {
            assert!(!allowed(text.parse().unwrap(), true), "{text}");
        }
        for text in ["127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1"] {
            assert!(allowed(text.parse().unwrap(), true), "{text}");
            assert!(!allowed(text.parse().unwrap(), false), "{text}");
        }
        for text in ["10.0.0.1", "192.168.1.1", "1.1.1.1", "2606:4700::1", "fd00::1"] {
            assert!(allowed(text.parse().unwrap(), false), "{text}");
        }
    }
}
