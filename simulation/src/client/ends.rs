//! What was said of a packet's state, against its database.

use super::Client;
use crate::witness::Promise;
use hongbao_domain::{
    runtime::{Clock as _, SKEW_MAX},
    store::orders::StoredState,
};
use hongbao_shared::{ErrorCode, OrderNo};

impl Client {
    pub(super) async fn state(&self, order_no: OrderNo) -> Option<StoredState> {
        let store = self.world.truth.orders.get(&(order_no.site(), order_no.shard()))?;
        Some(store.packet(order_no).await.ok()??.progress.state)
    }

    /// An end that somebody was told of must have come about.
    pub(super) async fn check_end(&self, order_no: OrderNo, code: ErrorCode) {
        let wanted = match code {
            ErrorCode::PacketFinished => StoredState::Finished,
            ErrorCode::PacketExpired => StoredState::Expired,
            ErrorCode::PacketGivenUp => StoredState::GivenUp,
            _ => return,
        };
        let store = self.world.truth.orders.get(&(order_no.site(), order_no.shard()));
        let Some(store) = store else { return };
        let packet = store.packet(order_no).await.ok().flatten();
        let state = packet.as_ref().map(|packet| packet.progress.state);
        // Its time can be over before that has been committed (R-OPEN-1), by the world's
        // clock and within the bound of skew, whatever the node's own clock shows (R-CTRL-5).
        let latest = self.world.time.now().plus(SKEW_MAX);
        // Where there is no clock but the machine's, that one is right.
        let may_be_early = wanted == StoredState::Expired
            && packet
                .as_ref()
                .is_some_and(|packet| packet.expires_at <= latest || self.world.plan.own_clock);
        if state != Some(wanted) && !may_be_early {
            let what = format!("{order_no} is {state:?}, and somebody heard {code:?}");
            self.world.witness.note(Promise::EndIsTrue, what);
        }
    }
}
