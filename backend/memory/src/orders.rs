//! Order shards in memory.

mod hot;

use super::{StoreError, impl_moments, outbox::MemoryOutbox, refuse, size};
use async_trait::async_trait;
use hongbao_domain::{
    planted::Bug,
    runtime::Clock,
    store::{
        orders::{
            Announcement, Append, ClaimRow, Copied, DaySum, Hold, HotTables, Landed, Landing,
            LaneBatch, LaneOutcome, OrderStore, PacketRow, Progress, StoredState, about, gather,
        },
        outbox::{HasOutbox, Outbox},
    },
};
use hongbao_shared::{Day, Kind, OrderNo, Timestamp};
use parking_lot::Mutex;
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

/// One database of order shards.
#[derive(Debug, Default)]
pub struct MemoryOrders {
    state: Mutex<State>,
    outbox: MemoryOutbox,
}

impl MemoryOrders {
    /// An empty one, which has a clock of its own, as a server has.
    pub fn with_clock(clock: Arc<dyn Clock>) -> Self {
        let outbox = MemoryOutbox::with_clock(clock);
        Self { outbox, ..Self::default() }
    }

    /// The earlier of the caller's clock and its own (R-CTRL-5).
    fn earlier(&self, now: Timestamp) -> Timestamp {
        if Bug::EndByAClockAhead.is_planted() {
            return now.plus_seconds(120);
        }
        self.outbox.clock.as_ref().map_or(now, |clock| clock.now().min(now))
    }
}

#[derive(Clone, Debug, Default)]
struct State {
    packets: BTreeMap<OrderNo, PacketRow>,
    /// Tombstones, which stay for ever (R-SEND-2).
    given_up: BTreeMap<OrderNo, PacketRow>,
    claims: BTreeMap<(OrderNo, u32), ClaimRow>,
    /// Which calendar day each day's tables hold.
    days: BTreeMap<Day, HeldDay>,
    /// Which calendar day is being moved, by whom, and how far.
    moves: BTreeMap<Day, (i64, Hold, Copied)>,
    /// What of which calendar day was moved before it was reopened.
    gone: BTreeMap<Day, (i64, DaySum)>,
}

#[derive(Clone, Copy, Debug)]
struct HeldDay {
    epoch_day: i64,
    sealed: bool,
}

/// What a batch changes, kept apart until all of it is known to hold.
#[derive(Default)]
struct Staged {
    packets: BTreeMap<OrderNo, PacketRow>,
    given_up: BTreeMap<OrderNo, PacketRow>,
    claims: BTreeMap<(OrderNo, u32), ClaimRow>,
    days: BTreeMap<Day, HeldDay>,
    /// Days that are reopened, and what is gone of them if that is known only now.
    reopened: BTreeMap<Day, (i64, Option<DaySum>)>,
}

impl_moments!(MemoryOrders, outbox);

impl HasOutbox for MemoryOrders {
    fn outbox(&self) -> &dyn Outbox {
        &self.outbox
    }
}

#[async_trait]
impl OrderStore for MemoryOrders {
    async fn commit(&self, batch: LaneBatch) -> Result<LaneOutcome, StoreError> {
        if let Some(clock) = &self.outbox.clock {
            batch.is_its_time(clock.now())?;
        }
        let mut state = self.state.lock();
        let mut staged = Staged::default();
        let mut outcome = LaneOutcome::default();
        let mut told: Vec<(OrderNo, &Announcement)> = Vec::new();
        for landing in &batch.landings {
            let reopens = batch.reopens.get(&landing.epoch_day).copied();
            let landed = state.land(&mut staged, landing, reopens)?;
            if landed == Landed::New {
                told.extend(about(landing.packet.order_no, &landing.announcements));
            }
            outcome.landings.push(landed);
        }
        for item in &batch.appends {
            let held = state.append(&mut staged, item)?;
            if held {
                told.extend(about(item.order_no, &item.announcements));
            }
            outcome.appends.push(held);
        }
        let entries = gather(told);
        state.packets.append(&mut staged.packets);
        state.given_up.append(&mut staged.given_up);
        state.claims.append(&mut staged.claims);
        state.days.append(&mut staged.days);
        for (day, (epoch_day, gone)) in staged.reopened {
            let over = Timestamp::from_millis(0);
            let nobody = Hold { node: -1, now: over, until: over };
            state.moves.insert(day, (epoch_day, nobody, Copied::default()));
            state.gone.extend(gone.map(|gone| (day, (epoch_day, gone))));
        }
        self.outbox.insert(entries, batch.at.unwrap_or(Timestamp::from_millis(0)));
        Ok(outcome)
    }

    async fn packet(&self, order_no: OrderNo) -> Result<Option<PacketRow>, StoreError> {
        let state = self.state.lock();
        Ok(state.packets.get(&order_no).or_else(|| state.given_up.get(&order_no)).cloned())
    }

    async fn claims(
        &self,
        order_no: OrderNo,
        from_seq: u32,
        limit: u32,
    ) -> Result<Vec<ClaimRow>, StoreError> {
        let state = self.state.lock();
        let claims = state.claims.range((order_no, from_seq)..=(order_no, u32::MAX));
        Ok(claims.map(|(_, claim)| *claim).take(size(limit)).collect())
    }

    async fn packets_page(
        &self,
        day: Day,
        after: Option<OrderNo>,
        limit: u32,
    ) -> Result<Vec<PacketRow>, StoreError> {
        Ok(self.state.lock().page(day, after, limit, |_| true))
    }

    async fn claims_page(
        &self,
        day: Day,
        after: Option<(OrderNo, u32)>,
        limit: u32,
    ) -> Result<Vec<(OrderNo, ClaimRow)>, StoreError> {
        let state = self.state.lock();
        let rows = state.claims.iter().filter(|((order_no, _), _)| order_no.day() == day);
        let rows = rows.filter(|(key, _)| after.is_none_or(|after| **key > after));
        Ok(rows.map(|((order_no, _), claim)| (*order_no, *claim)).take(size(limit)).collect())
    }

    fn hot(&self) -> &dyn HotTables {
        self
    }
}

impl State {
    fn page(
        &self,
        day: Day,
        after: Option<OrderNo>,
        limit: u32,
        is_asked_for: impl Fn(&PacketRow) -> bool,
    ) -> Vec<PacketRow> {
        let rows = self.packets.values().filter(|row| row.order_no.day() == day);
        let rows = rows.filter(|row| after.is_none_or(|after| row.order_no > after));
        rows.filter(|row| is_asked_for(row)).take(size(limit)).cloned().collect()
    }

    fn is_empty(&self, day: Day) -> bool {
        !self.packets.keys().any(|order_no| order_no.day() == day)
    }

    fn packet<'s>(&'s self, staged: &'s Staged, order_no: OrderNo) -> Option<&'s PacketRow> {
        staged.packets.get(&order_no).or_else(|| self.packets.get(&order_no))
    }

    fn land(
        &self,
        staged: &mut Staged,
        landing: &Landing,
        reopens: Option<DaySum>,
    ) -> Result<Landed, StoreError> {
        let packet = &landing.packet;
        let given_up = || staged.given_up.get(&packet.order_no);
        let given_up = || given_up().or_else(|| self.given_up.get(&packet.order_no));
        if let Some(row) = self.packet(staged, packet.order_no).or_else(given_up)
            && !Bug::LandingOverwrites.is_planted()
        {
            return Ok(Landed::Already(row.progress.state));
        }
        let table = if packet.progress.state == StoredState::GivenUp {
            &mut staged.given_up
        } else if self.claim_day(staged, packet.order_no.day(), landing.epoch_day, reopens) {
            &mut staged.packets
        } else {
            return Ok(Landed::DayRefused);
        };
        check(packet)?;
        table.insert(packet.order_no, packet.clone());
        Ok(Landed::New)
    }

    /// As in a database: an empty day is taken over from an earlier one (R-STORE-1), and one
    /// that was sealed too early is reopened.
    fn claim_day(
        &self,
        staged: &mut Staged,
        day: Day,
        epoch_day: i64,
        reopens: Option<DaySum>,
    ) -> bool {
        let is_of_day = |order_no: &OrderNo| order_no.day() == day;
        let is_empty = self.is_empty(day) && !staged.packets.keys().any(is_of_day);
        if let Some(held) = staged.days.get(&day).or_else(|| self.days.get(&day)) {
            if held.epoch_day == epoch_day && !held.sealed {
                let moved = self.moves.get(&day).is_some_and(|(of, ..)| *of == epoch_day);
                return !moved || reopens.is_some();
            }
            if held.epoch_day != epoch_day && !is_empty {
                return false;
            }
            if held.epoch_day >= epoch_day {
                let Some(gone) = reopens else { return false };
                staged.reopened.insert(day, (epoch_day, is_empty.then_some(gone)));
            }
        }
        staged.days.insert(day, HeldDay { epoch_day, sealed: false });
        true
    }

    fn append(&self, staged: &mut Staged, item: &Append) -> Result<bool, StoreError> {
        let Some(row) = self.believed(staged, item.order_no, item.believed) else {
            return Ok(false);
        };
        let row = PacketRow { progress: item.after, ..row.clone() };
        check(&row)?;
        staged.packets.insert(item.order_no, row);
        let range = (item.order_no, 0)..=(item.order_no, u32::MAX);
        let mut users: BTreeSet<_> =
            self.claims.range(range).map(|(_, claim)| claim.user_id).collect();
        for claim in &item.claims {
            let key = (item.order_no, claim.seq);
            if claim.amount_fen.is_zero() {
                return refuse("claims_amount_positive");
            }
            if !users.insert(claim.user_id) {
                return refuse("claims_one_per_user");
            }
            if self.claims.contains_key(&key) || staged.claims.insert(key, *claim).is_some() {
                return refuse("claims_pkey");
            }
        }
        Ok(true)
    }

    fn believed<'s>(
        &'s self,
        staged: &'s Staged,
        order_no: OrderNo,
        believed: u32,
    ) -> Option<&'s PacketRow> {
        self.packet(staged, order_no).filter(|row| {
            row.progress.state == StoredState::Open && row.progress.claimed == believed
        })
    }
}

/// What these packets hold, with their claims.
pub(super) fn sum_of<'s>(
    packets: impl Iterator<Item = &'s PacketRow>,
    claims: &BTreeMap<(OrderNo, u32), ClaimRow>,
) -> DaySum {
    let mut sum = DaySum::default();
    for row in packets.filter(|row| row.progress.state != StoredState::GivenUp) {
        sum.packets += 1;
        sum.total_fen += row.total_fen.signed();
        for (_, claim) in claims.range((row.order_no, 0)..=(row.order_no, u32::MAX)) {
            sum.claims += 1;
            sum.claimed_fen += claim.amount_fen.signed();
        }
    }
    sum
}

/// The constraints that a database has.
fn check(row: &PacketRow) -> Result<(), StoreError> {
    let Progress { state, claimed, claimed_fen, finished_at } = row.progress;
    let (total, claimed_fen) = (row.total_fen.signed(), claimed_fen.signed());
    let (left, taken) = (i64::from(row.shares) - i64::from(claimed), i64::from(claimed));
    if total < i64::from(row.shares) {
        return refuse("packets_total_holds_shares");
    }
    if (row.kind == Kind::Exclusive) != row.recipient_id.is_some() {
        return refuse("packets_recipient_is_exclusive");
    }
    if left < 0 {
        return refuse("packets_claimed_within_shares");
    }
    // What is taken and what is left hold at least a fen for each share.
    if claimed_fen < taken || total - claimed_fen < left || (left == 0 && claimed_fen != total) {
        return refuse("packets_claimed_fen_within_total");
    }
    if (state == StoredState::Finished) != (left == 0) {
        return refuse("packets_finished_is_emptied");
    }
    if (state == StoredState::Open) != finished_at.is_none() {
        return refuse("packets_end_has_a_time");
    }
    Ok(())
}
