use crate::{
    packets::record::PreOrderRecord,
    store::orders::{ClaimRow, PacketRow},
};
use async_trait::async_trait;
use hongbao_shared::{OrderNo, Site, Timestamp, UserId, api::control::Degradation};
use std::fmt;

/// The shared tier does not answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the shared cache does not answer: {0}")]
pub struct CacheDown(pub String);

/// What a packet is dressed in; lives in the caches, with the message service
/// behind them (R-CACHE-3).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Dress {
    /// The sender's words; empty for the default greeting.
    pub greeting: String,
    /// One of the covers.
    pub cover: String,
}

/// The tier that all nodes of a site share: in-process in the embedded default,
/// Redis in a fleet. Every call can fail with [`CacheDown`], and every caller has
/// somewhere else to go.
#[async_trait]
pub trait SharedTier: Send + Sync + fmt::Debug {
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

    /// Keeps what a packet is dressed in.
    async fn put_dress(&self, order_no: OrderNo, dress: &Dress) -> Result<(), CacheDown>;

    /// What a packet is dressed in.
    async fn dress(&self, order_no: OrderNo) -> Result<Option<Dress>, CacheDown>;

    /// Finds out what is down and what is back, without anybody who waits for it.
    async fn look(&self) {}

    /// What is down, and since when (R-CTRL-4).
    fn degraded(&self) -> Vec<Degradation> {
        Vec::new()
    }
}
