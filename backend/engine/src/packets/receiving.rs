//! What one person may receive in a day (R-API-4). The list "received" says it, a moment late;
//! what was opened here since is added, and counts until the list has it. It decides whether a ticket is given and nothing else:
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
use tokio::sync::{Mutex as Turns, Semaphore};

/// For so long what a list said is believed, and that it said nothing.
const BELIEVED_S: i64 = 3;
/// An answer is waited for no longer.
const LIST_WAIT: Duration = Duration::from_millis(500);
/// So many wait for it at once; grabs beyond go on without it, so that a slow database of lists
/// slows down no rush, and is not held by one.
const READS_MAX: usize = 32;
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
    reads: Semaphore,
    people: Cache<UserId, Arc<Person>>,
}

#[derive(Debug)]
struct Person {
    today: Mutex<Today>,
    /// Held while the list is asked: who grabs twice at once waits for the same answer.
    asking: Turns<()>,
}

/// What somebody has opened since a day began, in fen.
#[derive(Debug)]
struct Today {
    began: Timestamp,
    /// When the list had been asked the last time, with or without an answer.
    asked_at: Option<Timestamp>,
    /// When it had answered the last time.
    heard_at: Option<Timestamp>,
    /// What was received for certain: never too much.
    fen: u64,
    /// Opened here, the newest last: each counts once.
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
        Self { most, zone, clock, lists, reads: Semaphore::new(READS_MAX), people }
    }

    /// `receive_cap_reached`, which says when the next day begins.
    pub(super) async fn check(&self, user: UserId, now: Timestamp) -> Result<(), Refusal> {
        let began = self.zone.day_begins(now);
        let person = self.person(user, began);
        let is_known = person.today.lock().is_known(now);
        if !is_known {
            person.learn(began, &*self.clock, self.ask(user, began)).await;
        }
        if person.today.lock().fen < self.most.get() {
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

    /// Asks the list. Whatever keeps it from answering, it is not known then.
    async fn ask(&self, user: UserId, began: Timestamp) -> Option<Fen> {
        let Ok(_turn) = self.reads.try_acquire() else {
            tracing::debug!("a day's receipts are not asked for: too many are");
            return None;
        };
        // A read, which a client may drop as well.
        let read = self.lists.received_since(user, began);
        match tokio::time::timeout(LIST_WAIT, read).await {
            Ok(Ok(fen)) => return Some(fen),
            Ok(Err(error)) => tracing::debug!(%error, "a day's receipts are not known"),
            Err(_) => tracing::debug!("a day's receipts come too late"),
        }
        None
    }

    /// Somebody has opened a share here, or has heard of it again.
    pub(super) fn opened(&self, user: UserId, order_no: OrderNo, amount: Fen, at: Timestamp) {
        let began = self.zone.day_begins(self.clock.now());
        if at >= began {
            self.person(user, began).today.lock().open(order_no, amount.get(), at);
        }
    }

    fn person(&self, user: UserId, began: Timestamp) -> Arc<Person> {
        let person = self.people.get_with(user, || Arc::new(Person::new(began)));
        let mut day = person.today.lock();
        if day.began < began {
            *day = Today::of(began);
        }
        drop(day);
        person
    }
}

impl Person {
    fn new(began: Timestamp) -> Self {
        Self { today: Mutex::new(Today::of(began)), asking: Turns::new(()) }
    }

    /// Asks, unless somebody has asked meanwhile. A client that goes away before there is an answer
    /// leaves nothing behind: the next grab asks.
    async fn learn(
        &self,
        began: Timestamp,
        clock: &dyn Clock,
        ask: impl Future<Output = Option<Fen>>,
    ) {
        let _turn = self.asking.lock().await;
        let is_known = self.today.lock().is_known(clock.now());
        if !is_known {
            let answer = ask.await;
            self.today.lock().hear(began, answer, clock.now());
        }
    }
}

impl Today {
    fn of(began: Timestamp) -> Self {
        Self { began, asked_at: None, heard_at: None, fen: 0, opens: VecDeque::new() }
    }

    fn is_known(&self, now: Timestamp) -> bool {
        self.asked_at.is_some_and(|at| now < at.plus_seconds(BELIEVED_S))
    }

    fn hear(&mut self, began: Timestamp, answer: Option<Fen>, now: Timestamp) {
        if self.began != began {
            return;
        }
        self.asked_at = Some(now);
        if let Some(fen) = answer {
            // It may lack what was opened just before: nothing that was known is forgotten.
            self.fen = self.fen.max(fen.get());
            self.heard_at = Some(now);
        }
    }

    fn open(&mut self, order_no: OrderNo, fen: u64, at: Timestamp) {
        let is_full = self.opens.len() == OPENS_MAX;
        let is_older = is_full && self.opens.front().is_some_and(|(.., first)| at < *first);
        if is_older || self.opens.iter().any(|(known, ..)| *known == order_no) {
            return;
        }
        if is_full {
            self.opens.pop_front();
        }
        self.opens.push_back((order_no, fen, at));
        self.fen = if self.heard_at.is_none_or(|heard| at >= heard) {
            self.fen.saturating_add(fen)
        } else {
            // The list may have had it already.
            let here = self.opens.iter().fold(0_u64, |sum, (_, fen, _)| sum.saturating_add(*fen));
            self.fen.max(here)
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use hongbao_shared::{Day, Shard, Site};
    use std::future::{pending, ready};
    use tokio::sync::oneshot;

    const BEGAN: Timestamp = Timestamp::from_millis(0);

    fn order(n: u64) -> OrderNo {
        OrderNo::new(Site::S, Shard::new(0).unwrap(), Day::new(1).unwrap(), false, n).unwrap()
    }

    fn today() -> Today {
        Today::of(BEGAN)
    }

    fn hear(today: &mut Today, fen: u64, at_s: i64) {
        today.hear(BEGAN, Fen::new(fen), BEGAN.plus_seconds(at_s));
    }

    /// A clock that stands.
    #[derive(Debug)]
    struct Still;

    impl Clock for Still {
        fn now(&self) -> Timestamp {
            BEGAN.plus_seconds(10)
        }
    }

    /// R-API-4: a cap is not passed by grabbing twice at once, nor by leaving before the answer.
    #[tokio::test]
    async fn each_grab_waits_for_what_the_list_says() {
        let left = Person::new(BEGAN);
        let never = left.learn(BEGAN, &Still, pending());
        assert!(tokio::time::timeout(Duration::ZERO, never).await.is_err());
        left.learn(BEGAN, &Still, ready(Fen::new(60))).await;
        assert_eq!(left.today.lock().fen, 60);

        let twice = Person::new(BEGAN);
        let (say, said) = oneshot::channel();
        let first = twice.learn(BEGAN, &Still, async { said.await.ok() });
        let second = async {
            twice.learn(BEGAN, &Still, ready(Fen::new(100))).await;
            twice.today.lock().fen
        };
        let list = async { say.send(Fen::new(60).unwrap()).unwrap() };
        let ((), known, ()) = tokio::join!(first, second, list);
        assert_eq!(known, 60, "asked once, and waited for");
    }

    /// R-API-4: beside what was opened elsewhere, which the list alone tells.
    #[test]
    fn what_the_list_does_not_have_yet_counts_once() {
        let mut today = today();
        hear(&mut today, 60, 10);
        today.open(order(1), 50, BEGAN.plus_seconds(12));
        assert_eq!(today.fen, 110);
        hear(&mut today, 60, 13);
        assert_eq!(today.fen, 110, "its line is late");
        today.open(order(1), 50, BEGAN.plus_seconds(12));
        hear(&mut today, 110, 16);
        assert_eq!(today.fen, 110, "its line has come");
        // Heard of later than of its line.
        today.open(order(2), 50, BEGAN.plus_seconds(15));
        assert_eq!(today.fen, 110);
        today.open(order(3), 5, BEGAN.plus_seconds(17));
        assert_eq!(today.fen, 115);
    }

    #[test]
    fn more_opens_than_are_kept_count_once() {
        let mut today = today();
        let count = u64::try_from(OPENS_MAX).unwrap() + 1;
        for _ in 0..2 {
            for n in 1..=count {
                today.open(order(n), 1, BEGAN.plus_seconds(i64::try_from(n).unwrap()));
            }
            assert_eq!(today.fen, count);
        }
    }
}
