//! What the store of people takes and gives: where browsers are told of packets while no page of the
//! app is open, and what they are still to be told (R-WEB-8).
//!
//! A browser is a session, and is forgotten with it. Of each group it waits for one packet at most,
//! the newest: what waits is bounded by who subscribes, however many packets are sent.

use super::{PeopleError, SealedSecret, TokenHash};
use async_trait::async_trait;
use hongbao_shared::{GroupId, OrderNo, Timestamp, UserId, api::groups::Language};
use std::fmt;

/// Where a browser is told, and for whom alone it is sealed.
#[derive(Clone, PartialEq, Eq)]
pub struct PushTarget {
    /// Where its push service takes what is for it; 1 to 1,024 characters. Whoever knows it, the
    /// keys and the server's own secret can tell it something.
    pub endpoint: String,
    /// Its public key, a point of P-256, uncompressed.
    pub public_key: [u8; 65],
    /// The secret that it shares with whoever may tell it something.
    pub auth: [u8; 16],
}

/// Endpoints do not reach a log.
impl fmt::Debug for PushTarget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PushTarget")
    }
}

/// A browser that wants to be told.
#[derive(Clone, Debug)]
pub struct NewSubscription {
    /// Whose session it is.
    pub session: TokenHash,
    /// Where it is told; a browser that was told for another session is told for this one.
    pub target: PushTarget,
    /// What it reads.
    pub language: Language,
    /// When.
    pub at: Timestamp,
}

/// A packet that came into a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NewPush {
    /// Which.
    pub order_no: OrderNo,
    /// Where.
    pub group: GroupId,
    /// By whom; they are not told, and nobody is of what demo members send, who play all day.
    pub sender: UserId,
    /// Who alone is told, of an exclusive packet.
    pub recipient: Option<UserId>,
    /// When.
    pub at: Timestamp,
}

/// What a browser is to be told now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DuePush {
    /// Its row.
    pub row: i64,
    /// Whose browser.
    pub session: TokenHash,
    /// Where it is told.
    pub target: PushTarget,
    /// What it reads.
    pub language: Language,
    /// Of which packet.
    pub order_no: OrderNo,
    /// Where that is.
    pub group: GroupId,
    /// How the group is called.
    pub group_name: String,
    /// How its sender is called.
    pub sender_name: String,
    /// The sender's words; empty for the default greeting.
    pub greeting: String,
    /// When that came.
    pub queued_at: Timestamp,
    /// How often it was tried.
    pub attempts: u32,
}

/// What became of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pushed {
    /// It is over: told, or not to be told any more.
    Over,
    /// It is told again, then.
    Again(Timestamp),
    /// There is no such browser any more.
    Gone,
}

/// Where browsers are told.
#[async_trait]
pub trait PushStore: Send + Sync + fmt::Debug {
    /// The key that says who pushes.
    async fn push_key(&self) -> Result<Option<SealedSecret>, PeopleError>;

    /// Puts a key, or none, in the place of `from`. False if another is there.
    async fn put_push_key(
        &self,
        from: Option<SealedSecret>,
        to: Option<SealedSecret>,
    ) -> Result<bool, PeopleError>;

    /// Has a browser told from now on, or told elsewhere. False if the session has ended.
    async fn subscribe(&self, subscription: NewSubscription) -> Result<bool, PeopleError>;

    /// Has it told nothing more, nor what waits for it.
    async fn unsubscribe(&self, session: TokenHash) -> Result<(), PeopleError>;

    /// Is anybody to be told?
    async fn is_subscribed(&self) -> Result<bool, PeopleError>;

    /// Has the browsers of the members told, from `now` on, who have not muted the group; a packet
    /// that they have not been told of gives way to a newer one of its group.
    async fn queue_pushes(&self, packets: Vec<NewPush>, now: Timestamp) -> Result<(), PeopleError>;

    /// Takes what is due, at most `limit`, until `until`. What is for somebody who has left the
    /// group or muted it meanwhile, or whose session has expired, is dropped.
    async fn lease_pushes(
        &self,
        now: Timestamp,
        until: Timestamp,
        limit: u32,
    ) -> Result<Vec<DuePush>, PeopleError>;

    /// Writes down what became of it, unless a newer packet has taken its place.
    async fn settle_push(&self, push: DuePush, pushed: Pushed) -> Result<(), PeopleError>;
}
