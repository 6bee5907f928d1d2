use super::{Note, Noted};
use crate::{
    board::Board,
    record::PreOrderRecord,
    store::{
        orders::{ClaimRow, PacketRow},
        people::Dress,
    },
};
use async_trait::async_trait;
use futures::stream::BoxStream;
use hongbao_shared::{OrderNo, Site, Timestamp, UserId};
use std::{fmt, sync::Arc};

/// A cache does not answer, or has no room.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the cache does not answer: {0}")]
pub struct CacheDown(pub String);

/// What other nodes publish, as they wrote it.
pub type NewsStream = BoxStream<'static, Vec<u8>>;

/// What sending keeps in a cache: in-process in the embedded default, in the [`SharedTier`]
/// of a fleet. Every call can fail with [`CacheDown`].
#[async_trait]
pub trait SendCache: Send + Sync + fmt::Debug {
    /// The next sequence of the granted block; `None` when it is used up, or gone.
    async fn next_sequence(&self, site: Site) -> Result<Option<u64>, CacheDown>;

    /// Installs a fresh block `[start, start + length)`, unless another node has
    /// installed one that is not used up.
    async fn install_block(&self, site: Site, start: u64, length: u64) -> Result<(), CacheDown>;

    /// Keeps a pre-order until it expires.
    async fn put_pre_order(&self, record: &PreOrderRecord) -> Result<(), CacheDown>;

    /// A pre-order that has not expired at `now`.
    async fn pre_order(
        &self,
        order_no: OrderNo,
        now: Timestamp,
    ) -> Result<Option<PreOrderRecord>, CacheDown>;

    /// Keeps what a packet is dressed in.
    async fn put_dress(&self, order_no: OrderNo, dress: &Dress) -> Result<(), CacheDown>;

    /// What a packet is dressed in.
    async fn dress(&self, order_no: OrderNo) -> Result<Option<Dress>, CacheDown>;
}

/// The tier that all nodes of a site share, beside the databases that they share as well: a
/// node that is alone has what would stand in it in its own memory. Every call can fail with
/// [`CacheDown`], and every caller has somewhere else to go.
#[async_trait]
pub trait SharedTier: SendCache {
    /// Keeps a packet's key fields and progress, unless a newer state is there, and claims
    /// of it. Gives how many claims of it are held then: fewer than have been made if the
    /// tier has lost some, and until all are there it is as if it had lost the packet.
    async fn put_packet(&self, packet: &PacketRow, new: &[ClaimRow]) -> Result<u32, CacheDown>;

    /// A packet's key fields and progress, if all claims up to it are here as well.
    async fn packet(&self, order_no: OrderNo) -> Result<Option<PacketRow>, CacheDown>;

    /// A user's share of a packet.
    async fn claim_of(
        &self,
        order_no: OrderNo,
        user: UserId,
    ) -> Result<Option<ClaimRow>, CacheDown>;

    /// The shares of several users, in their order.
    async fn claims_of(
        &self,
        order_no: OrderNo,
        users: &[UserId],
    ) -> Result<Vec<Option<ClaimRow>>, CacheDown> {
        let mut claims = Vec::with_capacity(users.len());
        for user in users {
            claims.push(self.claim_of(order_no, *user).await?);
        }
        Ok(claims)
    }

    /// Forgets a packet about which something else is known than what was committed.
    async fn forget_packet(&self, order_no: OrderNo) -> Result<(), CacheDown>;

    /// What is noted of a person at a site. A tier may keep no notes.
    async fn note(&self, _site: Site, _note: Note, _user: UserId) -> Result<Noted, CacheDown> {
        Ok(Noted::default())
    }

    /// Notes something for a while, as it was in this era.
    async fn put_note(
        &self,
        _site: Site,
        _note: Note,
        _user: UserId,
        _era: u64,
        _text: &str,
    ) -> Result<(), CacheDown> {
        Ok(())
    }

    /// Begins another era: what was noted before does not come back.
    async fn outdate_note(&self, _site: Site, _note: Note, _user: UserId) -> Result<(), CacheDown> {
        Ok(())
    }

    /// Tells all nodes that listen at this site.
    async fn publish(&self, _site: Site, _bulletin: &str) -> Result<(), CacheDown> {
        Ok(())
    }

    /// Listens at this site, until the connection is gone; `None` where nothing is published.
    async fn subscribe(&self, _site: Site) -> Result<Option<NewsStream>, CacheDown> {
        Ok(None)
    }

    /// Shows on `board` from now on what does not answer.
    fn report_to(&self, _board: &Arc<Board>) {}

    /// Finds out what is down and what is back, without anybody who waits for it.
    async fn look(&self) {}
}
