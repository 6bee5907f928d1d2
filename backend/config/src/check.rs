//! What must hold between settings, checked once at the start.

use super::{Calls, Config, ConfigError};
use hongbao_shared::{Fen, order_no};
use tracing_subscriber::filter::Targets;

/// The day of the 31-day cycle comes again, and the tables of a day are emptied some days
/// before (R-STORE-1, R-STORE-2).
const HOT_DAYS_MAX: u32 = 28;
/// A landing that takes a few attempts is no reason to give up, nor are clocks of nodes that
/// differ.
const GIVE_UP_AFTER_MIN_S: u32 = 60;
const DAY_S: u32 = 24 * 60 * 60;
/// What is more is a mistake, as a percentage that is taken for hundredths of one.
const FEE_BP_MAX: u32 = 1_000;

/// The most shares that a packet can be allowed to have. Its claims are read back in
/// one piece when a lane loads it, so memory sets the bound: about 100 bytes a claim.
const SHARES_MAX_MAX: u32 = 10_000_000;

impl Config {
    /// The first broken rule, as a sentence.
    pub(super) fn check(&self) -> Result<(), ConfigError> {
        self.zone()?;
        self.check_limits()?;
        if let Some((name, expected)) = self.unit.fault() {
            return Err(ConfigError(format!("unit.{name} must be {expected}")));
        }
        self.check_sizes()?;
        self.check_days()?;
        self.check_push()?;
        if let Some(fleet) = &self.fleet {
            fleet.check(self.sites.home.0)?;
            let storage = &self.storage;
            require(storage.master_key.is_set() || !storage.keys.as_os_str().is_empty(), || {
                "storage.master_key must be set, to the same keys on every node of a fleet, or \
                 storage.keys to a folder of the same files"
                    .to_owned()
            })?;
        }
        let filter = &self.telemetry.filter;
        // `Targets` would take it for a target of that name, and log nothing.
        require(!filter.contains('['), || {
            "telemetry.filter: it takes targets and levels, no spans or fields".to_owned()
        })?;
        filter
            .parse::<Targets>()
            .map(drop)
            .map_err(|error| ConfigError(format!("telemetry.filter: {error}")))
    }

    fn check_limits(&self) -> Result<(), ConfigError> {
        let limits = &self.limits;
        let amounts = [
            ("limits.max_share_fen", limits.max_share_fen),
            ("limits.max_total_fen", limits.max_total_fen),
            ("limits.max_top_up_fen", limits.max_top_up_fen),
            ("treasury.grant_max_fen", self.treasury.grant_max_fen),
        ];
        for (name, amount) in amounts {
            require(amount >= Fen::ONE, || format!("{name} must be at least 1"))?;
        }
        require(self.treasury.fee_bp <= FEE_BP_MAX, || {
            format!("treasury.fee_bp must be at most {FEE_BP_MAX} (10 %)")
        })?;
        let shares = limits.max_shares;
        require((1..=SHARES_MAX_MAX).contains(&shares), || {
            format!("limits.max_shares must be 1 to {SHARES_MAX_MAX}")
        })?;
        let least_one = [
            ("name_chars_max", limits.name_chars_max),
            ("group_name_chars_max", limits.group_name_chars_max),
            ("message_chars_max", limits.message_chars_max),
            ("password_chars_min", limits.password_chars_min),
            ("group_members_max", limits.group_members_max),
            ("groups_per_user_max", limits.groups_per_user_max),
            ("preorder_ttl_s", limits.preorder_ttl_s),
            ("packet_lifetime_s", limits.packet_lifetime_s),
            ("ticket_ttl_s", limits.ticket_ttl_s),
        ];
        for (name, value) in least_one {
            require(value >= 1, || format!("limits.{name} must be at least 1"))?;
        }
        require(limits.password_chars_min <= limits.password_chars_max, || {
            "limits.password_chars_min is above limits.password_chars_max".to_owned()
        })
    }

    fn check_push(&self) -> Result<(), ConfigError> {
        let contact = &self.push.contact;
        let fits = contact.is_empty()
            || contact.strip_prefix("mailto:").is_some_and(|rest| rest.contains('@'))
            || contact.strip_prefix("https://").is_some_and(|rest| !rest.is_empty());
        require(fits, || {
            "push.contact must be mailto: with an address, or https:// with a page".to_owned()
        })
    }

    fn check_days(&self) -> Result<(), ConfigError> {
        let days = self.storage.hot_days;
        require((1..=HOT_DAYS_MAX).contains(&days), || {
            format!("storage.hot_days must be 1 to {HOT_DAYS_MAX}")
        })?;
        let kept = days.saturating_mul(DAY_S);
        let give_up_after = self.landing.give_up_after_s;
        require(give_up_after >= GIVE_UP_AFTER_MIN_S, || {
            format!("landing.give_up_after_s must be at least {GIVE_UP_AFTER_MIN_S}")
        })?;
        // The latest end of a packet: paid at the last moment, landed at the last moment.
        let living = self
            .limits
            .preorder_ttl_s
            .saturating_add(give_up_after)
            .saturating_add(self.limits.packet_lifetime_s);
        require(living < kept, || {
            format!(
                "limits.preorder_ttl_s, landing.give_up_after_s and limits.packet_lifetime_s \
                 together are {living} s, but a packet's day is only kept for {kept} s \
                 (storage.hot_days)"
            )
        })
    }

    fn check_sizes(&self) -> Result<(), ConfigError> {
        let shards = self.sites.shards;
        require((1..=order_no::SHARDS_MAX).contains(&shards), || {
            format!("sites.shards must be 1 to {}", order_no::SHARDS_MAX)
        })?;
        let least_one = [
            ("sessions.ttl_s", self.sessions.ttl_s),
            ("sessions.per_user_max", self.sessions.per_user_max),
            ("addresses.tracked_max", self.addresses.tracked_max),
            ("credit.deferred_interval_s", self.credit.deferred_interval_s),
            ("calls.keys_per_caller_max", self.calls.keys_per_caller_max),
            ("calls.lost_after_s", self.calls.lost_after_s),
            ("journal.acts_kept_days", self.journal.acts_kept_days),
            ("lanes.queue_max", self.lanes.queue_max),
            ("lanes.batch_max", self.lanes.batch_max),
            ("server.connections_max", self.server.connections_max),
            ("server.connections_per_address_max", self.server.connections_per_address_max),
            ("server.idle_s", self.server.idle_s),
            ("webhooks.per_service_max", self.webhooks.per_service_max),
            ("webhooks.pending_max", self.webhooks.pending_max),
            ("live.streams_max", self.live.streams_max),
            ("live.streams_per_address_max", self.live.streams_per_address_max),
            ("live.streams_per_user_max", self.live.streams_per_user_max),
            ("cache.packets_max", self.cache.packets_max),
            ("cache.preorders_max", self.cache.preorders_max),
            ("cache.profiles_max", self.cache.profiles_max),
            ("cache.memberships_max", self.cache.memberships_max),
            ("cache.sessions_max", self.cache.sessions_max),
        ];
        for (path, value) in least_one {
            require(value >= 1, || format!("{path} must be at least 1"))?;
        }
        let Calls { lost_after_s, key_ttl_s, .. } = self.calls;
        require(key_ttl_s > lost_after_s, || {
            "calls.key_ttl_s must be above calls.lost_after_s".to_owned()
        })
    }
}

pub(super) fn require(holds: bool, sentence: impl FnOnce() -> String) -> Result<(), ConfigError> {
    if holds { Ok(()) } else { Err(ConfigError(sentence())) }
}
