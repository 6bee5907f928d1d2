//! What administrators and services did, in one chain (R-API-6).
//!
//! What an administrator does is an entry each: in the transaction of the act where that stands
//! in the same database, before the act elsewhere. What services do for the people whom they
//! link comes too often for a chain that everybody waits for: it stays in a table of its own,
//! which entries cover block by block, and from which old blocks go.

use data_encoding::HEXLOWER;
use hongbao_domain::{
    Refusal,
    runtime::Clock,
    store::{
        StoreError,
        people::{
            ACTS_PER_SEAL_MAX, By, JournalEntry, JournalHead, NewEntry, PeopleStore, Sealing, What,
        },
    },
};
use hongbao_shared::{
    ErrorCode, ServiceId,
    api::control::{self as api},
};
use std::{collections::BTreeMap, sync::Arc, time::Duration};
use tokio_util::sync::CancellationToken;

/// The most entries of one page.
const PAGE_MAX: u32 = 50;
/// How often acts are looked at that no entry covers, or that are old.
const TIDY_EVERY: Duration = Duration::from_mins(1);
/// What was begun this long ago stands in the database, or never will.
const SETTLES_WITHIN: Duration = Duration::from_hours(1);
/// The longest that an act waits for the entry that covers it.
const SEAL_WITHIN: Duration = Duration::from_hours(24);
/// The most blocks of one round.
const BLOCKS_MAX: u32 = 100;
/// The most services whose names are looked up.
const SERVICES_MAX: u32 = 1_000;

/// The journal.
#[derive(Debug)]
pub struct Journal {
    store: Arc<dyn PeopleStore>,
    clock: Arc<dyn Clock>,
}

impl Journal {
    /// On the store of people.
    pub fn new(store: Arc<dyn PeopleStore>, clock: Arc<dyn Clock>) -> Self {
        Self { store, clock }
    }

    /// Writes down what is about to be done elsewhere, or refuses it.
    pub async fn enter(
        &self,
        by: By,
        what: What,
        detail: &serde_json::Value,
    ) -> Result<(), Refusal> {
        let entry = NewEntry::new(self.clock.now(), by, what, detail);
        Ok(self.store.enter(entry).await?)
    }

    /// A page, the newest first, with where the chain ends. `invalid_cursor`.
    pub async fn page(&self, cursor: Option<&str>) -> Result<api::Journal, Refusal> {
        let before = cursor.map(read_cursor).transpose()?;
        let head = self.store.journal_head().await?;
        // One more than asked for tells whether there is a next page.
        let mut found = self.store.journal(before, PAGE_MAX.saturating_add(1)).await?;
        let more = u32::try_from(found.len()).is_ok_and(|found| found > PAGE_MAX);
        if more {
            found.pop();
        }
        let next_cursor = found.last().filter(|_| more).map(|last| last.seq.to_string());
        let names = self.names(&found).await?;
        let items = found.into_iter().map(|entry| shown(entry, &names)).collect();
        Ok(api::Journal { items, next_cursor, head: shown_head(&head) })
    }

    async fn names(&self, of: &[JournalEntry]) -> Result<BTreeMap<ServiceId, String>, Refusal> {
        if of.iter().all(|entry| entry.by.service.is_none()) {
            return Ok(BTreeMap::new());
        }
        let services = self.store.services(SERVICES_MAX).await?;
        Ok(services.into_iter().map(|service| (service.id, service.name)).collect())
    }

    /// Covers acts with entries, and removes those that were covered more than `kept` ago.
    pub async fn tidy(&self, kept: Duration) -> Result<(), StoreError> {
        let now = self.clock.now();
        let sealing =
            Sealing { at: now, settled: now.minus(SETTLES_WITHIN), waited: now.minus(SEAL_WITHIN) };
        for _ in 0..BLOCKS_MAX {
            // A look first: it is rarely time, and whoever writes has everybody wait.
            let head = self.store.journal_head().await?;
            let acts = self.store.acts_after(head.acts_sealed, ACTS_PER_SEAL_MAX).await?;
            if sealing.seal(head.acts_sealed, &acts).is_none()
                || !self.store.seal_acts(sealing).await?
            {
                break;
            }
        }
        for _ in 0..BLOCKS_MAX {
            let head = self.store.journal_head().await?;
            let first = self.store.acts_after(0, 1).await?;
            let is_covered = first.first().is_some_and(|first| first.id <= head.acts_sealed);
            if !is_covered || !self.store.remove_acts(now.minus(kept), now).await? {
                break;
            }
        }
        Ok(())
    }

    /// Tidies until `stop`.
    pub async fn run(self: Arc<Self>, kept: Duration, stop: CancellationToken) {
        while stop.run_until_cancelled(tokio::time::sleep(TIDY_EVERY)).await.is_some() {
            if let Err(error) = self.tidy(kept).await {
                tracing::debug!(%error, "what services did is not covered for now");
            }
        }
    }
}

fn shown(entry: JournalEntry, names: &BTreeMap<ServiceId, String>) -> api::JournalEntry {
    let JournalEntry { seq, at, by, what, detail, hash } = entry;
    api::JournalEntry {
        seq,
        at,
        service_id: by.service,
        service: by.service.and_then(|service| names.get(&service).cloned()),
        user_id: by.user,
        what,
        detail,
        hash: HEXLOWER.encode(&hash),
    }
}

fn shown_head(head: &JournalHead) -> api::JournalHead {
    api::JournalHead { seq: head.seq, hash: HEXLOWER.encode(&head.hash) }
}

/// Refuses anything that is no `next_cursor`.
fn read_cursor(cursor: &str) -> Result<i64, ErrorCode> {
    let seq = cursor.parse().ok().filter(|seq: &i64| *seq > 0 && seq.to_string() == cursor);
    seq.ok_or(ErrorCode::InvalidCursor)
}
