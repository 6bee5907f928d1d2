//! How often an address may do what needs no session, and how often passwords of one account
//! are tried (R-CTRL-1).

use super::client::Client;
use governor::{DefaultKeyedRateLimiter, Quota, clock::Clock};
use hongbao_config::Addresses;
use hongbao_domain::{Refusal, text};
use hongbao_shared::ErrorCode;
use std::{
    hash::{BuildHasher, Hash, RandomState},
    net::{IpAddr, Ipv6Addr},
    num::NonZeroU32,
    sync::atomic::{AtomicU32, Ordering},
    time::Duration,
};

/// After so many checks, whoever has long been quiet is forgotten.
const CHECKS_PER_TIDYING: u32 = 1024;
/// So many passwords of one account may be tried from one address whatever is tried from others,
/// and one more each time that this has passed: nobody is locked out by somebody elsewhere.
const OWN_TRIES: NonZeroU32 = NonZeroU32::new(2).unwrap();
const OWN_TRY_EVERY: Duration = Duration::from_mins(5);

/// What is counted per address alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Counted {
    NewAccount,
    NewGuest,
    /// An invitation that is looked at by somebody who is about to be a guest.
    Preview,
    /// The same by whoever shows links: it takes nothing from guests.
    LinkPreview,
}

/// The counts. Bounded: beyond `tracked_max` of a kind, all further ones share one.
#[derive(Debug)]
pub(super) struct Throttle {
    new_accounts: Option<Counter>,
    new_guests: Option<Counter>,
    previews: Option<Counter>,
    link_previews: Option<Counter>,
    /// Passwords by the address that tries them.
    passwords: Option<Counter>,
    /// Passwords by the account, those in `own_tries` left out.
    of_account: Option<Counter>,
    /// Passwords by address and account.
    own_tries: Counter,
    /// What is counted is counted by hashes that nobody can aim at.
    hashes: RandomState,
}

impl Throttle {
    pub(super) fn new(settings: &Addresses) -> Self {
        let tracked_max = usize::try_from(settings.tracked_max).unwrap_or(usize::MAX);
        let counter = |quota| Counter::new(quota, tracked_max);
        let per_minute = |times| NonZeroU32::new(times).map(Quota::per_minute);
        let at_once = |quota: Quota, times| match NonZeroU32::new(times) {
            Some(burst) if burst > quota.burst_size() => quota.allow_burst(burst),
            _ => quota,
        };
        let guests = per_minute(settings.guests_per_minute)
            .map(|quota| at_once(quota, settings.guests_at_once));
        Self {
            new_accounts: per_minute(settings.accounts_per_minute).map(counter),
            new_guests: guests.map(counter),
            previews: guests.map(counter),
            link_previews: guests.map(counter),
            passwords: per_minute(settings.sign_ins_per_minute).map(counter),
            of_account: per_minute(settings.sign_ins_per_account_per_minute).map(counter),
            own_tries: counter(
                Quota::with_period(OWN_TRY_EVERY)
                    .expect("a period is longer than none")
                    .allow_burst(OWN_TRIES),
            ),
            hashes: RandomState::new(),
        }
    }

    /// Counts one, or says when to come back.
    pub(super) fn check(&self, what: Counted, client: &Client) -> Result<(), Refusal> {
        let counter = match what {
            Counted::NewAccount => &self.new_accounts,
            Counted::NewGuest => &self.new_guests,
            Counted::Preview => &self.previews,
            Counted::LinkPreview => &self.link_previews,
        };
        counter.as_ref().map_or(Ok(()), |counter| counter.check(self.hash(network(client.address))))
    }

    /// Counts a password that is tried for the account of this login name, whether there is one
    /// or not: a sign-in, or the present one when it is changed.
    pub(super) fn check_password(&self, client: &Client, login_name: &str) -> Result<(), Refusal> {
        let address = network(client.address);
        if let Some(passwords) = &self.passwords {
            passwords.check(self.hash(address))?;
        }
        let Some(of_account) = &self.of_account else { return Ok(()) };
        let account = text::key(login_name);
        if self.own_tries.check(self.hash((address, &account))).is_ok() {
            return Ok(());
        }
        of_account.check(self.hash(account))
    }

    fn hash(&self, what: impl Hash) -> u64 {
        self.hashes.hash_one(what)
    }
}

/// Counts by hashes.
#[derive(Debug)]
struct Counter {
    limiter: DefaultKeyedRateLimiter<u64>,
    tracked_max: usize,
    checks: AtomicU32,
}

impl Counter {
    fn new(quota: Quota, tracked_max: usize) -> Self {
        let limiter = DefaultKeyedRateLimiter::dashmap(quota);
        Self { limiter, tracked_max, checks: AtomicU32::new(0) }
    }

    fn check(&self, key: u64) -> Result<(), Refusal> {
        let Self { limiter, tracked_max, checks } = self;
        if checks.fetch_add(1, Ordering::Relaxed).is_multiple_of(CHECKS_PER_TIDYING) {
            limiter.retain_recent();
        }
        let key = if limiter.len() < *tracked_max { key } else { 0 };
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

    fn from(address: &str) -> Client {
        Client { address: address.parse().unwrap(), https: false }
    }

    #[test]
    fn addresses_are_counted_apart_until_there_are_too_many() {
        let throttle = Throttle::new(&Addresses {
            guests_per_minute: 2,
            guests_at_once: 0,
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
    /// A party behind one address comes all at once (R-CTRL-1).
    #[test]
    fn a_hundred_guests_of_one_address_come_at_once() {
        let throttle = Throttle::new(&Addresses::default());
        for guest in 0..100 {
            assert!(throttle.check(Counted::NewGuest, &from("1.1.1.1")).is_ok(), "{guest}");
        }
    }

    /// Many addresses try an account's password: soon no more than the account's own rate gets
    /// through, and its owner, elsewhere, is not among those who wait.
    #[test]
    fn nobody_is_locked_out_by_others_and_many_addresses_are_one_guesser() {
        let throttle = Throttle::new(&Addresses {
            sign_ins_per_minute: 1_000_000,
            sign_ins_per_account_per_minute: 30,
            ..Addresses::default()
        });
        let tries = |address: u8, name: &str| {
            let client = from(&format!("10.0.0.{address}"));
            (0..100).filter(|_| throttle.check_password(&client, name).is_ok()).count()
        };
        let passed: usize = (1..=150).map(|address| tries(address, "alice")).sum();
        // Two of each address, the account's thirty, and what a slow machine let in meanwhile.
        assert!((330..=400).contains(&passed), "{passed}");
        let owner = from("192.168.0.1");
        assert!(throttle.check_password(&owner, "ＡＬＩＣＥ").is_ok(), "the same name");
        assert!(throttle.check_password(&owner, "Alice").is_ok());
        let refusal = throttle.check_password(&owner, "alice").unwrap_err();
        assert_eq!(refusal.code, ErrorCode::RateLimited);
        assert!(throttle.check_password(&owner, "bob").is_ok(), "another account");
    }
}
