//! What was paid for (R-SEND-2).

use super::{Case, Law, Ledger, Packet, try_all};
use crate::scene::{Scene, lucky};

#[tokio::test]
async fn of_payments() {
    try_all(Scene::at_rest().await, true, CASES).await;
}

/// A packet that is paid and about to land, beside a running server.
#[tokio::test]
async fn of_payments_that_have_not_landed() {
    let scene = Scene::at_rest().await;
    scene.pay(lucky(7, 600, 3)).await;
    try_all(scene, false, UNLANDED).await;
}

pub(super) const CASES: &[Case] = &[
    Case {
        file: Ledger,
        sql: "DELETE FROM payments WHERE order_no = {1}",
        laws: &[Law::PacketIsPaid],
        about: Packet(1),
    },
    Case {
        file: Ledger,
        sql: "UPDATE payments SET payment = json_set(payment, '$.record.total_fen', 501)
              WHERE order_no = {1}",
        laws: &[Law::PacketIsPaid],
        about: Packet(1),
    },
    Case {
        file: Ledger,
        sql: "UPDATE payments SET payment = json_set(payment, '$.client_seed', '0708')
              WHERE order_no = {1}",
        laws: &[Law::PacketIsPaid],
        about: Packet(1),
    },
    Case {
        file: Ledger,
        sql: "UPDATE payments SET payment = json_set(payment, '$.record.sender_id',
                  json_extract(payment, '$.record.recipient_id')) WHERE order_no = {5}",
        laws: &[Law::PacketIsPaid],
        about: Packet(5),
    },
    // Somebody else paid.
    Case {
        file: Ledger,
        sql: "UPDATE transfers SET debit_owner = 100 WHERE key = 'pay:{text6}'",
        laws: &[Law::BalanceIsSum, Law::BalancesFollow, Law::PacketIsPaid],
        about: Packet(6),
    },
    Case {
        file: Ledger,
        sql: "DELETE FROM transfers WHERE key = 'pay:{text2}'",
        laws: &[Law::BalanceIsSum, Law::BalancesFollow, Law::PacketIsPaid, Law::EscrowHoldsRest],
        about: Packet(2),
    },
];

pub(super) const UNLANDED: &[Case] = &[
    Case {
        file: Ledger,
        sql: "DELETE FROM payments WHERE order_no = {7}",
        laws: &[Law::PaymentIsStored],
        about: Packet(7),
    },
    Case { file: Ledger, sql: "DELETE FROM outbox", laws: &[Law::PaymentLands], about: Packet(7) },
    Case {
        file: Ledger,
        sql: "UPDATE accounts SET balance = balance - 1 WHERE kind = 2 AND owner = {7}",
        laws: &[Law::TotalIsZero, Law::BalanceIsSum, Law::EscrowHoldsRest],
        about: Packet(7),
    },
    Case {
        file: Ledger,
        sql: "UPDATE payments SET payment = json_set(payment, '$.record.total_fen', 601)
              WHERE order_no = {7}",
        laws: &[Law::PacketIsPaid, Law::EscrowHoldsRest],
        about: Packet(7),
    },
    // Its money went back without a tombstone.
    Case {
        file: Ledger,
        sql: "INSERT INTO transfers (key, kind, debit_kind, debit_owner, credit_kind,
                                     credit_owner, amount, debit_balance, credit_balance,
                                     order_no, at)
              SELECT 'refund:{text7}', 4, 2, {7}, 1, 1, amount, 0, debit_balance + amount, {7}, at
              FROM transfers WHERE key = 'pay:{text7}';
              UPDATE accounts SET balance = 0 WHERE kind = 2 AND owner = {7};
              UPDATE accounts SET balance = balance + 600 WHERE kind = 1 AND owner = 1",
        laws: &[Law::RefundIsDue, Law::EscrowHoldsRest],
        about: Packet(7),
    },
];
