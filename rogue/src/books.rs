//! What people were told. Whoever is told something else later has found a fault.

use serde_json::Value;
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Mutex, MutexGuard, PoisonError},
};

/// Everything that was said in a round.
#[derive(Debug, Default)]
pub(crate) struct Books(Mutex<Pages>);

#[derive(Clone, Debug, Default)]
pub(crate) struct Pages {
    /// By order number.
    pub(crate) packets: BTreeMap<String, Packet>,
    /// By key.
    pub(crate) top_ups: BTreeMap<String, TopUp>,
    /// By their words, which are said once only.
    pub(crate) messages: BTreeMap<String, Message>,
    /// The highest id that anybody was answered, by group.
    pub(crate) newest: BTreeMap<usize, u64>,
    /// Numbers of packets that were lost with a server; no other packet may get one.
    pub(crate) lost: BTreeSet<String>,
    /// What had no outcome when everything after it was lost, by who began it.
    pub(crate) again: Vec<(usize, Promise)>,
}

/// Something that was begun and must come to an outcome.
#[derive(Clone, Debug)]
pub(crate) enum Promise {
    TopUp { key: String, amount: u64 },
    Pay { order_no: String },
    Say { words: String },
    Open { order_no: String },
}

/// Whether a packet was paid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Paid {
    /// Not asked for, or refused for good.
    No,
    /// Asked for, and not answered yet.
    Asked,
    /// Answered.
    Yes,
}

/// A packet as its sender and its group know it.
#[derive(Clone, Debug)]
pub(crate) struct Packet {
    pub(crate) sender: usize,
    pub(crate) group: usize,
    pub(crate) kind: &'static str,
    pub(crate) total: u64,
    /// What the house takes on top of it.
    pub(crate) fee: u64,
    pub(crate) shares: u64,
    pub(crate) recipient: Option<usize>,
    pub(crate) commitment: String,
    pub(crate) client_seed: Option<String>,
    pub(crate) paid: Paid,
    /// Shares that people were told to have.
    pub(crate) told: BTreeMap<usize, Share>,
    /// Who asked to open it and was not answered yet.
    pub(crate) asked: BTreeSet<usize>,
    /// `finished` or `expired`, once somebody was told so who came for a share.
    pub(crate) end: Option<String>,
    /// Details have shown it over: then its end is stored, and they do so for ever.
    pub(crate) is_shown_over: bool,
}

/// A share as somebody was told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Share {
    pub(crate) amount: u64,
    /// Its place and time; a grab tells the amount alone.
    pub(crate) place: Option<(u64, String)>,
}

/// Money from outside.
#[derive(Clone, Debug)]
pub(crate) struct TopUp {
    pub(crate) who: usize,
    pub(crate) amount: u64,
    pub(crate) answer: Option<Value>,
}

/// Words in a group.
#[derive(Clone, Debug)]
pub(crate) struct Message {
    pub(crate) who: usize,
    pub(crate) group: usize,
    /// Its id must be above.
    pub(crate) after: u64,
    pub(crate) id: Option<u64>,
}

impl Books {
    pub(crate) fn pages(&self) -> MutexGuard<'_, Pages> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What people know at this moment.
    pub(crate) fn remember(&self) -> Pages {
        self.pages().clone()
    }

    /// People know again what they knew then. What had no outcome then may have been
    /// answered since, which is forgotten, so that it has to be asked again.
    pub(crate) fn forget(&self, then: Pages) {
        let mut pages = self.pages();
        let mut lost = std::mem::take(&mut pages.lost);
        let now = std::mem::replace(&mut *pages, then);
        let known = |order_no: &String| pages.packets.contains_key(order_no);
        lost.extend(now.packets.into_keys().filter(|order_no| !known(order_no)));
        let mut again = Vec::new();
        for (key, TopUp { who, amount, answer }) in &pages.top_ups {
            if answer.is_none() {
                again.push((*who, Promise::TopUp { key: key.clone(), amount: *amount }));
            }
        }
        for (words, message) in &pages.messages {
            if message.id.is_none() {
                again.push((message.who, Promise::Say { words: words.clone() }));
            }
        }
        for (order_no, packet) in &pages.packets {
            if packet.paid == Paid::Asked {
                again.push((packet.sender, Promise::Pay { order_no: order_no.clone() }));
            }
            let open = |who: &usize| (*who, Promise::Open { order_no: order_no.clone() });
            again.extend(packet.asked.iter().map(open));
        }
        pages.lost = lost;
        pages.again.extend(again);
    }

    pub(crate) fn packet(&self, order_no: &str) -> Option<Packet> {
        self.pages().packets.get(order_no).cloned()
    }

    /// Somebody was told their share. What contradicts it, if something does.
    pub(crate) fn opened(&self, order_no: &str, who: usize, share: Share) -> Option<String> {
        let mut pages = self.pages();
        let packet = pages.packets.get_mut(order_no)?;
        packet.asked.remove(&who);
        let before = packet.told.get(&who).cloned();
        if before.is_none() && packet.recipient.is_some_and(|recipient| recipient != who) {
            return Some(format!("{who} opened {order_no}, which is for somebody else"));
        }
        let contradicts = before.as_ref().is_some_and(|before| {
            let moved =
                before.place.is_some() && share.place.is_some() && before.place != share.place;
            before.amount != share.amount || moved
        });
        if contradicts {
            return Some(format!("{who} was told {before:?} of {order_no}, and now {share:?}"));
        }
        let told = packet.told.entry(who).or_insert_with(|| share.clone());
        if told.place.is_none() {
            told.place = share.place;
        }
        let given: u64 = packet.told.values().map(|share| share.amount).sum();
        let places: BTreeSet<u64> =
            packet.told.values().filter_map(|share| Some(share.place.as_ref()?.0)).collect();
        let with_place = packet.told.values().filter(|share| share.place.is_some()).count();
        let too_many = packet.told.len() as u64 > packet.shares || given > packet.total;
        (too_many || places.len() != with_place)
            .then(|| format!("{order_no} gave more than it has, or a share twice: {packet:?}"))
    }

    /// Details have shown it over.
    pub(crate) fn shown_over(&self, order_no: &str) {
        if let Some(packet) = self.pages().packets.get_mut(order_no) {
            packet.is_shown_over = true;
        }
    }

    /// Somebody was told that it is over. What contradicts it, if something does.
    pub(crate) fn over(&self, order_no: &str, who: usize, end: &str) -> Option<String> {
        let mut pages = self.pages();
        let packet = pages.packets.get_mut(order_no)?;
        let before = packet.end.get_or_insert_with(|| end.to_owned());
        (before != end || packet.told.contains_key(&who))
            .then(|| format!("{who} is told that {order_no} is {end}, but {packet:?}"))
    }
}
