//! What administrators and services did, in one chain (R-API-6): each entry's hash covers the
//! entry before it, so that none is changed, taken out or put elsewhere unseen.

use crate::store::StoreError;
use async_trait::async_trait;
use data_encoding::HEXLOWER;
use hongbao_shared::{ServiceId, Timestamp, UserId};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::fmt;

/// The most acts of services that one entry covers.
pub const ACTS_PER_SEAL_MAX: u32 = 5_000;

/// The longest detail that is kept.
const DETAIL_CHARS_MAX: usize = 4_000;

/// Of an entry and all before it.
pub type JournalHash = [u8; 32];

macro_rules! names {
    ($($what:ident = $name:literal: $meaning:literal;)*) => {
        /// What was done. Names are stable; there may be others tomorrow.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum What {
            $(#[doc = $meaning] $what,)*
        }

        impl What {
            /// As it is stored and shown.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$what => $name,)* }
            }
        }
    };
}

names! {
    MakeAdministrator = "make_administrator": "Somebody became an administrator.";
    AddService = "add_service": "A program got an account.";
    RotateService = "rotate_service": "A program got another token.";
    RevokeService = "revoke_service": "A program's access ended.";
    GrantMoney = "grant_money": "Money was to come into somebody's wallet.";
    TurnSwitches = "turn_switches": "Switches were to be turned.";
    RetryDeadLetter = "retry_dead_letter": "A dead letter was to be tried again.";
    RetryDeadLetters = "retry_dead_letters": "All dead letters were to be tried again.";
    Reconcile = "reconcile": "All databases were to be compared and mended.";
    SkipNumbers = "skip_numbers": "Order numbers were to go on far above all that were given.";
    AddKey = "add_key": "A key was to be made.";
    RotateKey = "rotate_key": "Another key was to seal.";
    ForgetKey = "forget_key": "A key was to be taken away that nothing needs.";
    GiveUpKey = "give_up_key": "A key was given up for lost.";
    SealActs = "seal_acts": "The server: what services did is covered by this entry.";
    RemoveActs = "remove_acts": "The server: acts that an entry covers are old, and gone.";
}

/// Who did it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct By {
    /// Which service.
    pub service: Option<ServiceId>,
    /// Which administrator; with a service, for whom it acted.
    pub user: Option<UserId>,
}

impl By {
    /// Whoever holds the data: a command, or the server itself.
    pub const HOUSE: Self = Self { service: None, user: None };
}

/// An entry to be made.
#[derive(Clone, Debug)]
pub struct NewEntry {
    /// When.
    pub at: Timestamp,
    /// By whom.
    pub by: By,
    /// What.
    pub what: What,
    /// More of it: JSON of 2 to 4,000 characters.
    pub detail: String,
}

impl NewEntry {
    /// With `detail` as it is to be read later; of more than is kept, how many bytes it had.
    pub fn new(at: Timestamp, by: By, what: What, detail: &serde_json::Value) -> Self {
        let mut text = detail.to_string();
        if text.chars().count() > DETAIL_CHARS_MAX {
            text = serde_json::json!({ "cut": text.len() }).to_string();
        }
        Self { at, by, what, detail: text }
    }
}

/// An entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JournalEntry {
    /// Counted from 1 without gaps.
    pub seq: i64,
    /// When.
    pub at: Timestamp,
    /// By whom.
    pub by: By,
    /// What, by its name: also what only a later version knows.
    pub what: String,
    /// More of it, as JSON.
    pub detail: String,
    /// Of this and all before.
    pub hash: JournalHash,
}

impl JournalEntry {
    /// The one that comes after `head`.
    pub fn after(head: &JournalHead, new: &NewEntry) -> Self {
        let mut entry = Self {
            seq: head.seq.saturating_add(1),
            at: new.at,
            by: new.by,
            what: new.what.as_str().to_owned(),
            detail: new.detail.clone(),
            hash: JournalHash::default(),
        };
        entry.hash = entry.hash_after(&head.hash);
        entry
    }

    /// The hash that it has after an entry with the hash `previous`: SHA-256 over
    /// `"hongbao/v1/journal"`, `previous`, number and milliseconds as i64 BE, service and person
    /// (1 and i64 BE, or 0), then name and detail, each behind its length in bytes as u64 BE.
    pub fn hash_after(&self, previous: &JournalHash) -> JournalHash {
        let mut hash = Sha256::new();
        hash.update(b"hongbao/v1/journal");
        hash.update(previous);
        hash.update(self.seq.to_be_bytes());
        hash.update(self.at.millis().to_be_bytes());
        digest_id(&mut hash, self.by.service.map(ServiceId::get));
        digest_id(&mut hash, self.by.user.map(UserId::get));
        digest_text(&mut hash, &self.what);
        digest_text(&mut hash, &self.detail);
        hash.finalize().into()
    }

    /// The acts that it covers, if it covers any.
    pub fn seal(&self) -> Option<Result<Seal, StoreError>> {
        self.detail_of(What::SealActs)
    }

    /// Whose acts it says are gone, if it says so.
    pub fn removed(&self) -> Option<Result<Removed, StoreError>> {
        self.detail_of(What::RemoveActs)
    }

    fn detail_of<'a, T: Deserialize<'a>>(&'a self, what: What) -> Option<Result<T, StoreError>> {
        let read = || {
            serde_json::from_str(&self.detail)
                .map_err(|error| StoreError::Corrupt(format!("entry {}: {error}", self.seq)))
        };
        (self.what == what.as_str()).then(read)
    }
}

fn digest_id(hash: &mut Sha256, id: Option<i64>) {
    match id {
        Some(id) => {
            hash.update([1]);
            hash.update(id.to_be_bytes());
        }
        None => hash.update([0]),
    }
}

fn digest_text(hash: &mut Sha256, text: &str) {
    let bytes = u64::try_from(text.len()).unwrap_or(u64::MAX);
    hash.update(bytes.to_be_bytes());
    hash.update(text);
}

/// Where the chain ends, and how far it covers what services did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct JournalHead {
    /// The newest entry; 0 if there is none.
    pub seq: i64,
    /// Its hash; zeros if there is none.
    pub hash: JournalHash,
    /// The last act that an entry covers.
    pub acts_sealed: i64,
    /// The last entry whose acts are gone.
    pub seals_removed: i64,
}

impl fmt::Display for JournalHead {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.seq, HEXLOWER.encode(&self.hash))
    }
}

/// Something that a service does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Act {
    /// Which service.
    pub service: ServiceId,
    /// For whom.
    pub user: Option<UserId>,
    /// Method and path, 1 to 256 characters.
    pub call: String,
    /// When.
    pub at: Timestamp,
}

/// An act with its number; numbers rise, and have gaps.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NumberedAct {
    /// Which.
    pub id: i64,
    /// What was done.
    pub act: Act,
}

/// What an entry says of the acts that it covers: those above `after`, up to `to`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seal {
    /// The last act of the entry before that covers any.
    pub after: i64,
    /// The last act of this one.
    pub to: i64,
    /// How many they are.
    pub acts: u64,
    /// Of all of them, in hexadecimal digits.
    pub sha256: String,
}

impl Seal {
    /// The entry that says so.
    pub fn entry(&self, at: Timestamp) -> NewEntry {
        NewEntry::new(at, By::HOUSE, What::SealActs, &serde_json::json!(self))
    }

    /// Over these acts, the oldest first; `None` over none.
    pub fn of(after: i64, acts: &[NumberedAct]) -> Option<Self> {
        let to = acts.last()?.id;
        let mut hash = Sha256::new();
        hash.update(b"hongbao/v1/acts");
        for NumberedAct { id, act } in acts {
            hash.update(id.to_be_bytes());
            digest_id(&mut hash, Some(act.service.get()));
            digest_id(&mut hash, act.user.map(UserId::get));
            hash.update(act.at.millis().to_be_bytes());
            digest_text(&mut hash, &act.call);
        }
        let acts = u64::try_from(acts.len()).unwrap_or(u64::MAX);
        Some(Self { after, to, acts, sha256: HEXLOWER.encode(&hash.finalize()) })
    }
}

/// What an entry says of acts that are gone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Removed {
    /// The entry that covers them.
    pub seal: i64,
    /// How many they were.
    pub acts: u64,
}

impl Removed {
    /// The entry that says so.
    pub fn entry(&self, at: Timestamp) -> NewEntry {
        NewEntry::new(at, By::HOUSE, What::RemoveActs, &serde_json::json!(self))
    }
}

/// When acts are covered by an entry.
#[derive(Clone, Copy, Debug)]
pub struct Sealing {
    /// Now.
    pub at: Timestamp,
    /// Only acts up to here: whatever has a lower number stands in the database by now.
    pub settled: Timestamp,
    /// Fewer than [`ACTS_PER_SEAL_MAX`] only if the first is from before.
    pub waited: Timestamp,
}

impl Sealing {
    /// The acts to be covered of the next ones.
    pub fn seal(&self, after: i64, acts: &[NumberedAct]) -> Option<Seal> {
        let settled: Vec<_> =
            acts.iter().take_while(|act| act.act.at <= self.settled).cloned().collect();
        let is_full = u32::try_from(settled.len()).is_ok_and(|acts| acts >= ACTS_PER_SEAL_MAX);
        let waits = settled.first().is_some_and(|first| first.act.at <= self.waited);
        if is_full || waits { Seal::of(after, &settled) } else { None }
    }
}

/// The journal. Entries are never changed or removed.
#[async_trait]
pub trait JournalStore: Send + Sync + fmt::Debug {
    /// Makes an entry, alone: before what it tells of, which is done elsewhere.
    async fn enter(&self, entry: NewEntry) -> Result<(), StoreError>;

    /// Where it ends.
    async fn journal_head(&self) -> Result<JournalHead, StoreError>;

    /// Entries below `before`, or the newest, the newest first, at most `limit`.
    async fn journal(
        &self,
        before: Option<i64>,
        limit: u32,
    ) -> Result<Vec<JournalEntry>, StoreError>;

    /// Entries above `after`, the oldest first, at most `limit`.
    async fn journal_after(&self, after: i64, limit: u32) -> Result<Vec<JournalEntry>, StoreError>;

    /// Acts of services above `after`, the oldest first, at most `limit`.
    async fn acts_after(&self, after: i64, limit: u32) -> Result<Vec<NumberedAct>, StoreError>;

    /// Makes the entry that covers the next acts, if it is time for one; was it?
    async fn seal_acts(&self, sealing: Sealing) -> Result<bool, StoreError>;

    /// Removes the acts of the oldest entry that covers any, if it was made before `before`, and
    /// makes the entry that says so; was there one?
    async fn remove_acts(&self, before: Timestamp, now: Timestamp) -> Result<bool, StoreError>;
}
