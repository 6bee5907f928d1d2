//! The cycle of days: which tables hold which day, and how a day moves (R-STORE-1, R-STORE-5).

use hongbao_shared::{Day, OrderNo, Timestamp};
use std::time::Duration;

/// A pair of day tables that is in use (R-STORE-1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DayTable {
    /// Which of the 31.
    pub day: Day,
    /// The calendar day that it holds, or held last: days since 1970-01-01.
    pub epoch_day: i64,
    /// It takes no more landings of that day.
    pub sealed: bool,
    /// Nothing is in it.
    pub is_empty: bool,
}

/// Was a day emptied, and if not, what is in the way?
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Emptied {
    /// It is empty.
    Yes,
    /// It is not sealed, or holds another day by now.
    NotSealed,
    /// A packet is still open.
    OpenPacket,
    /// An outbox row still tells of one of its packets.
    Undelivered,
}

/// When packets of a calendar day were made, in whatever zone; the last moment is not one of them.
/// The days of the cycle are a month apart.
pub fn moments_of(epoch_day: i64) -> (Timestamp, Timestamp) {
    const DAY_MS: i64 = 24 * 60 * 60 * 1_000;
    let begin = |day: i64| Timestamp::from_millis(day.saturating_mul(DAY_MS));
    (begin(epoch_day.saturating_sub(1)), begin(epoch_day.saturating_add(2)))
}

/// Who moves a day, and for how long at most without a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hold {
    /// Which node.
    pub node: i64,
    /// When it says so.
    pub now: Timestamp,
    /// From then on another node may go on in its place.
    pub until: Timestamp,
}

impl Hold {
    /// Whoever holds a day beyond this has a clock that is ahead, and keeps nobody away.
    pub fn wrong_after(self) -> Timestamp {
        let ms = u64::try_from(self.until.millis_since(self.now)).unwrap_or(0);
        self.until.plus(Duration::from_millis(ms))
    }
}

/// How far a day has been copied to cold storage: everything up to here, in the order of numbers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Copied {
    /// The last packet.
    pub packet: Option<OrderNo>,
    /// The last claim.
    pub claim: Option<(OrderNo, u32)>,
}

/// What a day holds, to be compared: whatever is deleted in the one place stands in the other
/// (R-STORE-5). Tombstones do not move, and are not counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DaySum {
    /// Packets.
    pub packets: i64,
    /// What was paid for them.
    pub total_fen: i64,
    /// Claims.
    pub claims: i64,
    /// What they add up to.
    pub claimed_fen: i64,
}

impl DaySum {
    /// Both together.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        Self {
            packets: self.packets.saturating_add(other.packets),
            total_fen: self.total_fen.saturating_add(other.total_fen),
            claims: self.claims.saturating_add(other.claims),
            claimed_fen: self.claimed_fen.saturating_add(other.claimed_fen),
        }
    }
}
