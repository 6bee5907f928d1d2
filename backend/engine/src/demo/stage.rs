//! A scene on its group: hears what happens there, and has its members do what the scene
//! decides, through the services that everyone uses.

use super::{
    DemoParts,
    dice::Dice,
    scene::{Act, Deed, Offer, Scene},
};
use crate::groups::LogEvent;
use hongbao_domain::Refusal;
use hongbao_shared::{
    ErrorCode, Fen, GroupId, Kind, MessageId, OrderNo, Timestamp, UserId,
    api::{
        groups::{CardState, Language, MessageBody, NewMessage},
        packets::{GrabState, PayRequest, PreOrderRequest},
    },
};
use std::{sync::Arc, time::Duration};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

/// Entries of the log that are looked at when somebody comes.
const LOOK_BACK: u32 = 30;
/// Entries that are read at a time.
const PART: u32 = 100;
/// Whoever reloads the page is back within this time, and is not greeted again.
const LINGER: Duration = Duration::from_secs(20);
/// Bytes of the seed that a demo member adds (R-FAIR-2).
const CLIENT_SEED_BYTES: usize = 16;

pub(super) struct Stage {
    parts: DemoParts,
    group: GroupId,
    members: Vec<UserId>,
    scene: Scene,
    /// Up to which entry of the log the scene has seen everything.
    seen: MessageId,
}

impl Stage {
    pub(super) fn new(
        parts: DemoParts,
        group: GroupId,
        language: Language,
        members: Vec<UserId>,
    ) -> Self {
        let dice = Dice::new(Arc::clone(&parts.entropy));
        let scene = Scene::new(members.clone(), language, dice);
        let seen = MessageId::from_random(0);
        Self { parts, group, members, scene, seen }
    }

    /// Plays until nobody has been there for a while, or until `stop`.
    pub(super) async fn play(mut self, stop: CancellationToken) {
        if let Err(refusal) = self.open().await {
            tracing::debug!(%refusal, group = %self.group, "a demo group stays quiet");
            return;
        }
        let wakes = Arc::clone(self.parts.groups.wakes());
        let mut presence = wakes.watch_presence();
        let mut alone_since = None;
        loop {
            presence.mark_unchanged();
            // Followed before the log is read, so that nothing comes between unheard.
            let Some(mut growth) = wakes.follow(self.group) else {
                let since = *alone_since.get_or_insert_with(Instant::now);
                tokio::select! {
                    biased;
                    () = stop.cancelled() => return,
                    () = tokio::time::sleep_until(since + LINGER) => return,
                    change = presence.changed() => if change.is_err() { return },
                }
                continue;
            };
            alone_since = None;
            if let Err(refusal) = self.hear().await {
                tracing::debug!(%refusal, group = %self.group, "a demo group hears nothing");
                return;
            }
            for act in self.scene.due(self.now()) {
                self.perform(act).await;
            }
            tokio::select! {
                biased;
                () = stop.cancelled() => return,
                change = presence.changed() => if change.is_err() { return },
                () = growth.grown() => {}
                () = tokio::time::sleep(self.until_due()) => {}
            }
        }
    }

    fn now(&self) -> Timestamp {
        self.parts.clock.now()
    }

    fn until_due(&self) -> Duration {
        let due = self.scene.next_due().unwrap_or_else(|| self.now().plus(LINGER));
        let millis = due.millis_since(self.now());
        // At least a moment, so that a clock that stands still makes nobody spin.
        Duration::from_millis(u64::try_from(millis).unwrap_or_default().max(20))
    }

    /// Looks at what is there, and greets.
    async fn open(&mut self) -> Result<(), Refusal> {
        let (groups, viewer) = (&self.parts.groups, self.members[0]);
        let cards = &*self.parts.packets;
        let page = groups.messages(viewer, self.group, None, Some(LOOK_BACK), cards).await?;
        self.seen = page.items.first().map_or(self.seen, |newest| newest.id);
        let spoken = page.items.iter().find(|message| {
            matches!(message.body, MessageBody::Text { .. } | MessageBody::Packet { .. })
        });
        let guests = groups.wakes().present(self.group);
        let guest = guests.iter().find(|guest| !self.members.contains(guest));
        let now = self.now();
        if let Some(guest) = guest {
            let name = self.parts.accounts.profile(*guest).await.name;
            self.scene.arrive(now, &name, spoken.map(|message| message.at));
        }
        for message in page.items.iter().rev() {
            if let MessageBody::Packet { packet } = &message.body
                && packet.state == CardState::Open
            {
                self.scene.see(now, message);
            }
        }
        Ok(())
    }

    /// Reads what has happened.
    async fn hear(&mut self) -> Result<(), Refusal> {
        loop {
            let (viewer, cards) = (self.members[0], &*self.parts.packets);
            let part =
                self.parts.groups.log_after(viewer, self.group, self.seen, PART, cards).await?;
            let now = self.now();
            for event in &part.events {
                match event {
                    LogEvent::Message(message) => self.scene.see(now, message),
                    LogEvent::Packet { change, .. } => self.scene.change(change),
                }
            }
            self.seen = part.up_to;
            if !part.more {
                return Ok(());
            }
        }
    }

    async fn perform(&mut self, Act { member, deed }: Act) {
        let Some(user) = self.members.get(member).copied() else { return };
        let done = match deed {
            Deed::Say(text) => {
                let message = NewMessage { text, key: None };
                self.parts.groups.post_text(user, self.group, message).await.map(|_| ())
            }
            Deed::Send(offer) => self.send(user, offer).await,
            Deed::Open(order_no) => self.tap(member, user, order_no).await,
        };
        if let Err(refusal) = done {
            tracing::debug!(%refusal, group = %self.group, "a demo member could not act");
        }
    }

    async fn send(&self, user: UserId, offer: Offer) -> Result<(), Refusal> {
        let limits = &self.parts.limits;
        let shares = offer.shares.min(limits.max_shares.into());
        let most = limits.max_share_fen.signed().saturating_mul(shares);
        let total_fen = offer.total_fen.min(most).min(limits.max_total_fen.signed()).max(shares);
        self.afford(user, total_fen).await?;
        let request = PreOrderRequest {
            group_id: self.group,
            kind: Kind::Lucky,
            total_fen,
            shares,
            greeting: Some(offer.greeting.to_owned()),
            cover: Some(offer.cover.to_owned()),
            recipient_id: None,
        };
        let order_no = self.parts.packets.pre_order_as_demo(user, request).await?.order_no;
        let mut seed = [0; CLIENT_SEED_BYTES];
        self.parts.entropy.fill(&mut seed);
        let client_seed = Some(data_encoding::HEXLOWER.encode(&seed));
        let request = PayRequest { client_seed };
        self.parts.packets.pay_as_demo(user, order_no, request).await.map(|_| ())
    }

    /// Tops a demo member's wallet up, as anybody tops theirs up.
    async fn afford(&self, user: UserId, total_fen: i64) -> Result<(), Refusal> {
        if self.parts.ledger.balance(user).await?.signed() >= total_fen {
            return Ok(());
        }
        let limits = &self.parts.limits;
        let amount = limits.max_top_up_fen.max(Fen::ONE).signed();
        let key = format!("demo-{:016x}", self.parts.entropy.bits());
        self.parts.ledger.top_up(user, amount, &key, limits).await.map(|_| ())
    }

    async fn tap(&mut self, member: usize, user: UserId, order_no: OrderNo) -> Result<(), Refusal> {
        let grabbed = self.parts.packets.grab_as_demo(user, order_no).await?;
        match (grabbed.state, grabbed.ticket) {
            (GrabState::CanOpen, Some(ticket)) => {
                match self.parts.packets.open(user, order_no, &ticket).await {
                    Ok(_) => self.scene.has_opened(self.now(), member, order_no),
                    Err(refusal) if is_over(refusal.code) => {
                        self.scene.has_missed(self.now(), member, order_no);
                    }
                    Err(refusal) => return Err(refusal),
                }
            }
            (GrabState::Finished | GrabState::Expired, _) => {
                self.scene.has_missed(self.now(), member, order_no);
            }
            _ => {}
        }
        Ok(())
    }
}

fn is_over(code: ErrorCode) -> bool {
    matches!(code, ErrorCode::PacketFinished | ErrorCode::PacketExpired)
}
