//! What is on its way needs an outbox row that brings it (R-MONEY-3): a row of this very
//! packet, which its number finds.

use super::{Audited, Law, Tally, Violations, look::look, packet::Checked};
use crate::packets::CreditEvent;
use hongbao_domain::{
    planted::Bug,
    store::{
        StoreError,
        orders::{ClaimRow, OrderStore},
        outbox::Destination,
    },
};
use hongbao_shared::OrderNo;
use std::collections::BTreeSet;

/// Notes what is on its way to somebody by nothing. `found` is what was found about the
/// packet.
pub(super) async fn check(
    audited: &Audited<'_>,
    order_no: OrderNo,
    found: &Checked,
    violations: &mut Violations,
) -> Result<(), StoreError> {
    if audited.at_rest || !found.is_on_the_way() {
        return Ok(());
    }
    let Some(store) = audited.store_of(order_no) else { return Ok(()) };
    let (_, lost_claims) = announced(store, order_no, &found.missing).await?;
    let lost_refund = found.unrefunded.count > 0
        && store.hot().announced(Destination::Refund, vec![order_no]).await?.is_empty();
    if lost_claims.is_empty() && !lost_refund {
        return Ok(());
    }
    // A row goes only after what it brings has arrived: nothing brings what has no row and
    // is missing still.
    let now = look(audited, order_no).await?;
    let lost: BTreeSet<u32> = lost_claims.iter().map(|claim| claim.seq).collect();
    let mut tally = Tally::default();
    for claim in now.missing.iter().filter(|claim| lost.contains(&claim.seq)) {
        tally.add(claim.amount_fen);
    }
    if tally.count > 0 {
        let what = format!("{} claims of {} fen are coming by nothing", tally.count, tally.fen);
        violations.note(Law::ClaimIsCredited, order_no, what);
    }
    if lost_refund && now.unrefunded.count > 0 {
        let what = format!("{} fen are going back by nothing", now.unrefunded.fen);
        violations.note(Law::RefundIsDue, order_no, what);
    }
    Ok(())
}

/// Of claims without a credit: what rows ask to credit, be they alive or dead, and the
/// claims that none asks for.
pub(crate) async fn announced(
    store: &dyn OrderStore,
    order_no: OrderNo,
    missing: &[ClaimRow],
) -> Result<(Tally, Vec<ClaimRow>), StoreError> {
    let (mut coming, mut lost) = (Tally::default(), Vec::new());
    if missing.is_empty() {
        return Ok((coming, lost));
    }
    let found = store.hot().announced(Destination::Credit, vec![order_no]).await?;
    // One that cannot be read brings nothing.
    let read = |event: &String| serde_json::from_str::<CreditEvent>(event).ok();
    let events: Vec<CreditEvent> = found.iter().filter_map(read).collect();
    let any =
        Bug::AnyRowBrings.is_planted() && store.backlog(Destination::Credit).await?.waiting > 0;
    for claim in missing {
        if any || events.iter().any(|event| event.names(claim)) {
            coming.add(claim.amount_fen);
        } else {
            lost.push(*claim);
        }
    }
    Ok((coming, lost))
}
