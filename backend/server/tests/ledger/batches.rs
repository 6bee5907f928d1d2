//! What goes into one transaction, and what becomes of a batch whose answer is no answer.

use crate::{
    contract::{books_balance, fen, order, payment, user},
    faulty::{Fault, Faulty},
};
use hongbao_domain::{
    crash::POINTS,
    runtime::{SystemClock, Tasks},
};
use hongbao_engine::ledger::{
    BATCH_MAX, CreditClaim, CreditOutcome, Ledger, PAYMENTS_PER_BATCH_MAX,
};
use hongbao_memory::MemoryLedger;
use hongbao_shared::{ErrorCode, Limits};
use std::{cell::RefCell, sync::Arc};

/// How often a batch whose outcome is unknown is sent.
const SENDS_MAX: usize = 6;

pub(crate) struct Lane {
    pub(crate) ledger: Ledger,
    pub(crate) store: Faulty,
}

impl Lane {
    pub(crate) fn start() -> Self {
        let store = Faulty::new(MemoryLedger::default());
        let tasks = Tasks::new();
        let ledger = Ledger::start(Arc::new(store.clone()), Arc::new(SystemClock), &tasks);
        Self { ledger, store }
    }

    pub(crate) async fn top_up(&self, who: i64, amount: i64, key: &str) -> Result<(), ErrorCode> {
        let topped = self.ledger.top_up(user(who), amount, key, &Limits::default()).await;
        topped.map(drop).map_err(|refusal| refusal.code)
    }

    async fn end(self) {
        self.ledger.shutdown().await;
        books_balance(&self.store).await;
    }
}

fn claims(sequence: u64, count: u32) -> Vec<CreditClaim> {
    let claim =
        |seq| CreditClaim { order_no: order(sequence), seq, user_id: user(2), amount: fen(1) };
    (0..count).map(claim).collect()
}

/// R-MONEY-3: the busier the ledger, the more one transaction holds, up to a bound for each
/// queue, and neither waits for the other to run dry.
#[tokio::test]
async fn a_batch_has_room_for_both_queues() {
    let lane = Lane::start();
    let top_ups = i64::try_from(PAYMENTS_PER_BATCH_MAX).unwrap() + 100;
    let mut calls = Vec::new();
    for who in 0..top_ups {
        let ledger = lane.ledger.clone();
        calls.push(tokio::spawn(async move {
            ledger.top_up(user(who), 5, "k", &Limits::default()).await.unwrap();
        }));
    }
    for (sequence, count) in [(1, 600), (2, 600), (3, 400), (4, 1)] {
        let ledger = lane.ledger.clone();
        calls.push(tokio::spawn(async move {
            let outcomes = ledger.credit(claims(sequence, count)).await.unwrap();
            assert_eq!(outcomes.len(), usize::try_from(count).unwrap());
        }));
    }
    // Single-threaded: all of them have asked before the lane has its turn.
    for call in calls {
        call.await.unwrap();
    }
    let full = PAYMENTS_PER_BATCH_MAX;
    assert_eq!(lane.store.batches(), [full + 600, 100 + BATCH_MAX, 1]);
    lane.end().await;
}

/// R-MONEY-1: an answer that stays lost is no answer; the same call later finds what
/// happened.
#[tokio::test]
async fn an_answer_that_stays_lost_is_given_up() {
    let lane = Lane::start();
    lane.store.next([Fault::LostReply; SENDS_MAX]);
    assert_eq!(lane.top_up(1, 5, "k").await, Err(ErrorCode::Unavailable));
    assert_eq!(lane.store.batches(), [1; SENDS_MAX]);
    assert_eq!(lane.top_up(1, 5, "k").await, Ok(()));
    lane.store.next([Fault::LostRequest; SENDS_MAX - 1]);
    assert_eq!(lane.top_up(1, 7, "later").await, Ok(()), "the last time counts");
    assert_eq!(lane.ledger.balance(user(1)).await.unwrap(), fen(12));
    lane.end().await;
}

/// A store that answers less than it was asked has not answered: nobody gets the answer
/// of somebody else.
#[tokio::test]
async fn a_short_answer_is_none() {
    let lane = Lane::start();
    lane.store.next([Fault::Short]);
    assert_eq!(lane.top_up(1, 100, "k").await, Err(ErrorCode::Internal));
    assert_eq!(lane.top_up(1, 100, "k").await, Ok(()));
    lane.ledger.pay(payment(1, user(1), 100, 50, &[])).await.unwrap();
    lane.store.next([Fault::Short]);
    let outcomes = lane.ledger.credit(claims(1, 50)).await.unwrap();
    assert_eq!(outcomes, vec![CreditOutcome::Repeated; 50], "by their keys, in halves");
    assert_eq!(lane.ledger.balance(user(2)).await.unwrap(), fen(50));
    lane.end().await;
}

thread_local! {
    /// The crash points that this thread has passed: a single-threaded test has it to itself.
    static PASSED: RefCell<Vec<&'static str>> = const { RefCell::new(Vec::new()) };
}

/// A server that a test aborts at `credit.before` has credits in the batch.
#[tokio::test]
async fn a_batch_passes_the_points_of_what_it_holds() {
    for point in POINTS {
        let pass = || PASSED.with_borrow_mut(|passed| passed.push(point.name));
        fail::cfg_callback(point.name, pass).unwrap();
    }
    let lane = Lane::start();
    lane.top_up(1, 100, "k").await.unwrap();
    assert_eq!(PASSED.take(), ["top_up.before", "top_up.after"]);
    lane.ledger.pay(payment(1, user(1), 100, 3, &[])).await.unwrap();
    assert_eq!(PASSED.take(), ["pay.before", "pay.after"]);
    lane.ledger.credit(claims(1, 2)).await.unwrap();
    assert_eq!(PASSED.take(), ["credit.before", "credit.after"]);
    let refund = lane.ledger.refund(order(1), user(1), fen(98), fen(0));
    let (top_up, refund) = tokio::join!(lane.top_up(1, 5, "more"), refund);
    assert_eq!((top_up, refund.unwrap()), (Ok(()), CreditOutcome::Credited));
    let both = ["top_up.before", "refund.before", "top_up.after", "refund.after"];
    assert_eq!(PASSED.take(), both);
    lane.end().await;
}

/// R-SEND-4
#[tokio::test]
async fn a_pre_order_is_kept_and_found() {
    let lane = Lane::start();
    let record = payment(1, user(1), 100, 3, &[]).record;
    assert_eq!(lane.ledger.pre_order(order(1)).await.unwrap(), None);
    lane.ledger.put_pre_order(record.clone()).await.unwrap();
    assert_eq!(lane.ledger.pre_order(order(1)).await.unwrap(), Some(record.clone()));
    let other = payment(1, user(2), 100, 3, &[]).record;
    let refused = lane.ledger.put_pre_order(other).await.unwrap_err();
    assert_eq!(refused.code, ErrorCode::Internal);
    assert_eq!(lane.ledger.pre_order(order(1)).await.unwrap(), Some(record));
    lane.end().await;
}
