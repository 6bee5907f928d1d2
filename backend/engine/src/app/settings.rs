//! The configuration, as the parts want it.

use crate::{
    accounts::AccountsSettings,
    control::{CreditMode, Switches},
    groups::{GroupsSettings, WakesSettings},
    lists::Lists,
    packets::{LaneSettings, Outstanding, Receiving},
};
use hongbao_config::{self as config, Config};
use hongbao_domain::runtime::{Clock, Zone};
use hongbao_shared::Site;
use std::{collections::BTreeMap, sync::Arc, time::Duration};

/// Look-ups of packets at a shard at the same time.
const LOOKUPS_MAX: u32 = 4;
/// Open packets that one lane keeps ready.
const LANE_PACKETS_MAX: usize = 10_000;

pub(super) fn switches(config: &Config) -> Switches {
    let credit = match config.credit.mode {
        config::CreditMode::Queue => CreditMode::Queue,
        config::CreditMode::Deferred => CreditMode::Deferred,
        config::CreditMode::Split => {
            CreditMode::Split { large_share_fen: config.credit.large_share_fen }
        }
    };
    let weights = match config.sites.weights {
        config::Weights::Home => BTreeMap::new(),
        config::Weights::Percent { s, n } => {
            BTreeMap::from([(Site::S, s.into()), (Site::N, n.into())])
        }
    };
    Switches {
        credit,
        large_share_fen: config.credit.large_share_fen,
        weights,
        lookups_max: LOOKUPS_MAX,
        sends_per_user_per_minute: if config.flow.per_person {
            config.flow.sends_per_user_per_minute
        } else {
            0
        },
        ..Switches::default()
    }
}

fn size(size: u32) -> usize {
    usize::try_from(size).unwrap_or(usize::MAX).max(1)
}

/// How long a share waits for its credit in mode `deferred`.
pub(super) fn credit_later(config: &Config) -> Duration {
    Duration::from_secs(config.credit.deferred_interval_s.into())
}

pub(super) fn lane(config: &Config) -> LaneSettings {
    LaneSettings {
        queue_max: size(config.lanes.queue_max),
        batch_max: size(config.lanes.batch_max),
        packets_max: LANE_PACKETS_MAX,
        credit_later: credit_later(config),
    }
}

pub(super) fn outstanding(config: &Config) -> Outstanding {
    Outstanding::new(config.flow.tickets_per_share, config.limits.group_members_max)
}

/// What people may receive in a day; nothing is asked where there is no cap.
pub(super) fn receiving(
    config: &Config,
    lists: &Arc<Lists>,
    clock: &Arc<dyn Clock>,
    zone: &Zone,
) -> Option<Receiving> {
    let most = config.treasury.receive_max_per_day_fen;
    let new = || Receiving::new(most, zone.clone(), Arc::clone(clock), Arc::clone(lists));
    (!most.is_zero()).then(new)
}

pub(super) fn groups(config: &Config) -> GroupsSettings {
    GroupsSettings {
        memberships_cached_max: config.cache.memberships_max.into(),
        wakes: WakesSettings {
            listeners_max: size(config.live.streams_max),
            per_user_max: size(config.live.streams_per_user_max),
        },
    }
}

pub(super) fn accounts(config: &Config) -> AccountsSettings {
    AccountsSettings {
        guests: config.guests.enabled,
        session_ttl_s: config.sessions.ttl_s,
        sessions_per_user_max: config.sessions.per_user_max,
        sessions_cached_max: config.cache.sessions_max.into(),
        profiles_cached_max: config.cache.profiles_max.into(),
        ..AccountsSettings::default()
    }
}
