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
    /// What the house takes for it on top of the total, whatever the setting says when it is
    /// paid (R-API-4). Absent where it takes nothing, and in records of versions before.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub fee_fen: Fen,
}

impl PreOrderRecord {
    /// Can it be paid at this moment (R-SEND-1)?
    pub fn is_alive(&self, now: Timestamp) -> bool {
        let late = if Bug::PaidAnHourLate.is_planted() { HOUR_S } else { 0 };
        now < self.expires_at.plus_seconds(late)
    }

    /// Is it what was paid for? A node of the version before takes no fee, and stores none.
    pub fn is_as_paid(&self, paid: &Self) -> bool {
        self == paid
            || (paid.fee_fen.is_zero() && Self { fee_fen: Fen::ZERO, ..self.clone() } == *paid)
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

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes it so")]
fn is_zero(fen: &Fen) -> bool {
    fen.is_zero()
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

#[cfg(test)]
mod tests {
    use super::*;

    const RECORD: &str = r#"{"order_no":"S00G0000000000J","sender_id":"1","group_id":"7","recipient_id":"2","kind":"exclusive","total_fen":100,"shares":1,"max_share_fen":20000,"greeting":"恭喜","cover":"red","sealed_server_seed":"0908","commitment":"abababababababababababababababababababababababababababababababab","created_at":"2026-02-16T12:00:00.000Z","expires_at":"2026-02-16T12:15:00.000Z"}"#;

    /// R-SEND-2: databases and caches hold these, and nodes of two versions read them.
    #[test]
    fn forms_are_what_they_were() {
        let record: PreOrderRecord = serde_json::from_str(RECORD).unwrap();
        assert_eq!(serde_json::to_string(&record).unwrap(), RECORD);
        let paid = format!(
            r#"{{"record":{RECORD},"client_seed":"0a","paid_at":"2026-02-16T12:00:01.000Z"}}"#
        );
        let payment: Payment = serde_json::from_str(&paid).unwrap();
        assert_eq!(serde_json::to_string(&payment).unwrap(), paid);
        // R-API-4: those of versions before took no fee.
        assert_eq!(record.fee_fen, Fen::ZERO);
        let with_fee = RECORD.replace('}', r#","fee_fen":3}"#);
        let charged: PreOrderRecord = serde_json::from_str(&with_fee).unwrap();
        assert_eq!(serde_json::to_string(&charged).unwrap(), with_fee);
        assert!(charged.is_as_paid(&record) && charged.is_as_paid(&charged));
        assert!(!record.is_as_paid(&charged));
    }
}
