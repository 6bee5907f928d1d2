//! What this browser remembers, person by person, about packets that they pay: the commitments, against
//! which the fairness check compares later (R-FAIR-1), a payment and an
//! opening whose answers have not arrived.

use hongbao_shared::{Fen, GroupId, OrderNo, fairness::Commitment};
use serde::{Deserialize, Serialize};

use crate::{browser, who};

const COMMITMENTS: &str = "commitments";
const PENDING: &str = "pending";
const OPENING: &str = "opening";
/// The oldest make room beyond this.
const COMMITMENTS_MAX: usize = 200;

fn commitments() -> Vec<(OrderNo, Commitment)> {
    browser::stored(&who::place(COMMITMENTS))
        .and_then(|text| serde_json::from_str(&text).ok())
        .unwrap_or_default()
}

/// Keeps the commitment of a pre-order, before its payment.
pub(crate) fn keep_commitment(order_no: OrderNo, commitment: Commitment) {
    let mut all = commitments();
    all.push((order_no, commitment));
    let surplus = all.len().saturating_sub(COMMITMENTS_MAX);
    all.drain(..surplus);
    if let Ok(text) = serde_json::to_string(&all) {
        browser::store(&who::place(COMMITMENTS), &text);
    }
}

/// The commitment that this browser was given before it paid, if it paid this packet.
pub(crate) fn kept_commitment(order_no: OrderNo) -> Option<Commitment> {
    commitments().into_iter().rev().find(|(kept, _)| *kept == order_no).map(|(_, one)| one)
}

/// A payment on its way. Repeated with the same seed it is the same payment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Pending {
    pub(crate) order_no: OrderNo,
    pub(crate) group_id: GroupId,
    pub(crate) total_fen: Fen,
    /// What the house takes on top, by the pre-order; one of a version before knows of none.
    #[serde(default)]
    pub(crate) fee_fen: Fen,
    /// Lower-case hex.
    pub(crate) client_seed: String,
}

/// Remembers a payment before it is sent, so that not even a reload in the middle
/// leaves the person without an answer.
pub(crate) fn begin(pending: &Pending) {
    if let Ok(text) = serde_json::to_string(pending) {
        browser::store(&who::place(PENDING), &text);
    }
}

/// The payment whose end this browser has not seen.
pub(crate) fn pending() -> Option<Pending> {
    serde_json::from_str(&browser::stored(&who::place(PENDING))?).ok()
}

/// The payment has an answer.
pub(crate) fn settle() {
    browser::forget(&who::place(PENDING));
}

/// Remembers that a packet is being opened, so that a reload in the middle does not
/// leave the person wondering.
pub(crate) fn begin_opening(group_id: GroupId, order_no: OrderNo) {
    if let Ok(text) = serde_json::to_string(&(group_id, order_no)) {
        browser::store(&who::place(OPENING), &text);
    }
}

/// The packet of this group whose opening this browser has not seen the end of.
pub(crate) fn opening(group_id: GroupId) -> Option<OrderNo> {
    let (group, order_no) =
        serde_json::from_str::<(GroupId, OrderNo)>(&browser::stored(&who::place(OPENING))?).ok()?;
    (group == group_id).then_some(order_no)
}

/// The opening has an answer.
pub(crate) fn opened() {
    browser::forget(&who::place(OPENING));
}
