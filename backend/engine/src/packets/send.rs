//! Send: pre-order, then pay, then land (R-SEND).

use super::{Event, Packets, event::ListEvent};
use hongbao_domain::{
    Refusal,
    board::{Place, Rung},
    crash::{self, Step},
    planted::Bug,
    record::{Payment, PreOrderRecord},
    store::{
        ledger::DayCap,
        orders::{Landed, Landing as LandingRow, PacketRow, Progress, StoredState},
        people::Dress,
    },
    text,
};
use hongbao_shared::{
    Day, ErrorCode, Limits, OrderNo, Timestamp, UserId,
    api::packets::{Landing, LandingState, PacketDetails, PayRequest, PreOrder, PreOrderRequest},
    draft::Draft,
    fairness::{ClientSeed, ServerSeed},
    text::TextFault,
};
use std::time::Duration;

/// How long a payment waits for its packet to land before it answers 202.
const LANDING_WAIT: Duration = Duration::from_secs(2);

/// The answer to a payment.
#[derive(Debug)]
pub enum Paid {
    /// The packet is in the group.
    Landed(Box<PacketDetails>),
    /// It is paid and arrives later by itself.
    Landing(Landing),
}

impl Packets {
    /// Validates and numbers a packet, and commits to its server seed. Nothing is
    /// paid, and no database is touched while the shared cache is up (R-SEND-1, 4).
    pub async fn pre_order(
        &self,
        sender: UserId,
        request: PreOrderRequest,
    ) -> Result<PreOrder, Refusal> {
        self.pre_order_within(&self.limits, sender, request).await
    }

    /// The same for a demo member. What they send is the house's, and so would its fee be.
    pub(crate) async fn pre_order_as_demo(
        &self,
        sender: UserId,
        request: PreOrderRequest,
    ) -> Result<PreOrder, Refusal> {
        let free = Limits { fee_bp: 0, ..self.limits.clone() };
        self.pre_order_within(&free, sender, request).await
    }

    async fn pre_order_within(
        &self,
        limits: &Limits,
        sender: UserId,
        request: PreOrderRequest,
    ) -> Result<PreOrder, Refusal> {
        if !self.control.packets_on() {
            return Err(ErrorCode::PacketsOff.into());
        }
        let greeting = self.greeting(request.greeting.as_deref())?;
        let draft = Draft {
            kind: request.kind,
            total_fen: request.total_fen,
            shares: request.shares,
            greeting: greeting.as_deref(),
            cover: request.cover.as_deref(),
            recipient_id: request.recipient_id,
        };
        let checked = draft.check(limits).map_err(|code| with_bounds(code, limits))?;
        if !self.groups.is_member(request.group_id, sender).await? {
            return Err(ErrorCode::GroupNotFound.into());
        }
        if let Some(recipient) = checked.recipient_id
            && (recipient == sender || !self.groups.is_member(request.group_id, recipient).await?)
        {
            return Err(ErrorCode::RecipientInvalid.into());
        }

        self.sealer.check()?;
        self.sends.check(sender)?;
        let now = self.clock.now();
        let order_no = self.numbering.next(now).await?;
        let server_seed = ServerSeed::from_bytes(self.entropy.bytes32());
        let record = PreOrderRecord {
            order_no,
            sender_id: sender,
            group_id: request.group_id,
            recipient_id: checked.recipient_id,
            kind: checked.terms.kind(),
            total_fen: checked.terms.total(),
            shares: checked.terms.shares(),
            max_share_fen: checked.terms.max_share(),
            greeting: checked.greeting,
            cover: checked.cover.to_owned(),
            sealed_server_seed: self.sealer.seal(order_no, &server_seed, &*self.entropy),
            commitment: server_seed.commitment(),
            created_at: now,
            expires_at: now.plus_seconds(limits.preorder_ttl_s.into()),
            fee_fen: limits.fee(checked.terms.total()),
        };
        crash::before(Step::PreOrderCached);
        match self.sending.put_pre_order(&record).await {
            Ok(()) => crash::after(Step::PreOrderCached),
            Err(error) => {
                let place = Place::Site(order_no.site());
                self.control.board().enter(Rung::PreOrdersInDatabase, place, error);
                self.ledger.put_pre_order(record.clone()).await?;
            }
        }
        let commitment = if Bug::CommitmentToNothing.is_planted() {
            ServerSeed::from_bytes(self.entropy.bytes32()).commitment()
        } else {
            record.commitment
        };
        let PreOrderRecord { expires_at, fee_fen, .. } = record;
        Ok(PreOrder { order_no, commitment, expires_at, fee_fen })
    }

    /// A greeting that nobody sees is none. `greeting_invalid`.
    fn greeting(&self, greeting: Option<&str>) -> Result<Option<String>, Refusal> {
        match text::one_line(greeting.unwrap_or_default(), self.limits.greeting_chars_max) {
            Ok(greeting) => Ok(Some(greeting)),
            Err(TextFault::Empty) => Ok(None),
            Err(fault) => Err(Refusal::new(ErrorCode::GreetingInvalid).detail(fault.to_string())),
        }
    }

    /// Moves the money into the packet's escrow, its fee to the house (R-API-4), and lands the
    /// packet. Repeating it answers the same (R-SEND-2).
    pub async fn pay(
        &self,
        sender: UserId,
        order_no: OrderNo,
        request: PayRequest,
    ) -> Result<Paid, Refusal> {
        self.pay_within(self.ledger.cap(), sender, order_no, request).await
    }

    /// The same for a demo member. What they send is the house's, and they stand in for many
    /// people: what one may send in a day (R-API-4) is not theirs.
    pub(crate) async fn pay_as_demo(
        &self,
        sender: UserId,
        order_no: OrderNo,
        request: PayRequest,
    ) -> Result<Paid, Refusal> {
        self.pay_within(None, sender, order_no, request).await
    }

    async fn pay_within(
        &self,
        cap: Option<DayCap>,
        sender: UserId,
        order_no: OrderNo,
        request: PayRequest,
    ) -> Result<Paid, Refusal> {
        let seed = request.client_seed.as_deref().map(ClientSeed::from_hex).transpose();
        let seed = seed.map_err(|_| ErrorCode::ClientSeedInvalid)?;
        let first = self.pay_first(cap, sender, order_no, seed.clone().unwrap_or_default());
        let payment = match first.await {
            Ok(payment) => payment,
            // It may have been paid before. Asked when nothing else is left, because nearly
            // everybody pays once.
            Err(refusal) => {
                let payment = self.ledger.payment(order_no).await?;
                // To others it is as a number that does not exist.
                let theirs = payment.filter(|payment| payment.record.sender_id == sender);
                let payment = theirs.ok_or(refusal)?;
                if seed.is_some_and(|seed| seed.bytes() != payment.client_seed) {
                    return Err(ErrorCode::ClientSeedDiffers.into());
                }
                payment
            }
        };
        self.landed(sender, &payment).await
    }

    async fn pay_first(
        &self,
        cap: Option<DayCap>,
        sender: UserId,
        order_no: OrderNo,
        client_seed: ClientSeed,
    ) -> Result<Payment, Refusal> {
        if !self.control.packets_on() {
            return Err(ErrorCode::PacketsOff.into());
        }
        let now = self.clock.now();
        let record = self.find_pre_order(sender, order_no, now).await?;
        if !self.groups.is_member(record.group_id, sender).await? {
            return Err(ErrorCode::GroupNotFound.into());
        }
        // Whoever pays now could not open it after a restart.
        self.sealer.check_seal(order_no, &record.sealed_server_seed)?;
        let payment = Payment { record, client_seed: client_seed.bytes().to_vec(), paid_at: now };
        // What is in the books counts, should somebody have paid meanwhile.
        Ok(self.ledger.pay_within(cap, payment).await?.payment)
    }

    /// To others than its sender it is as a number that does not exist.
    async fn find_pre_order(
        &self,
        sender: UserId,
        order_no: OrderNo,
        now: Timestamp,
    ) -> Result<PreOrderRecord, Refusal> {
        let is_theirs =
            |record: &PreOrderRecord| record.sender_id == sender || Bug::AnotherPayer.is_planted();
        let cached = match self.sending.pre_order(order_no, now).await {
            Ok(Some(record)) if is_theirs(&record) => return Ok(record),
            cached => cached,
        };
        match (self.ledger.pre_order(order_no).await?.filter(is_theirs), cached) {
            (Some(record), _) if record.is_alive(now) => Ok(record),
            // It may well be there: whoever tries again can pay it.
            (None, Err(down)) => Err(Refusal::of_what_is_nowhere_else(down)),
            _ => Err(ErrorCode::PreOrderExpired.into()),
        }
    }

    /// Waits a moment for the packet to land. The lane, and the outbox behind it,
    /// go on whoever waits.
    async fn landed(&self, sender: UserId, payment: &Payment) -> Result<Paid, Refusal> {
        let PreOrderRecord { order_no, fee_fen, .. } = payment.record;
        let on_its_way = Landing { order_no, state: LandingState::Landing, fee_fen };
        // Nothing here holds a transaction, so the timeout can cut it off: the lane
        // finishes what it has taken.
        let landing = tokio::time::timeout(LANDING_WAIT, self.land(payment));
        match landing.await {
            Ok(Ok(Landed::Already(StoredState::GivenUp))) => Err(ErrorCode::PacketGivenUp.into()),
            Ok(Ok(Landed::New | Landed::Already(_))) => {
                // It is paid, whether or not its sender may still look at it.
                let Ok(details) = self.details(sender, order_no).await else {
                    return Ok(Paid::Landing(on_its_way));
                };
                let details = PacketDetails { fee_fen: Some(fee_fen), ..details };
                Ok(Paid::Landed(Box::new(details)))
            }
            Ok(Ok(Landed::DayRefused) | Err(_)) | Err(_) => Ok(Paid::Landing(on_its_way)),
        }
    }

    /// Brings a paid packet into its shard; idempotent.
    pub async fn land(&self, payment: &Payment) -> Result<Landed, Refusal> {
        let record = &payment.record;
        if let Some(entry) = self.local.get(record.order_no) {
            return Ok(Landed::Already(entry.progress().state));
        }
        let dress = Dress { greeting: record.greeting.clone(), cover: record.cover.clone() };
        if let Err(error) = self.sending.put_dress(record.order_no, &dress).await {
            tracing::debug!(%error, "dress is not cached");
        }
        let landed_at = self.clock.now();
        let packet = PacketRow::of(payment, landed_at, self.expires_at(landed_at), Progress::NONE)?;
        let events = [
            Event::card(payment, landed_at),
            Event::List(ListEvent::Sent { order_no: record.order_no }),
        ];
        self.lanes.land(landing(packet, &events)).await
    }

    /// Puts a tombstone under a number whose packet cannot land; only this sends
    /// the money back. If the packet has landed after all, it stays.
    pub async fn give_up(&self, payment: &Payment) -> Result<Landed, Refusal> {
        let now = self.clock.now();
        let tombstone =
            Progress { state: StoredState::GivenUp, finished_at: Some(now), ..Progress::NONE };
        let packet = PacketRow::of(payment, now, self.expires_at(now), tombstone)?;
        let refund = Event::refund(payment);
        self.lanes.land(landing(packet, &[refund])).await
    }

    fn expires_at(&self, landed_at: Timestamp) -> Timestamp {
        let life_s = i64::from(self.limits.packet_lifetime_s);
        landed_at.plus_seconds(if Bug::HalfALife.is_planted() { life_s / 2 } else { life_s })
    }
}

/// A packet, or a tombstone, that comes into its shard with what it tells.
pub(crate) fn landing(packet: PacketRow, events: &[Event]) -> LandingRow {
    LandingRow {
        epoch_day: epoch_day(packet.order_no.day(), packet.created_at),
        announcements: events.iter().map(Event::announce).collect(),
        packet,
    }
}

/// The calendar day that a number was given on: the one of its day in the cycle around
/// `at`. The number decides, and not the zone that is configured now: it may have been
/// another one when the number was given (R-ORDER-4), and a day that does not fit its
/// number has no table.
fn epoch_day(day: Day, at: Timestamp) -> i64 {
    const DAY_MS: i64 = 24 * 60 * 60 * 1_000;
    let here = at.millis().div_euclid(DAY_MS);
    // Zones are less than a day from UTC, and the days of the cycle a month apart.
    let near = [here, here.saturating_sub(1), here.saturating_add(1)];
    near.into_iter().find(|near| Day::of_epoch_day(*near) == day).unwrap_or(here)
}

/// What is out of bounds is told the bounds: they are settings.
fn with_bounds(code: ErrorCode, limits: &Limits) -> Refusal {
    let refusal = Refusal::new(code);
    match code {
        ErrorCode::AmountOutOfRange => {
            refusal.detail(format!("`total_fen` must be from 1 to {}.", limits.max_total_fen.get()))
        }
        ErrorCode::SharesOutOfRange => {
            refusal.detail(format!("`shares` must be from 1 to {}.", limits.max_shares))
        }
        _ => refusal,
    }
}
