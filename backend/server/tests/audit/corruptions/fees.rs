//! What the house takes for packets (R-API-4).

use super::{Case, Fees, Law, Ledger, Packet, Place, try_all};
use crate::scene::{Plan, SENDER, Scene, fen, lucky, user};
use hongbao_domain::store::ledger::Posting;

/// Packet 1 is open, 2 was given up, both with a fee; 3 has none.
async fn scene() -> Scene {
    let scene = Scene::empty().await;
    let charged = |n, fee| Plan { fee, ..lucky(n, 500, 3) };
    for plan in [charged(1, 5), charged(3, 0)] {
        scene.pay(plan).await;
        scene.land(plan).await;
    }
    let given_up = charged(2, 7);
    scene.pay(given_up).await;
    scene.give_up(given_up).await;
    scene.deliver_landings().await;
    scene
}

async fn at_rest() -> Scene {
    let scene = scene().await;
    let refund = Posting::refund(lucky(2, 500, 3).order_no, user(SENDER), fen(500));
    scene.post(refund.with_fee(fen(7))).await;
    scene
}

#[tokio::test]
async fn of_fees() {
    let scene = at_rest().await;
    let report = scene.audit(true).await;
    assert!(report.is_clean(), "{report}");
    // A top-up, three payments, a refund; two fees, and one back.
    assert_eq!(report.counts.transfers, 5 + 3);
    // The issuer, the fees, the sender, three escrows.
    assert_eq!(report.counts.accounts, 6);
    try_all(scene, true, CASES).await;
}

/// A node of the version before gives the total back, and not the fee: nothing brings it.
#[tokio::test]
async fn of_fees_that_nothing_brings_back() {
    let scene = scene().await;
    scene.post(Posting::refund(lucky(2, 500, 3).order_no, user(SENDER), fen(500))).await;
    let report = scene.audit(false).await;
    let listed = report.violations.listed();
    assert_eq!((listed.len(), listed[0].law), (1, Law::RefundIsDue), "{report}");
    let report = scene.audit(true).await;
    let listed = report.violations.listed();
    assert_eq!((listed.len(), listed[0].law), (1, Law::FeeIsTaken), "{report}");
}

pub(super) const CASES: &[Case] = &[
    Case {
        file: Ledger,
        sql: "DELETE FROM transfers WHERE key = 'fee:{text1}'",
        laws: &[Law::BalanceIsSum, Law::BalancesFollow, Law::FeeIsTaken],
        about: Packet(1),
    },
    // The fee of another day.
    Case {
        file: Ledger,
        sql: "UPDATE transfers SET amount = amount + 1 WHERE key = 'fee:{text1}'",
        laws: &[Law::BalanceIsSum, Law::BalancesFollow, Law::FeeIsTaken],
        about: Packet(1),
    },
    Case {
        file: Ledger,
        sql: "UPDATE payments SET payment = json_set(payment, '$.record.fee_fen', 4)
              WHERE order_no = {1}",
        laws: &[Law::FeeIsTaken],
        about: Packet(1),
    },
    // A fee of a payment that has none, as all of the version before.
    Case {
        file: Ledger,
        sql: "UPDATE payments SET payment = json_remove(payment, '$.record.fee_fen')
              WHERE order_no = {1}",
        laws: &[Law::FeeIsTaken],
        about: Packet(1),
    },
    Case {
        file: Ledger,
        sql: "UPDATE payments SET payment = json_set(payment, '$.record.fee_fen', 1)
              WHERE order_no = {3}",
        laws: &[Law::FeeIsTaken],
        about: Packet(3),
    },
    // Somebody else paid it.
    Case {
        file: Ledger,
        sql: "UPDATE transfers SET debit_owner = 100 WHERE key = 'fee:{text1}'",
        laws: &[Law::BalanceIsSum, Law::BalancesFollow, Law::FeeIsTaken],
        about: Packet(1),
    },
    // Of a packet that nobody paid for.
    Case {
        file: Ledger,
        sql: "UPDATE transfers SET order_no = {7}, key = 'fee:{text7}' WHERE key = 'fee:{text1}';
              UPDATE payments SET payment = json_remove(payment, '$.record.fee_fen')
              WHERE order_no = {1}",
        laws: &[Law::FeeIsTaken],
        about: Packet(7),
    },
    Case {
        file: Ledger,
        sql: "UPDATE transfers SET key = 'fee:{text3}' WHERE key = 'fee:{text1}'",
        laws: &[Law::TransferFits],
        about: Place("ledger"),
    },
    Case {
        file: Ledger,
        sql: "DELETE FROM transfers WHERE key = 'feeback:{text2}'",
        laws: &[Law::BalanceIsSum, Law::FeeIsTaken],
        about: Packet(2),
    },
    // The fee of an open packet comes back.
    Case {
        file: Ledger,
        sql: "INSERT INTO transfers (key, kind, debit_kind, debit_owner, credit_kind,
                                     credit_owner, amount, debit_balance, credit_balance,
                                     order_no, at)
              SELECT 'feeback:{text1}', 6, 0, 1, 1, 1, 5, 0,
                     (SELECT balance + 5 FROM accounts WHERE kind = 1 AND owner = 1), {1}, at
              FROM transfers WHERE key = 'pay:{text1}';
              UPDATE accounts SET balance = balance - 5 WHERE kind = 0 AND owner = 1;
              UPDATE accounts SET balance = balance + 5 WHERE kind = 1 AND owner = 1",
        laws: &[Law::FeeIsTaken],
        about: Packet(1),
    },
    Case {
        file: Ledger,
        sql: "UPDATE accounts SET balance = balance + 1 WHERE kind = 0 AND owner = 1",
        laws: &[Law::TotalIsZero, Law::BalanceIsSum],
        about: Fees,
    },
    Case {
        file: Ledger,
        sql: "UPDATE accounts SET balance = -1 WHERE kind = 0 AND owner = 1",
        laws: &[Law::TotalIsZero, Law::BalanceIsSum, Law::NoneNegative],
        about: Fees,
    },
];
