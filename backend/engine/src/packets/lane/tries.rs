//! How often a lane tries what does not commit, and what those hear who came too often.

use super::Op;
use hongbao_domain::{Refusal, store::StoreError};
use hongbao_shared::{ErrorCode, OrderNo};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};

/// How often a packet is tried after a lost race or an unknown commit.
const ATTEMPTS_MAX: u32 = 16;
/// How often it is tried after what a constraint refused: in its batch, alone with what the
/// database says of it, and once more for what came in between.
const REFUSALS_MAX: u32 = 3;
/// How long a packet rests before its third attempt, and at most: whoever loses to another
/// node again and again lets it go first. A shard's other packets wait as long, a fifth of a
/// second in all.
const BACK_OFF_FIRST: Duration = Duration::from_millis(1);
const BACK_OFF_MAX: Duration = Duration::from_millis(16);

/// How often each packet was tried within one serving. One that never commits takes no attempt
/// from those that came in its batch (R-CTRL-6).
#[derive(Debug, Default)]
pub(super) struct Tries(BTreeMap<OrderNo, u32>);

impl Tries {
    fn of(&self, op: &Op) -> u32 {
        self.0.get(&op.order_no()).copied().unwrap_or_default()
    }

    /// Lets go first whoever was quicker.
    pub(super) async fn back_off(&self, ops: &[Op]) {
        let tried = ops.iter().map(|op| self.of(op)).max().unwrap_or_default();
        if let Some(doubled) = tried.checked_sub(2) {
            tokio::time::sleep(BACK_OFF_FIRST.saturating_mul(1 << doubled).min(BACK_OFF_MAX)).await;
        }
    }

    /// Counts an attempt that failed for each packet; refuses those that have had theirs.
    pub(super) fn once_more(&mut self, ops: Vec<Op>, error: StoreError) -> Vec<Op> {
        let packets: BTreeSet<_> = ops.iter().map(Op::order_no).collect();
        for order_no in packets {
            *self.0.entry(order_no).or_default() += 1;
        }
        let max = if error.is_final() { REFUSALS_MAX } else { ATTEMPTS_MAX };
        let (again, over): (Vec<_>, Vec<_>) = ops.into_iter().partition(|op| self.of(op) < max);
        if !over.is_empty() {
            refuse(over, &Arc::new(error));
        }
        again
    }
}

pub(super) fn refuse(ops: Vec<Op>, error: &Arc<StoreError>) {
    if error.is_final() {
        tracing::error!(%error, waiting = ops.len(), "lane cannot commit");
    } else {
        tracing::debug!(%error, waiting = ops.len(), "lane cannot commit now");
    }
    for op in ops {
        op.refuse(down(error));
    }
}

pub(super) fn down(error: &Arc<StoreError>) -> Refusal {
    let mut refusal = Refusal::of_shared(error);
    if refusal.code == ErrorCode::Unavailable {
        refusal.code = ErrorCode::ShardUnavailable;
    }
    refusal
}
