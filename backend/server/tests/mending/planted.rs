//! What differs is never touched: it is reported, with its order number, as often as
//! somebody asks (R-MONEY-3).

use crate::{
    common::end_due,
    files::{LEDGER, LISTS, ORDERS, one_shard, sql},
    lost::Ended,
    world::{World, audit},
};
use hongbao_engine::{
    audit::Subject,
    reconcile::{Mode, Repair, Report},
};
use hongbao_shared::{Kind, OrderNo};
use sqlx::{AssertSqlSafe, Connection, Row, SqliteConnection, sqlite::SqliteConnectOptions};
use std::path::Path;

/// 1 is finished, 2 open, 3 expired, 4 given up.
async fn at_rest() -> (Ended, [OrderNo; 4]) {
    let world = one_shard(|_| {}).await;
    let party = world.party(4).await;
    let [finished, open, expired] =
        [(300, 3), (500, 5), (400, 4)].map(|(total, shares)| (Kind::Lucky, total, shares));
    let mut orders = Vec::new();
    for (kind, total, shares) in [expired, finished, open] {
        if orders.len() == 1 {
            world.clock.advance_s(24 * 60 * 60 - 60);
        }
        let order_no = world.send(&party, kind, total, shares).await;
        for member in &party.members[1..] {
            if orders.is_empty() && *member == party.members[3] {
                continue;
            }
            world.open(*member, order_no).await.unwrap();
        }
        orders.push(order_no);
    }
    let [expired, finished, open] = orders[..] else { unreachable!() };
    world.clock.advance_s(61);
    end_due(&world.app).await;
    let given_up = give_up(&world, &party).await;
    let ended = Ended::of(world).await;
    let report = ended.reconcile(Mode::Mend).await;
    assert!(report.is_clean() && report.mends.is_empty(), "{report}");
    assert_eq!((report.packets, report.claims, report.payments), (4, 3 + 3 + 2, 4));
    (ended, [finished, open, expired, given_up])
}

async fn give_up(world: &World, party: &crate::world::Party) -> OrderNo {
    crate::giving_up::block_the_day(world).await;
    let order_no = crate::giving_up::pay_without_landing(world, party).await;
    let payment = world.app.ledger.payment(order_no).await.unwrap().unwrap();
    world.app.packets.give_up(&payment).await.unwrap();
    crate::giving_up::unblock_the_day(world).await;
    order_no
}

/// Everything in a file, but for what SQLite itself keeps.
async fn dump(data: &Path, file: &str) -> Vec<String> {
    let options = SqliteConnectOptions::new().filename(data.join("db").join(file));
    let mut connection = SqliteConnection::connect_with(&options).await.unwrap();
    let tables: Vec<String> = sqlx::query_scalar(
        "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'
         ORDER BY name",
    )
    .fetch_all(&mut connection)
    .await
    .unwrap();
    let mut lines = Vec::new();
    for table in tables {
        let columns: Vec<String> = sqlx::query_scalar(AssertSqlSafe(format!(
            "SELECT name FROM pragma_table_info('{table}')"
        )))
        .fetch_all(&mut connection)
        .await
        .unwrap();
        let quoted: Vec<_> = columns.iter().map(|name| format!("quote({name})")).collect();
        let select = format!("SELECT {} FROM {table} ORDER BY 1", quoted.join(" || ',' || "));
        let rows = sqlx::query(AssertSqlSafe(select)).fetch_all(&mut connection).await.unwrap();
        lines.extend(rows.iter().map(|row| format!("{table}: {}", row.get::<String, _>(0))));
    }
    connection.close().await.unwrap();
    lines
}

fn names(report: &Report, law: &str, order_no: OrderNo) -> bool {
    report.left.iter().any(|left| left.law == law && left.subject == Subject::Packet(order_no))
}

/// File, corruption, the law that is named, and of which packet.
const CASES: &[(&str, &str, &str, usize)] = &[
    (
        // A credit that no claim stands for; the books add up.
        LEDGER,
        "INSERT INTO transfers (key, kind, debit_kind, debit_owner, credit_kind, credit_owner,
                                amount, debit_balance, credit_balance, order_no, at)
         SELECT 'credit:{text2}:4', 3, 2, {2}, 1, wallet.owner, 1, escrow.balance - 1,
                wallet.balance + 1, {2}, 1
         FROM accounts AS escrow, (SELECT credit_owner AS owner FROM transfers
                                   WHERE key = 'credit:{text2}:0') AS person
         JOIN accounts AS wallet ON wallet.kind = 1 AND wallet.owner = person.owner
         WHERE escrow.kind = 2 AND escrow.owner = {2};
         UPDATE accounts SET balance = balance - 1 WHERE kind = 2 AND owner = {2};
         UPDATE accounts SET balance = balance + 1, credited = credited + 1
         WHERE kind = 1 AND owner = (SELECT credit_owner FROM transfers
                                     WHERE key = 'credit:{text2}:4')",
        "credit_has_claim",
        2,
    ),
    (
        ORDERS,
        "UPDATE claims_{day} SET user_id = 777 WHERE order_no = {1} AND seq = 1",
        "credit_has_claim",
        1,
    ),
    (
        ORDERS,
        "UPDATE claims_{day} SET amount_fen = amount_fen + 1 WHERE order_no = {1} AND seq = 1",
        "credit_has_claim",
        1,
    ),
    (ORDERS, "DELETE FROM claims_{day} WHERE order_no = {1} AND seq = 2", "credit_has_claim", 1),
    (LEDGER, "DELETE FROM payments WHERE order_no = {1}", "packet_is_paid", 1),
    (
        LEDGER,
        "UPDATE payments SET payment = json_set(payment, '$.record.total_fen', 301)
         WHERE order_no = {1}",
        "packet_is_paid",
        1,
    ),
    // A refund that no end stands for.
    (
        LEDGER,
        "INSERT INTO transfers (key, kind, debit_kind, debit_owner, credit_kind, credit_owner,
                                amount, debit_balance, credit_balance, order_no, at)
         SELECT 'refund:{text2}', 4, 2, {2}, 1, wallet.owner, 1, escrow.balance - 1,
                wallet.balance + 1, {2}, 1
         FROM accounts AS escrow, (SELECT debit_owner AS owner FROM transfers
                                   WHERE key = 'pay:{text2}') AS person
         JOIN accounts AS wallet ON wallet.kind = 1 AND wallet.owner = person.owner
         WHERE escrow.kind = 2 AND escrow.owner = {2};
         UPDATE accounts SET balance = balance - 1 WHERE kind = 2 AND owner = {2};
         UPDATE accounts SET balance = balance + 1
         WHERE kind = 1 AND owner = (SELECT credit_owner FROM transfers
                                     WHERE key = 'refund:{text2}')",
        "refund_is_due",
        2,
    ),
    // Its claims are still there: landing again would be a second life.
    (ORDERS, "DELETE FROM packets_{day} WHERE order_no = {1}", "claim_has_packet", 1),
    (
        LISTS,
        "UPDATE received SET amount_fen = amount_fen + 1 WHERE order_no = {1} AND seq = 1",
        "lists_match_orders",
        1,
    ),
    (
        LISTS,
        "INSERT INTO received SELECT order_no, 777, 4, sender_id, group_id, kind, 1, at, year
         FROM received WHERE order_no = {2} AND seq = 0",
        "lists_match_orders",
        2,
    ),
    (
        LISTS,
        "UPDATE sent SET total_fen = total_fen + 1 WHERE order_no = {3}",
        "lists_match_orders",
        3,
    ),
    (LISTS, "UPDATE best_lucks SET user_id = 777 WHERE order_no = {1}", "lists_match_orders", 1),
    (
        // Half of it missing, half of it wrong: nothing is written.
        LISTS,
        "DELETE FROM received WHERE order_no = {1} AND seq = 0;
         UPDATE received SET seq = 0 WHERE order_no = {1} AND seq = 1",
        "lists_match_orders",
        1,
    ),
    (
        LISTS,
        "INSERT INTO sent SELECT {4}, user_id, group_id, kind, 700, 2, at, year FROM sent LIMIT 1",
        "lists_match_orders",
        4,
    ),
];

#[tokio::test]
async fn what_differs_is_reported_and_never_touched() {
    let (sound, orders) = at_rest().await;
    for (file, text, law, packet) in CASES {
        let ended = sound.copy();
        let text = (1..).zip(orders).fold((*text).to_owned(), |text, (n, order_no)| {
            text.replace(&format!("{{{n}}}"), &order_no.to_bits().to_string())
                .replace(&format!("{{text{n}}}"), &order_no.to_string())
        });
        let order_no = orders[packet - 1];
        let text = text.replace("{day}", &format!("{:02}", order_no.day().get() + 1));
        let data = ended.folder.path();
        assert!(sql(data, file, &text).await > 0, "{text}");
        let mut before = Vec::new();
        for file in [LEDGER, ORDERS, LISTS] {
            before.push(dump(data, file).await);
        }
        let mut reports = Vec::new();
        for mode in [Mode::DryRun, Mode::Mend, Mode::Mend] {
            let report = ended.reconcile(mode).await;
            assert!(names(&report, law, order_no), "{law} of packet {packet}: {text}\n{report}");
            assert!(!report.is_clean() && report.mends.is_empty(), "{text}\n{report}");
            let strangers = report.left.iter().any(|left| match &left.subject {
                Subject::Packet(other) => *other != order_no,
                Subject::Account(_) | Subject::Place(_) => false,
            });
            assert!(!strangers, "{text}\n{report}");
            assert!(report.to_string().contains(&order_no.to_string()));
            reports.push(report.left);
        }
        assert!(reports.windows(2).all(|two| two[0] == two[1]), "the same every time");
        for (file, before) in [LEDGER, ORDERS, LISTS].into_iter().zip(before) {
            assert_eq!(dump(data, file).await, before, "{file} was touched: {text}");
        }
    }
}

/// But for an end and a tombstone whose refund is in the books: their shard was restored to
/// before, and has lost them (R-STORE-6).
#[tokio::test]
async fn what_a_shard_has_lost_is_made_again() {
    let (sound, [_, _, expired, given_up]) = at_rest().await;
    for (change, repair, order_no) in [
        ("UPDATE packets_{day} SET state = 0, finished_at = NULL", Repair::End, expired),
        ("DELETE FROM given_up", Repair::Packet, given_up),
    ] {
        let ended = sound.copy();
        let change = change.replace("{day}", &format!("{:02}", order_no.day().get() + 1));
        let text = format!("{change} WHERE order_no = {}", order_no.to_bits());
        assert_eq!(sql(ended.folder.path(), ORDERS, &text).await, 1);
        ended.mends(&[(repair, order_no, None)]).await;
        audit(&ended.config).await;
    }
}

/// Lists of a packet that does not exist are named too.
#[tokio::test]
async fn lines_of_no_packet_are_reported() {
    let (ended, [finished, ..]) = at_rest().await;
    let nobody = OrderNo::new(finished.site(), finished.shard(), finished.day(), false, 1 << 40);
    let bits = nobody.unwrap().to_bits();
    let plant = format!("INSERT INTO best_lucks VALUES ({bits}, 777, 2026)");
    sql(ended.folder.path(), LISTS, &plant).await;
    for _ in 0..2 {
        let report = ended.reconcile(Mode::Mend).await;
        assert!(names(&report, "lists_match_orders", nobody.unwrap()), "{report}");
        assert_eq!(report.left_count, 1, "{report}");
    }
}

/// One packet that differs keeps no other from being mended.
#[tokio::test]
async fn what_differs_is_in_nobodys_way() {
    let (ended, [finished, open, expired, _]) = at_rest().await;
    let day = format!("{:02}", finished.day().get() + 1);
    let plant = format!(
        "UPDATE claims_{day} SET user_id = 777 WHERE order_no = {} AND seq = 1",
        finished.to_bits()
    );
    sql(ended.folder.path(), ORDERS, &plant).await;
    let lost = format!(
        "DELETE FROM received WHERE order_no IN ({}, {}) AND seq = 0",
        open.to_bits(),
        expired.to_bits()
    );
    assert_eq!(sql(ended.folder.path(), LISTS, &lost).await, 2);
    let report = ended.reconcile(Mode::Mend).await;
    assert!(names(&report, "credit_has_claim", finished), "{report}");
    assert_eq!(report.mends.len(), 2, "{report}");
}
