//! What the audit must see: a row of an outbox goes missing, as by somebody's hand, and the
//! claims that it told of are brought to their wallets by nothing (R-MONEY-5).

use crate::{Dice, naive, witness::Promise, world::World};
use hongbao_domain::store::{
    ledger::{LedgerReads, LedgerStore, Posting},
    orders::ClaimRow,
    outbox::{Destination, Settled},
};
use hongbao_engine::{
    audit::{self, Audited, Law},
    packets::CreditEvent,
};
use hongbao_shared::Timestamp;
use std::time::Duration;

/// Whenever it was to be delivered.
pub(crate) const SOMETIME: Timestamp = Timestamp::from_millis(i64::MAX / 2);

/// Loses a row that tells of credits, asks the audit of that packet, and credits what it told
/// of, as reconciliation would. Nothing else happens meanwhile: nothing here waits.
pub(crate) async fn credit(world: &World, dice: &mut Dice) {
    let stores: Vec<_> = world.truth.orders.values().collect();
    let store = &**dice.pick(&stores);
    let leased = store.lease(Destination::Credit, SOMETIME, Duration::ZERO, 1).await;
    let Some(row) = leased.unwrap_or_default().pop() else { return };
    let events: Vec<CreditEvent> = serde_json::from_str(&row.payload).unwrap_or_default();
    let Some(order_no) = events.first().map(|event| event.order_no) else { return };
    let claims = store.claims(order_no, 0, u32::MAX).await.unwrap_or_default();
    let mut lost: Vec<ClaimRow> = claims;
    lost.retain(|claim| events.iter().any(|event| event.names(claim)));
    let ledger = &world.databases.ledger;
    let keys = lost.iter().map(|claim| naive::credit_key(order_no, claim.seq)).collect();
    let mut credits = ledger.transfers_by_key(keys).await.unwrap_or_default().into_iter();
    lost.retain(|_| matches!(credits.next(), Some(None)));
    if store.settle(vec![(row.id, Settled::Done)]).await.is_err() || lost.is_empty() {
        return;
    }
    world.history.note(format_args!("! a row with {} credits of {order_no} is lost", lost.len()));
    let audited = Audited { lists: None, ..world.truth.audited(&world.sealer) };
    let report = audit::packet(&audited, order_no).await;
    let sees = report.is_ok_and(|report| {
        report.violations.listed().iter().any(|found| found.law == Law::ClaimIsCredited)
    });
    if !sees {
        let what = format!("{} lost credits of {order_no} are not seen", lost.len());
        world.witness.note(Promise::Law, what);
    }
    let credit =
        |claim: &ClaimRow| Posting::credit(order_no, claim.seq, claim.user_id, claim.amount_fen);
    drop(ledger.post(lost.iter().map(credit).collect(), row.created_at).await);
}
