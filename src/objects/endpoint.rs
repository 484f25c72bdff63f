//! Which endpoints a Secret may name, and which may be spoken to in clear.

use std::net::IpAddr;

use reqwest::Url;

use super::{Credentials, StoreError, address};

/// Checks the endpoint that a Secret names, and whether it is spoken to in clear.
pub(super) fn endpoint_of(
    secret: &Credentials,
    keys: &[&str],
    loopback: bool,
    may_ask: bool,
) -> Result<bool, StoreError> {
    let asked = may_ask && secret.flag("AWS_ALLOW_HTTP")?;
    let found = keys.iter().find_map(|key| Some((*key, secret.get(key)?)));
    let Some((key, url)) = found else { return Ok(false) };
    allowed_clear(url, loopback, asked).map_err(|why| secret.wrong(key, why))
}

/// Whether `url` is plain HTTP and may be: to this machine, or where it was asked for.
pub(super) fn allowed_clear(url: &str, loopback: bool, asked: bool) -> Result<bool, &'static str> {
    let url = Url::parse(url).map_err(|_| "is no URL")?;
    if !url.username().is_empty() || url.password().is_some() {
        return Err("holds a user or password; take them out");
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err("has a query or fragment; take it out");
    }
    let ip: Option<IpAddr> =
        url.host_str().and_then(|host| host.trim_matches(['[', ']']).parse().ok());
    if ip.is_some_and(|ip| !address::allowed(ip, loopback)) {
        return Err("is a loopback, link-local or metadata address; no connection is made to it");
    }
    let own = url.host_str() == Some("localhost") || ip.is_some_and(|ip| ip.is_loopback());
    match url.scheme() {
        "https" => Ok(false),
        "http" if own || asked => Ok(true),
        "http" => Err("is plain HTTP; take https, or for S3 say AWS_ALLOW_HTTP=true"),
        _ => Err("is no https URL"),
    }
}
