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
        let delivered = self.inner.deliver(rows).await;
        let packets: Vec<_> =
            rows.iter().zip(&delivered).flat_map(|(row, one)| packets(row, one)).collect();
        if packets.is_empty() || !self.pushes.anybody().await {
            return delivered;
        }
        crash::before(Step::QueuePushes);
        let queued = self.pushes.store.queue_pushes(packets, self.pushes.clock.now()).await;
        crash::after(Step::QueuePushes);
        match queued.map_err(Refusal::from) {
            Ok(()) => {
                self.pushes.bell.notify_one();
                delivered
            }
            Err(refusal) if refusal.is_final() => {
                tracing::error!(%refusal, cause = ?refusal.cause, "browsers are not told");
                delivered
            }
            // Delivered again, which posts nothing twice.
            Err(refusal) => {
                let again = |_| Delivered::Again(format!("browsers cannot be told: {refusal}"));
                delivered.into_iter().map(again).collect()
            }
        }
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
        }),
        ChatEvent::Opened { .. } | ChatEvent::Finished { .. } | ChatEvent::Expired { .. } => None,
    };
    all.into_iter().filter(|event| !left.contains(event)).filter_map(packet).collect()
}
