//! Tells webhooks what the outbox tells the chat and the wallets (R-API-5).
//!
//! A delivery that has told its destination tells webhooks before its rows are settled. Both are
//! idempotent by key, so that a crash in between loses nothing. What comes before in the life of a
//! packet is told with each event: the destinations are queues of their own, and a credit may
//! be quicker than the line that says who opened.

use super::Hooks;
use crate::{
    delivery::{Deliver, Delivered, told},
    packets::{ChatEvent, CreditEvent, RefundEvent},
};
use async_trait::async_trait;
use hongbao_domain::{
    Refusal,
    crash::{self, Step},
    store::{
        StoreError,
        orders::{ClaimRow, OrderStore, PacketRow, StoredState},
        outbox::OutboxRow,
        people::{Audience, LeasedEvent, NewEvent, PeopleError, PeopleStore},
    },
};
use hongbao_shared::{
    Fen, Kind, OrderNo, ServiceId, UserId,
    api::webhooks::{EventData, EventPerson, EventType, WebhookEvent},
};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

/// How many claims before the news of a packet are told again, in case that they were not: far
/// more than two queues are apart.
const BACK_MAX: u32 = 2_000;

/// Which rows a delivery takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Told {
    /// Those for the chat.
    Chat,
    /// Those for the wallets of people who opened.
    Credit,
    /// Those for the wallets of senders.
    Refund,
}

/// A delivery, and what webhooks hear of it.
#[derive(Debug)]
pub struct Telling {
    /// The delivery.
    pub inner: Arc<dyn Deliver>,
    /// What it delivers.
    pub told: Told,
    /// Where packets and claims stand.
    pub orders: Arc<dyn OrderStore>,
    /// Who tells webhooks.
    pub hooks: Arc<Hooks>,
}

#[async_trait]
impl Deliver for Telling {
    async fn deliver(&self, rows: &[OutboxRow]) -> Vec<Delivered> {
        let delivered = self.inner.deliver(rows).await;
        if !self.hooks.anybody().await {
            return delivered;
        }
        let mut news = News::default();
        for (row, delivered) in rows.iter().zip(&delivered) {
            news.add(self.told, row, delivered);
        }
        match self.tell(news).await {
            Ok(()) => delivered,
            Err(refusal) => {
                let again = |_| Delivered::Again(format!("webhooks cannot be told: {refusal}"));
                delivered.into_iter().map(again).collect()
            }
        }
    }
}

/// What has become of packets.
#[derive(Debug, Default)]
struct News(BTreeMap<OrderNo, Happened>);

#[derive(Debug, Default)]
struct Happened {
    /// The first claim of the news, and the first after it.
    opened: Option<(u32, u32)>,
    finished: bool,
    expired: bool,
    credited: BTreeSet<u32>,
    refunded: Option<(UserId, Fen)>,
}

impl Happened {
    fn open(&mut self, from: u32, end: u32) {
        let (first, last) = self.opened.unwrap_or((from, end));
        self.opened = Some((first.min(from), last.max(end)));
    }
}

impl News {
    fn of(&mut self, order_no: OrderNo) -> &mut Happened {
        self.0.entry(order_no).or_default()
    }

    fn add(&mut self, kind: Told, row: &OutboxRow, delivered: &Delivered) {
        match kind {
            Told::Chat => {
                let (all, left) = told::<ChatEvent>(row, delivered);
                for event in all.iter().filter(|event| !left.contains(event)) {
                    let happened = self.of(event.order_no());
                    match event {
                        ChatEvent::Post(_) => {}
                        ChatEvent::Opened { from, count, .. } => {
                            happened.open(*from, from.saturating_add(*count));
                        }
                        ChatEvent::Finished { .. } => happened.finished = true,
                        ChatEvent::Expired { .. } => happened.expired = true,
                    }
                }
            }
            Told::Credit => {
                let (all, left) = told::<CreditEvent>(row, delivered);
                let singles = |events: Vec<CreditEvent>| -> BTreeSet<_> {
                    let singles = events.into_iter().flat_map(CreditEvent::singles);
                    singles.map(|single| (single.order_no, single.from)).collect()
                };
                for (order_no, share) in singles(all).difference(&singles(left)) {
                    let happened = self.of(*order_no);
                    happened.open(*share, share.saturating_add(1));
                    happened.credited.insert(*share);
                }
            }
            Told::Refund => {
                let (all, left) = told::<RefundEvent>(row, delivered);
                for event in all.iter().filter(|event| !left.contains(event)) {
                    self.of(event.order_no).refunded = Some((event.sender_id, event.amount_fen));
                }
            }
        }
    }
}

/// What is refused for ever is said and left out: it would be so again and again, the money has
/// arrived, and there is news of other packets.
fn unless_final<T, E: Into<Refusal>>(
    order_no: OrderNo,
    told: Result<T, E>,
) -> Result<Option<T>, Refusal> {
    match told.map_err(Into::into) {
        Err(refusal) if refusal.is_final() => {
            tracing::error!(%order_no, %refusal, cause = ?refusal.cause, "webhooks are not told");
            Ok(None)
        }
        told => told.map(Some),
    }
}

impl Telling {
    /// Fails with what may pass.
    async fn tell(&self, news: News) -> Result<(), Refusal> {
        let mut packets = Vec::with_capacity(news.0.len());
        let mut audiences = BTreeSet::new();
        for (order_no, happened) in news.0 {
            let packet = unless_final(order_no, self.orders.packet(order_no).await)?.flatten();
            let credited = unless_final(order_no, self.credited(order_no, &happened).await)?;
            let credited = credited.unwrap_or_default();
            audiences.extend(packet.iter().map(|packet| Audience::Room(packet.group_id)));
            audiences.extend(credited.iter().map(|claim| Audience::Person(claim.user_id)));
            audiences.extend(happened.refunded.map(|(to, _)| Audience::Person(to)));
            packets.push((order_no, packet, happened, credited));
        }
        let audiences: Vec<_> = audiences.into_iter().collect();
        let heard = self.hooks.store.heard(&audiences).await?;
        let heard: BTreeSet<_> = heard.into_iter().collect();
        let now = self.hooks.clock.now();
        for (order_no, packet, happened, credited) in packets {
            let mut events = Vec::new();
            if let Some(packet) = packet
                && packet.progress.state != StoredState::GivenUp
                && heard.contains(&Audience::Room(packet.group_id))
            {
                let of_room = unless_final(order_no, self.of_room(&packet, &happened).await)?;
                events = of_room.unwrap_or_default();
            }
            for claim in credited {
                let ClaimRow { seq, user_id, amount_fen, .. } = claim;
                events.push(NewEvent::credited(order_no, seq, user_id, amount_fen, now));
            }
            if let Some((to, amount)) = happened.refunded {
                events.push(NewEvent::refunded(order_no, to, amount, now));
            }
            events.retain(|event| heard.contains(&event.to));
            if events.is_empty() {
                continue;
            }
            crash::before(Step::TellWebhooks);
            unless_final(order_no, self.hooks.store.tell(events, now).await)?;
            crash::after(Step::TellWebhooks);
            self.hooks.bell.notify_one();
        }
        Ok(())
    }

    async fn credited(
        &self,
        order_no: OrderNo,
        happened: &Happened,
    ) -> Result<Vec<ClaimRow>, StoreError> {
        let (Some(first), Some(last)) = (happened.credited.first(), happened.credited.last())
        else {
            return Ok(Vec::new());
        };
        let count = last.saturating_sub(*first).saturating_add(1);
        let mut claims = self.orders.claims(order_no, *first, count).await?;
        claims.retain(|claim| happened.credited.contains(&claim.seq));
        Ok(claims)
    }

    /// All that has happened to a packet until then, in its order.
    async fn of_room(
        &self,
        packet: &PacketRow,
        happened: &Happened,
    ) -> Result<Vec<NewEvent>, Refusal> {
        let (order_no, room) = (packet.order_no, packet.group_id);
        let about = |what, event_type, at, data| {
            NewEvent::of_room(what, event_type, order_no, room, at, data)
        };
        let sender = Some(EventPerson::from(packet.sender_id));
        let mut events = vec![about(
            "sent",
            EventType::PacketSent,
            packet.landed_at,
            EventData {
                sender: sender.clone(),
                kind: Some(packet.kind),
                shares: Some(packet.shares),
                recipient: packet.recipient_id.map(EventPerson::from),
                ..EventData::default()
            },
        )];
        let is_over = happened.finished || happened.expired || happened.refunded.is_some();
        let claimed = packet.progress.claimed;
        let (from, end) =
            happened.opened.unwrap_or(if is_over { (claimed, claimed) } else { (0, 0) });
        let end = if is_over { claimed } else { end };
        let from = from.min(end.saturating_sub(BACK_MAX));
        let claims = self.orders.claims(order_no, from, end.saturating_sub(from)).await?;
        events.extend(claims.iter().map(|claim| {
            NewEvent::opened(order_no, room, claim.seq, claim.user_id, claim.opened_at)
        }));
        let Some(at) = packet.progress.finished_at.filter(|_| is_over) else { return Ok(events) };
        if packet.progress.state == StoredState::Finished {
            let best = if packet.kind == Kind::Lucky {
                let all = match from {
                    0 => claims,
                    _ => self.orders.claims(order_no, 0, claimed).await?,
                };
                let best = packet.best_luck(&all);
                best.map_err(|error| StoreError::Corrupt(error.to_string()))?
            } else {
                None
            };
            let best_luck = best.map(|claim| EventPerson::from(claim.user_id));
            let data = EventData {
                sender,
                shares: Some(packet.shares),
                best_luck,
                ..EventData::default()
            };
            events.push(about("finished", EventType::PacketFinished, at, data));
        } else {
            let data = EventData { sender, shares: Some(packet.shares), ..EventData::default() };
            events.push(about("expired", EventType::PacketExpired, at, data));
        }
        Ok(events)
    }
}

/// What is posted: the event, with the names that the service itself has for those in it.
pub(super) async fn body(
    store: &dyn PeopleStore,
    service: ServiceId,
    event: &LeasedEvent,
) -> Result<String, PeopleError> {
    let mut data = event.data.clone();
    let EventData { sender, person, recipient, best_luck, .. } = &mut data;
    let mut people: Vec<_> =
        [sender, person, recipient, best_luck].into_iter().filter_map(Option::as_mut).collect();
    let ids: Vec<_> = people.iter().map(|person| person.user_id).collect();
    let externals = store.externals(service, &ids, event.data.group_id).await?;
    for person in &mut people {
        let known = externals.people.iter().find(|(id, _)| *id == person.user_id);
        person.linked = known.map(|(_, external)| external.clone());
    }
    data.room = externals.room;
    if let (EventType::PacketSent, Some(order_no)) = (event.event_type, data.order_no) {
        let dress = store.packet_dress(order_no).await?;
        data.greeting = dress.map(|dress| dress.greeting).filter(|words| !words.is_empty());
    }
    let event = WebhookEvent { event_type: event.event_type, timestamp: event.at, data };
    Ok(serde_json::to_string(&event).expect("events serialize"))
}
