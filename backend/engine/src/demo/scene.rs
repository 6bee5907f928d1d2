//! What demo members do next: decisions alone, no clock and no I/O, so that a test can
//! play an evening in a moment.

use super::{
    agenda::Agenda,
    cast::manner,
    dice::Dice,
    lines::{Occasion, greetings, lines},
    packets::{Tracked, Watched},
};
use hongbao_shared::{
    OrderNo, Timestamp, UserId,
    api::{
        groups::{CardState, Language, Message, MessageBody},
        live::PacketChange,
    },
};

/// Something that a demo member is to do now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Act {
    /// Which of them.
    pub(super) member: usize,
    /// What.
    pub(super) deed: Deed,
}

/// What a demo member does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Deed {
    /// Says something.
    Say(String),
    /// Sends a lucky packet.
    Send(Offer),
    /// Taps a packet.
    Open(OrderNo),
}

/// A packet to be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Offer {
    /// The total.
    pub(super) total_fen: i64,
    /// The number of shares.
    pub(super) shares: i64,
    /// The words on it.
    pub(super) greeting: &'static str,
    /// Its cover.
    pub(super) cover: &'static str,
}

/// What waits for its moment.
#[derive(Clone, Debug)]
pub(super) enum Plan {
    Say(usize, Occasion, Option<String>),
    Send(usize, Option<(i64, i64)>),
    Open(usize, OrderNo),
    /// Somebody breaks the silence.
    Idle,
}

/// The first packet that a newcomer sees: a share fewer than there are people.
const FIRST_OFFER: (i64, i64) = (888, 5);
const OFFERS: [(i64, i64); 7] =
    [(888, 5), (666, 4), (1_888, 6), (520, 3), (1_314, 6), (99, 3), (2_000, 5)];
const COVERS: [&str; 4] = ["classic", "lantern", "blossom", "dragon"];
/// Whoever has been away for longer than this comes back, in milliseconds.
const AWAY_MS: i64 = 60 * 60 * 1_000;
/// Silence is broken after this long, in milliseconds.
const IDLE_MS: (u32, u32) = (22_000, 50_000);
/// Somebody who only listens is entertained less and less: the pauses grow by this
/// much with each, in milliseconds.
const IDLE_GROWS_MS: u32 = 6_000;
const IDLE_GROWS_MAX: u32 = 50;
/// Words of others are answered at most this often, in milliseconds.
const REPLY_PAUSE_MS: i64 = 8_000;

/// One demo group while somebody is there.
#[derive(Debug)]
pub(super) struct Scene {
    /// At least one.
    cast: Vec<UserId>,
    language: Language,
    dice: Dice,
    agenda: Agenda<Plan>,
    packets: Watched,
    /// How many silences were broken since somebody else did something.
    idles: u32,
    replied_at: Timestamp,
    last_line: Option<&'static str>,
}

impl Scene {
    /// With these demo members, of whom there must be one.
    pub(super) fn new(cast: Vec<UserId>, language: Language, dice: Dice) -> Self {
        Self {
            cast,
            language,
            dice,
            agenda: Agenda::default(),
            packets: Watched::default(),
            idles: 0,
            replied_at: Timestamp::from_millis(0),
            last_line: None,
        }
    }

    /// Somebody opens the group, where the last word was said at `last`; `None` to a
    /// newcomer. Whoever was there a while ago is not greeted again.
    pub(super) fn arrive(&mut self, now: Timestamp, name: &str, last: Option<Timestamp>) {
        let host = 0;
        let other = self.dice.between(1.min(self.cast.len() - 1), self.cast.len() - 1);
        if let Some(last) = last {
            if now.millis_since(last) > AWAY_MS {
                self.say_in(now, (900, 2_500), other, Occasion::BackAgain, Some(name));
            }
            let at = now.plus(self.dice.wait((6_000, 14_000)));
            let sender = self.generous();
            self.agenda.add(at, Plan::Send(sender, None));
        } else {
            self.say_in(now, (500, 900), host, Occasion::Welcome, Some(name));
            self.say_in(now, (1_400, 2_000), other, Occasion::Invite, None);
            let at = now.plus(self.dice.wait((2_600, 3_400)));
            self.agenda.add(at, Plan::Send(other, Some(FIRST_OFFER)));
        }
        self.stay_awake(now);
    }

    /// An entry of the log.
    pub(super) fn see(&mut self, now: Timestamp, message: &Message) {
        let by = self.place(message.user.id);
        if by.is_none() {
            self.idles = 0;
        }
        match &message.body {
            MessageBody::Text { .. } if by.is_none() => self.answer(now),
            MessageBody::Packet { packet } if packet.state == CardState::Open => {
                let recipient = packet.recipient.as_ref().map(|profile| profile.id);
                let shares = packet.progress.map_or(1, |progress| progress.shares);
                self.tempt(now, packet.order_no, by, recipient, shares);
            }
            MessageBody::Finished { order_no, best_luck, .. } => {
                let luckiest = best_luck.as_ref().map(|profile| (profile.id, &*profile.name));
                self.after(now, *order_no, luckiest);
            }
            MessageBody::Joined if by.is_none() => {
                let name = message.user.name.clone();
                self.say_in(now, (1_000, 2_500), 0, Occasion::Welcome, Some(&name));
            }
            _ => {}
        }
    }

    /// A packet has changed.
    pub(super) fn change(&mut self, change: &PacketChange) {
        let claimed = change.progress.map(|progress| progress.claimed);
        let over = matches!(change.state, CardState::Finished | CardState::Expired);
        self.packets.change(change.order_no, claimed, over);
    }

    /// One of them has opened a packet.
    pub(super) fn has_opened(&mut self, now: Timestamp, member: usize, order_no: OrderNo) {
        let Some(packet) = self.packets.opened(order_no, member) else { return };
        let (sender, thanked) = (packet.sent_by, packet.thanked);
        if sender.is_none() && thanked < 2 && self.dice.chance(60) {
            packet.thanked += 1;
            self.say_in(now, (900, 2_600), member, Occasion::Thanks, None);
        } else if sender.is_some_and(|sender| sender != member) && self.dice.chance(15) {
            self.say_in(now, (1_200, 3_500), member, Occasion::Thanks, None);
        }
    }

    /// One of them was too late.
    pub(super) fn has_missed(&mut self, now: Timestamp, member: usize, order_no: OrderNo) {
        self.packets.change(order_no, None, true);
        if self.dice.chance(25) {
            self.say_in(now, (800, 2_500), member, Occasion::TooLate, None);
        }
    }

    /// When there is something to do.
    pub(super) fn next_due(&self) -> Option<Timestamp> {
        self.agenda.next_due()
    }

    /// What is to be done now, in order.
    pub(super) fn due(&mut self, now: Timestamp) -> Vec<Act> {
        let mut acts = Vec::new();
        while let Some(plan) = self.agenda.take_due(now) {
            match plan {
                Plan::Say(member, occasion, about) => {
                    let text = self.line(occasion, about.as_deref());
                    acts.push(Act { member, deed: Deed::Say(text) });
                }
                Plan::Send(member, offer) => acts.push(Act { member, deed: self.offer(offer) }),
                Plan::Open(member, order_no) => match self.packets.may_open(order_no, now) {
                    Tracked::Open => acts.push(Act { member, deed: Deed::Open(order_no) }),
                    Tracked::Held => {
                        let at = now.plus(self.dice.wait((1_500, 4_000)));
                        self.agenda.add(at, Plan::Open(member, order_no));
                    }
                    Tracked::Over => {}
                },
                Plan::Idle => {
                    self.break_silence(now);
                    self.stay_awake(now);
                }
            }
        }
        acts
    }

    /// A packet lies there: who taps it, and when.
    fn tempt(
        &mut self,
        now: Timestamp,
        order_no: OrderNo,
        by: Option<usize>,
        recipient: Option<UserId>,
        shares: u32,
    ) {
        // What lies there for the first time is kept open for others a little longer.
        let hold_s = if by.is_none() {
            0
        } else if self.packets.is_empty() {
            90
        } else if self.dice.chance(60) {
            20
        } else {
            0
        };
        if !self.packets.watch(order_no, by, shares, now.plus_seconds(hold_s)) {
            return;
        }
        if let Some(recipient) = recipient {
            if let Some(member) = self.place(recipient) {
                let at = now.plus(self.dice.wait((1_000, 3_000)));
                self.agenda.add(at, Plan::Open(member, order_no));
            }
            return;
        }
        // Somebody else's first packet is not left lying: one of them is there within
        // two seconds.
        let eager = self.dice.between(0, self.cast.len() - 1);
        for member in 0..self.cast.len() {
            if by == Some(member) && self.dice.chance(50) {
                continue;
            }
            let tap_ms = match by {
                None if member == eager => (900, 1_900),
                _ => manner(member).tap_ms,
            };
            let at = now.plus(self.dice.wait(tap_ms));
            self.agenda.add(at, Plan::Open(member, order_no));
        }
    }

    /// A packet is empty: who says what about the best luck.
    fn after(&mut self, now: Timestamp, order_no: OrderNo, luckiest: Option<(UserId, &str)>) {
        self.packets.change(order_no, None, true);
        let Some((luckiest, name)) = luckiest else { return };
        if let Some(member) = self.place(luckiest) {
            if self.dice.chance(40) {
                self.say_in(now, (1_000, 3_000), member, Occasion::LuckyMe, None);
            }
            // Whoever has the best luck sends the next one: as people play it.
            if self.dice.chance(35) {
                let at = now.plus(self.dice.wait((7_000, 16_000)));
                self.agenda.add(at, Plan::Send(member, None));
            }
        } else {
            let speaker = self.chatty();
            self.say_in(now, (900, 2_500), speaker, Occasion::Congratulate, Some(name));
        }
    }

    fn answer(&mut self, now: Timestamp) {
        if now.millis_since(self.replied_at) < REPLY_PAUSE_MS || !self.dice.chance(70) {
            return;
        }
        self.replied_at = now;
        let speaker = self.chatty();
        self.say_in(now, (1_500, 4_000), speaker, Occasion::Reply, None);
    }

    fn break_silence(&mut self, now: Timestamp) {
        self.idles = self.idles.saturating_add(1);
        if self.packets.some_open() || self.dice.chance(65) {
            let speaker = self.chatty();
            self.say_in(now, (0, 500), speaker, Occasion::SmallTalk, None);
        } else {
            let sender = self.generous();
            self.agenda.add(now, Plan::Send(sender, None));
        }
    }

    fn stay_awake(&mut self, now: Timestamp) {
        self.agenda.retain(|plan| !matches!(plan, Plan::Idle));
        let longer = IDLE_GROWS_MS.saturating_mul(self.idles.min(IDLE_GROWS_MAX));
        let wait = (IDLE_MS.0.saturating_add(longer), IDLE_MS.1.saturating_add(longer));
        let at = now.plus(self.dice.wait(wait));
        self.agenda.add(at, Plan::Idle);
    }

    fn say_in(
        &mut self,
        now: Timestamp,
        wait_ms: (u32, u32),
        member: usize,
        occasion: Occasion,
        about: Option<&str>,
    ) {
        let at = now.plus(self.dice.wait(wait_ms));
        self.agenda.add(at, Plan::Say(member, occasion, about.map(str::to_owned)));
    }

    /// A line that is not the one before.
    fn line(&mut self, occasion: Occasion, about: Option<&str>) -> String {
        let all = lines(self.language, occasion);
        let mut line = *self.dice.one_of(all);
        if Some(line) == self.last_line {
            line = *self.dice.one_of(all);
        }
        self.last_line = Some(line);
        line.replace("{}", about.unwrap_or_default())
    }

    fn offer(&mut self, offer: Option<(i64, i64)>) -> Deed {
        let (total_fen, shares) = offer.unwrap_or_else(|| *self.dice.one_of(&OFFERS));
        Deed::Send(Offer {
            total_fen,
            shares,
            greeting: self.dice.one_of::<&str>(greetings(self.language)),
            cover: self.dice.one_of::<&str>(&COVERS),
        })
    }

    fn chatty(&mut self) -> usize {
        self.dice.weighted((0..self.cast.len()).map(|member| manner(member).chatty))
    }

    fn generous(&mut self) -> usize {
        self.dice.weighted((0..self.cast.len()).map(|member| manner(member).generous))
    }

    fn place(&self, user: UserId) -> Option<usize> {
        self.cast.iter().position(|id| *id == user)
    }
}
