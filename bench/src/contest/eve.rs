//! The work of New Year's Eve as one that had it told: for each packet that is sent there are
//! 2.6 opens, 50 grabs and 25 looks. A packet is grabbed once for each of the 50 that are sent
//! after it, the first who come open it, and it is looked at for as long.

use crate::{
    load::{Load, Part},
    report::say,
    shares::{FEN_PER_SHARE, by_packet, check},
    stage::Stage,
    wire::{get, packet_path, post},
};
use anyhow::{Context, Result, ensure};
use hongbao_shared::{
    Fen, OrderNo,
    api::{
        lists::{ListPage, ReceivedItem},
        packets::{Grabbed, OpenRequest, Opened, PreOrder},
        wallet::Wallet,
    },
};
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, OnceLock, PoisonError},
    time::{Duration, Instant},
};

/// What one person does in turn for each packet that is sent: sending it, grabs, looks.
const CYCLE: usize = 1 + GRABS + VIEWS;
const GRABS: usize = 50;
const VIEWS: usize = 25;
/// 2.6 on average.
const SHARES: [usize; 5] = [3, 2, 3, 2, 3];
const SHARES_MAX: usize = 3;
/// How often is looked whether everything is delivered, and for how long.
const LOOK_EVERY: Duration = Duration::from_millis(50);
const DELIVERED_WITHIN: Duration = Duration::from_mins(5);

/// What one call is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Deed {
    Send { place: usize },
    Grab { place: usize, opens: bool },
    View { place: usize },
}

/// What happens, in the order of calls, where `lead` packets are there before the first.
fn deed(lead: usize, call: usize) -> Deed {
    let (cycle, turn) = (call / CYCLE, call % CYCLE);
    let newest = lead + cycle;
    match turn {
        0 => Deed::Send { place: newest },
        // Each third: the last is as old as the last grab.
        view if view.is_multiple_of(3) => Deed::View { place: newest - 2 * (view / 3) + 1 },
        grab => {
            let age = grab - grab / 3;
            let place = newest - age;
            Deed::Grab { place, opens: age <= shares(place) }
        }
    }
}

fn shares(place: usize) -> usize {
    SHARES[place % SHARES.len()]
}

/// What goes on while the clock runs.
pub(super) struct Eve {
    people: Arc<[String]>,
    /// What whoever sends as many shares asks for.
    sends: BTreeMap<usize, String>,
    packets: Vec<OnceLock<OrderNo>>,
    /// How many of them are there before the first call, so that those that are sent meanwhile
    /// have time to land until somebody comes for them.
    lead: usize,
    /// For whoever comes before their packet does: one whose share is taken.
    over: OrderNo,
    opened: Mutex<BTreeMap<usize, Vec<Opened>>>,
}

impl Eve {
    /// Sends what is there before, and gives everyone the money for what they send.
    pub(super) async fn set(stage: &mut Stage, over: OrderNo, calls: usize) -> Result<Arc<Self>> {
        let cycles = calls.div_ceil(CYCLE);
        let lead = GRABS + 1 + stage.connections();
        let packets: Vec<_> = (0..lead + cycles).map(|_| OnceLock::new()).collect();
        let each = packets.len().div_ceil(stage.people()) * SHARES_MAX;
        stage.top_up(u64::try_from(each)?.saturating_mul(FEN_PER_SHARE)).await?;
        let sends = SHARES.into_iter().map(|shares| Ok((shares, stage.pre_order(shares)?)));
        let sends = sends.collect::<Result<_>>()?;
        let people = Arc::clone(stage.tokens());
        let eve = Self { people, sends, packets, lead, over, opened: Mutex::default() };
        let eve = Arc::new(eve);
        let (first, then) = (Arc::clone(&eve), Arc::clone(&eve));
        let sends = Part {
            people: lead,
            first: Arc::new(move |place| first.send(place)),
            then: Some(Arc::new(move |place, answers, body| then.sent(place, answers, body))),
            ..Part::of(Vec::new())
        };
        stage.run(sends).await?;
        Ok(eve)
    }

    /// So many deeds.
    pub(super) fn part(self: &Arc<Self>, calls: usize) -> Part {
        let (first, then) = (Arc::clone(self), Arc::clone(self));
        Part {
            people: calls,
            first: Arc::new(move |call| first.first(call)),
            then: Some(Arc::new(move |call, answers, body| then.then(call, answers, body))),
            // Sent; too late; too many who have tickets already.
            statuses: &[200, 409, 429],
            connections: usize::MAX,
            bodies: false,
        }
    }

    fn token(&self, call: usize) -> &str {
        &self.people[call % self.people.len()]
    }

    fn packet(&self, place: usize) -> OrderNo {
        self.packets[place].get().copied().unwrap_or(self.over)
    }

    fn first(&self, call: usize) -> Vec<u8> {
        match deed(self.lead, call) {
            Deed::Send { place } => self.send(place),
            Deed::Grab { place, .. } => {
                post(&packet_path(self.packet(place), "/grab"), Some(self.token(call)), "")
            }
            Deed::View { place } => {
                get(&packet_path(self.packet(place), ""), Some(self.token(call)))
            }
        }
    }

    fn then(&self, call: usize, answers: usize, body: &[u8]) -> Option<Vec<u8>> {
        match deed(self.lead, call) {
            Deed::Send { place } => self.sent(place, answers, body),
            Deed::Grab { place, opens: true } if answers == 1 => {
                // There is none for the packet that is over.
                let ticket = serde_json::from_slice::<Grabbed>(body).ok()?.ticket?;
                let body = serde_json::to_string(&OpenRequest { ticket }).ok()?;
                Some(post(&packet_path(self.packet(place), "/open"), Some(self.token(call)), &body))
            }
            Deed::Grab { opens: true, .. } => {
                let opened = serde_json::from_slice(body).ok()?;
                let mut all = self.opened.lock().unwrap_or_else(PoisonError::into_inner);
                all.entry(call % self.people.len()).or_default().push(opened);
                None
            }
            Deed::Grab { .. } | Deed::View { .. } => None,
        }
    }

    /// Everyone sends in turn.
    fn send(&self, place: usize) -> Vec<u8> {
        post("/api/v1/packets", Some(self.token(place)), &self.sends[&shares(place)])
    }

    fn sent(&self, place: usize, answers: usize, body: &[u8]) -> Option<Vec<u8>> {
        if answers == 1 {
            let PreOrder { order_no, .. } = serde_json::from_slice(body).ok()?;
            return Some(post(&packet_path(order_no, "/pay"), Some(self.token(place)), "{}"));
        }
        let paid: Paid = serde_json::from_slice(body).ok()?;
        let _new = self.packets[place].set(paid.order_no);
        None
    }

    /// Waits until everything that was opened is in the lists and the wallets of those who
    /// opened it.
    pub(super) async fn delivered(&self, load: &mut Load) -> Result<()> {
        let started = Instant::now();
        let opened = self.opened.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let mut left: Vec<_> = opened.iter().collect();
        // The last is asked for as long as it takes, and then all that may lag behind.
        let mut asked = left.len().saturating_sub(1);
        while !left.is_empty() {
            ensure!(started.elapsed() < DELIVERED_WITHIN, "not everything is delivered");
            let ask = |path: &str| {
                let tokens = left[asked..].iter().map(|(who, _)| self.people[**who].as_str());
                Part::of(tokens.map(|token| get(path, Some(token))).collect())
            };
            let (lists, wallets) = (ask("/api/v1/lists/received"), ask("/api/v1/wallet"));
            let lists = load.run(lists).await?.parse::<ListPage<ReceivedItem>>()?;
            let wallets = load.run(wallets).await?.parse::<Wallet>()?;
            let before = left.len();
            let answers = lists.iter().zip(&wallets);
            let later = left.split_off(asked).into_iter().zip(answers);
            let lagging = later.filter(|((_, opened), (list, wallet))| {
                let listed =
                    |one: &Opened| list.items.iter().any(|item| item.order_no == one.order_no);
                !(opened.iter().all(listed) && wallet.pending_fen == Some(Fen::ZERO))
            });
            let lagging: Vec<_> = lagging.map(|(one, _)| one).collect();
            left.extend(lagging);
            if left.len() < before {
                asked = 0;
            } else {
                tokio::time::sleep(LOOK_EVERY).await;
            }
        }
        Ok(())
    }

    /// Did every share go to one person, and no more than there are? Gives how many did.
    pub(super) fn check(&self) -> Result<usize> {
        let opened = self.opened.lock().unwrap_or_else(PoisonError::into_inner);
        let places = self.packets.iter().enumerate();
        let packets: BTreeMap<i64, usize> = places
            .filter_map(|(place, packet)| Some((packet.get()?.to_bits(), shares(place))))
            .collect();
        let all: Vec<Opened> = opened.values().flatten().cloned().collect();
        let count = all.len();
        for (packet, opened) in by_packet(all) {
            check(&opened, *packets.get(&packet).context("nobody has sent this packet")?)?;
        }
        ensure!(count > 0, "nobody opened anything");
        say(format_args!("         {count} shares opened, credited and listed"));
        Ok(count)
    }
}

#[derive(serde::Deserialize)]
struct Paid {
    order_no: OrderNo,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn deeds_are_as_many_as_they_were_on_that_eve() {
        let (mut sends, mut opens, mut grabs, mut views) = (0, 0, 0, 0);
        for call in 0..CYCLE * 1_000 {
            match deed(GRABS, call) {
                Deed::Send { .. } => sends += 1,
                Deed::View { .. } => views += 1,
                Deed::Grab { opens: goes_on, .. } => {
                    grabs += 1;
                    opens += usize::from(goes_on);
                }
            }
        }
        assert_eq!((sends, opens, grabs, views), (1_000, 2_600, 50_000, 25_000));
    }

    #[test]
    fn a_packet_is_grabbed_and_looked_at_once_it_is_there() {
        let place = GRABS + 5;
        let deeds: Vec<_> = (0..CYCLE * 100).map(|call| deed(GRABS, call)).collect();
        let at = |wanted: &dyn Fn(&Deed) -> bool| deeds.iter().position(wanted);
        let sent = at(&|deed| *deed == Deed::Send { place });
        assert_eq!(sent, Some(5 * CYCLE));
        assert!(at(&|deed| matches!(deed, Deed::Grab { place: at, .. } if *at == place)) > sent);
        let grabs = |goes_on| {
            deeds.iter().filter(|deed| **deed == Deed::Grab { place, opens: goes_on }).count()
        };
        assert_eq!((grabs(true), grabs(false)), (shares(place), GRABS - shares(place)));
        assert_eq!(deeds.iter().filter(|deed| **deed == Deed::View { place }).count(), VIEWS);
    }
}
