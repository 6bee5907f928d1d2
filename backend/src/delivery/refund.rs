use super::{Deliver, Delivered, events, payload};
use crate::{
    ledger::{CreditOutcome, Ledger},
    packets::RefundEvent,
    store::outbox::OutboxRow,
};
use async_trait::async_trait;
use std::sync::Arc;

/// Sends what is left of a packet back to its sender, exactly once.
#[derive(Debug)]
pub struct RefundRest {
    /// Where the money moves.
    pub ledger: Arc<Ledger>,
}

#[async_trait]
impl Deliver for RefundRest {
    async fn deliver(&self, rows: &[OutboxRow]) -> Vec<Delivered> {
        let mut delivered = Vec::with_capacity(rows.len());
        for row in rows {
            delivered.push(self.refund_all(row).await);
        }
        delivered
    }
}

impl RefundRest {
    async fn refund_all(&self, row: &OutboxRow) -> Delivered {
        let refunds: Vec<RefundEvent> = match events(row) {
            Ok(refunds) => refunds,
            Err(unreadable) => return unreadable,
        };
        let mut left = Vec::new();
        for refund in refunds {
            let RefundEvent { order_no, sender_id, amount_fen } = refund;
            match self.ledger.refund(order_no, sender_id, amount_fen).await {
                Ok(CreditOutcome::Credited | CreditOutcome::Repeated) => {}
                Ok(CreditOutcome::Refused(reason)) => left.push((refund, reason)),
                Err(refusal) => return Delivered::from_refusal(&refusal, &row.payload),
            }
        }
        if left.is_empty() {
            return Delivered::Done;
        }
        let (left, reasons): (Vec<_>, Vec<_>) = left.into_iter().unzip();
        Delivered::Never { payload: payload(&left), error: reasons.join("; ") }
    }
}
