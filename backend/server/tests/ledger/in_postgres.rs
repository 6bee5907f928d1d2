//! The PostgreSQL instance of the contract, through one node and through two.

use crate::{
    at_once,
    contract::{self, fen, order, payment, user},
    postgres,
};
use hongbao_domain::{
    runtime::{SystemClock, Tasks},
    store::{
        StoreError,
        ledger::{Account, LedgerReads as _, LedgerStore as _, Posting},
    },
};
use hongbao_engine::ledger::{CreditClaim, CreditOutcome, Ledger};
use hongbao_shared::Limits;
use hongbao_storage::{Database, Schema, SqlLedger};
use sqlx::{AssertSqlSafe, Connection as _, PgConnection};
use std::sync::Arc;

macro_rules! laws {
    ($($law:ident),* $(,)?) => {
        $(
            #[tokio::test]
            async fn $law() {
                let store = SqlLedger::new(postgres::database(Schema::Ledger).await);
                contract::$law(&store).await;
                contract::books_balance(&store).await;
                store.close().await;
            }
        )*
    };
}

ledger_store_laws!(laws);

macro_rules! laws_at_once {
    ($($law:ident),* $(,)?) => {
        $(
            #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
            async fn $law() {
                at_once::$law(&nodes().await).await;
            }
        )*
    };
}

ledger_store_laws_at_once!(laws_at_once);

/// Two nodes, each with connections of its own.
async fn nodes() -> at_once::Nodes {
    let link = postgres::link();
    let open = async || SqlLedger::new(Database::open_link(&link, Schema::Ledger).await.unwrap());
    [Arc::new(open().await), Arc::new(open().await)]
}

/// R-STORE-4: a connection whose commit failed is never used again.
#[tokio::test]
async fn a_connection_whose_commit_failed_is_given_up() {
    let body = |raises: &str| {
        format!(
            "CREATE OR REPLACE FUNCTION say_who() RETURNS trigger LANGUAGE plpgsql AS
                 $$ BEGIN PERFORM setval('who', pg_backend_pid()); {raises} RETURN NULL; END $$;"
        )
    };
    let link = postgres::link();
    let store = SqlLedger::new(Database::open_link(&link, Schema::Ledger).await.unwrap());
    let mut connection = PgConnection::connect(&link.url).await.unwrap();
    let set_up = format!(
        "SET search_path = {};
         CREATE SEQUENCE who;
         {}
         CREATE CONSTRAINT TRIGGER say_who AFTER INSERT ON transfers
             DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION say_who();",
        link.namespace,
        body("RAISE 'planted' USING ERRCODE = '53100';")
    );
    sqlx::raw_sql(AssertSqlSafe(set_up)).execute(&mut connection).await.unwrap();
    let post = async |key: &str| {
        store.post(vec![Posting::top_up(user(1), fen(600), key)], contract::at(1_000)).await
    };
    // What a sequence is set to stays, whatever becomes of the transaction.
    let who = async |connection: &mut PgConnection| -> i64 {
        sqlx::query_scalar("SELECT last_value FROM who").fetch_one(connection).await.unwrap()
    };
    post("full").await.unwrap_err();
    let failed = who(&mut connection).await;
    assert!(failed > 1, "it got as far as the commit");
    sqlx::raw_sql(AssertSqlSafe(body(""))).execute(&mut connection).await.unwrap();
    for time in 0..20 {
        post(&format!("room {time}")).await.unwrap()[0].unwrap();
        assert_ne!(who(&mut connection).await, failed);
    }
}

/// R-CTRL-6: a call that takes longer than its caller's patience takes no database down that
/// answers everybody else, and what it asked for happens.
#[tokio::test]
async fn one_slow_call_refuses_no_others() {
    const SLOW: &str = "
        CREATE FUNCTION wait() RETURNS trigger LANGUAGE plpgsql AS
            'BEGIN PERFORM pg_sleep(3.5); RETURN NULL; END';
        CREATE TRIGGER wait BEFORE INSERT ON accounts EXECUTE FUNCTION wait();
        CREATE TRIGGER wait BEFORE INSERT ON transfers EXECUTE FUNCTION wait();";
    let link = postgres::link();
    let store = SqlLedger::new(Database::open_link(&link, Schema::Ledger).await.unwrap());
    let mut connection = PgConnection::connect(&link.url).await.unwrap();
    let slow = format!("SET search_path = {};{SLOW}", link.namespace);
    sqlx::raw_sql(AssertSqlSafe(slow)).execute(&mut connection).await.unwrap();
    let posting = || vec![Posting::top_up(user(1), fen(600), "slow")];
    let late = store.post(posting(), contract::at(1_000)).await;
    assert!(matches!(late, Err(StoreError::Unknown(_))), "{late:?}");
    assert_eq!(store.account(Account::Wallet(user(2))).await.unwrap().balance, 0);
    let drop = "DROP TRIGGER wait ON accounts; DROP TRIGGER wait ON transfers";
    // Waits until what nobody waits for any more has ended.
    sqlx::raw_sql(drop).execute(&mut connection).await.unwrap();
    connection.close().await.unwrap();
    store.post(posting(), contract::at(2_000)).await.unwrap()[0].unwrap();
    assert_eq!(store.account(Account::Wallet(user(1))).await.unwrap().balance, 600);
    store.close().await;
}

/// R-MONEY-6: whatever a server says is passing, but what a constraint says.
#[tokio::test]
async fn only_what_a_constraint_says_is_final() {
    let link = postgres::link();
    let store = SqlLedger::new(Database::open_link(&link, Schema::Ledger).await.unwrap());
    let mut connection = PgConnection::connect(&link.url).await.unwrap();
    let trigger = format!(
        "SET search_path = {};
         CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN END';
         CREATE TRIGGER refuse BEFORE INSERT ON transfers EXECUTE FUNCTION refuse();",
        link.namespace
    );
    sqlx::raw_sql(AssertSqlSafe(trigger)).execute(&mut connection).await.unwrap();
    for (code, is_final) in [
        ("25006", false),
        ("28000", false),
        ("3D000", false),
        ("42501", false),
        ("42P01", false),
        ("53100", false),
        ("58030", false),
        ("XX000", false),
        ("XX001", false),
        ("23514", true),
    ] {
        let says = format!(
            "CREATE OR REPLACE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS
                 $$ BEGIN RAISE 'planted' USING ERRCODE = '{code}'; END $$"
        );
        sqlx::raw_sql(AssertSqlSafe(says)).execute(&mut connection).await.unwrap();
        let posting = Posting::top_up(user(1), fen(600), code);
        let refused = store.post(vec![posting], contract::at(1_000)).await.unwrap_err();
        assert_eq!(refused.is_final(), is_final, "{code}: {refused:?}");
    }
    store.close().await;
}

/// R-MONEY-1: a client that hears nothing asks another node while the first still works on
/// it, for everything, and everybody at once. Each thing happens once, and both nodes say
/// the same about it.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn lanes_of_two_nodes_do_everything_once() {
    const SENDERS: i64 = 30;
    const SHARES: u32 = 10;
    let (nodes, tasks) = (nodes().await, Tasks::new());
    let lanes = nodes.clone().map(|store| Ledger::start(store, Arc::new(SystemClock), &tasks));
    let senders: Vec<_> = (0..SENDERS)
        .map(|who| {
            let lanes = lanes.clone();
            tokio::spawn(async move { send_through_both(&lanes, who, SHARES).await })
        })
        .collect();
    for sender in senders {
        sender.await.unwrap();
    }
    for seq in 0..SHARES {
        let held = lanes[0].balance(user(1_000 + i64::from(seq))).await.unwrap();
        assert_eq!(held, fen(SENDERS.unsigned_abs()));
    }
    for lane in &lanes {
        lane.shutdown().await;
    }
    contract::books_balance(&*nodes[0]).await;
}

/// A top-up, a payment and its credits, each asked of both nodes at the same time.
async fn send_through_both([one, other]: &[Ledger; 2], who: i64, shares: u32) {
    let (limits, number) = (Limits::default(), who.unsigned_abs());
    let top_up = |node: &Ledger| {
        let (node, limits) = (node.clone(), limits.clone());
        async move { node.top_up(user(who), shares.into(), "k", &limits).await.unwrap() }
    };
    let (first, second) = tokio::join!(top_up(one), top_up(other));
    assert_eq!(first, second);
    let paid = || payment(number, user(who), shares.into(), shares, &[1]);
    let (first, second) = tokio::join!(one.pay(paid()), other.pay(paid()));
    let (first, second) = (first.unwrap(), second.unwrap());
    assert_eq!((first.balance_fen, second.balance_fen), (fen(0), fen(0)));
    assert!(first.repeated != second.repeated);
    assert_eq!(first.payment, second.payment);
    let claims: Vec<_> = (0..shares)
        .map(|seq| CreditClaim {
            order_no: order(number),
            seq,
            user_id: user(1_000 + i64::from(seq)),
            amount: fen(1),
        })
        .collect();
    let (first, second) = tokio::join!(one.credit(claims.clone()), other.credit(claims));
    for outcome in first.unwrap().into_iter().zip(second.unwrap()) {
        let (credited, repeated) = (CreditOutcome::Credited, CreditOutcome::Repeated);
        let expected = [(credited.clone(), repeated.clone()), (repeated, credited)];
        assert!(expected.contains(&outcome), "{outcome:?}");
    }
}
