use super::gated;
use crate::{
    fault::{Step, WorldFault},
    gate::Gate,
};
use async_trait::async_trait;
use hongbao::store::{
    StoreError,
    cold::{ColdPlace, ColdStore},
    memory::{MemoryCold, MemoryOrders},
    orders::{
        ClaimRow, DayTable, Emptied, LaneBatch, LaneOutcome, Mark, OrderStore, PacketRow,
        StoredState,
    },
    outbox::{Backlog, Destination, FailedRow, Fate, Outbox, OutboxRow, Settled},
};
use hongbao_shared::{Day, OrderNo, Timestamp};
use std::{sync::Arc, time::Duration};

/// A shard's database behind a gate.
#[derive(Debug)]
pub(crate) struct GatedOrders {
    pub(crate) inner: Arc<MemoryOrders>,
    pub(crate) gate: Gate,
    /// Is this node alone? Only then may it take over what an earlier process leased.
    pub(crate) alone: bool,
}

/// A site's cold database behind a gate.
#[derive(Debug)]
pub(crate) struct GatedCold {
    pub(crate) inner: Arc<MemoryCold>,
    pub(crate) gate: Gate,
}

fn steps(batch: &LaneBatch) -> Vec<Step> {
    let mut steps = Vec::new();
    let is_tombstone = |state| state == StoredState::GivenUp;
    let states = || batch.landings.iter().map(|landing| landing.packet.progress.state);
    if states().any(is_tombstone) {
        steps.push(Step::GiveUp);
    }
    if !batch.expiries.is_empty() {
        steps.push(Step::Expire);
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
        fn due(now: Timestamp, limit: u32) -> Vec<OrderNo>;
        fn announced(destination: Destination, orders: Vec<OrderNo>) -> Vec<String>;
        fn days() -> Vec<DayTable>;
        fn packets_page(day: Day, after: Option<OrderNo>, limit: u32) -> Vec<PacketRow>;
        fn claims_page(day: Day, after: Option<(OrderNo, u32)>, limit: u32)
            -> Vec<(OrderNo, ClaimRow)>;
    }
    writes {
        Step::RaiseMark => fn raise(mark: Mark, by: u64) -> u64;
        Step::SealDay => fn seal(day: Day, epoch_day: i64) -> ();
        Step::EmptyDay => fn empty(day: Day, epoch_day: i64) -> Emptied;
    }
    free {
        fn ping() -> ();
    }
    async fn commit(&self, batch: LaneBatch) -> Result<LaneOutcome, StoreError> {
        let steps = steps(&batch);
        self.gate.write(&steps, self.inner.commit(batch)).await
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
    }
    writes {
        Step::KeepCold => fn keep(packets: Vec<PacketRow>, claims: Vec<(OrderNo, ClaimRow)>) -> ();
    }
    free {}
}

/// The outbox of a database behind a gate.
macro_rules! gated_outbox {
    ($type:ident) => {
        #[async_trait]
        impl Outbox for $type {
            async fn lease(
                &self,
                destination: Destination,
                now: Timestamp,
                lease: Duration,
                limit: u32,
            ) -> Result<Vec<OutboxRow>, StoreError> {
                let twice = self.gate.chaos.strikes(30);
                let late = !twice && self.gate.chaos.strikes(10);
                // A lease that has ended when it begins lets everybody else have the
                // rows too.
                let length = if twice { Duration::ZERO } else { lease };
                let call = self.inner.lease(destination, now, length, limit);
                let rows = self.gate.write(&[Step::Lease], call).await?;
                if twice && !rows.is_empty() {
                    self.gate.chaos.befell(WorldFault::DuplicateDelivery);
                    self.gate.note(format_args!("{} duplicate", destination.as_str()));
                }
                if late && !rows.is_empty() {
                    self.gate.chaos.befell(WorldFault::LateDelivery);
                    self.gate.note(format_args!("{} late", destination.as_str()));
                    self.gate.delay(60_000, 70_000).await;
                }
                Ok(rows)
            }

            async fn settle(&self, settled: Vec<(i64, Settled)>) -> Result<(), StoreError> {
                self.gate.write(&[Step::Settle], self.inner.settle(settled)).await
            }

            async fn reclaim(&self) -> Result<(), StoreError> {
                self.gate.alive().await;
                if self.alone { self.inner.reclaim().await } else { Ok(()) }
            }

            async fn pull_in(
                &self,
                destination: Destination,
                now: Timestamp,
                beyond: Timestamp,
            ) -> Result<(), StoreError> {
                self.gate.read(self.inner.pull_in(destination, now, beyond)).await
            }

            async fn next_due(
                &self,
                destination: Destination,
            ) -> Result<Option<Timestamp>, StoreError> {
                self.gate.read(self.inner.next_due(destination)).await
            }

            async fn oldest(
                &self,
                destination: Destination,
            ) -> Result<Option<Timestamp>, StoreError> {
                self.gate.read(self.inner.oldest(destination)).await
            }

            async fn backlog(&self, destination: Destination) -> Result<Backlog, StoreError> {
                self.gate.read(self.inner.backlog(destination)).await
            }

            async fn failed(
                &self,
                fate: Fate,
                after_id: i64,
                limit: u32,
            ) -> Result<Vec<FailedRow>, StoreError> {
                self.gate.read(self.inner.failed(fate, after_id, limit)).await
            }

            async fn revive(
                &self,
                id: i64,
                now: Timestamp,
            ) -> Result<Option<Destination>, StoreError> {
                self.gate.write(&[Step::Settle], self.inner.revive(id, now)).await
            }
        }
    };
}
pub(super) use gated_outbox;

gated_outbox!(GatedOrders);
