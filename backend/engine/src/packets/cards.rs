//! What a packet's card in the chat promises its reader.

use super::{Packets, view::Glimpse};
use crate::groups::{CardStates, CardView};
use async_trait::async_trait;
use hongbao_domain::store::orders::StoredState;
use hongbao_shared::{
    OrderNo, Timestamp, UserId,
    api::groups::{CardProgress, CardState},
};

#[async_trait]
impl CardStates for Packets {
    async fn card_views(&self, reader: UserId, orders: &[OrderNo]) -> Vec<CardView> {
        let now = self.clock.now();
        let mut views = Vec::with_capacity(orders.len());
        for order_no in orders {
            views.push(match self.finder.glimpse(*order_no, reader).await {
                Ok(glimpse) => view(&glimpse, now),
                // A shard that is down hides no card; the tap says what is wrong.
                Err(_) => CardView::UNKNOWN,
            });
        }
        views
    }
}

fn view(glimpse: &Glimpse, now: Timestamp) -> CardView {
    let packet = &glimpse.packet;
    let state = match packet.progress.state {
        _ if glimpse.mine.is_some() => CardState::Opened,
        StoredState::Finished => CardState::Finished,
        StoredState::Expired | StoredState::GivenUp => CardState::Expired,
        StoredState::Open if now >= packet.expires_at => CardState::Expired,
        StoredState::Open => CardState::Open,
    };
    let progress = CardProgress { shares: packet.shares, claimed: packet.progress.claimed };
    CardView { state, progress: Some(progress) }
}
