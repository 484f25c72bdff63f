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

/// Names that clouds give their metadata services. They resolve to forbidden addresses, which the
/// resolver sees; behind a proxy nobody but this list does.
const METADATA_NAMES: [&str; 7] = [
    "metadata",
    "metadata.google.internal",
    "metadata.goog",
    "metadata.tencentyun.com",
    "instance-data",
    "instance-data.ec2.internal",
    "metadata.oraclecloud.com",
];

/// Whether a name must not even be resolved.
pub fn forbidden_name(host: &str, loopback: bool) -> bool {
    let host = host.trim_end_matches('.').to_ascii_lowercase();
    let local = host == "localhost" || host.ends_with(".localhost");
    host.is_empty() || METADATA_NAMES.contains(&host.as_str()) || (local && !loopback)
}

/// Whether `address` may be connected to. Private networks are: that is where clusters live.
pub fn allowed(address: IpAddr, loopback: bool) -> bool {
    let address = address.to_canonical();
    if address.is_loopback() {
        return loopback;
    }
    if address.is_unspecified() || address.is_multicast() {
        return false;
    }
    match address {
        IpAddr::V4(v4) => allowed_v4(v4),
        IpAddr::V6(v6) => allowed_v6(v6, loopback),
    }
}

fn allowed_v4(v4: Ipv4Addr) -> bool {
    // Alibaba's, Oracle's and Azure's metadata services do not lie in 169.254.0.0/16.
    const METADATA: [Ipv4Addr; 3] = [
        Ipv4Addr::new(100, 100, 100, 200),
        Ipv4Addr::new(192, 0, 0, 192),
        Ipv4Addr::new(168, 63, 129, 16),
    ];
    // 0.0.0.0/8 means this host, 240.0.0.0/4 and the broadcast address in it mean nobody.
    let [first, ..] = v4.octets();
    !(v4.is_link_local() || first == 0 || first >= 240 || METADATA.contains(&v4))
}

fn allowed_v6(v6: Ipv6Addr, loopback: bool) -> bool {
    // Amazon's, Google's and Oracle's metadata services.
    const METADATA: [Ipv6Addr; 3] = [
        Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254),
        Ipv6Addr::new(0xfd20, 0xce, 0, 0, 0, 0, 0, 0x254),
        Ipv6Addr::new(0xfd00, 0xc1, 0, 0, 0, 0, 0xa9fe, 0xa9fe),
    ];
    // An address that carries an IPv4 one is as good as what it carries.
    let carried = match v6.segments() {
        // NAT64 (RFC 6052), IPv4-compatible, IPv4-translated (RFC 2765), 6to4, ISATAP.
        [0x64, 0xff9b, 0, 0, 0, 0, a, b]
        | [0, 0, 0, 0, 0, 0, a, b]
        | [0, 0, 0, 0, 0xffff, 0, a, b]
        | [0x2002, a, b, ..]
        | [.., 0 | 0x200, 0x5efe, a, b] => Some((a, b)),
        // Local NAT64 (RFC 8215) has its IPv4 address in a place that only its operator knows, and
        // Teredo's is disguised; site-local addresses are no more.
        [0x64, 0xff9b, 1, ..] | [0x2001, 0, ..] | [0xfec0..=0xfeff, ..] => return false,
        _ => None,
    };
    let carried = carried.map(|(a, b)| {
        let ([a, b], [c, d]) = (a.to_be_bytes(), b.to_be_bytes());
        IpAddr::V4(Ipv4Addr::new(a, b, c, d))
    });
    !(v6.is_unicast_link_local() || METADATA.contains(&v6))
        && carried.is_none_or(|carried| allowed(carried, loopback))
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
            "0.1.2.3",
            "240.0.0.1",
            "169.254.0.1",
            "169.254.255.255",
            "192.0.0.192",
            "168.63.129.16",
            "fd20:ce::254",
            "fd00:c1::a9fe:a9fe",
            "fe80::1:2:3",
            "febf::1",
            "fec0::1",
            "ff02::1",
            "64:ff9b:1::a9fe:a9fe",
            "64:ff9b::100.100.100.200",
            "::ffff:0:169.254.169.254",
            "2001:0:a9fe:a9fe::1",
            "2001:db8::5efe:169.254.169.254",
            "2001:db8::200:5efe:a9fe:a9fe",
            "2002:0:0::1",
        ] {
            assert!(!allowed(text.parse().unwrap(), true), "{text}");
        }
        for text in ["127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1"] {
            assert!(allowed(text.parse().unwrap(), true), "{text}");
            assert!(!allowed(text.parse().unwrap(), false), "{text}");
        }
        for text in ["::127.0.0.1", "64:ff9b::7f00:1", "2002:7f00:1::"] {
            assert!(!allowed(text.parse().unwrap(), false), "{text}");
        }
        for text in [
            "10.0.0.1",
            "172.16.0.1",
            "100.64.0.1",
            "64:ff9b::1.1.1.1",
            "2002:101:101::1",
            "192.168.1.1",
            "1.1.1.1",
            "2606:4700::1",
            "fd00::1",
        ] {
            assert!(allowed(text.parse().unwrap(), false), "{text}");
        }
    }

    #[test]
    fn names_that_mean_a_metadata_service_or_this_machine() {
        for name in ["metadata.google.internal", "METADATA.google.internal.", "instance-data", ""] {
            assert!(forbidden_name(name, true), "{name}");
        }
        for name in ["localhost", "localhost.", "a.localhost", "LocalHost"] {
            assert!(forbidden_name(name, false), "{name}");
            assert!(!forbidden_name(name, true), "{name}");
        }
        for name in
            ["example.org", "packs.default.svc", "localhost.example.org", "metadata.example.org"]
        {
            assert!(!forbidden_name(name, false), "{name}");
        }
    }
}
