//! The outbox of a store in memory.

use super::size;
use async_trait::async_trait;
use hongbao_domain::{
    runtime::Clock,
    store::{
        StoreError,
        outbox::{
            Backlog, Destination, FailedRow, Fate, Outbox, OutboxEntry, OutboxRow, Settled, about,
            events_of,
        },
    },
};
use hongbao_shared::{Day, OrderNo, Timestamp};
use parking_lot::Mutex;
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};

#[derive(Clone, Debug)]
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

/// The outbox of a store. What the store commits comes in while the store's state is locked;
/// nothing here waits for that lock.
#[derive(Debug, Default)]
pub(super) struct MemoryOutbox {
    rows: Mutex<Rows>,
    /// The clock of the store, if it has one of its own, as a server has.
    pub(super) clock: Option<Arc<dyn Clock>>,
}

/// The rows by their ids, which are never given twice.
#[derive(Clone, Debug, Default)]
struct Rows {
    by_id: BTreeMap<i64, Row>,
    last_id: i64,
}

impl MemoryOutbox {
    pub(super) fn with_clock(clock: Arc<dyn Clock>) -> Self {
        Self { clock: Some(clock), ..Self::default() }
    }

    pub(super) fn go_back_to(&self, moment: &Self) {
        let rows = moment.rows.lock().clone();
        *self.rows.lock() = rows;
    }

    pub(super) fn insert(&self, entries: Vec<OutboxEntry>, now: Timestamp) {
        let mut rows = self.rows.lock();
        for OutboxEntry { destination, order_no, due, payload } in entries {
            rows.last_id += 1;
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
            let id = rows.last_id;
            rows.by_id.insert(id, row);
        }
    }

    /// The packets that rows for one destination are about, the dead included.
    pub(super) fn orders(&self, destination: Destination) -> BTreeSet<OrderNo> {
        self.rows.lock().of(destination).map(|row| row.order_no).collect()
    }

    /// The events of rows for one destination that are about these packets.
    pub(super) fn announced(&self, destination: Destination, orders: &[OrderNo]) -> Vec<String> {
        let rows = self.rows.lock();
        let rows = rows.of(destination).filter(|row| orders.contains(&row.order_no));
        about(rows.flat_map(|row| events_of(&row.payload)), orders)
    }

    /// Does a row still tell of a packet of this day?
    pub(super) fn tells_of(&self, day: Day) -> bool {
        self.rows.lock().by_id.values().any(|row| row.order_no.day() == day)
    }
}

impl Rows {
    fn of(&self, destination: Destination) -> impl Iterator<Item = &Row> {
        self.by_id.values().filter(move |row| row.destination == destination)
    }
}

#[async_trait]
impl Outbox for MemoryOutbox {
    async fn lease(
        &self,
        destination: Destination,
        now: Timestamp,
        lease: Duration,
        limit: u32,
    ) -> Result<Vec<OutboxRow>, StoreError> {
        let rows = &mut self.rows.lock().by_id;
        let mut due: Vec<_> = rows
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
            if let Some(row) = rows.get_mut(&id) {
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
        Ok(leased)
    }

    async fn settle(&self, settled: Vec<(i64, Settled)>) -> Result<(), StoreError> {
        let rows = &mut self.rows.lock().by_id;
        for (id, outcome) in settled {
            if outcome == Settled::Done {
                rows.remove(&id);
                continue;
            }
            let Some(row) = rows.get_mut(&id) else { continue };
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
        Ok(())
    }

    fn has_one_owner(&self) -> bool {
        true
    }

    async fn reclaim(&self) -> Result<(), StoreError> {
        for row in self.rows.lock().by_id.values_mut().filter(|row| row.leased) {
            row.due_at = row.due_at.map(|_| row.created_at);
        }
        Ok(())
    }

    async fn server_clock(&self) -> Result<Option<Timestamp>, StoreError> {
        Ok(self.clock.as_ref().map(|clock| clock.now()))
    }

    async fn pull_in(
        &self,
        destination: Destination,
        now: Timestamp,
        beyond: Timestamp,
    ) -> Result<(), StoreError> {
        let rows = &mut self.rows.lock().by_id;
        for row in rows.values_mut().filter(|row| row.destination == destination) {
            row.due_at = row.due_at.map(|due| if due > beyond { now } else { due });
        }
        Ok(())
    }

    async fn next_due(&self, destination: Destination) -> Result<Option<Timestamp>, StoreError> {
        Ok(self.rows.lock().of(destination).filter_map(|row| row.due_at).min())
    }

    async fn backlog(&self, destination: Destination) -> Result<Backlog, StoreError> {
        let mut backlog = Backlog::default();
        for row in self.rows.lock().of(destination) {
            match row.due_at {
                Some(_) => backlog.waiting += 1,
                None => backlog.dead += 1,
            }
        }
        Ok(backlog)
    }

    async fn failed(
        &self,
        fate: Fate,
        after_id: i64,
        limit: u32,
    ) -> Result<Vec<FailedRow>, StoreError> {
        let rows = &self.rows.lock().by_id;
        let failed = rows.range(after_id.saturating_add(1)..).filter_map(|(id, row)| {
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
        });
        Ok(failed.take(size(limit)).collect())
    }

    async fn revive(&self, id: i64, now: Timestamp) -> Result<Option<Destination>, StoreError> {
        let rows = &mut self.rows.lock().by_id;
        let Some(row) = rows.get_mut(&id).filter(|row| row.due_at.is_none()) else {
            return Ok(None);
        };
        row.due_at = Some(now);
        row.attempts = 0;
        row.died_at = None;
        Ok(Some(row.destination))
    }
}
