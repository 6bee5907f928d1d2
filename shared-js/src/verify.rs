//! The fairness proof of a packet that is over (R-FAIR-6).

use hongbao_shared::Fen;
use hongbao_shared::api::packets::PacketDetails;
use hongbao_shared::proof::{self, Unprovable};
use serde::Serialize;
use wasm_bindgen::prelude::*;

use crate::refusal::Refusal;

/// Bounds the memory of one call. Details are somebody else's claim, and a claim of 2^32 shares must not
/// bring down whoever doubts it.
const SHARES_MAX: u32 = 1_000_000;

#[wasm_bindgen(typescript_custom_section)]
const TYPES: &str = r#"
/** What a check of a packet's proof found. */
export interface Report {
  /** Everything below matches. */
  ok: boolean;
  /** The commitment, given before the packet was paid, is the hash of the server's seed. */
  commitment_matches: boolean;
  /** Claimed and refunded amounts and the best luck agree with the shares. */
  totals_match: boolean;
  /** Every share in the order of opening. */
  shares: {
    /** What was paid out; null if nobody opened this share. */
    paid_fen: number | null;
    /** What the seeds say. */
    expected_fen: number;
    matches: boolean;
  }[];
}
"#;

#[derive(Serialize)]
struct Report {
    ok: bool,
    commitment_matches: bool,
    totals_match: bool,
    shares: Vec<Share>,
}

#[derive(Serialize)]
struct Share {
    paid_fen: Option<Fen>,
    expected_fen: Fen,
    matches: bool,
}

/// Recomputes every share of a finished or expired packet from its seeds. `details` is what
/// `GET /api/v1/packets/{order_no}` answers, as text or parsed, with all of its claims.
///
/// A mismatch is a report that is not `ok`; an error says why nothing could be checked.
#[wasm_bindgen(js_name = verify, unchecked_return_type = "Report")]
pub fn verify(
    #[wasm_bindgen(unchecked_param_type = "string | object")] details: &JsValue,
) -> Result<JsValue, JsValue> {
    Ok(check(details)?)
}

fn check(details: &JsValue) -> Result<JsValue, Refusal> {
    let unreadable =
        || Refusal::new("invalid_details", "the details are neither JSON nor an object");
    let text = match details.as_string() {
        Some(text) => text,
        None => js_sys::JSON::stringify(details)
            .ok()
            .and_then(|text| text.as_string())
            .ok_or_else(unreadable)?,
    };
    let details: PacketDetails = serde_json::from_str(&text).map_err(|error| {
        Refusal::new("invalid_details", format!("the details do not read: {error}"))
    })?;
    if details.shares > SHARES_MAX {
        return Err(Refusal::new(
            "too_large",
            format!("a proof of more than {SHARES_MAX} shares is beyond this package"),
        ));
    }
    let report = proof::check(&details)?;
    crate::to_js(&Report {
        ok: report.is_ok(),
        commitment_matches: report.commitment_matches,
        totals_match: report.totals_match,
        shares: report
            .shares
            .iter()
            .map(|share| Share {
                paid_fen: share.paid,
                expected_fen: share.expected,
                matches: share.matches(),
            })
            .collect(),
    })
}

impl From<Unprovable> for Refusal {
    fn from(reason: Unprovable) -> Self {
        let code = match reason {
            Unprovable::StillOpen => "packet_still_open",
            Unprovable::SeedWithheld => "seed_withheld",
            Unprovable::UnknownAlgorithm => "unknown_algorithm",
            Unprovable::AmountsHidden => "amounts_hidden",
            Unprovable::ClaimsIncomplete => "claims_incomplete",
            Unprovable::ImpossibleTerms => "impossible_terms",
        };
        Self::new(code, reason.to_string())
    }
}
