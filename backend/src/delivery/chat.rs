use super::{Deliver, Delivered, events};
use crate::{
    groups::{Groups, PacketPost},
    store::outbox::OutboxRow,
};
use async_trait::async_trait;
use std::sync::Arc;

/// Posts landed packets to their groups.
#[derive(Debug)]
pub struct PostToChat {
    /// Where to post.
    pub groups: Arc<Groups>,
}

#[async_trait]
impl Deliver for PostToChat {
    async fn deliver(&self, rows: &[OutboxRow]) -> Vec<Delivered> {
        let mut delivered = Vec::with_capacity(rows.len());
        for row in rows {
            delivered.push(self.post_all(row).await);
        }
        delivered
    }
}

impl PostToChat {
    async fn post_all(&self, row: &OutboxRow) -> Delivered {
        let posts: Vec<PacketPost> = match events(row) {
            Ok(posts) => posts,
            Err(unreadable) => return unreadable,
        };
        for post in posts {
            if let Err(refusal) = self.groups.post_packet(post).await {
                return Delivered::from_refusal(&refusal, &row.payload);
            }
        }
        Delivered::Done
    }
}
