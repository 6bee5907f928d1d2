use super::{Deliver, Delivered, describe, read};
use crate::packets::{LandEvent, Packets};
use async_trait::async_trait;
use futures::future::join_all;
use hongbao_domain::{
    Refusal,
    planted::Bug,
    record::Payment,
    runtime::Clock,
    store::{
        StoreError,
        orders::{Landed, StoredState},
        outbox::OutboxRow,
    },
};
use hongbao_shared::OrderNo;
use std::{collections::BTreeMap, sync::Arc, time::Duration};

/// Brings paid packets into their shards; gives up, by a tombstone, on what cannot
/// land for too long (R-SEND-2).
#[derive(Debug)]
pub struct LandPaid {
    /// Lands and gives up.
    pub packets: Arc<Packets>,
    /// Tells how long it has been.
    pub clock: Arc<dyn Clock>,
    /// After this the sender would rather have the money back.
    pub give_up_after: Duration,
}

type Paid = BTreeMap<OrderNo, Payment>;

#[async_trait]
impl Deliver for LandPaid {
    async fn deliver(&self, rows: &[OutboxRow]) -> Vec<Delivered> {
        let events: Vec<Result<LandEvent, _>> = rows.iter().map(read).collect();
        let orders = events.iter().flatten().map(|event| event.order_no).collect();
        let paid = match self.packets.ledger.payments(orders).await {
            Ok(paid) => Some(paid),
            // One that cannot be read: each is read on its own.
            Err(refusal) if refusal.is_final() => None,
            // Nobody would hear more by asking for each.
            Err(refusal) => {
                let why = describe(&refusal);
                return rows.iter().map(|_| Delivered::Again(why.clone())).collect();
            }
        };
        // Together, so that the lanes can commit them together.
        join_all(rows.iter().zip(events).map(async |(row, event)| match event {
            Ok(event) => self.land(row, event.order_no, paid.as_ref()).await,
            Err(unread) => unread,
        }))
        .await
    }
}

impl LandPaid {
    /// `paid` is what was paid for, this number included, if that is known.
    async fn land(&self, row: &OutboxRow, order_no: OrderNo, paid: Option<&Paid>) -> Delivered {
        match self.try_land(row, order_no, paid).await {
            Ok(Landed::New | Landed::Already(_)) => Delivered::Done,
            Ok(Landed::DayRefused) => {
                let why = "its day table is not free, or cold storage does not answer";
                Delivered::Again(format!("{order_no}: {why}"))
            }
            Err(refusal) => {
                let (payload, error) =
                    (row.payload.clone(), format!("{order_no}: {}", describe(&refusal)));
                if refusal.is_unread() {
                    Delivered::Unread { payload, error }
                } else if refusal.is_final() {
                    Delivered::Never { payload, error }
                } else {
                    Delivered::Again(error)
                }
            }
        }
    }

    async fn try_land(
        &self,
        row: &OutboxRow,
        order_no: OrderNo,
        paid: Option<&Paid>,
    ) -> Result<Landed, Refusal> {
        let payment = match paid {
            Some(paid) => paid.get(&order_no).cloned(),
            None => self.packets.ledger.payment(order_no).await?,
        };
        let payment = payment.ok_or_else(|| {
            StoreError::Corrupt(format!("{order_no} is to land and was never paid"))
        })?;
        let waited_ms = self.clock.now().millis_since(row.created_at);
        let too_long =
            u128::try_from(waited_ms).is_ok_and(|waited| waited > self.give_up_after.as_millis());
        if !too_long {
            return self.packets.land(&payment).await;
        }
        if Bug::RefundWithoutTombstone.is_planted() {
            let record = &payment.record;
            let ledger = &self.packets.ledger;
            let (total, fee) = (record.total_fen, record.fee_fen);
            ledger.refund(record.order_no, record.sender_id, total, fee).await?;
            return Ok(Landed::Already(StoredState::GivenUp));
        }
        // Not one more landing: a packet's day is kept for as long as it may live after
        // having landed in time. If it has landed after all, the tombstone finds it.
        let landed = self.packets.give_up(&payment).await?;
        if landed == Landed::New {
            metrics::counter!("hongbao_landings_given_up_total").increment(1);
            tracing::warn!(%order_no, "a packet could not land and was given up");
        }
        Ok(landed)
    }
}
