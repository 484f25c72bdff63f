//! Whom a request comes from. `X-Forwarded-For` is anybody's word: it counts only as far as the
//! proxies that the operator named wrote it.

use std::net::IpAddr;

use axum::http::HeaderMap;
use ipnet::IpNet;

use super::limits::Client;

/// The address of the client behind `peer`.
pub(super) fn address(peer: IpAddr, headers: &HeaderMap, proxies: &[IpNet]) -> IpAddr {
    let trusted = |ip: IpAddr| {
        proxies.iter().any(|net| net.contains(&ip) || net.contains(&ip.to_canonical()))
    };
    let mut nearest = peer;
    let lines: Vec<_> = headers.get_all("x-forwarded-for").iter().collect();
    let hops = lines.iter().rev().flat_map(|line| line.to_str().unwrap_or("?").rsplit(','));
    for hop in hops {
        if !trusted(nearest) {
            break;
        }
        let Ok(ip) = hop.trim().parse() else { break };
        nearest = ip;
    }
    nearest
}

/// Whom to count it to.
pub(super) fn counted(ip: IpAddr) -> Client {
    match ip.to_canonical() {
        IpAddr::V4(ip) => Client::V4(ip.octets()),
        IpAddr::V6(ip) => {
            let mut net = [0; 8];
            net.copy_from_slice(&ip.octets()[..8]);
            Client::V6(net)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_named_proxies_are_believed() {
        let cases: &[(&str, &[&str], &[&str], &str)] = &[
            ("1.1.1.1", &["9.9.9.9"], &[], "1.1.1.1"),
            ("10.0.0.1", &["9.9.9.9"], &["10.0.0.0/8"], "9.9.9.9"),
            ("::ffff:10.0.0.1", &["9.9.9.9"], &["10.0.0.0/8"], "9.9.9.9"),
            ("10.0.0.1", &["8.8.8.8, 9.9.9.9"], &["10.0.0.0/8"], "9.9.9.9"),
            ("10.0.0.1", &["8.8.8.8, 10.0.0.2"], &["10.0.0.0/8"], "8.8.8.8"),
            ("10.0.0.1", &["8.8.8.8", "10.0.0.2"], &["10.0.0.0/8"], "8.8.8.8"),
            ("10.0.0.1", &["8.8.8.8, nonsense"], &["10.0.0.0/8"], "10.0.0.1"),
            ("10.0.0.1", &[], &["10.0.0.0/8"], "10.0.0.1"),
        ];
        for (peer, lines, proxies, expected) in cases {
            let mut headers = HeaderMap::new();
            for line in *lines {
                headers.append("x-forwarded-for", line.parse().unwrap());
            }
            let proxies: Vec<IpNet> = proxies.iter().map(|net| net.parse().unwrap()).collect();
            let found = address(peer.parse().unwrap(), &headers, &proxies);
            assert_eq!(found.to_string(), *expected, "{peer} {lines:?}");
        }
    }

    #[test]
    fn a_v6_customer_is_one_client() {
        let of = |text: &str| counted(text.parse().unwrap());
        assert_eq!(of("2001:db8:0:1::1"), of("2001:db8:0:1:ffff::2"));
        assert_ne!(of("2001:db8:0:1::1"), of("2001:db8:0:2::1"));
        assert_eq!(of("::ffff:1.2.3.4"), of("1.2.3.4"));
    }
}
