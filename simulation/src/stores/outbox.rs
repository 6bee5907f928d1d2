use crate::{
    fault::{Step, WorldFault},
    gate::Gate,
};
use async_trait::async_trait;
use hongbao_domain::store::{
    StoreError,
    outbox::{Backlog, Destination, FailedRow, Fate, Outbox, OutboxRow, Settled},
};
use hongbao_shared::Timestamp;
use std::{sync::Arc, time::Duration};

/// A database that has an outbox, behind a gate.
#[derive(Debug)]
pub(crate) struct Gated<S> {
    pub(crate) inner: Arc<S>,
    pub(crate) gate: Gate,
    /// Is this node alone? Only then may it take over what an earlier process leased.
    pub(crate) alone: bool,
}

#[async_trait]
impl<S: Outbox> Outbox for Gated<S> {
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

    fn has_one_owner(&self) -> bool {
        self.alone
    }

    async fn reclaim(&self) -> Result<(), StoreError> {
        self.gate.alive().await;
        if self.alone { self.inner.reclaim().await } else { Ok(()) }
    }

    async fn server_clock(&self) -> Result<Option<Timestamp>, StoreError> {
        self.gate.life.hear_time().await;
        self.gate.read(self.inner.server_clock()).await
    }

    async fn pull_in(
        &self,
        destination: Destination,
        now: Timestamp,
        beyond: Timestamp,
    ) -> Result<(), StoreError> {
        self.gate.read(self.inner.pull_in(destination, now, beyond)).await
    }

    async fn next_due(&self, destination: Destination) -> Result<Option<Timestamp>, StoreError> {
        self.gate.read(self.inner.next_due(destination)).await
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

    async fn revive(&self, id: i64, now: Timestamp) -> Result<Option<Destination>, StoreError> {
        self.gate.write(&[Step::Settle], self.inner.revive(id, now)).await
    }
}
