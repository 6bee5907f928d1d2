//! Packets: send, pay, grab, open, details.

use super::accounts::Profile;
use crate::{
    fairness::{ClientSeed, Commitment, ServerSeed},
    ids::{GroupId, UserId},
    money::Fen,
    order_no::OrderNo,
    terms::Kind,
    timestamp::Timestamp,
};
use serde::{Deserialize, Serialize};

/// `POST /packets`: a pre-order (R-SEND-1). Nothing is paid yet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PreOrderRequest {
    /// Where it will be posted.
    pub group_id: GroupId,
    /// How it is cut.
    pub kind: Kind,
    /// The total in fen.
    #[cfg_attr(feature = "openapi", schema(minimum = 1, example = 1000))]
    pub total_fen: i64,
    /// The number of shares.
    #[cfg_attr(feature = "openapi", schema(minimum = 1, example = 5))]
    pub shares: i64,
    /// Words that go with it; absent or empty takes the default greeting.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    #[cfg_attr(feature = "openapi", schema(example = "恭喜发财"))]
    pub greeting: Option<String>,
    /// One of the covers; absent takes the first.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    #[cfg_attr(feature = "openapi", schema(example = "lantern"))]
    pub cover: Option<String>,
    /// For whom an exclusive packet is.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub recipient_id: Option<UserId>,
}

/// The answer to a pre-order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PreOrder {
    /// The packet's number from now on.
    pub order_no: OrderNo,
    /// Binds the server to its seed before the sender chooses theirs (R-FAIR-1).
    pub commitment: Commitment,
    /// Until when it can be paid.
    pub expires_at: Timestamp,
    /// What the house takes on top of the total when it is paid. It comes back should the packet
    /// not be delivered, and not when it expires.
    #[serde(default)]
    pub fee_fen: Fen,
}

/// `POST /packets/{order_no}/pay`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PayRequest {
    /// 0 to 32 bytes of the sender's choice as lower-case hex; absent is empty on
    /// the first call and "as before" on a repeated one.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    #[cfg_attr(feature = "openapi", schema(pattern = "^([0-9a-f]{2}){0,32}$", example = "c0ffee"))]
    pub client_seed: Option<String>,
}

/// The 202 of a payment whose packet has not landed yet: it is paid, and arrives
/// later by itself. `GET /packets/{order_no}` answers once it is there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Landing {
    /// The packet on its way.
    pub order_no: OrderNo,
    /// Always `landing`.
    pub state: LandingState,
    /// What the house took for it on top of its total.
    #[serde(default)]
    pub fee_fen: Fen,
}

/// The one state of [`Landing`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum LandingState {
    /// Paid and on its way.
    Landing,
}

/// `POST /packets/{order_no}/grab`: can it be opened?
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Grabbed {
    /// The answer.
    pub state: GrabState,
    /// With `can_open`: the right to open within a minute.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub ticket: Option<String>,
    /// With `opened`: what your share holds.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub amount_fen: Option<Fen>,
}

/// What a grab can find.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum GrabState {
    /// There may be a share for you.
    CanOpen,
    /// You have one already.
    Opened,
    /// All shares are taken.
    Finished,
    /// Its time is over.
    Expired,
    /// It is somebody else's.
    NotForYou,
}

/// `POST /packets/{order_no}/open`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct OpenRequest {
    /// From the grab.
    #[cfg_attr(feature = "openapi", schema(pattern = "^[A-Za-z0-9_-]+$"))]
    pub ticket: String,
}

/// Your share; durable before you read this.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Opened {
    /// Of which packet.
    pub order_no: OrderNo,
    /// Which share, counted from 0 in the order of opening.
    pub seq: u32,
    /// What it holds.
    pub amount_fen: Fen,
    /// When it was opened.
    pub opened_at: Timestamp,
}

/// Where a packet is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum PacketState {
    /// Shares are left. A second or so after `expires_at` still, until the end is stored, and for
    /// as long as its database takes no writes; from `expires_at` on grab and open say `expired`.
    Open,
    /// Every share is taken.
    Finished,
    /// Its time ended with shares left.
    Expired,
}

/// `GET /packets/{order_no}`. While the packet is open, the amounts are there only for
/// those who have opened it; its sender sees the total and who opened (R-OPEN-5).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PacketDetails {
    /// Which packet.
    pub order_no: OrderNo,
    /// Where it is in its life.
    pub state: PacketState,
    /// How it is cut.
    pub kind: Kind,
    /// Where it was posted.
    pub group_id: GroupId,
    /// Who sent it.
    pub sender: Profile,
    /// For whom an exclusive packet is.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub recipient: Option<Profile>,
    /// The sender's words; empty for the default greeting.
    pub greeting: String,
    /// Its cover.
    pub cover: String,
    /// The total; for those who may see amounts, and for its sender.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub total_fen: Option<Fen>,
    /// What the house took for it on top of its total; only in the answer to its payment.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub fee_fen: Option<Fen>,
    /// The number of shares.
    pub shares: u32,
    /// How many are taken.
    pub claimed: u32,
    /// What they add up to; for those who may see amounts.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub claimed_fen: Option<Fen>,
    /// When it came into the group.
    pub landed_at: Timestamp,
    /// When the last share was taken, or when its time ended.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub finished_at: Option<Timestamp>,
    /// When its time ends.
    pub expires_at: Timestamp,
    /// What went back to the sender.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub refunded_fen: Option<Fen>,
    /// The shares taken so far in the order of opening; for those who may see
    /// amounts. Very large packets give the first page here.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub claims: Option<Vec<Claim>>,
    /// Who opened it so far, in the order of opening; only for a sender who has not opened
    /// while the packet is open, in the place of `claims`. At most 500.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub openers: Option<Vec<Opener>>,
    /// For `GET /packets/{order_no}/claims?cursor=`, if there are more.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub claims_cursor: Option<String>,
    /// The proof.
    pub fairness: Fairness,
}

/// One opened share.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Claim {
    /// Counted from 0 in the order of opening.
    pub seq: u32,
    /// Who opened it.
    pub user: Profile,
    /// What it holds.
    pub amount_fen: Fen,
    /// When.
    pub opened_at: Timestamp,
    /// Is it the best luck? Only once the packet is finished.
    pub best_luck: bool,
}

/// Somebody who opened a share, without its amount.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Opener {
    /// Counted from 0 in the order of opening.
    pub seq: u32,
    /// Who opened it.
    pub user: Profile,
    /// When.
    pub opened_at: Timestamp,
}

/// What anybody needs to check the split (R-FAIR-6).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Fairness {
    /// `hongbao/v1`.
    #[cfg_attr(feature = "openapi", schema(example = "hongbao/v1"))]
    pub algorithm: String,
    /// The most that one share may hold, as it was when the packet was made.
    pub max_share_fen: Fen,
    /// SHA-256 over the server's seed, known before the packet was paid.
    pub commitment: Commitment,
    /// The sender's seed.
    pub client_seed: ClientSeed,
    /// The server's seed, once the packet is finished or expired.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub server_seed: Option<ServerSeed>,
    /// Why the seed of a packet that is over is not here.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub missing: Option<SeedMissing>,
}

/// Why a packet that is over is shown without its proof.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum SeedMissing {
    /// The server has lost the key under which it had sealed the seed.
    KeyMissing,
}
