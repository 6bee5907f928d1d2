use super::{Deliver, Delivered, describe, known::Known, read, untold::Untold};
use crate::{lists::Lists, packets::ListEvent};
use async_trait::async_trait;
use hongbao_domain::{
    Refusal,
    store::{
        StoreError,
        lists::{BestLuckRow, ListBatch, ReceivedRow, SentRow},
        orders::OrderStore,
        outbox::OutboxRow,
    },
};
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
        let mut known = Known::new(&*self.store);
        match self.tell_at_once(rows, &mut known).await {
            Ok(()) => vec![Delivered::Done; rows.len()],
            Err(refusal) if !refusal.is_final() => {
                vec![Delivered::Again(describe(&refusal)); rows.len()]
            }
            Err(_) => {
                // Something bad spoils its transaction; alone, it spoils nothing else.
                let mut delivered = Vec::with_capacity(rows.len());
                for row in rows {
                    delivered.push(self.tell_all(row, &mut known).await);
                }
                delivered
            }
        }
    }
}

impl WriteLists {
    /// Everything in one transaction, as it nearly always goes.
    async fn tell_at_once(&self, rows: &[OutboxRow], known: &mut Known<'_>) -> Result<(), Refusal> {
        let mut all = Vec::new();
        for row in rows {
            let events: Vec<ListEvent> = serde_json::from_str(&row.payload)
                .map_err(|error| StoreError::Corrupt(error.to_string()))?;
            all.extend(events);
        }
        self.tell(&all, known).await
    }

    /// Each event on its own, and each share on its own where an event cannot be told.
    async fn tell_all(&self, row: &OutboxRow, known: &mut Known<'_>) -> Delivered {
        let events: Vec<ListEvent> = match read(row) {
            Ok(events) => events,
            Err(unreadable) => return unreadable,
        };
        let mut untold = Untold::new();
        for event in events {
            let Err(refusal) = self.tell(&[event], known).await else { continue };
            if !refusal.is_final() {
                untold.note(event, event.order_no(), &refusal);
                continue;
            }
            for single in event.singles() {
                if let Err(refusal) = self.tell(&[single], known).await {
                    untold.note(single, single.order_no(), &refusal);
                }
            }
        }
        untold.outcome()
    }

    async fn tell(&self, events: &[ListEvent], known: &mut Known<'_>) -> Result<(), Refusal> {
        let batch = lines_of(events, known).await?;
        self.lists.record(batch).await
    }
}

/// The lines that events ask for. Reconciliation asks for the same (R-LIST-1).
pub(crate) async fn lines_of(
    events: &[ListEvent],
    known: &mut Known<'_>,
) -> Result<ListBatch, StoreError> {
    let mut batch = ListBatch::default();
    for event in events {
        match *event {
            ListEvent::Sent { order_no } => {
                let packet = known.packet(order_no).await?;
                batch.sent.push(SentRow::of(packet));
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
