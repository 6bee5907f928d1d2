//! Payments against packets.

use super::{PAGE, Run, rebuild::Rebuilt, report::Repair};
use crate::audit::{self, Law, Tally};
use hongbao_domain::{
    record::Payment,
    store::{StoreError, ledger::TransferKind, orders::StoredState, reconciled::Reconciled},
};
use hongbao_shared::OrderNo;

impl Run<'_> {
    /// Those that came since, and those that were to land when they were last looked at.
    pub(super) async fn new_landings(&mut self, seen: &Reconciled) -> Result<(), StoreError> {
        let mut orders = seen.again.clone();
        let mut after = seen.transfer_id;
        loop {
            let page = self.audited.ledger.transfers_page(after, PAGE).await?;
            let Some(last) = page.last() else { break };
            after = last.id;
            let paid = page.iter().filter(|line| line.transfer.kind == TransferKind::Pay);
            orders.extend(paid.filter_map(|line| line.transfer.order_no));
            self.pay_attention(&mut orders).await?;
        }
        self.pay_attention(&mut orders).await
    }

    async fn pay_attention(&mut self, orders: &mut Vec<OrderNo>) -> Result<(), StoreError> {
        for order_no in orders.drain(..) {
            if self.paid(order_no).await? {
                self.report.payments = self.report.payments.saturating_add(1);
            }
        }
        Ok(())
    }

    /// A payment without packet or tombstone, and without a row that makes it land, gets
    /// its row again, if its escrow still holds all of it. False if there is no payment.
    pub(super) async fn paid(&mut self, order_no: OrderNo) -> Result<bool, StoreError> {
        let ledger = self.audited.ledger;
        // Asked before the shard is: a packet lands before its row goes.
        let awaited = !ledger.awaiting_landing(vec![order_no]).await?.is_empty();
        let Some(payment) = ledger.payment(order_no).await? else { return Ok(false) };
        self.landing(&payment, awaited).await?;
        Ok(true)
    }

    async fn landing(&mut self, payment: &Payment, awaited: bool) -> Result<(), StoreError> {
        let (order_no, total) = (payment.record.order_no, payment.record.total_fen);
        let Some(store) = self.of.stores.orders.get(&(order_no.site(), order_no.shard())) else {
            let what = format!("{} was paid for a shard that is not here", total.get());
            self.report.leave(Law::PaymentLands.name(), order_no, what);
            return Ok(());
        };
        let stray = match store.packet(order_no).await {
            // It stands in no day, where packets are looked at.
            Ok(Some(row)) if row.progress.state == StoredState::GivenUp => {
                return self.packet(&**store, order_no).await;
            }
            Ok(Some(_)) => return Ok(()),
            Ok(None) => store.claims(order_no, 0, 1).await,
            Err(error) => Err(error),
        };
        self.again.insert(order_no);
        let stray = match stray {
            Ok(stray) => stray,
            Err(StoreError::Corrupt(what)) => {
                self.report.leave(Law::StoredDataIsReadable.name(), order_no, what);
                return Ok(());
            }
            // The shard says so itself; the payments of others are looked at.
            Err(StoreError::Unavailable(_)) => return Ok(()),
            Err(error) => return Err(error),
        };
        if let Some(claim) = stray.first().filter(|_| !awaited) {
            let what = format!("has a claim {} by {}, but no packet", claim.seq, claim.user_id);
            self.report.leave(Law::ClaimHasPacket.name(), order_no, what);
            return Ok(());
        }
        // It is heard of: it has landed, and its shard has lost it since.
        match self.rebuild(&**store, order_no, None).await {
            Ok(Rebuilt::Nothing) => {}
            Ok(Rebuilt::Again | Rebuilt::Left) | Err(StoreError::Unavailable(_)) => return Ok(()),
            Err(error) => return Err(error),
        }
        if awaited {
            let mut tally = Tally::default();
            tally.add(total);
            self.on_the_way(tally);
            return Ok(());
        }
        let found = audit::look(&self.audited, order_no).await?;
        if found.packet.is_some() {
            return Ok(());
        }
        let never_lands = |violation: &audit::Violation| violation.law == Law::PaymentLands;
        if !found.violations.listed().iter().all(never_lands) {
            self.report.take(&found.violations);
            return Ok(());
        }
        let lands = !self.may_mend()
            || self.audited.ledger.land_again(order_no, self.of.clock.now()).await?;
        if lands {
            self.report.mend(Repair::Landing, order_no, None, total);
        }
        Ok(())
    }
}
