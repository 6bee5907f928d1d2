//! Which steps a transaction takes that takes several at once.

use super::{Step, steps};
use crate::store::{
    ledger::TransferKind,
    orders::{LaneBatch, StoredState},
};

/// Those of a lane's batch.
pub(crate) fn of_lane(batch: &LaneBatch) -> Vec<Step> {
    steps(|| {
        let comes_as =
            |state| batch.landings.iter().any(|landing| landing.packet.progress.state == state);
        [
            (comes_as(StoredState::Open), Step::Land),
            (comes_as(StoredState::GivenUp), Step::GiveUp),
            (!batch.appends.is_empty(), Step::Open),
        ]
    })
}

/// Those of a batch of the ledger that `has` transfers of some kinds.
pub(crate) fn of_ledger(has: impl Fn(TransferKind) -> bool) -> Vec<Step> {
    steps(|| {
        [
            (has(TransferKind::TopUp), Step::TopUp),
            (has(TransferKind::Pay), Step::Pay),
            (has(TransferKind::Credit), Step::Credit),
            (has(TransferKind::Refund), Step::Refund),
        ]
    })
}
