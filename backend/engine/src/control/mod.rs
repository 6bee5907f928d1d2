//! Steering, switches and flow control: what can be changed while running (R-CTRL).

mod clocks;
mod flow;
mod follow;
mod health;
mod pace;
mod room;
mod switches;

pub use clocks::Clocks;
pub use flow::{Lookups, Sends};
pub use follow::Follower;
pub use health::{Health, HealthWatch};
pub use pace::{Deed, Pace};
pub use room::Room;
pub use switches::{CreditMode, Switches};

use arc_swap::ArcSwap;
use hongbao_domain::board::{Board, Place, Rung};
use hongbao_shared::Site;
use std::{collections::BTreeSet, sync::Arc};

/// The switches in force on this node.
#[derive(Debug)]
pub struct Control {
    switches: ArcSwap<Switches>,
    board: Arc<Board>,
}

impl Control {
    /// Starts with these; what they degrade is shown on `board`.
    pub fn new(switches: Switches, board: Arc<Board>) -> Self {
        let control = Self { switches: ArcSwap::from_pointee(Switches::default()), board };
        control.set(switches);
        control
    }

    /// Puts others in force.
    pub fn set(&self, switches: Switches) {
        let is_so = |rung, is_so| self.board.set(rung, Place::Node, is_so, "a switch says so");
        is_so(Rung::CreditDeferred, switches.credit == CreditMode::Deferred);
        is_so(Rung::TwoScreenLists, switches.two_screen_lists);
        is_so(Rung::PacketsOff, !switches.packets_on);
        self.switches.store(switches.into());
    }

    /// What does without something on this node.
    pub fn board(&self) -> &Arc<Board> {
        &self.board
    }

    /// All of them.
    pub fn switches(&self) -> Switches {
        (**self.switches.load()).clone()
    }

    /// How the next claims are credited.
    pub fn credit_mode(&self) -> CreditMode {
        self.switches.load().credit
    }

    /// Are packets switched on?
    pub fn packets_on(&self) -> bool {
        self.switches.load().packets_on
    }

    /// Does everyone see the newest two screens of their lists only?
    pub fn two_screen_lists(&self) -> bool {
        self.switches.load().two_screen_lists
    }

    /// How many packets one person may send in a minute, and this node take in a second;
    /// 0 for no limit.
    pub fn sends(&self) -> (u32, u32) {
        let switches = self.switches.load();
        (switches.sends_per_user_per_minute, switches.sends_per_second)
    }

    /// How many look-ups of packets may be at a shard at once.
    pub fn lookups_max(&self) -> u32 {
        self.switches.load().lookups_max
    }

    /// The sites of a new packet, the first choice first: by weight, `draw` being 64 random
    /// bits; `home` if no site has any (R-SITE-1). The others that have any follow, for
    /// when the first cannot take it (R-SITE-3); and then `up`, whatever their weights.
    pub fn sites(&self, home: Site, draw: u64, up: &BTreeSet<Site>) -> Vec<Site> {
        let switches = self.switches.load();
        let weights = switches.weights.iter().filter(|(site, _)| up.contains(site));
        let weights: Vec<(Site, u32)> = weights.map(|(site, weight)| (*site, *weight)).collect();
        let sum: u64 = weights.iter().map(|(_, weight)| u64::from(*weight)).sum();
        let mut chosen = Vec::new();
        if let Some(mut place) = draw.checked_rem(sum) {
            for (site, weight) in &weights {
                match place.checked_sub((*weight).into()) {
                    None => {
                        chosen.push(*site);
                        break;
                    }
                    Some(rest) => place = rest,
                }
            }
        } else if up.contains(&home) {
            chosen.push(home);
        }
        let others = weights.iter().filter(|(_, weight)| *weight > 0).map(|(site, _)| *site);
        for site in others.chain(up.iter().copied()) {
            if !chosen.contains(&site) {
                chosen.push(site);
            }
        }
        chosen
    }
}
