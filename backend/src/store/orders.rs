//! Order shards: packets, their claims, and what their commits announce.

use super::{
    StoreError,
    outbox::{Destination, Due, Outbox, OutboxEntry},
};
use crate::planted::Bug;
use async_trait::async_trait;
use hongbao_shared::{
    Day, Fen, GroupId, Kind, OrderNo, Terms, Timestamp, UserId,
    api::packets::PacketState,
    fairness::{ClientSeed, Commitment, Seed, ServerSeed},
    split::{self, TermsError},
};
use std::{collections::BTreeMap, ops::RangeInclusive, sync::Arc};

/// The key fields of a packet: what decides money and eligibility (R-CACHE-3).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PacketRow {
    /// Its number.
    pub order_no: OrderNo,
    /// Who sent it.
    pub sender_id: UserId,
    /// Where it was posted.
    pub group_id: GroupId,
    /// For whom an exclusive packet is.
    pub recipient_id: Option<UserId>,
    /// How it is cut.
    pub kind: Kind,
    /// The total.
    pub total_fen: Fen,
    /// The number of shares.
    pub shares: u32,
    /// The most that one share may hold, kept for ever.
    pub max_share_fen: Fen,
    /// The server seed under the key that lives outside the database (R-FAIR-5).
    pub sealed_server_seed: Vec<u8>,
    /// The sender's seed.
    pub client_seed: ClientSeed,
    /// SHA-256 of the server seed.
    pub commitment: Commitment,
    /// When it was pre-ordered; its day is the day of its tables.
    pub created_at: Timestamp,
    /// When it came into the group.
    pub landed_at: Timestamp,
    /// When its time ends.
    pub expires_at: Timestamp,
    /// How far it has come.
    pub progress: Progress,
}

impl PacketRow {
    /// What is cut; an error only for a row that this code did not write.
    pub fn terms(&self) -> Result<Terms, TermsError> {
        Terms::new(self.kind, self.total_fen, self.shares, self.max_share_fen)
    }

    /// What its shares are drawn from (R-FAIR-3); an error as with [`Self::terms`].
    pub fn split_seed(&self, server_seed: &ServerSeed) -> Result<Seed, TermsError> {
        let none = ClientSeed::default();
        let left_out = Bug::ClientSeedLeftOut.is_planted();
        let client_seed = if left_out { &none } else { &self.client_seed };
        Ok(server_seed.split_seed(client_seed, self.order_no, &self.terms()?))
    }

    /// The best luck among its claims, all of which are in their order (R-SPLIT-5); an error
    /// as with [`Self::terms`].
    pub fn best_luck(&self, claims: &[ClaimRow]) -> Result<Option<ClaimRow>, TermsError> {
        let amounts: Vec<_> = claims.iter().map(|claim| claim.amount_fen).collect();
        let mut best = split::best_luck(&self.terms()?, &amounts);
        if Bug::BestLuckLatest.is_planted() {
            let most = best.and_then(|best| amounts.get(best).copied());
            best = most.and_then(|most| amounts.iter().rposition(|amount| *amount == most));
        }
        Ok(best.and_then(|best| claims.get(best).copied()))
    }
}

/// How far a packet has come. `claimed` only rises and an end is final, so that
/// later progress is told from earlier without a clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// Where it is in its life.
    pub state: StoredState,
    /// How many shares are taken.
    pub claimed: u32,
    /// What they add up to.
    pub claimed_fen: Fen,
    /// When it ended.
    pub finished_at: Option<Timestamp>,
}

impl Progress {
    /// Right after landing.
    pub const NONE: Self =
        Self { state: StoredState::Open, claimed: 0, claimed_fen: Fen::ZERO, finished_at: None };

    /// Rises with every change (R-CACHE-2): an older state never replaces a newer.
    pub const fn version(&self) -> (bool, u32) {
        (!matches!(self.state, StoredState::Open), self.claimed)
    }
}

/// The stored states: those of the contract, and the tombstone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StoredState {
    /// Shares are left.
    Open,
    /// Every share is taken.
    Finished,
    /// Its time ended with shares left.
    Expired,
    /// A tombstone: it never landed and never will; the money goes back (R-SEND-2).
    GivenUp,
}

impl StoredState {
    /// Can it still change?
    pub const fn is_open(self) -> bool {
        matches!(self, Self::Open)
    }

    /// As stored; never renumbered.
    pub const fn number(self) -> i64 {
        match self {
            Self::Open => 0,
            Self::Finished => 1,
            Self::Expired => 2,
            Self::GivenUp => 3,
        }
    }

    /// From storage.
    pub const fn from_number(number: i64) -> Option<Self> {
        match number {
            0 => Some(Self::Open),
            1 => Some(Self::Finished),
            2 => Some(Self::Expired),
            3 => Some(Self::GivenUp),
            _ => None,
        }
    }

    /// What clients see; `None` for a tombstone.
    pub const fn visible(self) -> Option<PacketState> {
        match self {
            Self::Open => Some(PacketState::Open),
            Self::Finished => Some(PacketState::Finished),
            Self::Expired => Some(PacketState::Expired),
            Self::GivenUp => None,
        }
    }
}

/// One opened share: the voucher (凭证).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClaimRow {
    /// Counted from 0 in the order of opening.
    pub seq: u32,
    /// Who opened it.
    pub user_id: UserId,
    /// What it holds.
    pub amount_fen: Fen,
    /// When.
    pub opened_at: Timestamp,
}

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
    pub(crate) fn is_its_time(&self, now: Timestamp) -> Result<(), StoreError> {
        match &self.within {
            Some(within) if !within.contains(&now) => {
                let why = format!("it is {now}, and was to happen within {within:?}");
                Err(StoreError::Unavailable(sqlx::Error::AnyDriverError(why.into())))
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

/// Whatever was made at this moment or after it, and stands in the table of `epoch_day`
/// all the same, is the tombstone of a later day of the cycle, whose table was not free.
/// The days of the cycle are a month apart, so that no zone matters.
pub(crate) fn later_than(epoch_day: i64) -> Timestamp {
    const DAY_MS: i64 = 24 * 60 * 60 * 1_000;
    Timestamp::from_millis(epoch_day.saturating_add(2).saturating_mul(DAY_MS))
}

/// One database of order shards.
#[async_trait]
pub trait OrderStore: Outbox {
    /// Commits a lane's batch with its announcements: one outbox row for each packet and
    /// destination, and moment at which it is due. A unique constraint that is violated rolls everything back.
    async fn commit(&self, batch: LaneBatch) -> Result<LaneOutcome, StoreError>;

    /// A packet by its number; tombstones included.
    async fn packet(&self, order_no: OrderNo) -> Result<Option<PacketRow>, StoreError>;

    /// Up to `limit` claims from `from_seq` on, in order.
    async fn claims(
        &self,
        order_no: OrderNo,
        from_seq: u32,
        limit: u32,
    ) -> Result<Vec<ClaimRow>, StoreError>;

    /// Up to `limit` open packets whose time has ended, the earliest first: by `now`, and by
    /// the clock of the database's server where that is another machine (R-CTRL-5).
    async fn due(&self, now: Timestamp, limit: u32) -> Result<Vec<OrderNo>, StoreError>;

    /// Ends those of `orders` that are open and whose time has ended, by both clocks, with
    /// what each `tell`s, in one transaction; answers which. It needs nothing but their rows:
    /// no seed, no claims, nothing that a lane knows (R-MONEY-6). What a lane appends at
    /// the same moment comes before the end, or not at all.
    async fn end(
        &self,
        orders: Vec<OrderNo>,
        now: Timestamp,
        tell: Tell,
    ) -> Result<Vec<Ended>, StoreError>;

    /// Up to `limit` packets of a day after `after`, in the order of numbers.
    async fn packets_page(
        &self,
        day: Day,
        after: Option<OrderNo>,
        limit: u32,
    ) -> Result<Vec<PacketRow>, StoreError>;

    /// Up to `limit` packets of a day in the hot tables that are open, or ended at `since` or
    /// later, after `after`, in the order of numbers. A database looks for them by itself.
    async fn unsettled_page(
        &self,
        day: Day,
        since: Timestamp,
        after: Option<OrderNo>,
        limit: u32,
    ) -> Result<Vec<PacketRow>, StoreError> {
        let mut after = after;
        loop {
            let mut page = self.packets_page(day, after, limit).await?;
            let Some(last) = page.last() else { return Ok(page) };
            after = Some(last.order_no);
            page.retain(|row| row.progress.finished_at.is_none_or(|ended| ended >= since));
            if !page.is_empty() {
                return Ok(page);
            }
        }
    }

    /// Up to `limit` claims of a day after (`order_no`, `seq`), in that order; for
    /// audits, which also look for claims without a packet.
    async fn claims_page(
        &self,
        day: Day,
        after: Option<(OrderNo, u32)>,
        limit: u32,
    ) -> Result<Vec<(OrderNo, ClaimRow)>, StoreError>;

    /// The day tables that are in use, in the order of days.
    async fn days(&self) -> Result<Vec<DayTable>, StoreError>;

    /// Seals a day: from now on it refuses landings of `epoch_day`, and its finished
    /// packets never change again. Nothing happens if it holds another day.
    async fn seal(&self, day: Day, epoch_day: i64) -> Result<(), StoreError>;

    /// Empties a sealed day whole, in one transaction, if it holds no open packet and
    /// no outbox row tells of one of its packets (R-STORE-1). It stays sealed until a
    /// later day takes it over, so that nothing of this day lands twice; and tombstones
    /// of a later day stay, so that what they stand for never lands (R-SEND-2).
    async fn empty(&self, day: Day, epoch_day: i64) -> Result<Emptied, StoreError>;

    /// The events that outbox rows for `destination` still tell of these packets, each as
    /// its JSON, the dead included. A row goes only after what it brings has arrived, so
    /// what is not here has arrived, or nothing brings it (R-MONEY-3).
    async fn announced(
        &self,
        destination: Destination,
        orders: Vec<OrderNo>,
    ) -> Result<Vec<String>, StoreError>;

    /// Does the database answer?
    async fn ping(&self) -> Result<(), StoreError>;
}

/// What is announced of a packet.
pub(crate) fn about(
    order_no: OrderNo,
    announcements: &[Announcement],
) -> impl Iterator<Item = (OrderNo, &Announcement)> {
    announcements.iter().map(move |announcement| (order_no, announcement))
}

/// One outbox row for each packet, destination and moment, holding all events as a JSON array, in
/// the order in which they are told.
pub(crate) fn gather<'a>(
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
