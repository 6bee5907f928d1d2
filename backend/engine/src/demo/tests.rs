//! An evening in a demo group, played in a moment.

use super::{
    cast::cast,
    dice::Dice,
    scene::{Act, Deed, Scene},
};
use hongbao_domain::runtime::Entropy;
use hongbao_shared::{
    MessageId, OrderNo, Timestamp, UserId,
    api::{
        accounts::Profile,
        groups::{CardProgress, CardState, Language, Message, MessageBody, PacketCard},
        live::PacketChange,
    },
};
use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

/// Splitmix64: a seed that a failing test prints.
#[derive(Debug)]
struct Seeded(AtomicU64);

impl Entropy for Seeded {
    fn fill(&self, bytes: &mut [u8]) {
        for chunk in bytes.chunks_mut(8) {
            let mut bits = self.0.fetch_add(0x9e37_79b9_7f4a_7c15, Ordering::Relaxed);
            bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            chunk.copy_from_slice(&(bits ^ (bits >> 31)).to_le_bytes()[..chunk.len()]);
        }
    }
}

const START: Timestamp = Timestamp::from_millis(1_700_000_000_000);

/// A group in memory: what the scene's acts lead to.
struct Evening {
    seed: u64,
    scene: Scene,
    people: Vec<Profile>,
    now: Timestamp,
    acts: Vec<(i64, Act)>,
    packets: Vec<Packet>,
    messages: i64,
}

struct Packet {
    order_no: OrderNo,
    shares: u32,
    demo: Vec<usize>,
    mine: bool,
}

impl Packet {
    fn claimed(&self) -> u32 {
        u32::try_from(self.demo.len()).unwrap() + u32::from(self.mine)
    }

    fn progress(&self) -> CardProgress {
        CardProgress { shares: self.shares, claimed: self.claimed() }
    }
}

fn me() -> Profile {
    Profile {
        id: UserId::new(7).unwrap(),
        name: "Ann".to_owned(),
        avatar: "a01".to_owned(),
        is_demo: false,
    }
}

impl Evening {
    fn new(seed: u64) -> Self {
        let people: Vec<_> = (100..)
            .zip(cast(Language::En))
            .map(|(id, member)| Profile {
                id: UserId::new(id).unwrap(),
                name: member.name.to_owned(),
                avatar: member.avatar.to_owned(),
                is_demo: true,
            })
            .collect();
        let ids = people.iter().map(|profile| profile.id).collect();
        let dice = Dice::new(Arc::new(Seeded(AtomicU64::new(seed))));
        let scene = Scene::new(ids, Language::En, dice);
        Self { seed, scene, people, now: START, acts: vec![], packets: vec![], messages: 0 }
    }

    fn message(&mut self, user: Profile, body: MessageBody) {
        self.messages += 1;
        let id = MessageId::new(self.messages).unwrap();
        self.scene.see(self.now, &Message { id, at: self.now, user, body });
    }

    fn packet(&mut self, sender: Profile, shares: u32) -> OrderNo {
        let order_no = OrderNo::from_bits(i64::try_from(self.packets.len()).unwrap()).unwrap();
        let packet = Packet { order_no, shares, demo: vec![], mine: false };
        let progress = Some(packet.progress());
        self.packets.push(packet);
        let packet = PacketCard {
            order_no,
            kind: hongbao_shared::Kind::Lucky.into(),
            greeting: String::new(),
            cover: "classic".to_owned(),
            recipient: None,
            state: CardState::Open,
            progress,
        };
        self.message(sender, MessageBody::Packet { packet });
        order_no
    }

    /// What everyone hears after a share was taken.
    fn changed(&mut self, place: usize) {
        let packet = &self.packets[place];
        let (order_no, progress) = (packet.order_no, packet.progress());
        let full = progress.claimed == progress.shares;
        let state = if full { CardState::Finished } else { CardState::Open };
        self.scene.change(&PacketChange { order_no, state, progress: Some(progress) });
        if full {
            let best_luck = Some(self.people[0].clone());
            let body =
                MessageBody::Finished { order_no, shares: progress.shares, took_ms: 1, best_luck };
            self.message(me(), body);
        }
    }

    fn run_for(&mut self, seconds: i64) {
        let until = self.now.plus_seconds(seconds);
        while let Some(due) = self.scene.next_due().filter(|due| *due <= until) {
            self.now = due.max(self.now);
            for act in self.scene.due(self.now) {
                self.acts.push((self.now.millis_since(START), act.clone()));
                self.perform(&act);
            }
        }
        self.now = until;
    }

    fn perform(&mut self, act: &Act) {
        let by = self.people[act.member].clone();
        match &act.deed {
            Deed::Say(text) => self.message(by, MessageBody::Text { text: text.clone() }),
            Deed::Send(offer) => {
                assert!(offer.total_fen >= offer.shares, "seed {}", self.seed);
                self.packet(by, u32::try_from(offer.shares).unwrap());
            }
            Deed::Open(order_no) => {
                let place =
                    self.packets.iter().position(|packet| packet.order_no == *order_no).unwrap();
                let packet = &mut self.packets[place];
                assert!(!packet.demo.contains(&act.member), "seed {}: opened twice", self.seed);
                if packet.claimed() < packet.shares {
                    packet.demo.push(act.member);
                    self.scene.has_opened(self.now, act.member, *order_no);
                    self.changed(place);
                } else {
                    self.scene.has_missed(self.now, act.member, *order_no);
                }
            }
        }
    }
}

fn each_seed(run: impl Fn(Evening)) {
    for seed in 0..200 {
        run(Evening::new(seed));
    }
}

/// R-WEB-6: a newcomer is greeted at once and has a packet before them within seconds,
/// with a share that is left for them for a minute.
#[test]
fn a_newcomer_is_in_time_for_the_first_packet() {
    each_seed(|mut evening| {
        evening.scene.arrive(START, "Ann", None);
        evening.run_for(4);
        let seed = evening.seed;
        let (greeted, hello) = &evening.acts[0];
        assert!(*greeted < 1_000, "seed {seed}");
        assert!(matches!(&hello.deed, Deed::Say(text) if text.contains("Ann")), "seed {seed}");
        assert_eq!(evening.packets.len(), 1, "seed {seed}");
        evening.run_for(60);
        let first = &evening.packets[0];
        assert!(first.claimed() >= 2, "seed {seed}: others take part");
        assert!(first.claimed() < first.shares, "seed {seed}: nothing is left for the newcomer");
    });
}

/// Whoever closes the page and opens it again is not welcomed back each time.
#[test]
fn only_who_has_been_away_is_greeted_again() {
    let greets = |evening: &Evening| {
        let names = |act: &Act| matches!(&act.deed, Deed::Say(text) if text.contains("Ann"));
        evening.acts.iter().any(|(_, act)| names(act))
    };
    each_seed(|mut evening| {
        evening.scene.arrive(START, "Ann", Some(START.plus_seconds(-600)));
        evening.run_for(5);
        assert!(!greets(&evening), "seed {}", evening.seed);
    });
    each_seed(|mut evening| {
        evening.scene.arrive(START, "Ann", Some(START.plus_seconds(-86_400)));
        evening.run_for(5);
        assert!(greets(&evening), "seed {}", evening.seed);
    });
}

/// R-WEB-6: they answer your first packet within seconds, and it is soon empty.
#[test]
fn your_packet_is_opened_within_seconds() {
    each_seed(|mut evening| {
        evening.scene.arrive(START, "Ann", Some(START));
        evening.packet(me(), 5);
        evening.run_for(2);
        let seed = evening.seed;
        assert!(evening.packets[0].claimed() >= 1, "seed {seed}");
        evening.run_for(20);
        assert_eq!(evening.packets[0].claimed(), 5, "seed {seed}");
        assert!(
            evening.acts.iter().any(|(_, act)| matches!(act.deed, Deed::Say(_))),
            "seed {seed}: nobody said a word"
        );
    });
}

/// What is for somebody else is not touched.
#[test]
fn an_exclusive_packet_for_somebody_else_is_left_alone() {
    let mut evening = Evening::new(1);
    let order_no = OrderNo::from_bits(77).unwrap();
    let packet = PacketCard {
        order_no,
        kind: hongbao_shared::Kind::Exclusive.into(),
        greeting: String::new(),
        cover: "classic".to_owned(),
        recipient: Some(Profile { id: UserId::new(9).unwrap(), ..me() }),
        state: CardState::Open,
        progress: Some(CardProgress { shares: 1, claimed: 0 }),
    };
    evening.message(me(), MessageBody::Packet { packet });
    evening.run_for(120);
    assert!(!evening.acts.iter().any(|(_, act)| act.deed == Deed::Open(order_no)));
}

/// Human pace: an hour of listening brings some company, less and less of it, and
/// never a flood.
#[test]
fn an_hour_of_listening_is_never_a_flood() {
    each_seed(|mut evening| {
        evening.scene.arrive(START, "Ann", None);
        evening.run_for(3_600);
        let seed = evening.seed;
        let said = |from: i64, to: i64| {
            evening
                .acts
                .iter()
                .filter(|(at, act)| (from..to).contains(at) && !matches!(act.deed, Deed::Open(_)))
                .count()
        };
        let (early, late) = (said(0, 600_000), said(3_000_000, 3_600_000));
        assert!((5..=90).contains(&early), "seed {seed}: {early} in the first ten minutes");
        assert!(late <= early, "seed {seed}: {late} in the last ten minutes, {early} at first");
        assert!(said(0, 3_600_000) <= 300, "seed {seed}: {}", said(0, 3_600_000));
    });
}

/// The same seed, the same evening.
#[test]
fn an_evening_follows_from_its_seed() {
    let acts = |seed| {
        let mut evening = Evening::new(seed);
        evening.scene.arrive(START, "Ann", None);
        evening.run_for(600);
        evening.acts
    };
    assert_eq!(acts(5), acts(5));
    assert_ne!(acts(5), acts(6));
}
