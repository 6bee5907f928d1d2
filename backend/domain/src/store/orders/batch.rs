//! What a lane commits, what it announces, and what became of it.

use super::{
    super::{
        StoreError,
        outbox::{Destination, Due, OutboxEntry},
    },
    ClaimRow, DaySum, PacketRow, Progress, StoredState,
};
use hongbao_shared::{Fen, OrderNo, Timestamp, UserId};
use std::{collections::BTreeMap, ops::RangeInclusive, sync::Arc};

/// Something that others must hear if, and only if, the change it comes with is
/// committed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Announcement {
    /// Who is told.
    pub destination: Destination,
    /// When.
    pub due: Due,
    /// One event as JSON.
    pub event: String,
}

/// A packet that comes into its shard.
#[derive(Clone, Debug)]
pub struct Landing {
    /// The packet, with [`Progress::NONE`]; or with [`StoredState::GivenUp`] to put
    /// a tombstone under its number.
    pub packet: PacketRow,
    /// Days since 1970-01-01 of its `created_at`, in the zone that its number was given in.
    pub epoch_day: i64,
    /// Told if it comes in.
    pub announcements: Vec<Announcement>,
}

/// What became of a landing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Landed {
    /// It is in.
    New,
    /// It was in before, in this state.
    Already(StoredState),
    /// Not now: its day table still holds another day, or is sealed (R-STORE-1), or cold
    /// storage does not say whether it was in before.
    DayRefused,
}

/// Claims to append to a packet, if it is still as the lane believes.
#[derive(Clone, Debug)]
pub struct Append {
    /// Which packet.
    pub order_no: OrderNo,
    /// Shares taken before, as the lane believes: the guard.
    pub believed: u32,
    /// The new claims, `believed` and on.
    pub claims: Vec<ClaimRow>,
    /// The progress after.
    pub after: Progress,
    /// Told if it holds.
    pub announcements: Vec<Announcement>,
}

/// A packet whose time is over, as it ended (R-MONEY-4).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ended {
    /// Which packet.
    pub order_no: OrderNo,
    /// Who sent it.
    pub sender_id: UserId,
    /// What was left of it: more than nothing.
    pub rest_fen: Fen,
}

/// What an end announces.
pub type Tell = Arc<dyn Fn(&Ended) -> Vec<Announcement> + Send + Sync>;

/// Everything that a lane commits in one transaction. Each packet appears at most
/// once in `appends`.
#[derive(Clone, Debug, Default)]
pub struct LaneBatch {
    /// Packets coming in.
    pub landings: Vec<Landing>,
    /// What cold storage holds of calendar days whose packets are all known not to be there:
    /// they come in although their day was sealed, for it is not over (R-CTRL-5).
    pub reopens: BTreeMap<i64, DaySum>,
    /// Claims, in the order of order numbers.
    pub appends: Vec<Append>,
    /// When this is committed.
    pub at: Option<Timestamp>,
    /// If the clock of the database's server shows another moment, nothing of it happens: a
    /// node that stood still would write what was true long ago, one whose clock is ahead
    /// what is not true yet (R-CTRL-5). A database on this machine has the node's own clock,
    /// and does not ask.
    pub within: Option<RangeInclusive<Timestamp>>,
}

impl LaneBatch {
    /// Nothing to commit?
    pub fn is_empty(&self) -> bool {
        self.landings.is_empty() && self.appends.is_empty()
    }

    /// An error, to be tried again, if it is not its time when the clock of the database's
    /// server shows `now`.
    pub fn is_its_time(&self, now: Timestamp) -> Result<(), StoreError> {
        match &self.within {
            Some(within) if !within.contains(&now) => {
                let why = format!("it is {now}, and was to happen within {within:?}");
                Err(StoreError::Unavailable(why.into()))
            }
            _ => Ok(()),
        }
    }
}

/// What held, item by item in the batch's order. `false` means that another node
/// changed the packet first: reload it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LaneOutcome {
    /// For each landing.
    pub landings: Vec<Landed>,
    /// For each append: did the guard match?
    pub appends: Vec<bool>,
}

/// What is announced of a packet.
pub fn about(
    order_no: OrderNo,
    announcements: &[Announcement],
) -> impl Iterator<Item = (OrderNo, &Announcement)> {
    announcements.iter().map(move |announcement| (order_no, announcement))
}

/// One outbox row for each packet, destination and moment, holding all events as a JSON array, in
/// the order in which they are told.
pub fn gather<'a>(
    announcements: impl IntoIterator<Item = (OrderNo, &'a Announcement)>,
) -> Vec<OutboxEntry> {
    let mut rows: Vec<OutboxEntry> = Vec::new();
    let mut places: BTreeMap<(OrderNo, Destination, Due), usize> = BTreeMap::new();
    for (order_no, Announcement { destination, due, event }) in announcements {
        let (destination, due) = (*destination, *due);
        let place = *places.entry((order_no, destination, due)).or_insert(rows.len());
        if let Some(row) = rows.get_mut(place) {
            row.payload.push(',');
            row.payload.push_str(event);
        } else {
            rows.push(OutboxEntry { destination, order_no, due, payload: format!("[{event}") });
        }
    }
    for row in &mut rows {
        row.payload.push(']');
    }
    rows
}
