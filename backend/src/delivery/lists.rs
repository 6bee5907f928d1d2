use super::{Deliver, Delivered, events, is_passing};
use crate::{
    lists::Lists,
    packets::ListEvent,
    store::{
        StoreError,
        lists::{BestLuckRow, ListBatch, ReceivedRow, SentRow},
        orders::{OrderStore, PacketRow},
        outbox::OutboxRow,
    },
};
use async_trait::async_trait;
use hongbao_shared::{OrderNo, split};
use std::{
    collections::{BTreeMap, btree_map::Entry},
    sync::Arc,
};

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
        // Packets of this round; many events are of the same few.
        let mut known = BTreeMap::new();
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
        known: &mut BTreeMap<OrderNo, PacketRow>,
    ) -> Result<ListBatch, StoreError> {
        let mut batch = ListBatch::default();
        for event in events {
            match *event {
                ListEvent::Sent { order_no } => {
                    let packet = self.packet(order_no, known).await?;
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
                    let packet = self.packet(order_no, known).await?;
                    let claims = self.store.claims(order_no, from, count).await?;
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
                    batch.best_lucks.extend(self.best_luck(order_no, known).await?);
                }
            }
        }
        Ok(batch)
    }

    async fn best_luck(
        &self,
        order_no: OrderNo,
        known: &mut BTreeMap<OrderNo, PacketRow>,
    ) -> Result<Option<BestLuckRow>, StoreError> {
        let packet = self.packet(order_no, known).await?;
        let terms = packet.terms().map_err(|error| StoreError::Corrupt(error.to_string()))?;
        let claims = self.store.claims(order_no, 0, packet.shares).await?;
        let amounts: Vec<_> = claims.iter().map(|claim| claim.amount_fen).collect();
        let luckiest = split::best_luck(&terms, &amounts).and_then(|seq| claims.get(seq));
        Ok(luckiest.map(|claim| BestLuckRow {
            order_no,
            user_id: claim.user_id,
            at: claim.opened_at,
        }))
    }

    async fn packet<'k>(
        &self,
        order_no: OrderNo,
        known: &'k mut BTreeMap<OrderNo, PacketRow>,
    ) -> Result<&'k PacketRow, StoreError> {
        match known.entry(order_no) {
            Entry::Occupied(packet) => Ok(packet.into_mut()),
            Entry::Vacant(place) => {
                let packet = self.store.packet(order_no).await?.ok_or_else(|| {
                    StoreError::Corrupt(format!("{order_no} is not in its shard"))
                })?;
                Ok(place.insert(packet))
            }
        }
    }
}
