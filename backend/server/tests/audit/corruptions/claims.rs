//! Claims (R-OPEN-2, R-FAIR-5).

use super::{Case, Law, Orders, Packet, try_all};
use crate::scene::Scene;

#[tokio::test]
async fn of_claims() {
    try_all(Scene::at_rest().await, true, CASES).await;
}

pub(super) const CASES: &[Case] = &[
    Case {
        file: Orders,
        sql: "UPDATE claims_08 SET amount_fen = amount_fen + 1 WHERE order_no = {1} AND seq = 1",
        laws: &[
            Law::AmountsFollowSeed,
            Law::ProgressMatchesClaims,
            Law::StateMatchesClaims,
            Law::CreditHasClaim,
            Law::ReceivedLineIsTrue,
        ],
        about: Packet(1),
    },
    // Two claims with each other's amount: every sum is as it was.
    Case {
        file: Orders,
        sql: "UPDATE claims_08 SET amount_fen =
                  (SELECT claimed_fen FROM packets_08 WHERE packets_08.order_no = {2}) - amount_fen
              WHERE order_no = {2}",
        laws: &[Law::AmountsFollowSeed, Law::CreditHasClaim, Law::ReceivedLineIsTrue],
        about: Packet(2),
    },
    Case {
        file: Orders,
        sql: "UPDATE claims_08 SET user_id = 777 WHERE order_no = {2} AND seq = 1",
        laws: &[Law::CreditHasClaim, Law::ReceivedLineIsTrue],
        about: Packet(2),
    },
    // Two claims with each other's person, which UNIQUE would stop half-way.
    Case {
        file: Orders,
        sql: "CREATE TABLE loose AS SELECT * FROM claims_08;
              DROP TABLE claims_08;
              ALTER TABLE loose RENAME TO claims_08;
              UPDATE claims_08 SET user_id = 201 - user_id WHERE order_no = {2}",
        laws: &[Law::CreditHasClaim, Law::ReceivedLineIsTrue],
        about: Packet(2),
    },
    Case {
        file: Orders,
        sql: "CREATE TABLE loose AS SELECT * FROM claims_08;
              DROP TABLE claims_08;
              ALTER TABLE loose RENAME TO claims_08;
              UPDATE claims_08 SET user_id = 100 WHERE order_no = {2} AND seq = 1",
        laws: &[Law::OneClaimPerUser, Law::CreditHasClaim, Law::ReceivedLineIsTrue],
        about: Packet(2),
    },
    // The same row twice.
    Case {
        file: Orders,
        sql: "CREATE TABLE loose AS SELECT * FROM claims_08;
              DROP TABLE claims_08;
              ALTER TABLE loose RENAME TO claims_08;
              INSERT INTO claims_08 SELECT * FROM claims_08 WHERE order_no = {2} AND seq = 1",
        laws: &[
            Law::OneClaimPerUser,
            Law::ClaimsAreDense,
            Law::AmountsFollowSeed,
            Law::ProgressMatchesClaims,
            Law::ClaimIsCredited,
            Law::EverythingIsListed,
        ],
        about: Packet(2),
    },
    Case {
        file: Orders,
        sql: "UPDATE claims_08 SET user_id = 777 WHERE order_no = {5}",
        laws: &[Law::ClaimIsForRecipient, Law::CreditHasClaim, Law::ReceivedLineIsTrue],
        about: Packet(5),
    },
    Case {
        file: Orders,
        sql: "DELETE FROM claims_08 WHERE order_no = {2} AND seq = 0",
        laws: &[
            Law::ClaimsAreDense,
            Law::AmountsFollowSeed,
            Law::ProgressMatchesClaims,
            Law::CreditHasClaim,
            Law::ReceivedLineIsTrue,
        ],
        about: Packet(2),
    },
    Case {
        file: Orders,
        sql: "UPDATE claims_08 SET seq = 2 WHERE order_no = {2} AND seq = 1",
        laws: &[
            Law::ClaimsAreDense,
            Law::CreditHasClaim,
            Law::ClaimIsCredited,
            Law::ReceivedLineIsTrue,
            Law::EverythingIsListed,
        ],
        about: Packet(2),
    },
    Case {
        file: Orders,
        sql: "INSERT INTO claims_08 SELECT order_no, 3, 999, 1, opened_at FROM claims_08
              WHERE order_no = {1} AND seq = 2",
        laws: &[
            Law::ClaimsWithinShares,
            Law::AmountsFollowSeed,
            Law::ProgressMatchesClaims,
            Law::StateMatchesClaims,
            Law::ClaimIsCredited,
            Law::BestLuckIsTrue,
            Law::EverythingIsListed,
        ],
        about: Packet(1),
    },
    // A millisecond before its packet came, and at the very moment that its time was over.
    Case {
        file: Orders,
        sql: "UPDATE claims_08 SET opened_at = opened_at - 1 WHERE order_no = {2} AND seq = 1",
        laws: &[Law::ClaimIsInTime, Law::ReceivedLineIsTrue],
        about: Packet(2),
    },
    Case {
        file: Orders,
        sql: "UPDATE claims_08 SET opened_at =
                  (SELECT expires_at FROM packets_08 WHERE packets_08.order_no = {2})
              WHERE order_no = {2} AND seq = 1",
        laws: &[Law::ClaimIsInTime, Law::ReceivedLineIsTrue],
        about: Packet(2),
    },
    Case {
        file: Orders,
        sql: "DELETE FROM packets_08 WHERE order_no = {2}",
        laws: &[
            Law::PaymentLands,
            Law::ClaimHasPacket,
            Law::CreditHasClaim,
            Law::EscrowHoldsRest,
            Law::SentLineIsTrue,
            Law::ReceivedLineIsTrue,
        ],
        about: Packet(2),
    },
    // A claim of a packet that nobody ever heard of.
    Case {
        file: Orders,
        sql: "INSERT INTO claims_08 SELECT {7}, seq, user_id, amount_fen, opened_at
              FROM claims_08 WHERE order_no = {5}",
        laws: &[Law::ClaimHasPacket],
        about: Packet(7),
    },
];
