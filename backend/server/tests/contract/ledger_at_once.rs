//! What every ledger store keeps where many post at once, through several nodes: no fen is
//! lost, no key happens twice, and every read finds the books balanced.

use crate::contract::{at, books_balance, fen, order, payment, post, user};
use hongbao_domain::{
    record::PreOrderRecord,
    store::{
        StoreError,
        ledger::{Account, LedgerStore, Leg, PostOutcome, PostRefusal, Posted, Posting},
        marks::Mark,
        outbox::{Destination, Settled},
    },
};
use hongbao_shared::Site;
use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};
use tokio::sync::Barrier;

pub(crate) type Store = Arc<dyn LedgerStore>;
/// Two ways to the same books.
pub(crate) type Nodes = [Store; 2];

/// Hands the names of all laws to a macro that tests an implementation on each.
macro_rules! ledger_store_laws_at_once {
    ($laws:ident) => {
        $laws! {
            nothing_is_lost_where_many_post,
            a_batch_happens_once_whoever_asks,
            a_payment_is_never_seen_without_its_money,
            a_key_stands_for_one_thing,
            a_wallet_pays_with_what_it_holds,
            a_pre_order_is_one_of_those_that_came,
            pre_orders_are_purged_once,
            a_lost_landing_is_written_once,
            marks_rise,
        }
    };
}

const ROUNDS: u32 = 8;

/// Asks many times at once, through one node or the other.
async fn at_once<T: Send + 'static, F>(
    nodes: &Nodes,
    count: u32,
    ask: impl Fn(u32, Store) -> F,
) -> Vec<T>
where
    F: Future<Output = T> + Send + 'static,
{
    let barrier = Arc::new(Barrier::new(usize::try_from(count).unwrap()));
    let tasks: Vec<_> = (0..count)
        .zip(nodes.iter().cycle())
        .map(|(n, node)| {
            let (barrier, asked) = (Arc::clone(&barrier), ask(n, Arc::clone(node)));
            tokio::spawn(async move {
                barrier.wait().await;
                asked.await
            })
        })
        .collect();
    let mut answers = Vec::new();
    for task in tasks {
        answers.push(task.await.unwrap());
    }
    answers
}

/// Posts a batch of its own for each.
async fn post_at_once(
    nodes: &Nodes,
    count: u32,
    batch: impl Fn(u32) -> Vec<Posting>,
) -> Vec<Vec<PostOutcome>> {
    at_once(nodes, count, |n, node| {
        let batch = batch(n);
        async move { node.post(batch, at(1_000 + i64::from(n))).await.unwrap() }
    })
    .await
}

/// Reads for as long as others write: everything adds up at every moment, and pages of an
/// account pass over none of its transfers.
async fn watch(node: Store, accounts: Vec<Account>, done: Arc<AtomicBool>) {
    let mut seen: Vec<(Account, i64, i64)> =
        accounts.into_iter().map(|account| (account, 0, 0)).collect();
    loop {
        let is_last = done.load(Ordering::SeqCst);
        assert_eq!(node.total().await.unwrap(), 0);
        for (account, id, balance) in &mut seen {
            let sum = node.account_sum(*account).await.unwrap();
            assert_eq!(sum.stated, sum.summed, "{account}");
            loop {
                let page = node.legs_page(Some((*account, *id)), 7).await.unwrap();
                let own: Vec<Leg> =
                    page.into_iter().take_while(|leg| leg.account == *account).collect();
                for leg in &own {
                    assert_eq!(*balance + leg.change, leg.balance, "{account} at {}", leg.id);
                    (*id, *balance) = (leg.id, leg.balance);
                }
                if own.is_empty() {
                    break;
                }
            }
            if is_last {
                assert_eq!(node.account(*account).await.unwrap().balance, *balance);
            }
        }
        if is_last {
            break;
        }
        tokio::task::yield_now().await;
    }
}

/// R-MONEY-1: overlapping accounts, in any order, some of them new.
pub(crate) async fn nothing_is_lost_where_many_post(nodes: &Nodes) {
    const TASKS: u32 = 12;
    let posts = TASKS * ROUNDS;
    let common = 1_000;
    let setup = vec![
        Posting::top_up(user(1), fen(posts.into()), "setup"),
        Posting::pay(payment(common, user(1), posts.into(), posts, &[])),
    ];
    nodes[0].post(setup, at(1)).await.unwrap();
    let done = Arc::new(AtomicBool::new(false));
    let watched = vec![Account::Issuer, Account::Wallet(user(10)), Account::Escrow(order(common))];
    let watching = tokio::spawn(watch(Arc::clone(&nodes[1]), watched, Arc::clone(&done)));

    let people = |nth: u32| {
        let giver = (nth / ROUNDS + nth) % 4;
        (user(i64::from(10 + giver)), user(i64::from(10 + (giver + 1) % 4)))
    };
    let batch = move |nth: u32| {
        let (giver, taker) = people(nth);
        let own = 1 + u64::from(nth);
        let mut batch = vec![
            Posting::top_up(giver, fen(7), &format!("t{nth}")),
            Posting::pay(payment(own, giver, 7, 2, &[])),
            Posting::credit(order(own), 0, taker, fen(3)),
            Posting::credit(order(own), 1, giver, fen(4)),
            Posting::credit(order(common), nth, taker, fen(1)),
        ];
        if nth % 2 == 1 {
            batch.rotate_right(1);
        }
        batch
    };
    at_once(nodes, TASKS, |task, node| async move {
        for round in 0..ROUNDS {
            let outcomes = node.post(batch(task * ROUNDS + round), at(2)).await.unwrap();
            assert!(outcomes.iter().all(|done| done.is_ok_and(|posted| !posted.repeated)));
        }
    })
    .await;
    done.store(true, Ordering::SeqCst);
    watching.await.unwrap();

    let mut expected: BTreeMap<_, i64> = BTreeMap::new();
    for nth in 0..posts {
        let (giver, taker) = people(nth);
        *expected.entry(giver).or_default() += 4;
        *expected.entry(taker).or_default() += 3 + 1;
    }
    for (who, balance) in expected {
        assert_eq!(nodes[0].account(Account::Wallet(who)).await.unwrap().balance, balance);
    }
    let issued = nodes[0].account(Account::Issuer).await.unwrap().balance;
    assert_eq!(issued, -8 * i64::from(posts));
    let left = nodes[0].account(Account::Escrow(order(common))).await.unwrap().balance;
    assert_eq!(left, 0);
    let lines = nodes[0].transfers_page(0, u32::MAX).await.unwrap();
    assert_eq!(lines.len(), usize::try_from(2 + 5 * posts).unwrap());
    let waiting = nodes[0].backlog(Destination::Land).await.unwrap().waiting;
    assert_eq!(waiting, u64::from(1 + posts));
    books_balance(&*nodes[0]).await;
}

/// A lost answer is asked for again, maybe of another node, while the first still works
/// on it: one of them moves the money, and all say the same.
pub(crate) async fn a_batch_happens_once_whoever_asks(nodes: &Nodes) {
    for round in 0..ROUNDS {
        let (sender, taker) = (user(100 + i64::from(round)), user(200 + i64::from(round)));
        let number = u64::from(round);
        let answers = post_at_once(nodes, 10, |_| {
            vec![
                Posting::top_up(sender, fen(10), "k"),
                Posting::pay(payment(number, sender, 10, 2, &[1])),
                Posting::credit(order(number), 0, taker, fen(4)),
            ]
        })
        .await;
        let is_first = |answer: &&Vec<PostOutcome>| {
            answer.iter().all(|outcome| outcome.is_ok_and(|posted| !posted.repeated))
        };
        let first: Vec<_> = answers.iter().filter(is_first).collect();
        assert_eq!(first.len(), 1, "{answers:?}");
        let repeats: Vec<PostOutcome> = first[0]
            .iter()
            .map(|outcome| outcome.map(|posted| Posted { repeated: true, ..posted }))
            .collect();
        let others = answers.iter().filter(|answer| *answer != first[0]);
        assert_eq!(others.filter(|answer| **answer == repeats).count(), 9, "{answers:?}");
    }
    let waiting = nodes[0].backlog(Destination::Land).await.unwrap().waiting;
    assert_eq!(waiting, u64::from(ROUNDS));
    books_balance(&*nodes[0]).await;
}

/// Whoever finds that a packet is paid also finds its money in escrow, even if neither was
/// there when it began.
pub(crate) async fn a_payment_is_never_seen_without_its_money(nodes: &Nodes) {
    for round in 0..ROUNDS {
        let number = u64::from(round);
        post(&*nodes[0], Posting::top_up(user(1), fen(10), &format!("{round}"))).await.unwrap();
        let answers = post_at_once(nodes, 10, |n| {
            vec![
                Posting::pay(payment(number, user(1), 10, 10, &[])),
                Posting::credit(order(number), n, user(100 + i64::from(n)), fen(1)),
            ]
        })
        .await;
        assert!(answers.iter().flatten().all(Result::is_ok), "{answers:?}");
        let paid = answers.iter().filter(|answer| !answer[0].unwrap().repeated);
        assert_eq!(paid.count(), 1);
        assert!(answers.iter().all(|answer| !answer[1].unwrap().repeated));
        let left = nodes[0].account(Account::Escrow(order(number))).await.unwrap();
        assert_eq!(left.balance, 0);
    }
    books_balance(&*nodes[0]).await;
}

/// R-SEND-2: of several that claim the same key for something else, one gets it.
pub(crate) async fn a_key_stands_for_one_thing(nodes: &Nodes) {
    for round in 0..ROUNDS {
        let who = user(i64::from(round));
        let answers =
            post_at_once(nodes, 10, |n| vec![Posting::top_up(who, fen(100 + u64::from(n)), "k")])
                .await;
        let won: Vec<_> = (100..).zip(&answers).filter(|(_, answer)| answer[0].is_ok()).collect();
        let conflicts = answers.iter().filter(|answer| answer[0] == Err(PostRefusal::KeyConflict));
        assert_eq!((won.len(), conflicts.count()), (1, 9), "{answers:?}");
        assert_eq!(nodes[0].account(Account::Wallet(who)).await.unwrap().balance, won[0].0);

        let number = u64::from(round);
        let answers = post_at_once(nodes, 8, |n| {
            let seed = u8::try_from(n).unwrap();
            vec![Posting::pay(payment(number, who, 60, 2, &[seed]))]
        })
        .await;
        let won: Vec<_> = (0..).zip(&answers).filter(|(_, answer)| answer[0].is_ok()).collect();
        let differs = Err(PostRefusal::ClientSeedDiffers);
        let refused = answers.iter().filter(|answer| answer[0] == differs);
        assert_eq!((won.len(), refused.count()), (1, 7), "{answers:?}");
        let stored = nodes[0].payment(order(number)).await.unwrap().unwrap();
        assert_eq!(stored.client_seed, [won[0].0]);
    }
    books_balance(&*nodes[0]).await;
}

/// R-MONEY-1: nobody spends the same fen twice.
pub(crate) async fn a_wallet_pays_with_what_it_holds(nodes: &Nodes) {
    for round in 0..ROUNDS {
        let who = user(i64::from(round));
        post(&*nodes[0], Posting::top_up(who, fen(11), "k")).await.unwrap();
        let answers = post_at_once(nodes, 12, |n| {
            vec![Posting::pay(payment((12 * round + n).into(), who, 2, 1, &[]))]
        })
        .await;
        let poor = Err(PostRefusal::InsufficientBalance { balance: 1 });
        let refused = answers.iter().filter(|answer| answer[0] == poor).count();
        let paid = answers.iter().filter(|answer| answer[0].is_ok()).count();
        assert_eq!((paid, refused), (5, 7), "{answers:?}");
    }
    books_balance(&*nodes[0]).await;
}

fn pre_order(number: u64, expires: i64) -> PreOrderRecord {
    PreOrderRecord { expires_at: at(expires), ..payment(number, user(1), 10, 1, &[]).record }
}

/// R-SEND-4
pub(crate) async fn a_pre_order_is_one_of_those_that_came(nodes: &Nodes) {
    for round in 0..ROUNDS {
        let number = u64::from(round);
        let answers = at_once(nodes, 10, |n, node| async move {
            let record = pre_order(number, i64::from(100 + n % 3));
            (record.clone(), node.put_pre_order(record).await)
        })
        .await;
        let kept = nodes[0].pre_order(order(number)).await.unwrap().unwrap();
        for (record, answer) in answers {
            match answer {
                Ok(()) => assert_eq!(record, kept),
                Err(StoreError::Constraint { .. }) => assert_ne!(record, kept),
                Err(error) => panic!("{error:?}"),
            }
        }
    }
}

pub(crate) async fn pre_orders_are_purged_once(nodes: &Nodes) {
    for number in 0..40 {
        nodes[0].put_pre_order(pre_order(number, 100)).await.unwrap();
    }
    nodes[0].put_pre_order(pre_order(40, 300)).await.unwrap();
    let purged =
        at_once(
            nodes,
            6,
            |_, node| async move { node.purge_pre_orders(at(200), 10).await.unwrap() },
        )
        .await;
    assert!(purged.iter().all(|count| *count <= 10), "{purged:?}");
    let rest = nodes[0].purge_pre_orders(at(200), 100).await.unwrap();
    assert_eq!(purged.iter().sum::<u64>() + rest, 40);
    assert!(nodes[0].pre_order(order(40)).await.unwrap().is_some());
}

/// R-MONEY-3: two that reconcile at once do not land it twice.
pub(crate) async fn a_lost_landing_is_written_once(nodes: &Nodes) {
    post(&*nodes[0], Posting::top_up(user(1), fen(100), "k")).await.unwrap();
    post(&*nodes[0], Posting::pay(payment(1, user(1), 100, 3, &[]))).await.unwrap();
    for round in 0..ROUNDS {
        let now = at(10_000 * (1 + i64::from(round)));
        let lease = Duration::from_secs(1);
        let rows = nodes[0].lease(Destination::Land, now, lease, 10).await.unwrap();
        assert_eq!(rows.len(), 1);
        nodes[0].settle(vec![(rows[0].id, Settled::Done)]).await.unwrap();
        let written =
            at_once(
                nodes,
                8,
                |_, node| async move { node.land_again(order(1), now).await.unwrap() },
            )
            .await;
        assert_eq!(written.iter().filter(|written| **written).count(), 1, "{written:?}");
    }
}

/// R-ORDER-2: marks only rise, each by itself, and nobody is given what another was given.
pub(crate) async fn marks_rise(nodes: &Nodes) {
    let [here, there] = nodes;
    assert_eq!(here.mark(Mark::Sequence(Site::S)).await.unwrap(), 0);
    assert_eq!(here.raise(Mark::Sequence(Site::S), 100).await.unwrap(), 0);
    assert_eq!(there.raise(Mark::Sequence(Site::S), 50).await.unwrap(), 100);
    assert_eq!(there.raise(Mark::Sequence(Site::N), 1).await.unwrap(), 0);
    assert_eq!(here.raise(Mark::LocalLease(Site::S), 1).await.unwrap(), 0);
    assert_eq!(there.mark(Mark::Sequence(Site::S)).await.unwrap(), 150);
    assert_eq!(there.mark(Mark::LocalLease(Site::N)).await.unwrap(), 0);

    let given = at_once(nodes, 32, |_, node| async move {
        node.raise(Mark::Sequence(Site::S), 7).await.unwrap()
    });
    let mut given = given.await;
    given.sort_unstable();
    assert_eq!(given, (0..32).map(|n| 150 + 7 * n).collect::<Vec<u64>>());
}
