//! What the switches say, as the code reads it and as REST shows it.

use hongbao_domain::Refusal;
use hongbao_shared::{
    ErrorCode, Fen, Site,
    api::control::{self as api, SiteWeights},
};
use std::collections::BTreeMap;

const LOOKUPS_MAX_MAX: u32 = 1_000;

/// How opened shares come into wallets (R-MONEY-2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CreditMode {
    /// Shares from this amount on at once, smaller ones through the queue.
    Split {
        /// The smallest share that is credited at once.
        large_share_fen: Fen,
    },
    /// All through the queue.
    Queue,
    /// Nothing now; in batches from the claims, later.
    Deferred,
}

/// What the switches say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Switches {
    /// How opened shares come into wallets.
    pub credit: CreditMode,
    /// From which amount a share counts as large, also while it is not in use.
    pub large_share_fen: Fen,
    /// The share of new packets that each site takes, relative to the others; a
    /// site without an entry takes none.
    pub weights: BTreeMap<Site, u32>,
    /// Everyone sees the newest two screens of their lists only.
    pub two_screen_lists: bool,
    /// Look-ups of packets at a shard at once.
    pub lookups_max: u32,
    /// Packets of one person in a minute; 0 for no limit.
    pub sends_per_user_per_minute: u32,
    /// Packets in a second; 0 for no limit.
    pub sends_per_second: u32,
    /// Can packets be sent and opened at all?
    pub packets_on: bool,
}

/// Everything on, nothing limited.
impl Default for Switches {
    fn default() -> Self {
        Self {
            credit: CreditMode::Queue,
            large_share_fen: Fen::ONE,
            weights: BTreeMap::new(),
            two_screen_lists: false,
            lookups_max: 4,
            sends_per_user_per_minute: 0,
            sends_per_second: 0,
            packets_on: true,
        }
    }
}

impl From<&Switches> for api::Switches {
    fn from(switches: &Switches) -> Self {
        let weights = switches.weights.iter();
        Self {
            site_weights: weights.map(|(site, weight)| (site.to_string(), *weight)).collect(),
            credit_mode: match switches.credit {
                CreditMode::Split { .. } => api::CreditMode::Split,
                CreditMode::Queue => api::CreditMode::Queue,
                CreditMode::Deferred => api::CreditMode::Deferred,
            },
            large_share_fen: switches.large_share_fen,
            two_screen_lists: switches.two_screen_lists,
            lookups_max: switches.lookups_max,
            sends_per_user_per_minute: switches.sends_per_user_per_minute,
            sends_per_second: switches.sends_per_second,
            packets_on: switches.packets_on,
        }
    }
}

impl Switches {
    /// From what an administrator set; `switch_invalid` where it makes no sense. `sites`
    /// are those that there are.
    pub fn checked(switches: &api::Switches, sites: &[Site]) -> Result<Self, Refusal> {
        let wrong = |detail: String| Refusal::new(ErrorCode::SwitchInvalid).detail(detail);
        if !(1..=LOOKUPS_MAX_MAX).contains(&switches.lookups_max) {
            return Err(wrong(format!("`lookups_max` must be 1 to {LOOKUPS_MAX_MAX}.")));
        }
        if switches.large_share_fen < Fen::ONE {
            return Err(wrong("`large_share_fen` must be at least 1.".to_owned()));
        }
        let weights = weights(&switches.site_weights, sites).map_err(wrong)?;
        let large_share_fen = switches.large_share_fen;
        Ok(Self {
            credit: match switches.credit_mode {
                api::CreditMode::Split => CreditMode::Split { large_share_fen },
                api::CreditMode::Queue => CreditMode::Queue,
                api::CreditMode::Deferred => CreditMode::Deferred,
            },
            large_share_fen,
            weights,
            two_screen_lists: switches.two_screen_lists,
            lookups_max: switches.lookups_max,
            sends_per_user_per_minute: switches.sends_per_user_per_minute,
            sends_per_second: switches.sends_per_second,
            packets_on: switches.packets_on,
        })
    }
}

fn weights(weights: &SiteWeights, sites: &[Site]) -> Result<BTreeMap<Site, u32>, String> {
    let letters = || sites.iter().map(ToString::to_string).collect::<Vec<_>>().join(" and ");
    let site = |letter: &str| {
        let site = sites.iter().find(|site| site.to_string() == letter);
        site.ok_or_else(|| format!("`site_weights` may name the sites {}.", letters()))
    };
    let weights: BTreeMap<Site, u32> = weights
        .iter()
        .map(|(letter, weight)| Ok((*site(letter)?, *weight)))
        .collect::<Result<_, String>>()?;
    if !weights.is_empty() && weights.values().all(|weight| *weight == 0) {
        return Err("`site_weights` must leave one site that takes packets; to stop them, \
                    switch `packets_on` off."
            .to_owned());
    }
    Ok(weights)
}
