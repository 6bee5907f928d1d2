//! What a packet's card in the chat promises its reader.

use super::Packets;
use crate::{groups::CardStates, store::orders::StoredState};
use async_trait::async_trait;
use hongbao_shared::{OrderNo, UserId, api::groups::CardState};

#[async_trait]
impl CardStates for Packets {
    async fn card_states(&self, reader: UserId, orders: &[OrderNo]) -> Vec<CardState> {
        let now = self.clock.now();
        let mut states = Vec::with_capacity(orders.len());
        for order_no in orders {
            let state = match self.finder.glimpse(*order_no, reader).await {
                Ok(glimpse) if glimpse.mine.is_some() => CardState::Opened,
                Ok(glimpse) => match glimpse.packet.progress.state {
                    StoredState::Finished => CardState::Finished,
                    StoredState::Expired | StoredState::GivenUp => CardState::Expired,
                    StoredState::Open if now >= glimpse.packet.expires_at => CardState::Expired,
                    StoredState::Open => CardState::Open,
                },
                // A shard that is down hides no card; the tap says what is wrong.
                Err(_) => CardState::Open,
            };
            states.push(state);
        }
        states
    }
}
