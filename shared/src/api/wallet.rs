//! The wallet: balance, statement, top-up.

use super::Known;
use crate::{ids::UserId, money::Fen, order_no::OrderNo, timestamp::Timestamp};
use serde::{Deserialize, Serialize};

/// `GET /wallet`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Wallet {
    /// What can be spent now.
    pub balance_fen: Fen,
    /// What was opened and is not credited yet (R-PEOPLE-3), as far as the list
    /// "received" knows it; absent while lists are not to be had.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub pending_fen: Option<Fen>,
}

/// `POST /wallet/top-ups`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct TopUpRequest {
    /// How much.
    #[cfg_attr(feature = "openapi", schema(minimum = 1, example = 20000))]
    pub amount_fen: i64,
    /// The same key again answers the same and moves nothing.
    #[cfg_attr(feature = "openapi", schema(min_length = 1, max_length = 64, pattern = "^[!-~]+$"))]
    pub key: String,
}

/// A top-up that is in the wallet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct TopUp {
    /// How much came in.
    pub amount_fen: Fen,
    /// What the wallet held right after.
    pub balance_fen: Fen,
    /// When.
    pub at: Timestamp,
}

/// `POST /grants`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct GrantRequest {
    /// To whom. A service leaves it out, and names the person by `hongbao-for`.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub user_id: Option<UserId>,
    /// How much.
    #[cfg_attr(feature = "openapi", schema(minimum = 1, example = 20000))]
    pub amount_fen: i64,
    /// The same key again answers the same and moves nothing; yours for this person.
    #[cfg_attr(feature = "openapi", schema(min_length = 1, max_length = 64, pattern = "^[!-~]+$"))]
    pub key: String,
}

/// A grant that is in the wallet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Grant {
    /// To whom.
    pub user_id: UserId,
    /// How much came in.
    pub amount_fen: Fen,
    /// What the wallet held right after.
    pub balance_fen: Fen,
    /// When.
    pub at: Timestamp,
}

/// One line of the statement, newest first (`GET /wallet/entries`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Entry {
    /// When.
    pub at: Timestamp,
    /// Why.
    #[cfg_attr(feature = "openapi", schema(value_type = EntryKind))]
    pub kind: Known<EntryKind>,
    /// In is positive, out is negative.
    pub amount_fen: i64,
    /// What the wallet held right after.
    pub balance_fen: Fen,
    /// Of which packet.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub order_no: Option<OrderNo>,
}

/// Why money moved.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum EntryKind {
    /// Demo money from the issuer.
    TopUp,
    /// What the house gives a newcomer.
    Welcome,
    /// What the house gives everybody who comes on a day.
    Allowance,
    /// What an administrator or a program gives in the name of the house.
    Grant,
    /// A packet was paid.
    Pay,
    /// A share was credited.
    Credit,
    /// What was left of a packet came back.
    Refund,
    /// What the house took for a packet that was paid.
    Fee,
    /// The fee of a packet came back, because it could not be delivered.
    FeeRefund,
}
