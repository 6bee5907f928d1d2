//! What no version of this code wrote. It is named, and the rest is still audited.

use super::{Case, Cold, Law, Ledger, Orders, Packet, Place, Wallet, try_all};
use crate::scene::Scene;

#[tokio::test]
async fn of_what_can_be_read() {
    try_all(Scene::at_rest().await, true, CASES).await;
}

pub(super) const CASES: &[Case] = &[
    Case {
        file: Ledger,
        sql: "UPDATE transfers SET kind = 9 WHERE id = 1",
        laws: &[Law::StoredDataIsReadable],
        about: Place("ledger"),
    },
    // Its person's credits lack it, too.
    Case {
        file: Ledger,
        sql: "UPDATE transfers SET kind = 9 WHERE key = 'credit:{text1}:1'",
        laws: &[Law::StoredDataIsReadable, Law::CreditedIsSum],
        about: Packet(1),
    },
    Case {
        file: Ledger,
        sql: "UPDATE payments SET payment = '{}' WHERE order_no = {2}",
        laws: &[Law::StoredDataIsReadable],
        about: Packet(2),
    },
    Case {
        file: Orders,
        sql: "UPDATE packets_08 SET kind = 9 WHERE order_no = {2}",
        laws: &[Law::StoredDataIsReadable],
        about: Packet(2),
    },
    Case {
        file: Orders,
        sql: "UPDATE claims_08 SET amount_fen = -1 WHERE order_no = {2} AND seq = 0",
        laws: &[Law::StoredDataIsReadable],
        about: Packet(2),
    },
    // Behind an unreadable row, another corruption is found all the same.
    Case {
        file: Orders,
        sql: "UPDATE packets_08 SET kind = 9 WHERE order_no = {1};
              UPDATE packets_08 SET finished_at = finished_at + 1 WHERE order_no = {1}",
        laws: &[Law::StoredDataIsReadable],
        about: Packet(1),
    },
    Case {
        file: Cold,
        sql: "UPDATE packets SET kind = 9",
        laws: &[Law::StoredDataIsReadable],
        about: Place("order shard N2 day 7"),
    },
    Case {
        file: Ledger,
        sql: "UPDATE accounts SET kind = 7 WHERE kind = 1 AND owner = 102",
        laws: &[Law::StoredDataIsReadable, Law::BalanceIsSum, Law::CreditedIsSum],
        about: Wallet(102),
    },
];
