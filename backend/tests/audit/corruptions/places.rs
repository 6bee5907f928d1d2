//! Where things stand: day tables, cold storage, numbers, outboxes (R-STORE, R-ORDER-2).

use super::{Case, Cold, Law, Ledger, Orders, Packet, Place, corrupt, laws, try_all};
use crate::scene::Scene;
use std::collections::BTreeSet;

#[tokio::test]
async fn of_places() {
    try_all(Scene::at_rest().await, true, CASES).await;
}

/// The tables say a day a cycle later: none of their packets is of it.
#[tokio::test]
async fn packets_of_another_cycle() {
    let scene = Scene::at_rest().await;
    let folder = scene.folder.as_ref().unwrap().path();
    corrupt(folder, Orders, "UPDATE days SET epoch_day = epoch_day + 31").await.unwrap();
    let report = scene.audit(true).await;
    assert_eq!(laws(&report), BTreeSet::from([Law::DayHoldsItsPackets]), "{report}");
    assert_eq!(report.violations.count(), 5);
}

pub(super) const CASES: &[Case] = &[
    // Packet 6 was numbered although only 6 numbers, from 0, had been granted.
    Case {
        file: Ledger,
        sql: "UPDATE marks SET next = 6",
        laws: &[Law::NumberWasGranted],
        about: Packet(6),
    },
    Case {
        file: Orders,
        sql: "INSERT INTO packets_09 SELECT * FROM given_up WHERE order_no = {4};
              DELETE FROM given_up WHERE order_no = {4}",
        laws: &[Law::PacketInPlace, Law::PaymentLands, Law::RefundIsDue, Law::EscrowHoldsRest],
        about: Packet(4),
    },
    Case {
        file: Orders,
        sql: "UPDATE days SET epoch_day = epoch_day + 1",
        laws: &[Law::DayHoldsItsPackets],
        about: Place("order shard N2 day 7"),
    },
    Case {
        file: Cold,
        sql: "UPDATE claims SET amount_fen = amount_fen + 1 WHERE seq = 0",
        laws: &[Law::ColdEqualsHot],
        about: Packet(6),
    },
    Case {
        file: Cold,
        sql: "UPDATE claims SET user_id = 777 WHERE seq = 1",
        laws: &[Law::ColdEqualsHot],
        about: Packet(6),
    },
    Case {
        file: Cold,
        // Whoever reads on behind the last hot claim meets it.
        sql: "INSERT INTO claims SELECT order_no, 2, 777, 1, opened_at FROM claims WHERE seq = 1",
        laws: &[
            Law::ColdEqualsHot,
            Law::ClaimsWithinShares,
            Law::AmountsFollowSeed,
            Law::ProgressMatchesClaims,
            Law::StateMatchesClaims,
            Law::ClaimIsCredited,
            Law::BestLuckIsTrue,
            Law::EverythingIsListed,
        ],
        about: Packet(6),
    },
    Case {
        file: Cold,
        sql: "UPDATE packets SET state = 2",
        laws: &[Law::ColdEqualsHot],
        about: Packet(6),
    },
    Case {
        file: Cold,
        sql: "UPDATE packets SET finished_at = finished_at + 1",
        laws: &[Law::ColdEqualsHot],
        about: Packet(6),
    },
    Case {
        file: Orders,
        sql: "INSERT INTO outbox (destination, payload, created_at, due_at)
              VALUES (8, '[]', 1, 1)",
        laws: &[Law::OutboxIsEmpty],
        about: Place("order shard N2"),
    },
];
