//! Credits and refunds against claims (R-MONEY-3, R-MONEY-4).

use super::{Case, Law, Ledger, Packet, try_all};
use crate::scene::Scene;

#[tokio::test]
async fn of_credits_and_refunds() {
    try_all(Scene::at_rest().await, true, CASES).await;
}

pub(super) const CASES: &[Case] = &[
    Case {
        file: Ledger,
        sql: "UPDATE transfers SET amount = amount + 1 WHERE key = 'credit:{text1}:1'",
        laws: &[
            Law::BalanceIsSum,
            Law::CreditedIsSum,
            Law::BalancesFollow,
            Law::CreditHasClaim,
            Law::EscrowHoldsRest,
        ],
        about: Packet(1),
    },
    // Two people's credits, each with the other's amount.
    Case {
        file: Ledger,
        sql: "CREATE TEMP TABLE swapped AS
                  SELECT key, (SELECT sum(amount) FROM transfers
                               WHERE key GLOB 'credit:{text2}:*') - amount AS amount
                  FROM transfers WHERE key GLOB 'credit:{text2}:*';
              UPDATE transfers SET amount =
                  (SELECT amount FROM swapped WHERE swapped.key = transfers.key)
              WHERE key IN (SELECT key FROM swapped)",
        laws: &[Law::BalanceIsSum, Law::CreditedIsSum, Law::BalancesFollow, Law::CreditHasClaim],
        about: Packet(2),
    },
    // Two people's credits, each to the other.
    Case {
        file: Ledger,
        sql: "UPDATE transfers SET credit_owner = 201 - credit_owner
              WHERE key IN ('credit:{text2}:0', 'credit:{text2}:1')",
        laws: &[Law::BalanceIsSum, Law::CreditedIsSum, Law::BalancesFollow, Law::CreditHasClaim],
        about: Packet(2),
    },
    Case {
        file: Ledger,
        sql: "UPDATE transfers SET credit_owner = 102 WHERE key = 'credit:{text1}:1'",
        laws: &[Law::BalanceIsSum, Law::CreditedIsSum, Law::BalancesFollow, Law::CreditHasClaim],
        about: Packet(1),
    },
    Case {
        file: Ledger,
        sql: "DELETE FROM transfers WHERE key = 'credit:{text2}:1'",
        laws: &[
            Law::BalanceIsSum,
            Law::CreditedIsSum,
            Law::BalancesFollow,
            Law::ClaimIsCredited,
            Law::EscrowHoldsRest,
        ],
        about: Packet(2),
    },
    // A credit under a key of its own: nobody claimed it.
    Case {
        file: Ledger,
        sql: "INSERT INTO transfers (key, kind, debit_kind, debit_owner, credit_kind,
                                     credit_owner, amount, debit_balance, credit_balance,
                                     order_no, at)
              SELECT 'credit:{text2}:4', kind, debit_kind, debit_owner, credit_kind, credit_owner,
                     1, debit_balance - 1, credit_balance + 1, order_no, at
              FROM transfers WHERE key = 'credit:{text2}:1'",
        laws: &[
            Law::BalanceIsSum,
            Law::CreditedIsSum,
            Law::BalancesFollow,
            Law::CreditHasClaim,
            Law::EscrowHoldsRest,
        ],
        about: Packet(2),
    },
    Case {
        file: Ledger,
        sql: "UPDATE transfers SET key = 'credit:{text1}:7' WHERE key = 'credit:{text1}:2'",
        laws: &[Law::CreditHasClaim, Law::ClaimIsCredited],
        about: Packet(1),
    },
    Case {
        file: Ledger,
        sql: "UPDATE transfers SET key = 'gift:{text1}' WHERE key = 'credit:{text1}:2'",
        laws: &[Law::TransferFits, Law::CreditHasClaim, Law::ClaimIsCredited],
        about: Packet(1),
    },
    Case {
        file: Ledger,
        sql: "DELETE FROM transfers WHERE key = 'refund:{text3}'",
        laws: &[Law::BalanceIsSum, Law::BalancesFollow, Law::RefundIsDue, Law::EscrowHoldsRest],
        about: Packet(3),
    },
    Case {
        file: Ledger,
        sql: "UPDATE transfers SET credit_owner = 100 WHERE key = 'refund:{text3}'",
        laws: &[Law::BalanceIsSum, Law::BalancesFollow, Law::RefundIsDue],
        about: Packet(3),
    },
    // Twice, under a key that is not its own.
    Case {
        file: Ledger,
        sql: "INSERT INTO transfers (key, kind, debit_kind, debit_owner, credit_kind,
                                     credit_owner, amount, debit_balance, credit_balance,
                                     order_no, at)
              SELECT key || '-', kind, debit_kind, debit_owner, credit_kind, credit_owner,
                     amount, debit_balance, credit_balance, order_no, at
              FROM transfers WHERE key = 'refund:{text3}'",
        laws: &[
            Law::BalanceIsSum,
            Law::BalancesFollow,
            Law::TransferFits,
            Law::RefundIsDue,
            Law::EscrowHoldsRest,
        ],
        about: Packet(3),
    },
];
