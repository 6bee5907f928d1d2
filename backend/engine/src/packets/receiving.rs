//! What one person may receive in a day (R-API-4). The list "received" says it, a moment late;
//! what was opened here since is added. It decides whether a ticket is given and nothing else:
//! what was opened stands, and where the list is not to be had, the grab goes on (R-LIST-1).

use crate::lists::Lists;
use hongbao_domain::{
    Refusal,
    runtime::{Clock, Zone},
};
use hongbao_shared::{ErrorCode, Fen, OrderNo, Timestamp, UserId};
use moka::{policy::EvictionPolicy, sync::Cache};
use parking_lot::Mutex;
use std::{collections::VecDeque, sync::Arc, time::Duration};

/// For so long what a list said is believed, and that it said nothing.
const BELIEVED_S: i64 = 3;
/// Whoever grabs waits no longer for it.
const LIST_WAIT: Duration = Duration::from_millis(500);
/// People of whom a node keeps what they have opened; those who grabbed the longest ago give way.
const PEOPLE_MAX: u64 = 20_000;
/// Opens of one person that a node keeps: what a list may not have yet.
const OPENS_MAX: usize = 64;
/// More than a day, and less than two, on every calendar.
const INTO_THE_NEXT_DAY_S: i64 = 36 * 60 * 60;

/// Who has received what they may today.
#[derive(Debug)]
pub struct Receiving {
    most: Fen,
    zone: Zone,
    clock: Arc<dyn Clock>,
    lists: Arc<Lists>,
    people: Cache<UserId, Arc<Mutex<Today>>>,
}

/// What somebody has opened since a day began, in fen.
#[derive(Debug)]
struct Today {
    began: Timestamp,
    /// When the list was asked the last time, with or without an answer.
    asked_at: Option<Timestamp>,
    /// What it said, and when it had said it.
    listed: Option<(u64, Timestamp)>,
    /// Opened here, the newest last.
    opens: VecDeque<(OrderNo, u64, Timestamp)>,
}

impl Receiving {
    /// Up to `most` in a day of `zone`.
    pub fn new(most: Fen, zone: Zone, clock: Arc<dyn Clock>, lists: Arc<Lists>) -> Self {
        let people = Cache::builder()
            .max_capacity(PEOPLE_MAX)
            // Whoever comes now counts, not who came often yesterday.
            .eviction_policy(EvictionPolicy::lru())
            .build();
        Self { most, zone, clock, lists, people }
    }

    /// `receive_cap_reached`, which says when the next day begins.
    pub(super) async fn check(&self, user: UserId, now: Timestamp) -> Result<(), Refusal> {
        let began = self.zone.day_begins(now);
        let today = self.today(user, began);
        let asks = today.lock().asks(now);
        if asks {
            // A read, which a client may drop as well.
            let read = self.lists.received_since(user, began);
            match tokio::time::timeout(LIST_WAIT, read).await {
                Ok(Ok(fen)) => today.lock().hear(began, fen, self.clock.now()),
                Ok(Err(error)) => tracing::debug!(%error, "a day's receipts are not known"),
                Err(_) => tracing::debug!("a day's receipts come too late"),
            }
        }
        if today.lock().fen() < self.most.get() {
            return Ok(());
        }
        metrics::counter!("hongbao_grabs_refused_total", "limit" => "received").increment(1);
        let next = self.zone.day_begins(began.plus_seconds(INTO_THE_NEXT_DAY_S));
        let left_ms = u64::try_from(next.millis_since(now)).unwrap_or_default();
        Err(Refusal::new(ErrorCode::ReceiveCapReached)
            .retry_after(Duration::from_millis(left_ms))
            .detail(format!(
                "One may receive {} fen in a day; come back after {next}.",
                self.most.get()
            )))
    }

    /// Somebody has opened a share here, or has heard of it again.
    pub(super) fn opened(&self, user: UserId, order_no: OrderNo, amount: Fen, at: Timestamp) {
        let began = self.zone.day_begins(self.clock.now());
        if at >= began {
            self.today(user, began).lock().open(order_no, amount.get(), at);
        }
    }

    fn today(&self, user: UserId, began: Timestamp) -> Arc<Mutex<Today>> {
        let today = self.people.get_with(user, || Arc::new(Mutex::new(Today::of(began))));
        let mut day = today.lock();
        if day.began < began {
            *day = Today::of(began);
        }
        drop(day);
        today
    }
}

impl Today {
    fn of(began: Timestamp) -> Self {
        Self { began, asked_at: None, listed: None, opens: VecDeque::new() }
    }

    /// Is the list to be asked? Others of this person need not ask meanwhile.
    fn asks(&mut self, now: Timestamp) -> bool {
        let is_known = self.asked_at.is_some_and(|at| now < at.plus_seconds(BELIEVED_S));
        if !is_known {
            self.asked_at = Some(now);
        }
        !is_known
    }

    fn hear(&mut self, began: Timestamp, fen: Fen, now: Timestamp) {
        if self.began == began {
            self.listed = Some((fen.get(), now));
        }
    }

    fn open(&mut self, order_no: OrderNo, fen: u64, at: Timestamp) {
        if self.opens.iter().any(|(known, ..)| *known == order_no) {
            return;
        }
        self.opens.push_back((order_no, fen, at));
        if self.opens.len() > OPENS_MAX {
            self.opens.pop_front();
        }
    }

    /// Never too much: what was opened here may stand in the list already.
    fn fen(&self) -> u64 {
        let sum = |since: Option<Timestamp>| {
            let opens = self.opens.iter().filter(|(.., at)| since.is_none_or(|since| *at >= since));
            opens.fold(0_u64, |sum, (_, fen, _)| sum.saturating_add(*fen))
        };
        let here = sum(None);
        self.listed.map_or(here, |(fen, heard)| here.max(fen.saturating_add(sum(Some(heard)))))
    }
}
