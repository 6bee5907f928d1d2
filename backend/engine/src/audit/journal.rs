//! The journal (R-API-6): each entry follows from the one before it, and what services did is
//! what the entries that cover it say.

use super::{Audited, Law, PAGE, Report, Stage, Subject, watch::tell};
use hongbao_domain::store::{
    StoreError,
    people::{ACTS_PER_SEAL_MAX, JournalEntry, JournalHash, JournalHead, JournalStore, Seal},
};
use std::collections::VecDeque;

/// Checks it up to where it ended when this began. The first entry that breaks the chain is
/// named, and none after it: whatever follows rests on it.
pub(super) async fn audit(audited: &Audited<'_>, report: &mut Report) -> Result<(), StoreError> {
    let Some(store) = audited.journal else { return Ok(()) };
    let place = Subject::Place("journal".to_owned());
    let head = match store.journal_head().await {
        Err(StoreError::Corrupt(what)) => {
            report.violations.note(Law::JournalIsWhole, place, what);
            return Ok(());
        }
        head => head?,
    };
    report.journal = Some(head);
    let mut walk = Walk { store, head, at: Step::default() };
    let broken = walk.all(|done| {
        tell(audited, report, Stage::Journal, done, u64::try_from(head.seq).ok());
    });
    if let Some(what) = broken.await? {
        report.violations.note(Law::JournalIsWhole, place, what);
    }
    Ok(())
}

/// How far the chain has been followed.
#[derive(Default)]
struct Step {
    seq: i64,
    hash: JournalHash,
    /// The last act that an entry so far covers.
    acts_sealed: i64,
    /// The last entry whose acts are gone, as entries so far say, and up to which act that is.
    removed: (i64, i64),
    /// The entries that cover acts which are not gone yet, as far as entries so far say: few, or
    /// as many as there are acts to be read for.
    seals: VecDeque<(i64, Seal)>,
}

struct Walk<'a> {
    store: &'a dyn JournalStore,
    head: JournalHead,
    at: Step,
}

impl Walk<'_> {
    /// What is wrong first, if anything.
    async fn all(&mut self, passed: impl Fn(u64)) -> Result<Option<String>, StoreError> {
        while self.at.seq < self.head.seq {
            let page = match self.store.journal_after(self.at.seq, PAGE).await {
                Err(StoreError::Corrupt(what)) => return Ok(Some(what)),
                page => page?,
            };
            let Some(_) = page.first() else { break };
            for entry in page {
                if entry.seq > self.head.seq {
                    break;
                }
                if let Err(what) = self.follow(&entry) {
                    return Ok(Some(what));
                }
            }
            passed(u64::try_from(self.at.seq).unwrap_or_default());
        }
        if self.at.seq < self.head.seq {
            return Ok(Some(format!("entry {} is missing", self.at.seq.saturating_add(1))));
        }
        if self.at.hash != self.head.hash {
            let seq = self.head.seq;
            return Ok(Some(format!("the head's hash is not that of entry {seq}")));
        }
        if (self.at.acts_sealed, self.at.removed.0)
            != (self.head.acts_sealed, self.head.seals_removed)
        {
            return Ok(Some("the head says otherwise than the entries what they cover".to_owned()));
        }
        match self.acts().await {
            Err(StoreError::Corrupt(what)) => Ok(Some(what)),
            acts => acts,
        }
    }

    fn follow(&mut self, entry: &JournalEntry) -> Result<(), String> {
        let (seq, at) = (entry.seq, &mut self.at);
        let next = at.seq.saturating_add(1);
        if seq != next {
            return Err(format!("entry {next} is missing"));
        }
        if entry.hash != entry.hash_after(&at.hash) {
            return Err(format!(
                "entry {seq} does not follow from those before it: it was changed"
            ));
        }
        (at.seq, at.hash) = (seq, entry.hash);
        let unreadable = |error: StoreError| error.to_string();
        if let Some(seal) = entry.seal().transpose().map_err(unreadable)? {
            if seal.after != at.acts_sealed || seal.to <= seal.after {
                return Err(format!("entry {seq} covers other acts than the next ones"));
            }
            at.acts_sealed = seal.to;
            at.seals.push_back((seq, seal));
        }
        if let Some(removed) = entry.removed().transpose().map_err(unreadable)? {
            match at.seals.front() {
                Some((seal_seq, seal)) if *seal_seq == removed.seal => {
                    at.removed = (*seal_seq, seal.to);
                    at.seals.pop_front();
                }
                _ => return Err(format!("entry {seq} removes other acts than the oldest")),
            }
        }
        Ok(())
    }

    /// The acts themselves.
    async fn acts(&self) -> Result<Option<String>, StoreError> {
        let (_, removed_to) = self.at.removed;
        let first = self.store.acts_after(0, 1).await?;
        if let Some(first) = first.first().filter(|first| first.id <= removed_to) {
            return Ok(Some(format!("act {} is there, and was removed", first.id)));
        }
        for (seq, seal) in &self.at.seals {
            let limit = ACTS_PER_SEAL_MAX.saturating_add(1);
            let mut acts = self.store.acts_after(seal.after, limit).await?;
            acts.retain(|act| act.id <= seal.to);
            if Seal::of(seal.after, &acts).as_ref() == Some(seal) {
                continue;
            }
            // They may have gone since.
            let now = self.store.journal_head().await?;
            if now.seals_removed < *seq {
                let Seal { after, to, .. } = seal;
                return Ok(Some(format!(
                    "acts of services above {after}, up to {to}, are not those that entry {seq} covers"
                )));
            }
        }
        Ok(None)
    }
}
