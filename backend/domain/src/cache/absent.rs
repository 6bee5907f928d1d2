use super::{CacheDown, SendCache};
use crate::{record::PreOrderRecord, store::people::Dress};
use async_trait::async_trait;
use hongbao_shared::{OrderNo, Site, Timestamp};

/// Of nodes that share no cache: what cannot be shared must not be kept by one of them alone.
/// Everything goes where it goes when a cache is down (R-SEND-4, R-CTRL-2).
#[derive(Clone, Copy, Debug, Default)]
pub struct Absent;

fn absent<T>() -> Result<T, CacheDown> {
    Err(CacheDown("none is configured".to_owned()))
}

#[async_trait]
impl SendCache for Absent {
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

    async fn put_dress(&self, _: OrderNo, _: &Dress) -> Result<(), CacheDown> {
        absent()
    }

    async fn dress(&self, _: OrderNo) -> Result<Option<Dress>, CacheDown> {
        absent()
    }
}
