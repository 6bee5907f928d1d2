//! The outbox of a store in memory.

use super::size;
use hongbao_domain::store::outbox::{
    Backlog, Destination, FailedRow, Fate, OutboxEntry, OutboxRow, Settled, about, events_of,
};
use hongbao_shared::{Day, OrderNo, Timestamp};
use std::{collections::BTreeMap, time::Duration};

#[derive(Debug)]
struct Row {
    destination: Destination,
    order_no: OrderNo,
    payload: String,
    created_at: Timestamp,
    /// `None` once only an administrator can move it.
    due_at: Option<Timestamp>,
    /// It was leased at least once.
    leased: bool,
    attempts: u32,
    error: String,
    died_at: Option<Timestamp>,
}

/// The rows by their ids, which are never given twice.
#[derive(Debug, Default)]
pub(super) struct OutboxRows {
    rows: BTreeMap<i64, Row>,
    last_id: i64,
}

impl OutboxRows {
    pub(super) fn insert(&mut self, entries: Vec<OutboxEntry>, now: Timestamp) {
        for OutboxEntry { destination, order_no, due, payload } in entries {
            self.last_id += 1;
            let row = Row {
                destination,
                order_no,
                payload,
                created_at: now,
                due_at: Some(due.at(now)),
                leased: false,
                attempts: 0,
                error: String::new(),
                died_at: None,
            };
            self.rows.insert(self.last_id, row);
        }
    }

    pub(super) fn lease(
        &mut self,
        destination: Destination,
        now: Timestamp,
        lease: Duration,
        limit: u32,
    ) -> Vec<OutboxRow> {
        let mut due: Vec<_> = self
            .rows
            .iter()
            .filter(|(_, row)| row.destination == destination)
            .filter_map(|(id, row)| row.due_at.filter(|due| *due <= now).map(|due| (due, *id)))
            .collect();
        due.sort_unstable();
        due.truncate(size(limit));
        let mut ids: Vec<_> = due.into_iter().map(|(_, id)| id).collect();
        ids.sort_unstable();
        let mut leased = Vec::with_capacity(ids.len());
        for id in ids {
            if let Some(row) = self.rows.get_mut(&id) {
                row.due_at = Some(now.plus(lease));
                row.leased = true;
                leased.push(OutboxRow {
                    id,
                    payload: row.payload.clone(),
                    created_at: row.created_at,
                    attempts: row.attempts,
                });
            }
        }
        leased
    }

    pub(super) fn settle(&mut self, settled: Vec<(i64, Settled)>) {
        for (id, outcome) in settled {
            if outcome == Settled::Done {
                self.rows.remove(&id);
                continue;
            }
            let Some(row) = self.rows.get_mut(&id) else { continue };
            row.attempts = row.attempts.saturating_add(1);
            match outcome {
                Settled::Done => {}
                Settled::Retry { due_at, error } => {
                    row.due_at = Some(due_at);
                    row.error = error;
                }
                Settled::Rest { payload, due_at, error } => {
                    row.payload = payload;
                    row.due_at = Some(due_at);
                    row.error = error;
                }
                Settled::Dead { payload, error, at } => {
                    row.payload = payload;
                    row.due_at = None;
                    row.error = error;
                    row.died_at = Some(at);
                }
            }
        }
    }

    pub(super) fn reclaim(&mut self) {
        for row in self.rows.values_mut().filter(|row| row.leased) {
            row.due_at = row.due_at.map(|_| row.created_at);
        }
    }

    pub(super) fn pull_in(&mut self, destination: Destination, now: Timestamp, beyond: Timestamp) {
        for row in self.rows.values_mut().filter(|row| row.destination == destination) {
            row.due_at = row.due_at.map(|due| if due > beyond { now } else { due });
        }
    }

    pub(super) fn next_due(&self, destination: Destination) -> Option<Timestamp> {
        self.of(destination).filter_map(|row| row.due_at).min()
    }

    pub(super) fn backlog(&self, destination: Destination) -> Backlog {
        let mut backlog = Backlog::default();
        for row in self.of(destination) {
            match row.due_at {
                Some(_) => backlog.waiting += 1,
                None => backlog.dead += 1,
            }
        }
        backlog
    }

    pub(super) fn failed(&self, fate: Fate, after_id: i64, limit: u32) -> Vec<FailedRow> {
        let rows = self.rows.range(after_id.saturating_add(1)..);
        rows.filter_map(|(id, row)| {
            let at = match (fate, row.due_at) {
                (Fate::Failing, Some(due_at)) if row.attempts > 0 => due_at,
                (Fate::Dead, None) => row.died_at.unwrap_or(row.created_at),
                _ => return None,
            };
            Some(FailedRow {
                id: *id,
                destination: row.destination,
                payload: row.payload.clone(),
                created_at: row.created_at,
                attempts: row.attempts,
                error: row.error.clone(),
                at,
            })
        })
        .take(size(limit))
        .collect()
    }

    pub(super) fn revive(&mut self, id: i64, now: Timestamp) -> Option<Destination> {
        let row = self.rows.get_mut(&id).filter(|row| row.due_at.is_none())?;
        row.due_at = Some(now);
        row.attempts = 0;
        row.died_at = None;
        Some(row.destination)
    }

    /// The packets that rows for one destination are about, the dead included.
    pub(super) fn orders(&self, destination: Destination) -> impl Iterator<Item = OrderNo> {
        self.of(destination).map(|row| row.order_no)
    }

    /// The events of rows for one destination that are about these packets.
    pub(super) fn announced(&self, destination: Destination, orders: &[OrderNo]) -> Vec<String> {
        let rows = self.of(destination).filter(|row| orders.contains(&row.order_no));
        about(rows.flat_map(|row| events_of(&row.payload)), orders)
    }

    /// Does a row still tell of a packet of this day?
    pub(super) fn tells_of(&self, day: Day) -> bool {
        self.rows.values().any(|row| row.order_no.day() == day)
    }

    fn of(&self, destination: Destination) -> impl Iterator<Item = &Row> {
        self.rows.values().filter(move |row| row.destination == destination)
    }
}

/// Implements [`hongbao_domain::store::outbox::Outbox`] for a store whose `state` has an `outbox`.
macro_rules! impl_outbox {
    ($store:ty) => {
        #[async_trait::async_trait]
        impl hongbao_domain::store::outbox::Outbox for $store {
            async fn lease(
                &self,
                destination: hongbao_domain::store::outbox::Destination,
                now: hongbao_shared::Timestamp,
                lease: std::time::Duration,
                limit: u32,
            ) -> Result<
                Vec<hongbao_domain::store::outbox::OutboxRow>,
                hongbao_domain::store::StoreError,
            > {
                Ok(self.state.lock().outbox.lease(destination, now, lease, limit))
            }
            async fn settle(
                &self,
                settled: Vec<(i64, hongbao_domain::store::outbox::Settled)>,
            ) -> Result<(), hongbao_domain::store::StoreError> {
                self.state.lock().outbox.settle(settled);
                Ok(())
            }
            fn has_one_owner(&self) -> bool {
                true
            }
            async fn reclaim(&self) -> Result<(), hongbao_domain::store::StoreError> {
                self.state.lock().outbox.reclaim();
                Ok(())
            }
            async fn server_clock(
                &self,
            ) -> Result<Option<hongbao_shared::Timestamp>, hongbao_domain::store::StoreError> {
                Ok(self.clock.as_ref().map(|clock| clock.now()))
            }
            async fn pull_in(
                &self,
                destination: hongbao_domain::store::outbox::Destination,
                now: hongbao_shared::Timestamp,
                beyond: hongbao_shared::Timestamp,
            ) -> Result<(), hongbao_domain::store::StoreError> {
                self.state.lock().outbox.pull_in(destination, now, beyond);
                Ok(())
            }
            async fn next_due(
                &self,
                destination: hongbao_domain::store::outbox::Destination,
            ) -> Result<Option<hongbao_shared::Timestamp>, hongbao_domain::store::StoreError> {
                Ok(self.state.lock().outbox.next_due(destination))
            }
            async fn backlog(
                &self,
                destination: hongbao_domain::store::outbox::Destination,
            ) -> Result<hongbao_domain::store::outbox::Backlog, hongbao_domain::store::StoreError>
            {
                Ok(self.state.lock().outbox.backlog(destination))
            }
            async fn failed(
                &self,
                fate: hongbao_domain::store::outbox::Fate,
                after_id: i64,
                limit: u32,
            ) -> Result<
                Vec<hongbao_domain::store::outbox::FailedRow>,
                hongbao_domain::store::StoreError,
            > {
                Ok(self.state.lock().outbox.failed(fate, after_id, limit))
            }
            async fn revive(
                &self,
                id: i64,
                now: hongbao_shared::Timestamp,
            ) -> Result<
                Option<hongbao_domain::store::outbox::Destination>,
                hongbao_domain::store::StoreError,
            > {
                Ok(self.state.lock().outbox.revive(id, now))
            }
        }
    };
}
pub(super) use impl_outbox;
