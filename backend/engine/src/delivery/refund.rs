use super::{Deliver, Delivered, read, untold::Untold};
use crate::{
    ledger::{CreditOutcome, Ledger},
    packets::RefundEvent,
};
use async_trait::async_trait;
use hongbao_domain::store::outbox::OutboxRow;
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
        let refunds: Vec<RefundEvent> = match read(row) {
            Ok(refunds) => refunds,
            Err(unreadable) => return unreadable,
        };
        let mut untold = Untold::new();
        for refund in refunds {
            let RefundEvent { order_no, sender_id, amount_fen, fee_fen } = refund;
            let fee = fee_fen.unwrap_or_default();
            match self.ledger.refund(order_no, sender_id, amount_fen, fee).await {
                Ok(CreditOutcome::Credited | CreditOutcome::Repeated) => {}
                Ok(CreditOutcome::Refused(reason)) => untold.never(refund, order_no, &reason),
                Err(refusal) => untold.note(refund, order_no, &refusal),
            }
        }
        untold.outcome()
    }
}
