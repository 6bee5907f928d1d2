//! What was said of a packet's state, against its database.

use super::Client;
use crate::{fault::WorldFault, witness::Promise, world::Node};
use hongbao::{runtime::Clock, store::orders::StoredState};
use hongbao_shared::{ErrorCode, OrderNo};

impl Client {
    pub(super) async fn state(&self, order_no: OrderNo) -> Option<StoredState> {
        let store = self.world.truth.orders.get(&(order_no.site(), order_no.shard()))?;
        Some(store.packet(order_no).await.ok()??.progress.state)
    }

    /// An end that somebody was told of must have come about.
    pub(super) async fn check_end(&self, order_no: OrderNo, node: &Node, code: ErrorCode) {
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
        // Its time can be over before that has been committed (R-OPEN-1); a clock that
        // stepped back meanwhile is none of the answer's fault.
        let is_over = || {
            let latest = self.world.clocks().map(|clock| clock.now()).max();
            let latest = latest.max(Some(node.clock.now()));
            packet.as_ref().is_some_and(|packet| Some(packet.expires_at) <= latest)
        };
        let may_be_early = wanted == StoredState::Expired
            && (is_over()
                || self.world.chaos.coverage().world.contains_key(&WorldFault::ClockStep));
        if state != Some(wanted) && !may_be_early {
            let what = format!("{order_no} is {state:?}, and somebody heard {code:?}");
            self.world.witness.note(Promise::EndIsTrue, what);
        }
    }
}
