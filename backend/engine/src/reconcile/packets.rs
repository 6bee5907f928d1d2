//! Claims against credits, and what is left of packets that have ended against refunds.

use super::{Run, rebuild::Rebuilt, report::Repair};
use crate::{
    audit::{self, Law, Tally},
    ledger::{CreditClaim, CreditOutcome},
};
use hongbao_domain::store::{
    StoreError,
    ledger::{credit_key, fee_refund_key, refund_key},
    orders::{ClaimRow, OrderStore, StoredState},
    outbox::Destination,
};
use hongbao_shared::{Fen, OrderNo};

impl Run<'_> {
    /// A packet that breaks a law is reported and left alone, whatever is missing of it.
    pub(super) async fn packet(
        &mut self,
        store: &dyn OrderStore,
        order_no: OrderNo,
    ) -> Result<(), StoreError> {
        self.report.packets = self.report.packets.saturating_add(1);
        let mut checked = audit::look(&self.audited, order_no).await?;
        if self.has_lost(&checked).await? {
            match self.rebuild(store, order_no, checked.packet.as_ref()).await? {
                Rebuilt::Again if self.may_mend() => {
                    checked = audit::look(&self.audited, order_no).await?;
                }
                Rebuilt::Again => return Ok(()),
                // Reported as it is.
                Rebuilt::Nothing | Rebuilt::Left => {}
            }
        }
        self.report.claims = self.report.claims.saturating_add(checked.claims);
        let is_over = checked.missing.is_empty() && checked.unrefunded.count == 0;
        if !is_over || !checked.violations.is_empty() {
            self.again.insert(order_no);
        }
        if !checked.violations.is_empty() {
            self.report.take(&checked.violations);
            if checked.uncredited.count > 0 {
                let what = format!("{} claims are not credited", checked.uncredited.count);
                self.report.leave(Law::ClaimIsCredited.name(), order_no, what);
            }
            return Ok(());
        }
        if checked.unrefunded.count > 0 {
            self.refund(store, order_no).await?;
        }
        if !checked.missing.is_empty() {
            self.credits(store, order_no, &checked.missing).await?;
        }
        let Some(packet) = checked.packet else { return Ok(()) };
        self.lists(store, packet).await
    }

    /// Posts claims that nothing brings to their wallets.
    async fn credits(
        &mut self,
        store: &dyn OrderStore,
        order_no: OrderNo,
        missing: &[ClaimRow],
    ) -> Result<(), StoreError> {
        let (coming, mut lost) = audit::announced(store, order_no, missing).await?;
        self.on_the_way(coming);
        // What had arrived when its row was gone is seen now.
        let keys = lost.iter().map(|claim| credit_key(order_no, claim.seq)).collect();
        let credits = self.audited.ledger.transfers_by_key(keys).await?;
        let mut credits = credits.into_iter();
        lost.retain(|_| credits.next().flatten().is_none());
        if self.may_mend() && !lost.is_empty() {
            return self.post(order_no, lost).await;
        }
        for claim in lost {
            self.report.mend(Repair::Credit, order_no, Some(claim.seq), claim.amount_fen);
        }
        Ok(())
    }

    async fn post(&mut self, order_no: OrderNo, lost: Vec<ClaimRow>) -> Result<(), StoreError> {
        let claims = lost.iter().map(|claim| CreditClaim {
            order_no,
            seq: claim.seq,
            user_id: claim.user_id,
            amount: claim.amount_fen,
        });
        let outcomes = self.of.ledger.credit(claims.collect()).await.map_err(unavailable)?;
        for (claim, outcome) in lost.into_iter().zip(outcomes) {
            match outcome {
                CreditOutcome::Credited => {
                    self.report.mend(Repair::Credit, order_no, Some(claim.seq), claim.amount_fen);
                }
                CreditOutcome::Repeated => {}
                CreditOutcome::Refused(reason) => {
                    let what = format!("claim {} cannot be credited: {reason}", claim.seq);
                    self.report.leave(Law::ClaimIsCredited.name(), order_no, what);
                }
            }
        }
        Ok(())
    }

    /// Sends back what is left of a packet that has ended, if nothing does; of one that was given
    /// up also its fee.
    async fn refund(
        &mut self,
        store: &dyn OrderStore,
        order_no: OrderNo,
    ) -> Result<(), StoreError> {
        // As it ended: it does not change any more.
        let Some(packet) = store.packet(order_no).await? else { return Ok(()) };
        let ended = matches!(packet.progress.state, StoredState::Expired | StoredState::GivenUp);
        let left = packet.total_fen.checked_sub(packet.progress.claimed_fen);
        let Some(left) = left.filter(|left| ended && *left > Fen::ZERO) else { return Ok(()) };
        let ledger = self.audited.ledger;
        let paid = ledger.payment(order_no).await?;
        let fee = paid.filter(|_| packet.progress.state == StoredState::GivenUp);
        let fee = fee.map_or(Fen::ZERO, |payment| payment.record.fee_fen);
        let all = left.checked_add(fee).unwrap_or(left);
        if !store.hot().announced(Destination::Refund, vec![order_no]).await?.is_empty() {
            let mut tally = Tally::default();
            tally.add(all);
            self.on_the_way(tally);
            return Ok(());
        }
        let keys = vec![refund_key(order_no), fee_refund_key(order_no)];
        let came = ledger.transfers_by_key(keys).await?;
        let came: Vec<bool> = came.iter().map(Option::is_some).collect();
        let going = match came[..] {
            [true, fee_came] if fee_came || fee.is_zero() => return Ok(()),
            // A node of the version before gave the rest back alone.
            [true, _] => fee,
            _ => all,
        };
        if self.may_mend() {
            let refund = self.of.ledger.refund(order_no, packet.sender_id, left, fee).await;
            match refund.map_err(unavailable)? {
                CreditOutcome::Credited => {}
                CreditOutcome::Repeated => return Ok(()),
                CreditOutcome::Refused(reason) => {
                    let what = format!("{} cannot go back: {reason}", going.get());
                    self.report.leave(Law::RefundIsDue.name(), order_no, what);
                    return Ok(());
                }
            }
        }
        self.report.mend(Repair::Refund, order_no, None, going);
        Ok(())
    }
}

/// The ledger's lane took nothing, so that the rest of this shard waits for the next run.
fn unavailable(refusal: hongbao_domain::Refusal) -> StoreError {
    let cause = refusal.cause.map_or(refusal.detail, |cause| format!("{cause:#}"));
    StoreError::Unavailable(cause.into())
}
