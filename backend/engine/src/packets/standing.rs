//! How packets stand, for the list "sent".

use super::Packets;
use crate::lists::Standings;
use async_trait::async_trait;
use futures::future::join_all;
use hongbao_shared::{OrderNo, UserId, api::lists::Progress};

#[async_trait]
impl Standings for Packets {
    async fn standings(&self, sender: UserId, orders: &[OrderNo]) -> Vec<Option<Progress>> {
        // A page of them at once; the finder's limiter stands in front of databases.
        join_all(orders.iter().map(async |order_no| {
            let glimpse = self.finder.glimpse(*order_no, sender).await.ok()?;
            let progress = glimpse.packet.progress;
            Some(Progress { state: progress.state.visible()?.into(), claimed: progress.claimed })
        }))
        .await
    }
}
