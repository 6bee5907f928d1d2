//! Where the databases and caches of a fleet are (R-SITE). Without this section everything
//! is in files and in memory of one process.

use super::{ConfigError, check::require};
use hongbao_shared::{Shard, Site, order_no};
use serde::{Deserialize, Deserializer, de};
use std::{collections::BTreeMap, ffi::OsString, fmt};

const CONNECTIONS_PER_SHARD: u32 = 4;
const CONNECTIONS: u32 = 10;

/// The topology; the same on every node.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fleet {
    /// Accounts, transfers, payments.
    pub ledger: Address,
    /// People, groups, messages; and the switches.
    pub people: Address,
    /// "Sent" and "received".
    pub lists: Address,
    /// The sites by their letters.
    #[serde(deserialize_with = "by_letter")]
    pub sites: BTreeMap<Site, FleetSite>,
    /// How many connections a node may hold to each logical shard.
    #[serde(default = "connections_per_shard")]
    pub connections_per_shard: u32,
    /// How many to each of the other databases.
    #[serde(default = "connections")]
    pub connections: u32,
}

/// A site of a fleet.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FleetSite {
    /// Packets that have ended.
    pub cold: Address,
    /// Its shared cache: one Redis server, or several of a Redis cluster. Without one,
    /// everything goes where it goes when a cache is down: to the databases.
    #[serde(default)]
    pub cache: Vec<Address>,
    /// Which logical shards live where.
    pub shards: Vec<Shards>,
}

/// Some logical shards on one server.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Shards {
    /// `"0-7"`, or `"3"` for one.
    pub shards: Range,
    /// The server.
    pub database: Address,
}

/// Logical shards from the first to the last, both included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Range {
    first: u16,
    last: u16,
}

/// The address of a server. It may hold a password, which is never shown. `$NAME` stands
/// for what the variable of that name holds.
#[derive(Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct Address(String);

impl Address {
    /// With everything that is in it.
    pub fn secret(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Address")
    }
}

impl Range {
    /// Every shard of the range.
    pub fn shards(self) -> impl Iterator<Item = Shard> {
        (self.first..=self.last).filter_map(Shard::new)
    }
}

impl<'de> Deserialize<'de> for Range {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let (first, last) = text.split_once('-').unwrap_or((&text, &text));
        let number = |text: &str| text.trim().parse::<u16>();
        match (number(first), number(last)) {
            (Ok(first), Ok(last)) if first <= last && last < order_no::SHARDS_MAX => {
                Ok(Self { first, last })
            }
            _ => Err(de::Error::custom(format!(
                "\"{text}\" is no range of shards: write it as \"0-7\", below {}",
                order_no::SHARDS_MAX
            ))),
        }
    }
}

fn by_letter<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<BTreeMap<Site, FleetSite>, D::Error> {
    let sites = BTreeMap::<String, FleetSite>::deserialize(deserializer)?;
    let letters = Site::ALL.map(|site| site.to_string()).join(" and ");
    let site = |name: &str| {
        Site::ALL.into_iter().find(|site| site.to_string() == name).ok_or_else(|| {
            de::Error::custom(format!("there is no site \"{name}\": sites are {letters}"))
        })
    };
    sites.into_iter().map(|(name, fleet_site)| Ok((site(&name)?, fleet_site))).collect()
}

const fn connections_per_shard() -> u32 {
    CONNECTIONS_PER_SHARD
}

const fn connections() -> u32 {
    CONNECTIONS
}

impl Fleet {
    /// Puts the values of variables where addresses name them.
    pub(super) fn resolve(
        &mut self,
        variable: &dyn Fn(&str) -> Option<OsString>,
    ) -> Result<(), ConfigError> {
        let of_sites = self.sites.values_mut().flat_map(|FleetSite { cold, cache, shards }| {
            let shards = shards.iter_mut().map(|shards| &mut shards.database);
            std::iter::once(cold).chain(cache).chain(shards)
        });
        for address in
            [&mut self.ledger, &mut self.people, &mut self.lists].into_iter().chain(of_sites)
        {
            if let Some(name) = address.0.strip_prefix('$') {
                let found = variable(name).and_then(|text| text.into_string().ok());
                let sentence = || format!("fleet: the variable {name} is not set");
                address.0 = found.ok_or_else(|| ConfigError(sentence()))?;
            }
        }
        Ok(())
    }

    /// What is wrong, as a sentence.
    pub(super) fn check(&self, home: Site) -> Result<(), ConfigError> {
        require(!self.sites.is_empty(), || "fleet.sites holds no site".to_owned())?;
        require(self.sites.contains_key(&home), || {
            format!("sites.home is {home}, but fleet.sites holds no site {home}")
        })?;
        for (path, count) in [
            ("fleet.connections_per_shard", self.connections_per_shard),
            ("fleet.connections", self.connections),
        ] {
            require(count >= 1, || format!("{path} must be at least 1"))?;
        }
        for (site, FleetSite { shards, .. }) in &self.sites {
            let mut expected = 0;
            let mut ranges: Vec<Range> = shards.iter().map(|shards| shards.shards).collect();
            ranges.sort_by_key(|range| range.first);
            for range in ranges {
                require(range.first >= expected, || {
                    format!("fleet.sites.{site}: shard {} lives in two places", range.first)
                })?;
                require(range.first == expected, || {
                    format!(
                        "fleet.sites.{site}: shard {expected} lives nowhere, but shard {} somewhere",
                        range.first
                    )
                })?;
                expected = range.last + 1;
            }
            require(expected > 0, || format!("fleet.sites.{site} has no shards"))?;
        }
        for (path, address) in self.addresses() {
            let schemes: &[&str] = if path.ends_with("cache") {
                &["redis://", "rediss://"]
            } else {
                &["postgres://", "postgresql://"]
            };
            require(schemes.iter().any(|scheme| address.0.starts_with(scheme)), || {
                format!("{path} must be an address that begins with {}", schemes.join(" or "))
            })?;
        }
        let caches = self.sites.values().filter(|site| !site.cache.is_empty()).count();
        require(caches == 0 || caches == self.sites.len(), || {
            "fleet.sites: either every site has a cache, or none".to_owned()
        })
    }

    fn addresses(&self) -> Vec<(String, &Address)> {
        let others = [("ledger", &self.ledger), ("people", &self.people), ("lists", &self.lists)];
        let others = others.map(|(name, address)| (format!("fleet.{name}"), address));
        let of_sites = self.sites.iter().flat_map(|(site, FleetSite { cold, cache, shards })| {
            let path = move |what| format!("fleet.sites.{site}.{what}");
            let cache = cache.iter().map(move |server| (path("cache"), server));
            let shards = shards.iter().map(move |shards| (path("shards"), &shards.database));
            std::iter::once((path("cold"), cold)).chain(cache).chain(shards)
        });
        others.into_iter().chain(of_sites).collect()
    }
}
