//! Rows of packets.

use super::{Case, Law, Orders, Packet, try_all};
use crate::scene::Scene;

#[tokio::test]
async fn of_packets() {
    try_all(Scene::at_rest().await, true, CASES).await;
}

pub(super) const CASES: &[Case] = &[
    Case {
        file: Orders,
        sql: "UPDATE packets_08 SET claimed = claimed + 1 WHERE order_no = {2}",
        laws: &[Law::ProgressMatchesClaims],
        about: Packet(2),
    },
    Case {
        file: Orders,
        sql: "UPDATE packets_08 SET claimed_fen = claimed_fen - 1 WHERE order_no = {2}",
        laws: &[Law::ProgressMatchesClaims, Law::EscrowHoldsRest],
        about: Packet(2),
    },
    Case {
        file: Orders,
        sql: "UPDATE packets_08 SET state = 1, finished_at = (SELECT max(opened_at) FROM claims_08
                  WHERE claims_08.order_no = {2}) WHERE order_no = {2}",
        laws: &[Law::StateMatchesClaims, Law::EscrowHoldsRest],
        about: Packet(2),
    },
    // Ended before its time, and with its money still there.
    Case {
        file: Orders,
        sql: "UPDATE packets_08 SET state = 2, finished_at = expires_at - 1 WHERE order_no = {2}",
        laws: &[Law::EndIsInTime, Law::RefundIsDue, Law::EscrowHoldsRest],
        about: Packet(2),
    },
    Case {
        file: Orders,
        sql: "UPDATE packets_08 SET state = 0, finished_at = NULL WHERE order_no = {1}",
        laws: &[Law::StateMatchesClaims, Law::BestLuckIsTrue],
        about: Packet(1),
    },
    // Refunded, but open again.
    Case {
        file: Orders,
        sql: "UPDATE packets_08 SET state = 0, finished_at = NULL WHERE order_no = {3}",
        laws: &[Law::RefundIsDue, Law::EscrowHoldsRest],
        about: Packet(3),
    },
    // A packet that landed beside its tombstone.
    Case {
        file: Orders,
        sql: "INSERT INTO packets_08 SELECT * FROM given_up WHERE order_no = {4};
              UPDATE packets_08 SET state = 0, finished_at = NULL WHERE order_no = {4}",
        laws: &[Law::RefundIsDue, Law::EscrowHoldsRest, Law::EverythingIsListed],
        about: Packet(4),
    },
    // A packet that became a tombstone.
    Case {
        file: Orders,
        sql: "UPDATE packets_08 SET state = 3 WHERE order_no = {3}",
        laws: &[Law::StateMatchesClaims, Law::SentLineIsTrue, Law::ReceivedLineIsTrue],
        about: Packet(3),
    },
    Case {
        file: Orders,
        sql: "UPDATE packets_08 SET finished_at = finished_at + 1 WHERE order_no = {1}",
        laws: &[Law::EndIsInTime],
        about: Packet(1),
    },
    Case {
        file: Orders,
        sql: "UPDATE packets_08 SET finished_at = finished_at - 1 WHERE order_no = {3}",
        laws: &[Law::EndIsInTime],
        about: Packet(3),
    },
    Case {
        file: Orders,
        sql: "UPDATE packets_08 SET expires_at = expires_at + 1 WHERE order_no = {3}",
        laws: &[Law::EndIsInTime],
        about: Packet(3),
    },
    Case {
        file: Orders,
        // Its line may be of an earlier landing: before a shard was restored (R-STORE-6).
        sql: "UPDATE packets_08 SET landed_at = landed_at + 1 WHERE order_no = {2}",
        laws: &[Law::ClaimIsInTime],
        about: Packet(2),
    },
    Case {
        file: Orders,
        sql: "UPDATE packets_08 SET total_fen = total_fen + 1 WHERE order_no = {2}",
        laws: &[
            Law::PacketIsPaid,
            Law::AmountsFollowSeed,
            Law::EscrowHoldsRest,
            Law::SentLineIsTrue,
        ],
        about: Packet(2),
    },
    Case {
        file: Orders,
        sql: "UPDATE packets_08 SET shares = shares + 1 WHERE order_no = {2}",
        laws: &[Law::PacketIsPaid, Law::AmountsFollowSeed, Law::SentLineIsTrue],
        about: Packet(2),
    },
    // No share can hold so much; nothing can be drawn from such terms.
    Case {
        file: Orders,
        sql: "UPDATE packets_08 SET max_share_fen = 1 WHERE order_no = {2}",
        laws: &[Law::PacketIsPaid, Law::AmountsFollowSeed],
        about: Packet(2),
    },
    Case {
        file: Orders,
        sql: "UPDATE packets_08 SET client_seed = x'0707ff' WHERE order_no = {2}",
        laws: &[Law::PacketIsPaid, Law::AmountsFollowSeed],
        about: Packet(2),
    },
    Case {
        file: Orders,
        sql: "UPDATE packets_08 SET commitment = zeroblob(32) WHERE order_no = {2}",
        laws: &[Law::PacketIsPaid, Law::SeedMatchesCommitment],
        about: Packet(2),
    },
    Case {
        file: Orders,
        sql: "UPDATE packets_08 SET sealed_server_seed =
                  (SELECT sealed_server_seed FROM packets_08 WHERE order_no = {1})
              WHERE order_no = {2}",
        laws: &[Law::PacketIsPaid, Law::SeedMatchesCommitment],
        about: Packet(2),
    },
    Case {
        file: Orders,
        sql: "UPDATE packets_08 SET sender_id = 2 WHERE order_no = {2}",
        laws: &[Law::PacketIsPaid, Law::SentLineIsTrue, Law::ReceivedLineIsTrue],
        about: Packet(2),
    },
    Case {
        file: Orders,
        sql: "UPDATE packets_08 SET group_id = 5 WHERE order_no = {2}",
        laws: &[Law::PacketIsPaid, Law::SentLineIsTrue, Law::ReceivedLineIsTrue],
        about: Packet(2),
    },
    Case {
        file: Orders,
        sql: "UPDATE packets_08 SET recipient_id = 101 WHERE order_no = {5}",
        laws: &[Law::PacketIsPaid, Law::ClaimIsForRecipient],
        about: Packet(5),
    },
    Case {
        file: Orders,
        sql: "UPDATE packets_08 SET created_at = created_at + 1 WHERE order_no = {2}",
        laws: &[Law::PacketIsPaid],
        about: Packet(2),
    },
];
