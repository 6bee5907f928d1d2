//! How often a lane tries what does not commit, and what those hear who came too often.

use super::Op;
use hongbao_domain::{Refusal, runtime::BackOff, store::StoreError};
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
const BACK_OFF: BackOff =
    BackOff { first: Duration::from_millis(1), max: Duration::from_millis(16) };

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
        if let Some(failures) = tried.checked_sub(2) {
            tokio::time::sleep(BACK_OFF.after(failures)).await;
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

#[cfg(test)]
mod tests {
    use super::*;
    use hongbao_shared::{Day, Shard, Site, UserId};
    use tokio::{sync::oneshot, time::Instant};

    /// R-CTRL-6: the first two attempts come at once, each one after that rests for longer, and
    /// all of them together hold up a shard for a fifth of a second.
    #[tokio::test(start_paused = true)]
    async fn whoever_loses_again_and_again_lets_the_other_go_first() {
        let (shard, day) = (Shard::new(1).unwrap(), Day::new(2).unwrap());
        let order_no = OrderNo::new(Site::S, shard, day, false, 1).unwrap();
        let user = UserId::from_random(7);
        let (reply, answer) = oneshot::channel();
        let (mut tries, mut ops) = (Tries::default(), vec![Op::Open { order_no, user, reply }]);
        let mut rests = Vec::new();
        while !ops.is_empty() {
            let before = Instant::now();
            tries.back_off(&ops).await;
            rests.push(before.elapsed());
            ops = tries.once_more(ops, StoreError::Unknown("lost".into()));
        }
        assert!(answer.await.unwrap().is_err());
        assert_eq!(rests.len(), usize::try_from(ATTEMPTS_MAX).unwrap());
        assert_eq!(rests[..2], [Duration::ZERO; 2]);
        assert!(rests[1..6].is_sorted_by(|before, after| before < after), "{rests:?}");
        let all: Duration = rests.iter().sum();
        assert!(all > BACK_OFF.max * 8 && all < Duration::from_millis(220), "{all:?}");
    }
}
