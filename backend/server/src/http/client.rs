//! Who is on the other end of the connection, and how often an address may do what
//! needs no session (R-CTRL-1).

use axum::{
    extract::{ConnectInfo, FromRequestParts},
    http::{Extensions, HeaderMap, HeaderValue, header, request::Parts},
};
use governor::{DefaultKeyedRateLimiter, Quota, clock::Clock};
use hongbao_config::{Addresses, Config};
use hongbao_domain::Refusal;
use hongbao_shared::ErrorCode;
use std::{
    convert::Infallible,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    num::NonZeroU32,
    sync::{
        Once,
        atomic::{AtomicU32, Ordering},
    },
};

/// After so many checks, addresses that have long been quiet are forgotten.
const CHECKS_PER_TIDYING: u32 = 1024;

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
        let trusted = |address: &IpAddr| config.server.trusted_proxies.contains(address);
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

/// What is counted per address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Counted {
    /// A password that is tried: a sign-in, or the present one when it is changed.
    SignIn,
    NewAccount,
    NewGuest,
    /// An invitation that is looked at by somebody who is about to be a guest.
    Preview,
}

/// The counts. Bounded: beyond `tracked_max` addresses, all further ones share one.
#[derive(Debug)]
pub(super) struct Throttle {
    sign_ins: Option<DefaultKeyedRateLimiter<IpAddr>>,
    new_accounts: Option<DefaultKeyedRateLimiter<IpAddr>>,
    new_guests: Option<DefaultKeyedRateLimiter<IpAddr>>,
    previews: Option<DefaultKeyedRateLimiter<IpAddr>>,
    tracked_max: usize,
    checks: AtomicU32,
}

impl Throttle {
    pub(super) fn new(settings: &Addresses) -> Self {
        let limiter = |per_minute| {
            let quota = NonZeroU32::new(per_minute).map(Quota::per_minute);
            quota.map(DefaultKeyedRateLimiter::dashmap)
        };
        Self {
            sign_ins: limiter(settings.sign_ins_per_minute),
            new_accounts: limiter(settings.accounts_per_minute),
            new_guests: limiter(settings.guests_per_minute),
            previews: limiter(settings.guests_per_minute),
            tracked_max: usize::try_from(settings.tracked_max).unwrap_or(usize::MAX),
            checks: AtomicU32::new(0),
        }
    }

    /// Counts one, or says when to come back.
    pub(super) fn check(&self, what: Counted, client: &Client) -> Result<(), Refusal> {
        let limiter = match what {
            Counted::SignIn => &self.sign_ins,
            Counted::NewAccount => &self.new_accounts,
            Counted::NewGuest => &self.new_guests,
            Counted::Preview => &self.previews,
        };
        let Some(limiter) = limiter else { return Ok(()) };
        if self.checks.fetch_add(1, Ordering::Relaxed).is_multiple_of(CHECKS_PER_TIDYING) {
            limiter.retain_recent();
        }
        let key = if limiter.len() < self.tracked_max {
            network(client.address)
        } else {
            IpAddr::V6(Ipv6Addr::UNSPECIFIED)
        };
        limiter.check_key(&key).map_err(|until| {
            metrics::counter!("hongbao_http_throttled_total").increment(1);
            let wait = until.wait_time_from(limiter.clock().now());
            Refusal::new(ErrorCode::RateLimited).retry_after(wait)
        })
    }
}

/// Whoever has one IPv6 address usually has its whole /64.
pub(super) fn network(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(v6) => IpAddr::V6(Ipv6Addr::from_bits(v6.to_bits() & (u128::MAX << 64))),
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

    fn from(address: &str) -> Client {
        Client { address: address.parse().unwrap(), https: false }
    }

    #[test]
    fn addresses_are_counted_apart_until_there_are_too_many() {
        let throttle = Throttle::new(&Addresses {
            guests_per_minute: 2,
            accounts_per_minute: 0,
            tracked_max: 3,
            ..Addresses::default()
        });
        let guest = |address| throttle.check(Counted::NewGuest, &from(address));
        assert!(guest("1.1.1.1").is_ok() && guest("1.1.1.1").is_ok());
        let refusal = guest("1.1.1.1").unwrap_err();
        assert_eq!(refusal.code, ErrorCode::RateLimited);
        assert!(refusal.retry_after.is_some_and(|after| after.as_secs() <= 30));
        // One /64 is one client.
        assert!(guest("2001:db8::1").is_ok() && guest("2001:db8::2").is_ok());
        assert!(guest("2001:db8::3").is_err());
        assert!(guest("2.2.2.2").is_ok());
        // Full: everyone else shares a count.
        assert!(guest("3.3.3.3").is_ok() && guest("4.4.4.4").is_ok());
        assert!(guest("5.5.5.5").is_err());
        for _ in 0..100 {
            assert!(throttle.check(Counted::NewAccount, &from("1.1.1.1")).is_ok(), "switched off");
        }
    }
}
