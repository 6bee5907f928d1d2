use super::{gated, outbox::Gated};
use crate::{fault::Step, gate::Gate, trouble::Place};
use hongbao_domain::store::{
    StoreError,
    cold::{ColdPlace, ColdStore},
    orders::{
        ClaimRow, Copied, DaySum, DayTable, Emptied, Ended, Hold, HotTables, LaneBatch,
        LaneOutcome, OrderStore, PacketRow, StoredState, Tell,
    },
    outbox::{Destination, Due},
};
use hongbao_memory::{MemoryCold, MemoryOrders};
use hongbao_shared::{Day, OrderNo, Timestamp};
use std::sync::{Arc, atomic::Ordering};

/// A shard's database behind a gate.
pub(crate) type GatedOrders = Gated<MemoryOrders>;

/// A site's cold database behind a gate.
#[derive(Debug)]
pub(crate) struct GatedCold {
    pub(crate) inner: Arc<MemoryCold>,
    pub(crate) gate: Gate,
}

impl GatedOrders {
    /// Deferred credits are due later, whichever node's worker looks first (R-MONEY-2).
    fn look_for_haste(&self, batch: &LaneBatch) {
        for append in &batch.appends {
            let credits = append.announcements.iter();
            let mut credits = credits.filter(|one| one.destination == Destination::Credit);
            if credits.any(|credit| !matches!(credit.due, Due::After(_))) {
                let (order_no, node) = (append.order_no, &self.gate.life.name);
                let what = format!("{node} credits shares of {order_no} at once");
                self.gate.chaos.is_hasty(what);
            }
        }
    }
}

fn steps(batch: &LaneBatch) -> Vec<Step> {
    let mut steps = Vec::new();
    let is_tombstone = |state| state == StoredState::GivenUp;
    let states = || batch.landings.iter().map(|landing| landing.packet.progress.state);
    if states().any(is_tombstone) {
        steps.push(Step::GiveUp);
    }
    if states().any(|state| !is_tombstone(state)) {
        steps.push(Step::Land);
    }
    if !batch.appends.is_empty() {
        steps.push(Step::Open);
    }
    steps
}

gated! {
    impl OrderStore for GatedOrders, StoreError;
    reads {
        fn packet(order_no: OrderNo) -> Option<PacketRow>;
        fn claims(order_no: OrderNo, from_seq: u32, limit: u32) -> Vec<ClaimRow>;
        fn packets_page(day: Day, after: Option<OrderNo>, limit: u32) -> Vec<PacketRow>;
        fn claims_page(day: Day, after: Option<(OrderNo, u32)>, limit: u32)
            -> Vec<(OrderNo, ClaimRow)>;
    }
    writes {}
    free {}
    async fn commit(&self, batch: LaneBatch) -> Result<LaneOutcome, StoreError> {
        if self.gate.life.defers.load(Ordering::Relaxed) {
            self.look_for_haste(&batch);
        }
        let steps = steps(&batch);
        let landings = batch.landings.iter().map(|landing| landing.packet.order_no);
        let appends = batch.appends.iter().map(|append| append.order_no);
        let orders: Vec<_> = landings.chain(appends).collect();
        let commit = async {
            self.gate.takes(&orders)?;
            let outcome = self.inner.commit(batch.clone()).await?;
            self.gate.judge.committed(&batch, &outcome);
            let appends = batch.appends.iter().zip(&outcome.appends);
            let written = appends.filter(|(_, is_written)| **is_written);
            self.gate.chaos.committed(written.map(|(append, _)| append.claims.len()).sum());
            Ok(outcome)
        };
        self.gate.write(&steps, commit).await
    }
    fn hot(&self) -> &dyn HotTables {
        self
    }
}

gated! {
    impl HotTables for GatedOrders, StoreError;
    reads {
        fn due(now: Timestamp, limit: u32) -> Vec<OrderNo>;
        fn announced(destination: Destination, orders: Vec<OrderNo>) -> Vec<String>;
        fn days() -> Vec<DayTable>;
        fn day_sum(day: Day) -> DaySum;
        fn unsettled(day: Day, since: Timestamp, after: Option<OrderNo>, limit: u32)
            -> Vec<OrderNo>;
    }
    writes {
        Step::SealDay => fn seal(day: Day, epoch_day: i64) -> ();
        Step::NoteCopied => fn note_copied(day: Day, epoch_day: i64, hold: Hold, copied: Copied)
            -> bool;
        Step::EmptyDay => fn empty(day: Day, epoch_day: i64) -> Emptied;
    }
    free {
        fn ping() -> ();
    }
    async fn begin_move(
        &self,
        day: Day,
        epoch_day: i64,
        hold: Hold,
    ) -> Result<Option<Copied>, StoreError> {
        let call = self.inner.begin_move(day, epoch_day, hold);
        let begun = self.gate.write(&[Step::MoveDay], call).await?;
        if let (Some(from), Place::Shard(site, shard)) = (begun, self.gate.place) {
            self.gate.life.moves(site, shard, day, from);
        }
        Ok(begun)
    }
    async fn end(
        &self,
        orders: Vec<OrderNo>,
        now: Timestamp,
        tell: Tell,
    ) -> Result<Vec<Ended>, StoreError> {
        let end = async {
            let ended = self.inner.end(orders, now, tell).await?;
            self.gate.judge.ended(&ended);
            Ok(ended)
        };
        self.gate.write(&[Step::Expire], end).await
    }
}

gated! {
    impl ColdStore for GatedCold, StoreError;
    reads {
        fn packet(order_no: OrderNo) -> Option<PacketRow>;
        fn claims(order_no: OrderNo, from_seq: u32, limit: u32) -> Vec<ClaimRow>;
        fn packets_page(place: ColdPlace, after: Option<OrderNo>, limit: u32) -> Vec<PacketRow>;
        fn claims_page(place: ColdPlace, after: Option<(OrderNo, u32)>, limit: u32)
            -> Vec<(OrderNo, ClaimRow)>;
        fn day_sum(place: ColdPlace, epoch_day: i64) -> DaySum;
    }
    writes {}
    free {}
    async fn keep(
        &self,
        packets: Vec<PacketRow>,
        claims: Vec<(OrderNo, ClaimRow)>,
    ) -> Result<(), StoreError> {
        self.goes_on(&packets, &claims);
        self.gate.write(&[Step::KeepCold], self.inner.keep(packets, claims)).await
    }
}

impl GatedCold {
    /// What was noted as copied is not copied again (R-STORE-5).
    fn goes_on(&self, packets: &[PacketRow], claims: &[(OrderNo, ClaimRow)]) {
        let life = &self.gate.life;
        let noted = |order_no| life.moves_from(order_no);
        let packets = packets.iter().map(|packet| packet.order_no);
        let again = packets.filter(|packet| noted(*packet).packet >= Some(*packet));
        let claims = claims.iter().map(|(order_no, claim)| (*order_no, claim.seq));
        let claims = claims.filter(|claim| noted(claim.0).claim >= Some(*claim));
        if let Some(order_no) = again.chain(claims.map(|(order_no, _)| order_no)).next() {
            let what = format!("{} copies {order_no} once more", life.name);
            self.gate.chaos.starts_over(what);
        }
    }
}
