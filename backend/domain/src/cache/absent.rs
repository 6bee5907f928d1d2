use super::{CacheDown, SharedTier};
use crate::{
    record::PreOrderRecord,
    store::{
        orders::{ClaimRow, PacketRow},
        people::Dress,
    },
};
use async_trait::async_trait;
use hongbao_shared::{OrderNo, Site, Timestamp, UserId};

/// The shared tier of nodes that have none: what cannot be shared must not be kept by one
/// of them alone. Everything goes where it goes when a cache is down (R-SEND-4, R-CTRL-2).
#[derive(Clone, Copy, Debug, Default)]
pub struct Absent;

fn absent<T>() -> Result<T, CacheDown> {
    Err(CacheDown("none is configured".to_owned()))
}

#[async_trait]
impl SharedTier for Absent {
    async fn next_sequence(&self, _: Site) -> Result<Option<u64>, CacheDown> {
        absent()
    }

    async fn install_block(&self, _: Site, _: u64, _: u64) -> Result<(), CacheDown> {
        absent()
    }

    async fn put_pre_order(&self, _: &PreOrderRecord) -> Result<(), CacheDown> {
        absent()
    }

    async fn pre_order(
        &self,
        _: OrderNo,
        _: Timestamp,
    ) -> Result<Option<PreOrderRecord>, CacheDown> {
        absent()
    }

    /// Nobody reads it, so nothing is behind.
    async fn put_packet(&self, packet: &PacketRow, _: &[ClaimRow]) -> Result<u32, CacheDown> {
        Ok(packet.progress.claimed)
    }

    async fn forget_packet(&self, _: OrderNo) -> Result<(), CacheDown> {
        Ok(())
    }

    async fn packet(&self, _: OrderNo) -> Result<Option<PacketRow>, CacheDown> {
        absent()
    }

    async fn claim_of(&self, _: OrderNo, _: UserId) -> Result<Option<ClaimRow>, CacheDown> {
        absent()
    }

    async fn put_dress(&self, _: OrderNo, _: &Dress) -> Result<(), CacheDown> {
        absent()
    }

    async fn dress(&self, _: OrderNo) -> Result<Option<Dress>, CacheDown> {
        absent()
    }
}
