//! The lists "sent" and "received", best lucks and totals (R-LIST-1).

use super::{Case, Law, Lists, Packet, Wallet, try_all};
use crate::scene::Scene;

#[tokio::test]
async fn of_lists() {
    try_all(Scene::at_rest().await, true, CASES).await;
}

pub(super) const CASES: &[Case] = &[
    Case {
        file: Lists,
        sql: "UPDATE sent SET total_fen = total_fen + 1 WHERE order_no = {1}",
        laws: &[Law::SentLineIsTrue, Law::ListTotalsAreSums],
        about: Packet(1),
    },
    Case {
        file: Lists,
        sql: "UPDATE sent SET at = at + 1 WHERE order_no = {1}",
        laws: &[Law::SentLineIsTrue],
        about: Packet(1),
    },
    Case {
        file: Lists,
        sql: "DELETE FROM sent WHERE order_no = {3}",
        laws: &[Law::EverythingIsListed, Law::ListTotalsAreSums],
        about: Packet(3),
    },
    Case {
        file: Lists,
        sql: "UPDATE sent SET order_no = {7} WHERE order_no = {4} OR order_no = {7};
              INSERT INTO sent SELECT {4}, user_id, group_id, kind, total_fen, shares, at, year
              FROM sent WHERE order_no = {2}",
        laws: &[Law::SentLineIsTrue, Law::ListTotalsAreSums],
        about: Packet(4),
    },
    Case {
        file: Lists,
        sql: "UPDATE received SET amount_fen = amount_fen + 1 WHERE order_no = {2} AND seq = 1",
        laws: &[Law::ReceivedLineIsTrue, Law::ListTotalsAreSums],
        about: Packet(2),
    },
    Case {
        file: Lists,
        sql: "UPDATE received SET user_id = 777 WHERE order_no = {2} AND seq = 1",
        laws: &[Law::ReceivedLineIsTrue, Law::ListTotalsAreSums],
        about: Packet(2),
    },
    Case {
        file: Lists,
        sql: "DELETE FROM received WHERE order_no = {2} AND seq = 1",
        laws: &[Law::EverythingIsListed, Law::ListTotalsAreSums],
        about: Packet(2),
    },
    Case {
        file: Lists,
        sql: "INSERT INTO received SELECT order_no, 777, 2, sender_id, group_id, kind, amount_fen,
                                          at, year
              FROM received WHERE order_no = {2} AND seq = 1",
        laws: &[Law::ReceivedLineIsTrue, Law::ListTotalsAreSums],
        about: Packet(2),
    },
    // A line in another year: what it says is true, where it stands is not.
    Case {
        file: Lists,
        sql: "UPDATE received SET year = year + 1 WHERE order_no = {2} AND seq = 1",
        laws: &[Law::ListTotalsAreSums],
        about: Wallet(101),
    },
    Case {
        file: Lists,
        sql: "DELETE FROM best_lucks WHERE order_no = {1}",
        laws: &[Law::EverythingIsListed, Law::ListTotalsAreSums],
        about: Packet(1),
    },
    Case {
        file: Lists,
        sql: "UPDATE best_lucks SET user_id =
                  (SELECT min(user_id) FROM received
                   WHERE received.order_no = {1} AND received.user_id <> best_lucks.user_id)
              WHERE order_no = {1}",
        laws: &[Law::BestLuckIsTrue, Law::ListTotalsAreSums],
        about: Packet(1),
    },
    // A packet that is still open.
    Case {
        file: Lists,
        sql: "INSERT INTO best_lucks SELECT order_no, user_id, year FROM received
              WHERE order_no = {2} AND seq = 0",
        laws: &[Law::BestLuckIsTrue, Law::ListTotalsAreSums],
        about: Packet(2),
    },
    Case {
        file: Lists,
        sql: "UPDATE totals SET best_lucks = best_lucks + 1 WHERE user_id = 100",
        laws: &[Law::ListTotalsAreSums],
        about: Wallet(100),
    },
    Case {
        file: Lists,
        sql: "UPDATE totals SET received_fen = received_fen - 1 WHERE user_id = 101",
        laws: &[Law::ListTotalsAreSums],
        about: Wallet(101),
    },
    Case {
        file: Lists,
        sql: "DELETE FROM totals WHERE user_id = 1",
        laws: &[Law::ListTotalsAreSums],
        about: Wallet(1),
    },
    Case {
        file: Lists,
        sql: "INSERT INTO totals (user_id, year, month, sent_count) VALUES (777, 2026, 1, 1)",
        laws: &[Law::ListTotalsAreSums],
        about: Wallet(777),
    },
];
