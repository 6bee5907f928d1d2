//! Who is on the other end of the connection.

use axum::{
    extract::{ConnectInfo, FromRequestParts},
    http::{Extensions, HeaderMap, HeaderValue, header, request::Parts},
};
use hongbao_config::Config;
use std::{
    convert::Infallible,
    net::{IpAddr, Ipv4Addr, SocketAddr},
    sync::Once,
};

/// Said once: whoever is not trusted could say it as often as they like.
static UNTRUSTED: Once = Once::new();

/// The client as far as it can be believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Client {
    /// Its address: the connection's, or what a trusted proxy says.
    pub(super) address: IpAddr,
    /// Does it reach us over https?
    pub(super) https: bool,
}

impl Client {
    pub(super) fn of(headers: &HeaderMap, extensions: &Extensions, config: &Config) -> Self {
        let peer = extensions
            .get::<ConnectInfo<SocketAddr>>()
            .map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |ConnectInfo(peer)| peer.ip())
            .to_canonical();
        let proxies = &config.server.trusted_proxies;
        let trusted = |address: &IpAddr| proxies.iter().any(|one| one.contains(address));
        if !trusted(&peer) && headers.contains_key("x-forwarded-for") {
            UNTRUSTED.call_once(|| {
                tracing::warn!(
                    %peer,
                    "X-Forwarded-For is not believed from an address that server.trusted_proxies \
                     does not name: all clients behind it share one address and its limits"
                );
            });
        }
        let proxied_https = trusted(&peer)
            && last(headers, "x-forwarded-proto").is_some_and(|proto| proto == "https");
        Self {
            address: behind_proxies(peer, headers, trusted),
            https: config.server.https || proxied_https,
        }
    }
}

/// Walks `X-Forwarded-For` from its right end, where our own proxies write, and stops
/// at the first address that is not one of them. What stands further left is the
/// client's own claim.
fn behind_proxies(peer: IpAddr, headers: &HeaderMap, trusted: impl Fn(&IpAddr) -> bool) -> IpAddr {
    let lines: Vec<_> = headers.get_all("x-forwarded-for").iter().collect();
    let mut hops = lines
        .iter()
        .rev()
        .flat_map(|line| line.to_str().unwrap_or_default().rsplit(','))
        .map(|hop| address(hop.trim()));
    let mut address = peer;
    while trusted(&address) {
        let Some(Some(next)) = hops.next() else { break };
        address = next;
    }
    address
}

fn last<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let line = headers.get_all(name).iter().next_back()?.to_str().ok()?;
    line.rsplit(',').next().map(str::trim)
}

/// An address, with or without a port.
fn address(hop: &str) -> Option<IpAddr> {
    let with_port = || hop.parse::<SocketAddr>().ok().map(|socket| socket.ip());
    hop.parse().ok().or_else(with_port).map(|address: IpAddr| address.to_canonical())
}

/// What the client calls itself: its `User-Agent` as it came in, empty without one.
#[derive(Clone, Debug)]
pub(super) struct Agent(pub(super) String);

impl<S: Send + Sync> FromRequestParts<S> for Agent {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        let header = parts.headers.get(header::USER_AGENT).map(HeaderValue::as_bytes);
        Ok(Self(String::from_utf8_lossy(header.unwrap_or_default()).into_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::Request;

    fn client(peer: &str, forwarded: &[&str], proxies: &str) -> IpAddr {
        let mut request = Request::builder();
        for line in forwarded {
            request = request.header("x-forwarded-for", *line);
        }
        let (mut parts, ()) = request.body(()).unwrap().into_parts();
        let peer: SocketAddr = peer.parse().unwrap();
        parts.extensions.insert(ConnectInfo(peer));
        let mut config = Config::default();
        config.server.trusted_proxies =
            proxies.split_terminator(',').map(|proxy| proxy.parse().unwrap()).collect();
        Client::of(&parts.headers, &parts.extensions, &config).address
    }

    #[test]
    fn only_trusted_proxies_name_the_client() {
        let cases: &[(&str, &[&str], &str, &str)] = &[
            ("9.9.9.9:1", &["1.1.1.1"], "", "9.9.9.9"),
            ("9.9.9.9:1", &["1.1.1.1"], "8.8.8.8", "9.9.9.9"),
            ("10.0.0.1:1", &["1.1.1.1"], "10.0.0.1", "1.1.1.1"),
            // The client wrote 6.6.6.6 itself.
            ("10.0.0.1:1", &["6.6.6.6, 1.1.1.1"], "10.0.0.1", "1.1.1.1"),
            ("10.0.0.1:1", &["6.6.6.6", "1.1.1.1, 10.0.0.2"], "10.0.0.1,10.0.0.2", "1.1.1.1"),
            ("10.0.7.1:1", &["6.6.6.6, 1.1.1.1, 10.0.9.2"], "10.0.0.0/16", "1.1.1.1"),
            ("10.1.0.1:1", &["1.1.1.1"], "10.0.0.0/16", "10.1.0.1"),
            ("10.0.0.1:1", &["1.1.1.1:4711"], "10.0.0.1", "1.1.1.1"),
            ("10.0.0.1:1", &["[2001:db8::1]:4711"], "10.0.0.1", "2001:db8::1"),
            ("[::ffff:10.0.0.1]:1", &["1.1.1.1"], "10.0.0.1", "1.1.1.1"),
            ("10.0.0.1:1", &["1.1.1.1, unknown"], "10.0.0.1", "10.0.0.1"),
            ("10.0.0.1:1", &[], "10.0.0.1", "10.0.0.1"),
        ];
        for (peer, forwarded, proxies, expected) in cases {
            let found = client(peer, forwarded, proxies).to_string();
            assert_eq!(found, *expected, "{peer} {forwarded:?} behind {proxies}");
        }
    }
}
