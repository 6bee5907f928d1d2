//! Steering and switches: what can be changed while running.

use arc_swap::ArcSwap;
use hongbao_shared::{Fen, Site};
use std::collections::BTreeMap;

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
    /// The share of new packets that each site takes, relative to the others; a
    /// site without an entry takes none.
    pub weights: BTreeMap<Site, u32>,
    /// Can packets be sent and opened at all?
    pub packets_on: bool,
}

/// The switches in force on this node.
#[derive(Debug)]
pub struct Control {
    switches: ArcSwap<Switches>,
}

impl Control {
    /// Starts with these.
    pub fn new(switches: Switches) -> Self {
        Self { switches: ArcSwap::from_pointee(switches) }
    }

    /// Puts others in force.
    pub fn set(&self, switches: Switches) {
        self.switches.store(switches.into());
    }

    /// How the next claims are credited.
    pub fn credit_mode(&self) -> CreditMode {
        self.switches.load().credit
    }

    /// Are packets switched on?
    pub fn packets_on(&self) -> bool {
        self.switches.load().packets_on
    }

    /// The site of a new packet: by weight, `draw` being 64 random bits; `home` if
    /// no site has any (R-SITE-1).
    pub fn site(&self, home: Site, draw: u64) -> Site {
        let switches = self.switches.load();
        let sum: u64 = switches.weights.values().copied().map(u64::from).sum();
        let Some(mut place) = draw.checked_rem(sum) else { return home };
        for (site, weight) in &switches.weights {
            match place.checked_sub((*weight).into()) {
                None => return *site,
                Some(rest) => place = rest,
            }
        }
        home
    }
}
