use super::{Deliver, Delivered, events, is_passing, known::Known};
use crate::{
    lists::Lists,
    packets::ListEvent,
    store::{
        StoreError,
        lists::{BestLuckRow, ListBatch, ReceivedRow, SentRow},
        orders::OrderStore,
        outbox::OutboxRow,
    },
};
use async_trait::async_trait;
use std::sync::Arc;

/// Writes the lists "sent" and "received" (R-LIST-1).
#[derive(Debug)]
pub struct WriteLists {
    /// Where the packets stand.
    pub store: Arc<dyn OrderStore>,
    /// Where the lists stand.
    pub lists: Arc<Lists>,
}

#[async_trait]
impl Deliver for WriteLists {
    async fn deliver(&self, rows: &[OutboxRow]) -> Vec<Delivered> {
        let mut batch = ListBatch::default();
        let mut read = Vec::with_capacity(rows.len());
        let mut known = Known::new(&*self.store);
        for row in rows {
            read.push(match events::<ListEvent>(row) {
                Err(unreadable) => Some(unreadable),
                Ok(events) => match self.gather(&events, &mut known).await {
                    Ok(part) => {
                        batch.sent.extend(part.sent);
                        batch.received.extend(part.received);
                        batch.best_lucks.extend(part.best_lucks);
                        None
                    }
                    Err(error) => Some(Delivered::Again(error.to_string())),
                },
            });
        }
        let written = self.lists.record(batch).await;
        if rows.len() > 1 && written.as_ref().is_err_and(|refusal| !is_passing(refusal)) {
            // One bad row spoils its transaction; alone, it spoils nothing else.
            let mut each = Vec::with_capacity(rows.len());
            for row in rows {
                each.extend(self.deliver(std::slice::from_ref(row)).await);
            }
            return each;
        }
        let outcome = |(row, failed): (&OutboxRow, Option<Delivered>)| match (failed, &written) {
            (Some(failed), _) => failed,
            (None, Ok(())) => Delivered::Done,
            (None, Err(refusal)) => Delivered::from_refusal(refusal, &row.payload),
        };
        rows.iter().zip(read).map(outcome).collect()
    }
}

impl WriteLists {
    async fn gather(
        &self,
        events: &[ListEvent],
        known: &mut Known<'_>,
    ) -> Result<ListBatch, StoreError> {
        let mut batch = ListBatch::default();
        for event in events {
            match *event {
                ListEvent::Sent { order_no } => {
                    let packet = known.packet(order_no).await?;
                    batch.sent.push(SentRow {
                        order_no,
                        user_id: packet.sender_id,
                        group_id: packet.group_id,
                        kind: packet.kind,
                        total_fen: packet.total_fen,
                        shares: packet.shares,
                        at: packet.landed_at,
                    });
                }
                ListEvent::Received { order_no, from, count } => {
                    let claims = known.claims(order_no, from, count).await?;
                    let packet = known.packet(order_no).await?;
                    batch.received.extend(claims.into_iter().map(|claim| ReceivedRow {
                        order_no,
                        user_id: claim.user_id,
                        seq: claim.seq,
                        sender_id: packet.sender_id,
                        group_id: packet.group_id,
                        kind: packet.kind,
                        amount_fen: claim.amount_fen,
                        at: claim.opened_at,
                    }));
                }
                ListEvent::Finished { order_no, .. } => {
                    batch.best_lucks.extend(known.best_luck(order_no).await?.map(|claim| {
                        BestLuckRow { order_no, user_id: claim.user_id, at: claim.opened_at }
                    }));
                }
            }
        }
        Ok(batch)
    }
}
