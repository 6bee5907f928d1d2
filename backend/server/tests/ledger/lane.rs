//! The service and its lane: many at once, priorities, lost answers, shutdown.

use crate::{
    contract::{books_balance, fen, order, payment, user},
    faulty::{Fault, Faulty},
    postgres,
    sqlite::Fixture,
};
use hongbao_domain::{
    runtime::{SystemClock, Tasks},
    store::ledger::{LedgerStore, credit_key},
};
use hongbao_engine::ledger::{BATCH_MAX, CreditClaim, CreditOutcome, Ledger};
use hongbao_shared::{ErrorCode, Limits, api::wallet::EntryKind};
use hongbao_storage::{Schema, SqlLedger};
use std::sync::Arc;

struct Running {
    ledger: Ledger,
    store: Faulty,
    books: SqlLedger,
}

impl Running {
    fn start(books: &SqlLedger) -> Self {
        let store = Faulty::new(books.clone());
        let tasks = Tasks::new();
        let ledger = Ledger::start(Arc::new(store.clone()), Arc::new(SystemClock), &tasks);
        Self { ledger, store, books: books.clone() }
    }

    async fn top_up(&self, who: i64, amount: i64) {
        let key = format!("setup{amount}");
        self.ledger.top_up(user(who), amount, &key, &Limits::default()).await.unwrap();
    }

    async fn end(self) {
        self.ledger.shutdown().await;
        books_balance(&self.books).await;
        self.books.close().await;
    }
}

macro_rules! on_both_databases {
    ($($test:ident),* $(,)?) => {
        mod in_sqlite {
            use super::*;
            $(
                #[tokio::test]
                async fn $test() {
                    let fixture = Fixture::open().await;
                    super::$test(Running::start(&fixture.store)).await;
                }
            )*
        }
        mod in_postgres {
            use super::*;
            $(
                #[tokio::test]
                async fn $test() {
                    let books = SqlLedger::new(postgres::database(Schema::Ledger).await);
                    super::$test(Running::start(&books)).await;
                }
            )*
        }
    };
}

on_both_databases! {
    a_top_up_obeys_its_limits_and_repeats,
    a_payment_repeats_and_is_refused_with_another_seed,
    a_bad_claim_blocks_no_other,
    a_poisoned_posting_spoils_nothing_but_itself,
    an_unknown_outcome_is_resolved_by_repeating,
    a_database_that_does_not_answer_is_503_with_retry_after,
    many_at_once_share_batches_and_keep_their_answers,
    shutdown_answers_what_waits_and_refuses_what_comes,
    a_caller_who_leaves_stops_nothing,
    more_claims_than_a_batch_holds_go_in_parts,
    a_statement_reads_by_page_and_refuses_foreign_cursors,
    dyn_store_is_reachable_for_the_audit,
}

fn claim(sequence: u64, seq: u32, who: i64, amount: u64) -> CreditClaim {
    CreditClaim { order_no: order(sequence), seq, user_id: user(who), amount: fen(amount) }
}

fn code<T: std::fmt::Debug>(result: Result<T, hongbao_domain::Refusal>) -> ErrorCode {
    result.unwrap_err().code
}

async fn a_top_up_obeys_its_limits_and_repeats(running: Running) {
    let limits = Limits::default();
    let ledger = &running.ledger;
    let first = ledger.top_up(user(1), 500, "k", &limits).await.unwrap();
    assert_eq!((first.amount_fen, first.balance_fen), (fen(500), fen(500)));
    running.top_up(1, 7).await;
    assert_eq!(ledger.top_up(user(1), 500, "k", &limits).await.unwrap(), first);
    assert_eq!(code(ledger.top_up(user(1), 501, "k", &limits).await), ErrorCode::KeyReused);
    for amount in [0, -1, i64::MIN, i64::MAX, limits.max_top_up_fen.signed() + 1] {
        let refused = ledger.top_up(user(1), amount, "n", &limits).await;
        assert_eq!(code(refused), ErrorCode::TopUpOutOfRange);
    }
    for key in ["", "a b", "红包", &"k".repeat(65)] {
        assert_eq!(code(ledger.top_up(user(1), 1, key, &limits).await), ErrorCode::KeyInvalid);
    }
    assert_eq!(ledger.balance(user(1)).await.unwrap(), fen(507));
    running.end().await;
}

async fn a_payment_repeats_and_is_refused_with_another_seed(running: Running) {
    running.top_up(1, 100).await;
    let ledger = &running.ledger;
    let first = ledger.pay(payment(1, user(1), 60, 2, &[1])).await.unwrap();
    assert_eq!((first.balance_fen, first.repeated), (fen(40), false));
    let mut later = payment(1, user(1), 60, 2, &[1]);
    later.paid_at = later.paid_at.plus_seconds(5);
    let again = ledger.pay(later).await.unwrap();
    assert!(again.repeated);
    assert_eq!(again.payment, first.payment, "what the first call stored");
    let reseeded = ledger.pay(payment(1, user(1), 60, 2, &[2])).await;
    assert_eq!(code(reseeded), ErrorCode::ClientSeedDiffers);
    let poor = ledger.pay(payment(2, user(1), 41, 2, &[])).await;
    assert_eq!(code(poor), ErrorCode::InsufficientBalance);
    assert!(ledger.payment(order(2)).await.unwrap().is_none());
    running.end().await;
}

async fn a_bad_claim_blocks_no_other(running: Running) {
    running.top_up(1, 100).await;
    running.ledger.pay(payment(1, user(1), 100, 3, &[])).await.unwrap();
    let claims = vec![
        claim(1, 0, 2, 60),
        claim(1, 1, 3, 41),
        claim(9, 0, 3, 1),
        claim(1, 2, 4, 40),
        claim(1, 0, 2, 60),
        claim(1, 0, 3, 60),
    ];
    let outcomes = running.ledger.credit(claims.clone()).await.unwrap();
    assert_eq!(outcomes[0], CreditOutcome::Credited);
    assert!(matches!(outcomes[1], CreditOutcome::Refused(_)));
    assert!(matches!(outcomes[2], CreditOutcome::Refused(_)));
    assert_eq!(outcomes[3], CreditOutcome::Credited);
    assert_eq!(outcomes[4], CreditOutcome::Repeated);
    assert!(matches!(outcomes[5], CreditOutcome::Refused(_)));
    // The same delivery again changes nothing.
    let again = running.ledger.credit(claims).await.unwrap();
    assert_eq!(again[0], CreditOutcome::Repeated);
    assert_eq!(again[3], CreditOutcome::Repeated);
    running.end().await;
}

/// A posting that the database refuses for a reason that the books did not foresee is
/// found by halving, and only its own caller hears of it.
async fn a_poisoned_posting_spoils_nothing_but_itself(running: Running) {
    running.top_up(1, 1_000).await;
    running.ledger.pay(payment(1, user(1), 1_000, 200, &[])).await.unwrap();
    running.store.poison(credit_key(order(1), 77));
    let claims = (0..200).map(|seq| claim(1, seq, 2, 5)).collect();
    let outcomes = running.ledger.credit(claims).await.unwrap();
    for (seq, outcome) in outcomes.iter().enumerate() {
        match seq {
            77 => assert!(matches!(outcome, CreditOutcome::Refused(_))),
            _ => assert_eq!(*outcome, CreditOutcome::Credited),
        }
    }
    running.end().await;
}

/// A lost answer to a commit is resolved by the keys, whether or not it happened.
async fn an_unknown_outcome_is_resolved_by_repeating(running: Running) {
    running.top_up(1, 100).await;
    running.store.next([Fault::LostReply, Fault::Unavailable]);
    running.ledger.pay(payment(1, user(1), 30, 2, &[])).await.unwrap();
    running.store.next([Fault::LostRequest]);
    running.ledger.pay(payment(2, user(1), 30, 2, &[])).await.unwrap();
    assert_eq!(running.ledger.balance(user(1)).await.unwrap(), fen(40));
    running.end().await;
}

async fn a_database_that_does_not_answer_is_503_with_retry_after(running: Running) {
    running.store.next([Fault::Unavailable]);
    let refused = running.ledger.top_up(user(1), 5, "k", &Limits::default()).await.unwrap_err();
    assert_eq!(refused.code, ErrorCode::Unavailable);
    assert!(refused.retry_after.is_some());
    running.store.next([Fault::Unavailable]);
    assert_eq!(code(running.ledger.credit(vec![claim(1, 0, 1, 1)]).await), ErrorCode::Unavailable);
    running.top_up(1, 5).await;
    running.end().await;
}

/// What one call asks for never comes as another's answer, also when calls with several
/// claims fail beside it.
async fn many_at_once_share_batches_and_keep_their_answers(running: Running) {
    let senders = 40_u64;
    let shares = 25_u32;
    let tasks: Vec<_> = (0..senders)
        .map(|n| {
            let ledger = running.ledger.clone();
            tokio::spawn(async move {
                let who = i64::try_from(n).unwrap();
                let limits = Limits::default();
                ledger.top_up(user(who), 1_000, "a", &limits).await.unwrap();
                let paid = ledger.pay(payment(n, user(who), 1_000, shares, &[])).await.unwrap();
                assert_eq!(paid.payment.record.order_no, order(n));
                let claims =
                    (0..shares).map(|seq| claim(n, seq, 1_000 + i64::from(seq), 30)).collect();
                let outcomes = ledger.credit(claims).await.unwrap();
                assert_eq!(outcomes, vec![CreditOutcome::Credited; 25]);
                let rest = ledger.refund(order(n), user(who), fen(250), fen(0)).await.unwrap();
                assert_eq!(rest, CreditOutcome::Credited);
                let twice = ledger.refund(order(n), user(who), fen(250), fen(0)).await.unwrap();
                assert_eq!(twice, CreditOutcome::Repeated);
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    for seq in 0..shares {
        let held = running.ledger.balance(user(1_000 + i64::from(seq))).await.unwrap();
        assert_eq!(held, fen(30 * senders));
    }
    let batches = running.store.batches();
    assert!(batches.len() < 100, "{} batches for 200 calls", batches.len());
    running.end().await;
}

async fn shutdown_answers_what_waits_and_refuses_what_comes(running: Running) {
    running.top_up(1, 1_000).await;
    let waiting: Vec<_> = (0..50)
        .map(|n| {
            let ledger = running.ledger.clone();
            let limits = Limits::default();
            tokio::spawn(async move { ledger.top_up(user(n), 5, "w", &limits).await })
        })
        .collect();
    // Single-threaded: all of them have asked once each had a turn.
    tokio::task::yield_now().await;
    running.ledger.shutdown().await;
    for task in waiting {
        assert_eq!(task.await.unwrap().unwrap().amount_fen, fen(5));
    }
    let late = running.ledger.top_up(user(1), 5, "late", &Limits::default()).await;
    assert_eq!(code(late), ErrorCode::Unavailable);
    assert_eq!(code(running.ledger.credit(vec![claim(1, 0, 1, 1)]).await), ErrorCode::Unavailable);
    running.end().await;
}

/// A caller who leaves while it waits changes nothing: the money has moved.
async fn a_caller_who_leaves_stops_nothing(running: Running) {
    let limits = Limits::default();
    {
        let call = running.ledger.top_up(user(1), 5, "k", &limits);
        tokio::pin!(call);
        let polled = futures::poll!(call.as_mut());
        assert!(polled.is_pending());
    }
    running.ledger.shutdown().await;
    assert_eq!(running.ledger.balance(user(1)).await.unwrap(), fen(5));
    running.end().await;
}

async fn more_claims_than_a_batch_holds_go_in_parts(running: Running) {
    running.top_up(1, 10_000).await;
    running.ledger.pay(payment(1, user(1), 10_000, 10_000, &[])).await.unwrap();
    let many = u32::try_from(BATCH_MAX).unwrap() * 2 + 1;
    let claims = (0..many).map(|seq| claim(1, seq, 2, 1)).collect();
    let outcomes = running.ledger.credit(claims).await.unwrap();
    assert_eq!(outcomes.len(), usize::try_from(many).unwrap());
    assert!(outcomes.iter().all(|outcome| *outcome == CreditOutcome::Credited));
    assert!(running.store.batches().iter().all(|size| *size <= BATCH_MAX));
    running.end().await;
}

async fn a_statement_reads_by_page_and_refuses_foreign_cursors(running: Running) {
    for amount in 1..=5 {
        running.top_up(1, amount).await;
    }
    running.ledger.pay(payment(1, user(1), 4, 2, &[])).await.unwrap();
    let first = running.ledger.entries(user(1), None, 4).await.unwrap();
    assert_eq!(first.items.len(), 4);
    let newest = &first.items[0];
    assert_eq!((newest.kind, newest.amount_fen), (EntryKind::Pay.into(), -4));
    assert_eq!((newest.balance_fen, newest.order_no), (fen(11), Some(order(1))));
    // What comes in between two pages neither repeats nor hides a line.
    running.top_up(1, 6).await;
    let second = running.ledger.entries(user(1), first.next_cursor.as_deref(), 4).await.unwrap();
    let amounts: Vec<_> = second.items.iter().map(|entry| entry.amount_fen).collect();
    assert_eq!(amounts, [2, 1]);
    assert_eq!(second.next_cursor, None);
    let exact = running.ledger.entries(user(1), None, 7).await.unwrap();
    assert_eq!((exact.items.len(), exact.next_cursor), (7, None));
    for cursor in ["", "x", "AAAAAAAAAAA", "__________8", "AAAAAAAAAAE=", "红包"] {
        let refused = running.ledger.entries(user(1), Some(cursor), 4).await;
        assert_eq!(code(refused), ErrorCode::InvalidCursor, "{cursor}");
    }
    running.end().await;
}

async fn dyn_store_is_reachable_for_the_audit(running: Running) {
    running.top_up(1, 5).await;
    let store: &Arc<dyn LedgerStore> = running.ledger.store();
    assert_eq!(store.total().await.unwrap(), 0);
    running.end().await;
}
