//! What the databases refuse by themselves: a corruption that goes through them does not
//! even get in.

use super::{Cold, In, Ledger, Lists, Orders, open, run};
use crate::scene::Scene;

/// File, statement, and what the refusal says.
const REFUSED: &[(In, &str, &str)] = &[
    (
        Ledger,
        "UPDATE accounts SET balance = -1 WHERE kind = 2 AND owner = {1}",
        "accounts_only_the_issuer_is_negative",
    ),
    (Ledger, "UPDATE accounts SET owner = -1 WHERE kind = 1 AND owner = 102", "accounts_owner"),
    (
        Ledger,
        "UPDATE accounts SET credited = -1 WHERE kind = 1 AND owner = 102",
        "accounts_credited",
    ),
    (Ledger, "UPDATE transfers SET key = 'pay:{text1}' WHERE key = 'pay:{text2}'", "transfers.key"),
    (
        Ledger,
        "UPDATE transfers SET amount = 0 WHERE key = 'credit:{text1}:1'",
        "transfers_amount_positive",
    ),
    (
        Ledger,
        "UPDATE transfers SET kind = 4 WHERE key = 'pay:{text2}'",
        "transfers_accounts_fit_kind",
    ),
    (
        Ledger,
        "UPDATE transfers SET order_no = NULL WHERE key = 'credit:{text1}:1'",
        "transfers_accounts_fit_kind",
    ),
    (
        Ledger,
        "UPDATE transfers SET debit_balance = -1 WHERE key = 'credit:{text1}:1'",
        "transfers_only_the_issuer_is_negative",
    ),
    (
        Ledger,
        "INSERT INTO payments SELECT * FROM payments WHERE order_no = {1}",
        "payments.order_no",
    ),
    (
        Orders,
        "UPDATE claims_08 SET user_id = 100 WHERE order_no = {2} AND seq = 1",
        "claims_08.order_no, claims_08.user_id",
    ),
    (
        Orders,
        "UPDATE claims_08 SET seq = 0 WHERE order_no = {2} AND seq = 1",
        "claims_08.order_no, claims_08.seq",
    ),
    (
        Orders,
        "UPDATE claims_08 SET amount_fen = 0 WHERE order_no = {2} AND seq = 1",
        "amount_fen >= 1",
    ),
    (
        Orders,
        "UPDATE packets_08 SET claimed = 6 WHERE order_no = {2}",
        "packets_claimed_within_shares",
    ),
    (
        Orders,
        "UPDATE packets_08 SET claimed_fen = 698 WHERE order_no = {2}",
        "packets_claimed_fen_within_total",
    ),
    (
        Orders,
        "UPDATE packets_08 SET state = 1, finished_at = 1 WHERE order_no = {2}",
        "packets_finished_is_emptied",
    ),
    (
        Orders,
        "UPDATE packets_08 SET finished_at = 1 WHERE order_no = {2}",
        "packets_end_has_a_time",
    ),
    (
        Orders,
        "UPDATE packets_08 SET recipient_id = NULL WHERE order_no = {5}",
        "packets_recipient_is_exclusive",
    ),
    (
        Orders,
        "INSERT INTO packets_08 SELECT * FROM packets_08 WHERE order_no = {1}",
        "packets_08.order_no",
    ),
    (Cold, "UPDATE packets SET state = 0", "state BETWEEN 1 AND 3"),
    (Cold, "UPDATE packets SET state = 2", "packets_finished_is_emptied"),
    (Cold, "UPDATE claims SET user_id = 100", "claims.order_no, claims.user_id"),
    (Lists, "UPDATE received SET seq = 0 WHERE order_no = {2}", "received.order_no, received.seq"),
    (
        Lists,
        "UPDATE received SET user_id = 100 WHERE order_no = {2}",
        "received.order_no, received.user_id",
    ),
    (Lists, "UPDATE totals SET received_fen = -1", "totals_natural"),
];

#[tokio::test]
async fn by_constraints() {
    let scene = Scene::at_rest().await;
    let folder = scene.folder.as_ref().unwrap().path();
    for (file, sql, says) in REFUSED {
        let mut connection = open(folder, *file).await;
        let refusal = run(&mut connection, sql).await.unwrap_err().to_string();
        assert!(refusal.contains(says), "{sql}: {refusal}");
    }
    let report = scene.audit(true).await;
    assert!(report.is_clean(), "{report}");
}
