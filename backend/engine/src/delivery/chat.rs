use super::{Deliver, Delivered, known::Known, read, untold::Untold};
use crate::{groups::Groups, packets::ChatEvent};
use async_trait::async_trait;
use data_encoding::HEXLOWER;
use hongbao_domain::{
    Refusal,
    planted::Bug,
    store::{
        StoreError,
        orders::OrderStore,
        outbox::OutboxRow,
        people::{Line, LinePost, PacketPost},
    },
};
use hongbao_shared::{ErrorCode, OrderNo};
use sha2::{Digest, Sha256};
use std::{
    collections::BTreeSet,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

/// Openers that one line names. Lane batches hold more when it is busy; the line is for
/// people to read, and each of its readers costs a row.
const OPENERS_MAX: usize = 256;
/// How often a line waits for the card of its packet: with back-off, a quarter of an
/// hour. A card that cannot be posted must not keep its lines for ever.
const CARD_AWAITED_MAX: u32 = 20;

/// Tells groups what becomes of their packets: the card, who opened it, that all is
/// gone, what goes back (R-PEOPLE-2, R-MONEY-4).
#[derive(Debug)]
pub struct PostToChat {
    /// Where packets and claims stand.
    pub store: Arc<dyn OrderStore>,
    /// Where to post.
    pub groups: Arc<Groups>,
}

#[async_trait]
impl Deliver for PostToChat {
    async fn deliver(&self, rows: &[OutboxRow]) -> Vec<Delivered> {
        let mut round = Round { to: self, known: Known::new(&*self.store), cards: BTreeSet::new() };
        if rows.len() > 1 && round.tell_at_once(rows).await.is_ok() {
            return vec![Delivered::Done; rows.len()];
        }
        let mut delivered = Vec::with_capacity(rows.len());
        for row in rows {
            delivered.push(round.tell_all(row).await);
        }
        delivered
    }
}

struct Round<'a> {
    to: &'a PostToChat,
    known: Known<'a>,
    /// Packets whose cards are in the chat.
    cards: BTreeSet<OrderNo>,
}

impl Round<'_> {
    /// All cards in one transaction and all lines in another, as it nearly always goes: every
    /// packet has a card, and a hot one makes a row per commit. On any fault nothing is lost: each row is told again, on its own.
    async fn tell_at_once(&mut self, rows: &[OutboxRow]) -> Result<(), Refusal> {
        let mut all = Vec::new();
        for row in rows {
            let events: Vec<ChatEvent> = serde_json::from_str(&row.payload)
                .map_err(|error| StoreError::Corrupt(error.to_string()))?;
            all.extend(events.into_iter().map(|event| (event, row.attempts)));
        }
        let opened = all.iter().filter_map(|(event, _)| match event {
            ChatEvent::Opened { order_no, from, count } => Some((*order_no, *from, *count)),
            _ => None,
        });
        self.known.expect_claims(opened).await?;
        let cards = all.iter().filter_map(|(event, _)| match event {
            ChatEvent::Post(post) => Some(post.clone()),
            _ => None,
        });
        self.post(cards.collect()).await?;
        let mut lines = Vec::new();
        for (event, attempts) in &all {
            lines.extend(self.prepare(event, *attempts).await?);
        }
        self.to.groups.post_lines(lines).await
    }

    /// Each event on its own: one that can never be told stays alone in the end, and
    /// blocks nothing.
    async fn tell_all(&mut self, row: &OutboxRow) -> Delivered {
        let events: Vec<ChatEvent> = match read(row) {
            Ok(events) => events,
            Err(unreadable) => return unreadable,
        };
        let mut untold = Untold::new();
        for event in events {
            if let Err(refusal) = self.tell(&event, row.attempts).await {
                let order_no = event.order_no();
                untold.note(event, order_no, &refusal);
            }
        }
        untold.outcome()
    }

    async fn tell(&mut self, event: &ChatEvent, attempts: u32) -> Result<(), Refusal> {
        let groups = &self.to.groups;
        for post in self.prepare(event, attempts).await? {
            match groups.post_line(post.clone()).await {
                Err(refusal) if refusal.code == ErrorCode::KeyReused => {
                    let key = key_by_content(&post);
                    groups.post_line(LinePost { key, ..post }).await?;
                }
                posted => posted?,
            }
        }
        Ok(())
    }

    /// Posts a card that is not there yet; of everything else, the lines that are to be posted.
    async fn prepare(
        &mut self,
        event: &ChatEvent,
        attempts: u32,
    ) -> Result<Vec<LinePost>, Refusal> {
        let lines = match event {
            ChatEvent::Post(post) => {
                if !self.cards.contains(&post.order_no) {
                    self.post(vec![post.clone()]).await?;
                }
                return Ok(Vec::new());
            }
            ChatEvent::Opened { order_no, from, count } => {
                self.opened(*order_no, *from, *count).await?
            }
            ChatEvent::Finished { order_no } => vec![self.finished(*order_no).await?],
            ChatEvent::Expired { order_no } => vec![self.expired(*order_no).await?],
        };
        self.await_card(event.order_no(), attempts).await?;
        Ok(lines)
    }

    async fn post(&mut self, cards: Vec<PacketPost>) -> Result<(), Refusal> {
        let orders: Vec<_> = cards.iter().map(|card| card.order_no).collect();
        self.to.groups.post_packets(cards).await?;
        self.cards.extend(orders);
        Ok(())
    }

    /// A line about a packet comes after its card, even if the card is tried again.
    async fn await_card(&mut self, order_no: OrderNo, attempts: u32) -> Result<(), Refusal> {
        if self.cards.contains(&order_no) || attempts >= CARD_AWAITED_MAX {
            return Ok(());
        }
        if self.to.groups.packet_dress(order_no).await?.is_none() {
            return Err(Refusal::new(ErrorCode::Unavailable)
                .retry_after(Duration::from_secs(1))
                .cause(anyhow::anyhow!("its card is not in the chat yet")));
        }
        self.cards.insert(order_no);
        Ok(())
    }

    async fn opened(
        &mut self,
        order_no: OrderNo,
        from: u32,
        count: u32,
    ) -> Result<Vec<LinePost>, Refusal> {
        let claims = self.known.claims(order_no, from, count).await?;
        let packet = self.known.packet(order_no).await?;
        let lines = claims.chunks(OPENERS_MAX).filter_map(|claims| {
            let first = claims.first()?;
            Some(LinePost {
                group_id: packet.group_id,
                key: line_key(order_no, first.seq),
                at: first.opened_at,
                line: Line::Opened {
                    order_no,
                    sender_id: packet.sender_id,
                    openers: claims.iter().map(|claim| claim.user_id).collect(),
                },
            })
        });
        Ok(lines.collect())
    }

    async fn finished(&mut self, order_no: OrderNo) -> Result<LinePost, Refusal> {
        let best_luck = self.known.best_luck(order_no).await?.map(|claim| claim.user_id);
        let packet = self.known.packet(order_no).await?;
        let at = packet.progress.finished_at.ok_or_else(|| not_over(order_no))?;
        Ok(LinePost {
            group_id: packet.group_id,
            key: format!("finished:{order_no}"),
            at,
            line: Line::Finished {
                order_no,
                sender_id: packet.sender_id,
                shares: packet.shares,
                // Clocks of nodes differ; nothing is emptied before it lands.
                took_ms: at.millis_since(packet.landed_at).max(0),
                best_luck,
            },
        })
    }

    async fn expired(&mut self, order_no: OrderNo) -> Result<LinePost, Refusal> {
        let packet = self.known.packet(order_no).await?;
        let at = packet.progress.finished_at.ok_or_else(|| not_over(order_no))?;
        let rest = packet.total_fen.checked_sub(packet.progress.claimed_fen);
        Ok(LinePost {
            group_id: packet.group_id,
            key: format!("expired:{order_no}"),
            at,
            line: Line::Expired {
                order_no,
                sender_id: packet.sender_id,
                refunded_fen: rest.ok_or_else(|| not_over(order_no))?,
            },
        })
    }
}

/// Under what key a line tells of the claims from this one on.
fn line_key(order_no: OrderNo, seq: u32) -> String {
    static TOLD: AtomicU64 = AtomicU64::new(0);
    let key = format!("opened:{order_no}:{seq}");
    if Bug::LineToldTwice.is_planted() {
        return format!("{key}:{}", TOLD.fetch_add(1, Ordering::Relaxed));
    }
    key
}

/// For a line that contradicts one of a history which the shard has lost: the chat was restored
/// to a later moment, and tells of shares that somebody else has now (R-STORE-6).
fn key_by_content(post: &LinePost) -> String {
    let content = serde_json::to_vec(&post.line).expect("lines serialize");
    format!("{}:{}", post.key, HEXLOWER.encode(&Sha256::digest(content)[..16]))
}

fn not_over(order_no: OrderNo) -> Refusal {
    StoreError::Corrupt(format!("{order_no} is not over, or gave more than it had")).into()
}
