//! What clients asked for and were told; the server must stand by all of it.

use crate::traffic::recipient_of;
use hongbao_shared::{Kind, OrderNo, api::packets::Opened};
use std::{
    collections::BTreeMap,
    sync::{
        Mutex, MutexGuard,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};
use tokio::{sync::Notify, time::timeout};

/// A packet that somebody sent; people are places in the cast.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sent {
    pub(crate) sender: usize,
    pub(crate) kind: Kind,
    pub(crate) total_fen: u64,
    pub(crate) shares: u32,
    /// It can only be given up: its day takes no landings.
    pub(crate) stuck: bool,
}

impl Sent {
    /// May this person open it?
    pub(crate) fn is_for(self, who: usize) -> bool {
        self.kind != Kind::Exclusive || who == recipient_of(self.sender)
    }
}

/// Demo money that somebody asked for under a key.
#[derive(Clone, Copy, Debug)]
pub(crate) struct TopUp {
    pub(crate) amount_fen: u64,
    pub(crate) answered: bool,
}

/// Everything so far.
#[derive(Clone, Debug, Default)]
pub(crate) struct Facts {
    /// Paid, and answered so.
    pub(crate) paid: BTreeMap<OrderNo, Sent>,
    /// Pre-ordered; whether they are paid only the server knows.
    pub(crate) in_doubt: BTreeMap<OrderNo, Sent>,
    /// Opened, and answered so.
    pub(crate) opened: BTreeMap<(OrderNo, usize), Opened>,
    pub(crate) top_ups: BTreeMap<(usize, String), TopUp>,
}

#[derive(Debug, Default)]
pub(crate) struct Told {
    facts: Mutex<Facts>,
    answers: AtomicUsize,
    /// Tells when so many answers have been given.
    enough_at: AtomicUsize,
    enough: Notify,
}

impl From<Facts> for Told {
    fn from(facts: Facts) -> Self {
        Self { facts: Mutex::new(facts), ..Self::default() }
    }
}

impl Told {
    pub(crate) fn facts(&self) -> MutexGuard<'_, Facts> {
        self.facts.lock().unwrap()
    }

    /// A key that was never used, and an amount that tells its line from all others.
    pub(crate) fn new_top_up(&self, person: usize) -> (String, u64) {
        let mut facts = self.facts();
        let number = facts.top_ups.len();
        let (key, amount_fen) = (format!("top-up-{number}"), 100_000 + number as u64);
        facts.top_ups.insert((person, key.clone()), TopUp { amount_fen, answered: false });
        (key, amount_fen)
    }

    pub(crate) fn topped_up(&self, person: usize, key: &str) {
        self.facts().top_ups.get_mut(&(person, key.to_owned())).unwrap().answered = true;
        self.answered();
    }

    pub(crate) fn pre_ordered(&self, order_no: OrderNo, sent: Sent) {
        assert!(self.facts().in_doubt.insert(order_no, sent).is_none(), "{order_no} twice");
        self.answered();
    }

    pub(crate) fn paid(&self, order_no: OrderNo) {
        let mut facts = self.facts();
        let sent = facts.in_doubt.remove(&order_no).expect("it was pre-ordered");
        assert!(facts.paid.insert(order_no, sent).is_none(), "{order_no} twice");
        drop(facts);
        self.answered();
    }

    pub(crate) fn never_paid(&self, order_no: OrderNo) {
        self.facts().in_doubt.remove(&order_no).expect("it was pre-ordered");
    }

    pub(crate) fn opened(&self, order_no: OrderNo, person: usize, opened: &Opened) {
        let before = self.facts().opened.insert((order_no, person), opened.clone());
        assert!(before.is_none_or(|before| before == *opened), "{order_no} {person}");
        self.answered();
    }

    fn answered(&self) {
        let answers = self.answers.fetch_add(1, Ordering::SeqCst) + 1;
        if answers >= self.enough_at.load(Ordering::SeqCst) {
            self.enough.notify_one();
        }
    }

    /// How many answers clients have been given.
    pub(crate) fn answers(&self) -> usize {
        self.answers.load(Ordering::SeqCst)
    }

    /// Waits until clients have been given so many answers from now on.
    pub(crate) async fn more_answers(&self, count: usize) {
        let now = self.answers();
        self.enough_at.store(now + count, Ordering::SeqCst);
        let given = async {
            while self.answers() < now + count {
                self.enough.notified().await;
            }
        };
        timeout(Duration::from_mins(2), given).await.expect("clients are answered");
    }
}
