//! The life of a packet: send, grab, open, details, expire.

mod cards;
mod details;
mod event;
mod expire;
mod grab;
mod lane;
mod numbering;
mod open;
mod outstanding;
mod receiving;
mod send;
mod standing;
mod ticket;
mod view;

pub use event::{ChatEvent, CreditEvent, Event, LandEvent, ListEvent, RefundEvent};
pub use expire::Expirer;
pub use lane::{LaneParts, LaneSettings, LaneStore, Lanes};
pub(crate) use numbering::LEASE;
pub use numbering::{NumberedSite, Numbering, skip_numbers};
pub use outstanding::Outstanding;
pub use receiving::Receiving;
pub use send::Paid;
pub(crate) use send::landing;
pub use ticket::Tickets;
pub use view::{Finder, Peers};

use crate::{
    accounts::Accounts,
    cache::LocalTier,
    control::{Control, Pace, Sends},
    groups::Groups,
    keys::seal::Sealer,
    ledger::Ledger,
};
use hongbao_domain::{
    cache::SendCache,
    runtime::{Clock, Entropy},
};
use hongbao_shared::Limits;
use std::sync::Arc;

/// The packet services; see the files beside this one for what each does.
#[derive(Debug)]
pub struct Packets {
    /// What decides behaviour from outside.
    pub clock: Arc<dyn Clock>,
    /// Seeds come from here.
    pub entropy: Arc<dyn Entropy>,
    /// What a packet may be.
    pub limits: Limits,
    /// Gives order numbers.
    pub numbering: Arc<Numbering>,
    /// Seals server seeds.
    pub sealer: Sealer,
    /// Signs tickets.
    pub tickets: Tickets,
    /// Counts tickets that may still open.
    pub outstanding: Outstanding,
    /// Knows who has received what they may today; `None` without a cap.
    pub receiving: Option<Receiving>,
    /// The writers of the shards.
    pub lanes: Arc<Lanes>,
    /// End what is over, one for each shard.
    pub expirers: Vec<Arc<Expirer>>,
    /// Finds packets in the tiers.
    pub finder: Arc<Finder>,
    /// This node's memory.
    pub local: LocalTier,
    /// Numbers, pre-orders and what packets are dressed in.
    pub sending: Arc<dyn SendCache>,
    /// Moves the money.
    pub ledger: Arc<Ledger>,
    /// Knows who is where.
    pub groups: Arc<Groups>,
    /// Knows names and avatars.
    pub accounts: Arc<Accounts>,
    /// Counts packets that are sent.
    pub sends: Sends,
    /// Counts grabs.
    pub pace: Arc<Pace>,
    /// Switches and steering.
    pub control: Arc<Control>,
}
