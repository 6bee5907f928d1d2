//! What died of an error that seemed final comes back once that is over: credits and refunds
//! by reconciliation, all else by an administrator (R-MONEY-6); and what went missing is made
//! up for by reconciliation, however many nodes do it at once (R-MONEY-3).

use crate::{Dice, fault::WorldFault, laws, lost::SOMETIME, witness::Promise, world::World};
use futures::future::join_all;
use hongbao_domain::{
    runtime::Clock as _,
    store::outbox::{Destination, Outbox, Settled},
};
use std::time::Duration;
use tokio::time::sleep;

/// A reconciliation without faults takes less.
const RECONCILES_WITHIN: Duration = Duration::from_mins(2);

/// What rows for these tell of brings money.
const MONEY: [Destination; 2] = [Destination::Credit, Destination::Refund];

/// Brings back what is dead; false if nothing was said that it may have died of.
pub(crate) async fn all(world: &World, dead: u64) -> bool {
    if !world.chaos.said_final() {
        return false;
    }
    world.history.note(format_args!("{dead} rows are dead"));
    if !reconcile(world).await {
        // A node is on its way up.
        return true;
    }
    let money = laws::dead(world, &MONEY).await;
    if money > 0 {
        let what = format!("{money} credits and refunds stay dead after a reconciliation");
        world.witness.note(Promise::NothingDies, what);
    }
    if let Some(node) = world.nodes().first()
        && let Err(refusal) = node.app.letters.retry_all().await
    {
        world.history.note(format_args!("cannot retry: {refusal}"));
    }
    true
}

/// All nodes at once reconcile, as if none knew of the others (R-MONEY-3); false if none does.
/// A process that is on its way up is waited for: nobody else would mend what was lost.
pub(crate) async fn reconcile(world: &World) -> bool {
    let nodes = world.all_nodes().await;
    world.history.note(format_args!("{} nodes reconcile", nodes.len()));
    let all = nodes.iter().map(async |node| {
        node.app.reconciliation.ask();
        for _ in 0..RECONCILES_WITHIN.as_secs() {
            sleep(Duration::from_secs(1)).await;
            if !node.app.reconciliation.state().running {
                return true;
            }
        }
        let what = format!("{} does not reconcile", node.life.name);
        world.witness.note(Promise::ComesToRest, what);
        false
    });
    world.chaos.take_turns(true);
    let done = join_all(all).await.contains(&true);
    world.chaos.take_turns(false);
    done
}

/// Rows of outboxes go missing, as by somebody's hand, that tell of what reconciliation finds
/// by itself: landings, credits, refunds, lines of lists. What brings money may die instead,
/// in a run in which something seemed final.
pub(crate) async fn lose_rows(world: &World, dice: &mut Dice) {
    const LOST_MAX: u32 = 4;
    const MENDED: [Destination; 4] =
        [Destination::Land, Destination::Credit, Destination::Refund, Destination::Lists];
    let said_final = world.chaos.said_final();
    let shards = world.truth.orders.values().map(|store| &**store as &dyn Outbox);
    let outboxes: Vec<_> = shards.chain([&*world.databases.ledger as &dyn Outbox]).collect();
    for outbox in outboxes {
        for destination in MENDED {
            if dice.chance(250) {
                continue;
            }
            let rows = outbox.lease(destination, SOMETIME, Duration::ZERO, LOST_MAX).await;
            for row in rows.unwrap_or_default() {
                let dies = MONEY.contains(&destination) && said_final && dice.chance(500);
                let (how, settled) = if dies {
                    let error = "simulated: it seemed final".to_owned();
                    ("dies", Settled::Dead { payload: row.payload, error, at: world.time.now() })
                } else {
                    world.chaos.befell(WorldFault::RowLost);
                    ("is lost", Settled::Done)
                };
                world.history.note(format_args!("! a row for {} {how}", destination.as_str()));
                drop(outbox.settle(vec![(row.id, settled)]).await);
            }
        }
    }
}
