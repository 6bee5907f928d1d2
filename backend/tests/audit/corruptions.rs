//! The smallest corruption of each kind is found and named.

use crate::scene::{Scene, order};
use hongbao::audit::{Law, Subject};
use sqlx::{AssertSqlSafe, Connection, SqliteConnection, sqlite::SqliteConnectOptions};
use std::collections::BTreeSet;

/// Which file is corrupted.
#[derive(Clone, Copy, Debug)]
enum In {
    Ledger,
    Orders,
}
use In::{Ledger, Orders};

/// Runs SQL behind the code's back; not even the database's own constraints are asked.
async fn corrupt(scene: &Scene, file: In, sql: &str) {
    let name = match file {
        Ledger => "ledger.sqlite",
        Orders => "orders.sqlite",
    };
    let options = SqliteConnectOptions::new().filename(scene.folder.path().join(name));
    let mut connection = SqliteConnection::connect_with(&options).await.unwrap();
    sqlx::query("PRAGMA ignore_check_constraints = ON").execute(&mut connection).await.unwrap();
    let changed = sqlx::raw_sql(AssertSqlSafe(sql.to_owned()))
        .execute(&mut connection)
        .await
        .unwrap()
        .rows_affected();
    assert!(changed > 0, "{sql} changes something");
    connection.close().await.unwrap();
}

/// SQL with `{1}` … `{5}` for the packets of the scene.
fn with_orders(sql: &str) -> String {
    (1..=6).fold(sql.to_owned(), |sql, n| {
        sql.replace(&format!("{{{n}}}"), &order(n).to_bits().to_string())
            .replace(&format!("{{text{n}}}"), &order(n).to_string())
    })
}

#[tokio::test]
async fn sound_data_is_clean() {
    let scene = Scene::at_rest().await;
    for at_rest in [false, true] {
        let report = scene.audit(at_rest).await;
        assert!(report.is_clean(), "{report}");
        assert_eq!(report.counts.packets, 5);
        assert_eq!(report.counts.claims, 3 + 2 + 1 + 1);
        assert_eq!(report.counts.payments, 5);
        assert_eq!(report.counts.transfers, 1 + 5 + 7 + 2);
        assert_eq!((report.counts.waiting, report.counts.dead), (0, 0));
        assert!(report.to_string().ends_with("every fen is where it should be"));
    }
}

#[tokio::test]
async fn another_key_opens_no_seed() {
    let report = Scene::at_rest().await.audit_with_key([8; 32]).await;
    let laws: BTreeSet<_> = report.violations.listed().iter().map(|found| found.law).collect();
    assert_eq!(laws, BTreeSet::from([Law::SeedMatchesCommitment]));
    assert_eq!(report.violations.count(), 5);
}

/// File, corruption, the laws that must be named, and of which packet (0: an account or
/// a place).
const CASES: &[(In, &str, &[Law], u64)] = &[
    (
        Ledger,
        "UPDATE accounts SET balance = balance + 1 WHERE kind = 1 AND owner = 100",
        &[Law::TotalIsZero, Law::BalanceIsSum],
        0,
    ),
    (
        // One fen from one wallet to another: the total does not tell.
        Ledger,
        "UPDATE accounts SET balance = balance + CASE owner WHEN 100 THEN 1 ELSE -1 END
         WHERE kind = 1 AND owner IN (100, 101)",
        &[Law::BalanceIsSum],
        0,
    ),
    (
        // Nothing moved, but too little would be shown as on its way (R-PEOPLE-3).
        Ledger,
        "UPDATE accounts SET credited = credited + 1 WHERE kind = 1 AND owner = 101",
        &[Law::CreditedIsSum],
        0,
    ),
    (
        Ledger,
        "UPDATE accounts SET balance = -1 WHERE kind = 2 AND owner = {1}",
        &[Law::NoneNegative, Law::BalanceIsSum, Law::EscrowHoldsRest],
        1,
    ),
    (
        Ledger,
        "DELETE FROM accounts WHERE kind = 1 AND owner = 100",
        &[Law::TotalIsZero, Law::BalanceIsSum],
        0,
    ),
    (
        Ledger,
        "UPDATE transfers SET credit_balance = credit_balance + 1 WHERE key = 'credit:{text1}:0'",
        &[Law::BalancesFollow],
        0,
    ),
    (
        Ledger,
        "UPDATE transfers SET amount = amount + 1 WHERE key = 'credit:{text1}:1'",
        &[Law::BalanceIsSum, Law::BalancesFollow, Law::CreditHasClaim],
        1,
    ),
    (
        Ledger,
        "UPDATE transfers SET credit_owner = 102 WHERE key = 'credit:{text1}:1'",
        &[Law::BalanceIsSum, Law::CreditHasClaim],
        1,
    ),
    (
        Ledger,
        "DELETE FROM transfers WHERE key = 'credit:{text2}:1'",
        &[Law::BalanceIsSum, Law::ClaimIsCredited],
        2,
    ),
    (
        // A credit under a key of its own: nobody claimed it.
        Ledger,
        "INSERT INTO transfers (key, kind, debit_kind, debit_owner, credit_kind, credit_owner,
                                amount, debit_balance, credit_balance, order_no, at)
         SELECT 'credit:{text2}:4', kind, debit_kind, debit_owner, credit_kind, credit_owner,
                1, debit_balance - 1, credit_balance + 1, order_no, at
         FROM transfers WHERE key = 'credit:{text2}:1'",
        &[Law::BalanceIsSum, Law::CreditHasClaim],
        2,
    ),
    (
        Ledger,
        "UPDATE transfers SET key = 'credit:{text1}:7' WHERE key = 'credit:{text1}:2'",
        &[Law::ClaimIsCredited],
        1,
    ),
    (
        Ledger,
        "UPDATE transfers SET key = 'gift:{text1}' WHERE key = 'credit:{text1}:2'",
        &[Law::TransferFits, Law::ClaimIsCredited],
        1,
    ),
    (
        Ledger,
        "DELETE FROM transfers WHERE key = 'refund:{text3}'",
        &[Law::RefundIsDue, Law::BalanceIsSum],
        3,
    ),
    (
        Ledger,
        "UPDATE transfers SET credit_owner = 100 WHERE key = 'refund:{text3}'",
        &[Law::RefundIsDue, Law::BalanceIsSum],
        3,
    ),
    (Ledger, "DELETE FROM payments WHERE order_no = {1}", &[Law::PacketIsPaid], 1),
    (
        Ledger,
        "UPDATE payments SET payment = json_set(payment, '$.record.total_fen', 501)
         WHERE order_no = {1}",
        &[Law::PacketIsPaid],
        1,
    ),
    (
        Ledger,
        "UPDATE payments SET payment = json_set(payment, '$.client_seed', '0708')
         WHERE order_no = {1}",
        &[Law::PacketIsPaid],
        1,
    ),
    (Ledger, "UPDATE transfers SET kind = 9 WHERE id = 1", &[Law::StoredDataIsReadable], 0),
    (
        Orders,
        "UPDATE claims_08 SET amount_fen = amount_fen + 1 WHERE order_no = {1} AND seq = 1",
        &[Law::AmountsFollowSeed, Law::ProgressMatchesClaims, Law::CreditHasClaim],
        1,
    ),
    (
        Orders,
        "UPDATE claims_08 SET user_id = 777 WHERE order_no = {1} AND seq = 1",
        &[Law::CreditHasClaim],
        1,
    ),
    (
        Orders,
        "UPDATE claims_08 SET user_id = 777 WHERE order_no = {5}",
        &[Law::ClaimIsForRecipient],
        5,
    ),
    (
        Orders,
        "DELETE FROM claims_08 WHERE order_no = {1} AND seq = 1",
        &[Law::ClaimsAreDense, Law::ProgressMatchesClaims, Law::CreditHasClaim],
        1,
    ),
    (
        Orders,
        "UPDATE claims_08 SET seq = 2 WHERE order_no = {2} AND seq = 1",
        &[Law::ClaimsAreDense],
        2,
    ),
    (
        Orders,
        "INSERT INTO claims_08 VALUES ({1}, 3, 999, 1, 1)",
        &[Law::ClaimsWithinShares, Law::ProgressMatchesClaims, Law::AmountsFollowSeed],
        1,
    ),
    (
        Orders,
        // Without the constraint, the same person twice.
        "CREATE TABLE loose AS SELECT * FROM claims_08;
         DROP TABLE claims_08;
         ALTER TABLE loose RENAME TO claims_08;
         UPDATE claims_08 SET user_id = 100 WHERE order_no = {2} AND seq = 1",
        &[Law::OneClaimPerUser],
        2,
    ),
    (
        Orders,
        "DELETE FROM packets_08 WHERE order_no = {2}",
        &[Law::ClaimHasPacket, Law::PaymentLands],
        2,
    ),
    (
        Orders,
        "INSERT INTO packets_09 SELECT * FROM packets_08 WHERE order_no = {4};
         DELETE FROM packets_08 WHERE order_no = {4}",
        &[Law::PacketInPlace, Law::PaymentLands],
        4,
    ),
    (
        Orders,
        "UPDATE packets_08 SET claimed = claimed + 1 WHERE order_no = {2}",
        &[Law::ProgressMatchesClaims],
        2,
    ),
    (
        Orders,
        "UPDATE packets_08 SET claimed_fen = claimed_fen - 1 WHERE order_no = {2}",
        &[Law::ProgressMatchesClaims],
        2,
    ),
    (
        Orders,
        "UPDATE packets_08 SET state = 1, finished_at = 1 WHERE order_no = {2}",
        &[Law::StateMatchesClaims],
        2,
    ),
    (
        Orders,
        "UPDATE packets_08 SET state = 0, finished_at = NULL WHERE order_no = {1}",
        &[Law::StateMatchesClaims],
        1,
    ),
    (
        // Refunded, but open again.
        Orders,
        "UPDATE packets_08 SET state = 0, finished_at = NULL WHERE order_no = {3}",
        &[Law::RefundIsDue, Law::EscrowHoldsRest],
        3,
    ),
    (
        // A tombstone that became a packet.
        Orders,
        "UPDATE packets_08 SET state = 0, finished_at = NULL WHERE order_no = {4}",
        &[Law::RefundIsDue, Law::EscrowHoldsRest],
        4,
    ),
    (
        Orders,
        "UPDATE packets_08 SET total_fen = total_fen + 1 WHERE order_no = {2}",
        &[Law::PacketIsPaid, Law::AmountsFollowSeed],
        2,
    ),
    (
        Orders,
        "UPDATE packets_08 SET client_seed = x'0101' WHERE order_no = {2}",
        &[Law::PacketIsPaid, Law::AmountsFollowSeed],
        2,
    ),
    (
        Orders,
        "UPDATE packets_08 SET commitment = zeroblob(32) WHERE order_no = {2}",
        &[Law::SeedMatchesCommitment, Law::PacketIsPaid],
        2,
    ),
    (
        Orders,
        "UPDATE packets_08 SET sealed_server_seed =
             (SELECT sealed_server_seed FROM packets_08 WHERE order_no = {1})
         WHERE order_no = {2}",
        &[Law::SeedMatchesCommitment, Law::PacketIsPaid],
        2,
    ),
    (Orders, "UPDATE packets_08 SET sender_id = 2 WHERE order_no = {2}", &[Law::PacketIsPaid], 2),
    (
        Orders,
        "INSERT INTO outbox (destination, payload, created_at, due_at) VALUES (3, '[]', 1, 1)",
        &[Law::OutboxIsEmpty],
        0,
    ),
    (
        Ledger,
        "INSERT INTO outbox (destination, payload, created_at, due_at, attempts)
         VALUES (1, '{}', 1, NULL, 9)",
        &[Law::OutboxIsEmpty],
        0,
    ),
];

#[tokio::test]
async fn every_corruption_is_found_and_named() {
    let mut covered = BTreeSet::new();
    for (file, sql, laws, packet) in CASES {
        let scene = Scene::at_rest().await;
        let sql = with_orders(sql);
        corrupt(&scene, *file, &sql).await;
        let report = scene.audit(true).await;
        for law in *laws {
            let named = report.violations.listed().iter().any(|found| {
                let about = match &found.subject {
                    Subject::Packet(order_no) => *order_no == order(*packet),
                    Subject::Account(_) | Subject::Place(_) => true,
                };
                found.law == *law && about
            });
            assert!(named, "{law} is not named for {sql}\n{report}");
            covered.insert(*law);
        }
        if *packet > 0 {
            let named = report
                .violations
                .listed()
                .iter()
                .any(|found| found.subject == Subject::Packet(order(*packet)));
            assert!(named, "packet {packet} is not named for {sql}\n{report}");
        }
        let strangers = report.violations.listed().iter().any(|found| match &found.subject {
            Subject::Packet(order_no) => *packet > 0 && *order_no != order(*packet),
            Subject::Account(_) | Subject::Place(_) => false,
        });
        assert!(!strangers, "only packet {packet} is named for {sql}\n{report}");
    }
    let missing: Vec<_> = Law::ALL.iter().filter(|law| !covered.contains(law)).collect();
    assert!(missing.is_empty(), "no corruption shows {missing:?}");
}

/// The list is bounded, the count is not.
#[tokio::test]
async fn too_many_findings_are_counted() {
    let scene = Scene::empty().await;
    corrupt(
        &scene,
        Ledger,
        "WITH RECURSIVE n(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < 1500)
         INSERT INTO accounts SELECT 1, 1000 + n, 1, 0 FROM n",
    )
    .await;
    let violations = scene.audit(true).await.violations;
    assert_eq!(violations.listed().len(), hongbao::audit::LISTED_MAX);
    assert_eq!(violations.count(), 1_501);
}
