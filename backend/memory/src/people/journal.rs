//! What administrators and services did, in one chain.

use super::{super::size, MemoryPeople, State, ensure};
use async_trait::async_trait;
use hongbao_domain::store::{
    StoreError,
    people::{
        ACTS_PER_SEAL_MAX, JournalEntry, JournalHead, JournalStore, NewEntry, NumberedAct, Removed,
        Sealing,
    },
};
use hongbao_shared::Timestamp;

#[derive(Clone, Default)]
pub(super) struct Journal {
    head: JournalHead,
    entries: Vec<JournalEntry>,
}

impl Journal {
    pub(super) fn enter(&mut self, new: &NewEntry) -> Result<(), StoreError> {
        let length = new.detail.chars().count();
        ensure((2..=4_000).contains(&length), "journal_detail")?;
        let entry = JournalEntry::after(&self.head, new);
        (self.head.seq, self.head.hash) = (entry.seq, entry.hash);
        self.entries.push(entry);
        Ok(())
    }
}

impl State {
    fn acts_after(&self, after: i64, limit: u32) -> Vec<NumberedAct> {
        let acts = self.services.acts().iter().filter(|act| act.id > after);
        acts.take(size(limit)).cloned().collect()
    }
}

#[async_trait]
impl JournalStore for MemoryPeople {
    async fn enter(&self, entry: NewEntry) -> Result<(), StoreError> {
        self.state.lock().journal.enter(&entry)
    }

    async fn journal_head(&self) -> Result<JournalHead, StoreError> {
        Ok(self.state.lock().journal.head)
    }

    async fn journal(
        &self,
        before: Option<i64>,
        limit: u32,
    ) -> Result<Vec<JournalEntry>, StoreError> {
        let entries = &self.state.lock().journal.entries;
        let below = entries.iter().rev().filter(|entry| before.is_none_or(|at| entry.seq < at));
        Ok(below.take(size(limit)).cloned().collect())
    }

    async fn journal_after(&self, after: i64, limit: u32) -> Result<Vec<JournalEntry>, StoreError> {
        let entries = &self.state.lock().journal.entries;
        let above = entries.iter().filter(|entry| entry.seq > after);
        Ok(above.take(size(limit)).cloned().collect())
    }

    async fn acts_after(&self, after: i64, limit: u32) -> Result<Vec<NumberedAct>, StoreError> {
        Ok(self.state.lock().acts_after(after, limit))
    }

    async fn seal_acts(&self, sealing: Sealing) -> Result<bool, StoreError> {
        let state = &mut *self.state.lock();
        let after = state.journal.head.acts_sealed;
        let acts = state.acts_after(after, ACTS_PER_SEAL_MAX);
        let Some(seal) = sealing.seal(after, &acts) else { return Ok(false) };
        state.journal.enter(&seal.entry(sealing.at))?;
        state.journal.head.acts_sealed = seal.to;
        Ok(true)
    }

    async fn remove_acts(&self, before: Timestamp, now: Timestamp) -> Result<bool, StoreError> {
        let state = &mut *self.state.lock();
        let removed = state.journal.head.seals_removed;
        let mut seals = state.journal.entries.iter().filter(|entry| entry.seq > removed);
        let oldest = seals.find_map(|entry| Some((entry.seq, entry.at, entry.seal()?)));
        let Some((seq, at, seal)) = oldest else { return Ok(false) };
        if at >= before {
            return Ok(false);
        }
        let acts = state.services.remove_acts(seal?.to);
        state.journal.enter(&Removed { seal: seq, acts }.entry(now))?;
        state.journal.head.seals_removed = seq;
        Ok(true)
    }
}
