//! Has browsers told of what comes into a chat.

use super::Pushes;
use crate::{
    delivery::{Deliver, Delivered, told},
    packets::ChatEvent,
};
use async_trait::async_trait;
use hongbao_domain::{
    Refusal,
    crash::{self, Step},
    store::{outbox::OutboxRow, people::NewPush},
};
use std::sync::Arc;

/// A delivery to the chat, and what browsers hear of it.
#[derive(Debug)]
pub struct Ringing {
    /// The delivery.
    pub inner: Arc<dyn Deliver>,
    /// Who tells browsers.
    pub pushes: Arc<Pushes>,
}

#[async_trait]
impl Deliver for Ringing {
    async fn deliver(&self, rows: &[OutboxRow]) -> Vec<Delivered> {
        let mut delivered = self.inner.deliver(rows).await;
        if !self.pushes.anybody().await {
            return delivered;
        }
        let posted: Vec<_> =
            rows.iter().zip(&delivered).map(|(row, one)| packets(row, one)).collect();
        let mut packets = posted.concat();
        if packets.is_empty() {
            return delivered;
        }
        // Nodes that tell of the same groups take them in the same order.
        packets.sort_by_key(|packet| packet.group);
        crash::before(Step::QueuePushes);
        let queued = self.pushes.store.queue_pushes(packets, self.pushes.clock.now()).await;
        crash::after(Step::QueuePushes);
        match queued.map_err(Refusal::from) {
            Ok(()) => self.pushes.bell.notify_one(),
            Err(refusal) if refusal.is_final() => {
                tracing::error!(%refusal, cause = ?refusal.cause, "browsers are not told");
            }
            // Cards come again, which posts nothing twice; nothing else waits for it.
            Err(refusal) => {
                for (one, posted) in delivered.iter_mut().zip(posted) {
                    if !posted.is_empty() {
                        *one = Delivered::Again(format!("browsers cannot be told: {refusal}"));
                    }
                }
            }
        }
        delivered
    }
}

/// What has come into its group by this row.
fn packets(row: &OutboxRow, delivered: &Delivered) -> Vec<NewPush> {
    let (all, left) = told::<ChatEvent>(row, delivered);
    let packet = |event| match event {
        ChatEvent::Post(post) => Some(NewPush {
            order_no: post.order_no,
            group: post.group_id,
            sender: post.sender_id,
            recipient: post.recipient_id,
            at: post.at,
        }),
        ChatEvent::Opened { .. } | ChatEvent::Finished { .. } | ChatEvent::Expired { .. } => None,
    };
    all.into_iter().filter(|event| !left.contains(event)).filter_map(packet).collect()
}
