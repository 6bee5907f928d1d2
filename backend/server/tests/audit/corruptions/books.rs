//! Accounts, and transfers against them.

use super::{Case, Escrow, Law, Ledger, Packet, Place, Wallet, try_all};
use crate::scene::Scene;

#[tokio::test]
async fn of_the_books() {
    try_all(Scene::at_rest().await, true, CASES).await;
}

pub(super) const CASES: &[Case] = &[
    Case {
        file: Ledger,
        sql: "UPDATE accounts SET balance = balance + 1 WHERE kind = 1 AND owner = 100",
        laws: &[Law::TotalIsZero, Law::BalanceIsSum],
        about: Wallet(100),
    },
    // One fen from one wallet to another: the total does not tell.
    Case {
        file: Ledger,
        sql: "UPDATE accounts SET balance = balance + CASE owner WHEN 100 THEN 1 ELSE -1 END
              WHERE kind = 1 AND owner IN (100, 101)",
        laws: &[Law::BalanceIsSum],
        about: Wallet(101),
    },
    // Nothing moved, but too little would be shown as on its way (R-PEOPLE-3).
    Case {
        file: Ledger,
        sql: "UPDATE accounts SET credited = credited + 1 WHERE kind = 1 AND owner = 101",
        laws: &[Law::CreditedIsSum],
        about: Wallet(101),
    },
    Case {
        file: Ledger,
        sql: "UPDATE accounts SET balance = -1 WHERE kind = 2 AND owner = {1}",
        laws: &[Law::TotalIsZero, Law::BalanceIsSum, Law::NoneNegative, Law::EscrowHoldsRest],
        about: Escrow(1),
    },
    Case {
        file: Ledger,
        sql: "UPDATE accounts SET balance = balance - 1 WHERE kind = 2 AND owner = {2}",
        laws: &[Law::TotalIsZero, Law::BalanceIsSum, Law::EscrowHoldsRest],
        about: Packet(2),
    },
    Case {
        file: Ledger,
        sql: "DELETE FROM accounts WHERE kind = 1 AND owner = 100",
        laws: &[Law::TotalIsZero, Law::BalanceIsSum, Law::CreditedIsSum],
        about: Wallet(100),
    },
    // An account that nothing ever moved.
    Case {
        file: Ledger,
        sql: "INSERT INTO accounts VALUES (1, 777, 1, 0)",
        laws: &[Law::TotalIsZero, Law::BalanceIsSum],
        about: Wallet(777),
    },
    // The same as an escrow, whose packet is unheard of.
    Case {
        file: Ledger,
        sql: "INSERT INTO accounts VALUES (2, {7}, 1, 0)",
        laws: &[Law::TotalIsZero, Law::BalanceIsSum, Law::PaymentIsStored],
        about: Packet(7),
    },
    Case {
        file: Ledger,
        sql: "UPDATE transfers SET credit_balance = credit_balance + 1
              WHERE key = 'credit:{text1}:0'",
        laws: &[Law::BalancesFollow],
        about: Wallet(100),
    },
    Case {
        file: Ledger,
        sql: "UPDATE transfers SET debit_balance = debit_balance + 1
              WHERE key = 'credit:{text1}:0'",
        laws: &[Law::BalancesFollow],
        about: Escrow(1),
    },
    // A top-up that happened twice.
    Case {
        file: Ledger,
        sql: "INSERT INTO transfers (key, kind, debit_kind, debit_owner, credit_kind,
                                     credit_owner, amount, debit_balance, credit_balance, at)
              SELECT key || '-again', kind, debit_kind, debit_owner, credit_kind, credit_owner,
                     amount, debit_balance, credit_balance, at FROM transfers WHERE id = 1",
        laws: &[Law::BalanceIsSum, Law::BalancesFollow],
        about: Wallet(1),
    },
    Case {
        file: Ledger,
        sql: "DELETE FROM transfers WHERE id = 1",
        laws: &[Law::BalanceIsSum, Law::BalancesFollow],
        about: Wallet(1),
    },
    // A day's allowance that is not of the day on which it was given.
    Case {
        file: Ledger,
        sql: "UPDATE transfers SET key = 'allowance:1:' || (at / 86400000 + 2) WHERE id = 1",
        laws: &[Law::TransferFits],
        about: Place("ledger"),
    },
    // A grant that nobody made.
    Case {
        file: Ledger,
        sql: "UPDATE transfers SET key = 'grant:1::a' WHERE id = 1",
        laws: &[Law::TransferFits],
        about: Place("ledger"),
    },
    // Somebody else's key: they could never use it themselves.
    Case {
        file: Ledger,
        sql: "UPDATE transfers SET key = 'topup:2:setup' WHERE id = 1",
        laws: &[Law::TransferFits],
        about: Place("ledger"),
    },
    Case {
        file: Ledger,
        sql: "UPDATE transfers SET order_no = NULL WHERE key = 'credit:{text1}:1'",
        laws: &[Law::TransferFits],
        about: Packet(1),
    },
    Case {
        file: Ledger,
        sql: "UPDATE transfers SET kind = 4 WHERE key = 'credit:{text2}:1'",
        laws: &[Law::CreditedIsSum, Law::TransferFits, Law::ClaimIsCredited, Law::RefundIsDue],
        about: Packet(2),
    },
    Case {
        file: Ledger,
        sql: "INSERT INTO outbox (destination, payload, created_at, due_at, attempts)
              VALUES (1, '{}', 1, NULL, 9)",
        laws: &[Law::OutboxIsEmpty, Law::PaymentLands],
        about: Place("ledger"),
    },
];
