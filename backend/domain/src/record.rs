//! A packet before it lands: the pre-order, and the pre-order once paid.

use crate::planted::Bug;
use hongbao_shared::{
    Fen, GroupId, Kind, OrderNo, Terms, Timestamp, UserId, fairness::Commitment, terms::TermsError,
};
use serde::{Deserialize, Serialize};

/// By which [`Bug::PaidAnHourLate`] is wrong.
const HOUR_S: i64 = 60 * 60;

/// Everything that was decided at pre-order (R-SEND-1). The server seed is sealed,
/// so that neither the cache nor a database that holds this can tell the shares
/// (R-FAIR-5).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PreOrderRecord {
    /// The packet's number.
    pub order_no: OrderNo,
    /// Who sends it.
    pub sender_id: UserId,
    /// Where it will be posted.
    pub group_id: GroupId,
    /// For whom an exclusive packet is.
    pub recipient_id: Option<UserId>,
    /// How it is cut.
    pub kind: Kind,
    /// The total.
    pub total_fen: Fen,
    /// The number of shares.
    pub shares: u32,
    /// The most that one share may hold, kept for ever (R-SPLIT-1).
    pub max_share_fen: Fen,
    /// Cleaned; empty for the default one.
    pub greeting: String,
    /// One of the covers.
    pub cover: String,
    /// The server seed, sealed; lower-case hex.
    #[serde(with = "hex_bytes")]
    pub sealed_server_seed: Vec<u8>,
    /// SHA-256 of the server seed.
    pub commitment: Commitment,
    /// When it was made.
    pub created_at: Timestamp,
    /// Until when it can be paid.
    pub expires_at: Timestamp,
}

impl PreOrderRecord {
    /// Can it be paid at this moment (R-SEND-1)?
    pub fn is_alive(&self, now: Timestamp) -> bool {
        let late = if Bug::PaidAnHourLate.is_planted() { HOUR_S } else { 0 };
        now < self.expires_at.plus_seconds(late)
    }

    /// What will be cut; an error only for a record that this code did not write.
    pub fn terms(&self) -> Result<Terms, TermsError> {
        Terms::new(self.kind, self.total_fen, self.shares, self.max_share_fen)
    }
}

/// A paid pre-order: all that landing needs to know (R-SEND-2).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Payment {
    /// The whole pre-order.
    pub record: PreOrderRecord,
    /// The sender's seed, 0 to 32 bytes; lower-case hex.
    #[serde(with = "hex_bytes")]
    pub client_seed: Vec<u8>,
    /// When it was paid.
    pub paid_at: Timestamp,
}

mod hex_bytes {
    use data_encoding::HEXLOWER;
    use serde::{Deserialize, Deserializer, Serializer, de};

    pub(super) fn serialize<S: Serializer>(bytes: &[u8], to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&HEXLOWER.encode(bytes))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<u8>, D::Error> {
        HEXLOWER.decode(String::deserialize(from)?.as_bytes()).map_err(de::Error::custom)
    }
}
