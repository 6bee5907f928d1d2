use super::{Deliver, Delivered, describe};
use crate::packets::{LandEvent, Packets};
use async_trait::async_trait;
use futures::future::join_all;
use hongbao_domain::{
    Refusal,
    planted::Bug,
    runtime::Clock,
    store::{
        StoreError,
        orders::{Landed, StoredState},
        outbox::OutboxRow,
    },
};
use std::{sync::Arc, time::Duration};

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

#[async_trait]
impl Deliver for LandPaid {
    async fn deliver(&self, rows: &[OutboxRow]) -> Vec<Delivered> {
        // Together, so that the lanes can commit them together.
        join_all(rows.iter().map(|row| self.land(row))).await
    }
}

impl LandPaid {
    async fn land(&self, row: &OutboxRow) -> Delivered {
        let event: LandEvent = match serde_json::from_str(&row.payload) {
            Ok(event) => event,
            Err(error) => {
                let error = format!("unreadable payload: {error}");
                return Delivered::Never { payload: row.payload.clone(), error };
            }
        };
        match self.try_land(event, row).await {
            Ok(Landed::New | Landed::Already(_)) => Delivered::Done,
            Ok(Landed::DayRefused) => {
                let why = "its day table is not free, or cold storage does not answer";
                Delivered::Again(format!("{}: {why}", event.order_no))
            }
            Err(refusal) => {
                let error = format!("{}: {}", event.order_no, describe(&refusal));
                if refusal.is_final() {
                    Delivered::Never { payload: row.payload.clone(), error }
                } else {
                    Delivered::Again(error)
                }
            }
        }
    }

    async fn try_land(&self, event: LandEvent, row: &OutboxRow) -> Result<Landed, Refusal> {
        let payment = self.packets.ledger.payment(event.order_no).await?;
        let payment = payment.ok_or_else(|| {
            StoreError::Corrupt(format!("{} is to land and was never paid", event.order_no))
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
            ledger.refund(record.order_no, record.sender_id, record.total_fen).await?;
            return Ok(Landed::Already(StoredState::GivenUp));
        }
        // Not one more landing: a packet's day is kept for as long as it may live after
        // having landed in time. If it has landed after all, the tombstone finds it.
        let landed = self.packets.give_up(&payment).await?;
        if landed == Landed::New {
            metrics::counter!("hongbao_landings_given_up_total").increment(1);
            tracing::warn!(order_no = %event.order_no, "a packet could not land and was given up");
        }
        Ok(landed)
    }
}
