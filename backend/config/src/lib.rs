//! The configuration: a struct per concern, checked as a whole before anything
//! starts. Sources in rising order: defaults, the file of `--config`, variables
//! `HONGBAO_…`, flags.
//!
//! Knows each setting: its variable, default, meaning and check. Must never know what is done
//! with it, nor open a database, a cache or a connection; a name to listen at is looked up.
//!
//! Written by hand rather than with a merging crate: those split a variable at its
//! underscores, which cannot tell `limits.max_shares` from `limits.max.shares`, and
//! here the same declaration also yields the reference for the README.

mod check;
mod fleet;
mod key;
mod network;
mod section;
mod sections;
mod value;
mod variables;

pub use fleet::{Address, Fleet, FleetSite};
pub use key::{MasterKey, MasterKeySetting};
pub use network::Network;
pub use sections::{
    Addresses, Cache, Calls, Credit, Flow, Guests, Journal, Landing, Lanes, Live, Push, Reconcile,
    Server, Sessions, Sites, Storage, Telemetry, Time, Treasury, Webhooks,
};
pub use value::{CreditMode, HomeSite, Listen, LogFormat, Origin, PushService, Weights};
pub use variables::refuse_unread;

use hongbao_domain::runtime::Zone;
use hongbao_shared::{Fen, Limits, Unit};
use section::{Section, Slot};
use serde::Deserialize;
use std::{
    collections::BTreeMap,
    ffi::OsString,
    path::{Path, PathBuf},
    time::Duration,
};
use toml::Spanned;

/// Everything that can be set. [`Config::load`] answers checked ones only.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// Where the server listens.
    pub server: Server,
    /// Where data is kept.
    pub storage: Storage,
    /// Sessions.
    pub sessions: Sessions,
    /// People without a password.
    pub guests: Guests,
    /// Limits per client address.
    pub addresses: Addresses,
    /// What a packet, a text or a top-up may be.
    pub limits: Limits,
    /// What the house gives and allows.
    pub treasury: Treasury,
    /// What amounts are counted in.
    pub unit: Unit,
    /// Where programs are told what happens.
    pub webhooks: Webhooks,
    /// Whether browsers are told of packets.
    pub push: Push,
    /// Sites and shards.
    pub sites: Sites,
    /// How long a paid packet may take.
    pub landing: Landing,
    /// When claims reach the wallets.
    pub credit: Credit,
    /// Whether the databases are compared.
    pub reconcile: Reconcile,
    /// Flow control per person.
    pub flow: Flow,
    /// Calls with keys.
    pub calls: Calls,
    /// What administrators and services did.
    pub journal: Journal,
    /// The single writers.
    pub lanes: Lanes,
    /// Streams of live events.
    pub live: Live,
    /// Sizes of caches.
    pub cache: Cache,
    /// Logs.
    pub telemetry: Telemetry,
    /// The calendar.
    pub time: Time,
    /// Where everything is that is not on this machine; a section of the file alone.
    pub fleet: Option<Fleet>,
}

impl Section for Config {
    fn visit(&mut self, visit: &mut dyn FnMut(Slot<'_>)) {
        // Destructured, so that a section that is forgotten here does not compile.
        let Self {
            server,
            storage,
            sessions,
            guests,
            addresses,
            limits,
            treasury,
            unit,
            webhooks,
            push,
            sites,
            landing,
            credit,
            reconcile,
            flow,
            calls,
            journal,
            lanes,
            live,
            cache,
            telemetry,
            time,
            fleet: _,
        } = self;
        let sections: [&mut dyn Section; 22] = [
            server, storage, sessions, guests, addresses, limits, treasury, unit, webhooks, push,
            sites, landing, credit, reconcile, flow, calls, journal, lanes, live, cache, telemetry,
            time,
        ];
        for section in sections {
            section.visit(visit);
        }
    }
}

/// A file by its sections, with where each key stands.
type Sections = BTreeMap<String, BTreeMap<Spanned<String>, toml::Value>>;

/// What is wrong with the configuration, as one sentence for whoever starts the
/// server.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct ConfigError(pub String);

/// What the command line says; wins over everything else.
#[derive(Clone, Debug, Default)]
pub struct Flags {
    /// `--config`.
    pub file: Option<PathBuf>,
    /// `--listen`.
    pub listen: Option<Listen>,
    /// `--data`.
    pub data: Option<PathBuf>,
}

impl Config {
    /// Puts all sources together and checks the result. `variable` looks a variable
    /// up, usually [`std::env::var_os`].
    pub fn load(
        flags: &Flags,
        variable: &dyn Fn(&str) -> Option<OsString>,
    ) -> Result<Self, ConfigError> {
        let mut config = match &flags.file {
            Some(file) => Self::from_file(file)?,
            None => Self::default(),
        };
        config.apply_variables(variable)?;
        if let Some(fleet) = &mut config.fleet {
            fleet.resolve(variable)?;
        }
        if let Some(listen) = flags.listen {
            config.server.listen = listen;
        }
        if let Some(data) = &flags.data {
            config.storage.data.clone_from(data);
        }
        config.check()?;
        Ok(config)
    }

    /// What clients need to know, also of what stands in other sections.
    pub fn limits(&self) -> Limits {
        let Treasury { self_top_up, fee_bp, .. } = self.treasury;
        let max_top_up_fen = if self_top_up { self.limits.max_top_up_fen } else { Fen::ZERO };
        Limits { fee_bp, max_top_up_fen, ..self.limits.clone() }
    }

    /// The zone of days and years.
    pub fn zone(&self) -> Result<Zone, ConfigError> {
        let name = &self.time.zone;
        Zone::named(name)
            .map_err(|_| ConfigError(format!("time.zone: there is no time zone \"{name}\"")))
    }

    /// For how long a packet is open after it has landed.
    pub fn packet_lifetime(&self) -> Duration {
        Duration::from_secs(self.limits.packet_lifetime_s.into())
    }

    fn from_file(file: &Path) -> Result<Self, ConfigError> {
        let name = file.display();
        let text = std::fs::read_to_string(file)
            .map_err(|error| ConfigError(format!("cannot read {name}: {error}")))?;
        let wrong = |at: usize, what: &str| {
            let before = text.get(..at).unwrap_or("");
            let line = before.matches('\n').count().saturating_add(1);
            let what = what.lines().collect::<Vec<_>>().join(" ");
            ConfigError(format!("{name}, line {line}: {what}"))
        };
        let refused = |error: toml::de::Error| {
            wrong(error.span().map_or(0, |span| span.start), error.message())
        };
        let mut config: Self = toml::from_str(&text).map_err(refused)?;
        let sections: Sections = toml::from_str(&text).map_err(refused)?;
        match config.unknown(&sections) {
            Some((at, what)) => Err(wrong(at, &what)),
            None => Ok(config),
        }
    }

    /// The first key that is no setting, and where it stands. Limits and unit are declared where
    /// clients read them, to whom a field that they do not know must not matter.
    fn unknown(&mut self, sections: &Sections) -> Option<(usize, String)> {
        let mut paths = Vec::new();
        self.visit(&mut |slot| paths.extend(slot.path.split_once('.')));
        let mut keys = sections.iter().flat_map(|(of, keys)| keys.keys().map(move |key| (of, key)));
        let (of, key) = keys.find(|(of, key)| {
            let mut known = paths.iter().filter(|(section, _)| section == of).peekable();
            known.peek().is_some() && !known.any(|(_, name)| name == key.get_ref())
        })?;
        let known = paths.iter().filter(|(section, _)| section == of);
        let known: Vec<_> = known.map(|(_, name)| format!("`{name}`")).collect();
        let what =
            format!("unknown field `{}`, expected one of {}", key.get_ref(), known.join(", "));
        Some((key.span().start, what))
    }

    fn apply_variables(
        &mut self,
        variable: &dyn Fn(&str) -> Option<OsString>,
    ) -> Result<(), ConfigError> {
        let mut wrong = None;
        self.visit(&mut |slot| {
            let name = slot.variable();
            let Some(text) = variable(&name) else { return };
            let set = match text.to_str() {
                Some(text) => slot.value.set(text),
                None => Err("text in UTF-8"),
            };
            if let Err(expected) = set {
                // Not its value: it may be a secret.
                wrong.get_or_insert(ConfigError(format!("{name} must be {expected}")));
            }
        });
        wrong.map_or(Ok(()), Err)
    }
}

/// One line of the configuration reference.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Setting {
    /// Where it stands in the file: `limits.max_shares`.
    pub path: &'static str,
    /// Its variable: `HONGBAO_LIMITS_MAX_SHARES`.
    pub variable: String,
    /// Its value when nobody sets it.
    pub default: String,
    /// What it does, and what breaks without it.
    pub meaning: String,
}

/// All settings in the order of their sections; README's table is made from this.
pub fn reference() -> Vec<Setting> {
    let mut settings = Vec::new();
    Config::default().visit(&mut |slot| {
        settings.push(Setting {
            path: slot.path,
            variable: slot.variable(),
            default: slot.value.show(),
            meaning: slot.meaning(),
        });
    });
    settings
}

/// A default amount.
const fn fen(fen: u64) -> Fen {
    match Fen::new(fen) {
        Some(fen) => fen,
        None => Fen::MAX,
    }
}

#[cfg(test)]
mod tests;
