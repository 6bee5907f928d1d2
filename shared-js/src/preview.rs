//! Possible splits of a packet that nobody has sent yet (R-SPLIT, R-WEB-2).

use hongbao_shared::draft::Draft;
use hongbao_shared::fairness::Seed;
use hongbao_shared::{Fen, Limits, Splitter};
use wasm_bindgen::prelude::*;

use crate::input::Fields;
use crate::refusal::Refusal;

/// Bounds the memory of one call: samples × shares.
const AMOUNTS_MAX: u64 = 1_000_000;

#[wasm_bindgen(typescript_custom_section)]
const TYPES: &str = r#"
/** How a packet is cut: drawn, all the same, or one share for one person. */
export type Kind = "lucky" | "equal" | "exclusive";

/** What to split, and how often. */
export interface PreviewRequest {
  kind: Kind;
  /** The total in fen (1/100 yuan), a whole number. */
  total_fen: number;
  shares: number;
  /** The most that one share may hold, in fen. Default: 20000. */
  max_share_fen?: number;
  /** How many splits. Default: 1. */
  samples?: number;
  /**
   * 32 bytes as 64 symbols of lower-case hex. The first sample is the split under this very seed; the
   * seeds of the others, k = 1, 2, …, are SHA-256("hongbao/v1/sample" ‖ seed ‖ k as 8 bytes, big-endian).
   */
  seed: string;
}
"#;

/// Splits of a packet that could be, each as its amounts in fen in the order of opening. The same request
/// gives the same amounts, here, in the web app and on the server.
#[wasm_bindgen(js_name = previewSplit, unchecked_return_type = "number[][]")]
pub fn preview_split(
    #[wasm_bindgen(unchecked_param_type = "PreviewRequest")] request: &JsValue,
) -> Result<JsValue, JsValue> {
    Ok(preview(request)?)
}

fn preview(request: &JsValue) -> Result<JsValue, Refusal> {
    let known = ["kind", "total_fen", "shares", "max_share_fen", "samples", "seed"];
    let fields = Fields::of(request, &known)?;
    let defaults = Limits::default();
    // Only what no packet at all can exceed; what a server allows is its own affair.
    let limits = Limits {
        max_share_fen: fields.fen_or("max_share_fen", defaults.max_share_fen)?,
        max_total_fen: Fen::MAX,
        max_shares: u32::MAX,
        ..defaults
    };
    let draft = Draft {
        kind: fields.kind()?,
        total_fen: fields.whole("total_fen")?,
        shares: fields.whole("shares")?,
        greeting: None,
        cover: None,
        recipient_id: None,
    };
    let terms = draft.terms(&limits)?;
    let seed = fields.text("seed")?.ok_or_else(|| Refusal::argument("seed is missing"))?;
    let seed =
        Seed::from_hex(&seed).map_err(|error| Refusal::argument(format!("seed: {error}")))?;
    let samples = u32::try_from(fields.whole_or("samples", 1)?)
        .map_err(|_| Refusal::argument("samples must not be negative, nor beyond 2^32 - 1"))?;
    if u64::from(samples) * u64::from(terms.shares()) > AMOUNTS_MAX {
        return Err(Refusal::new(
            "too_large",
            format!("samples × shares must not exceed {AMOUNTS_MAX}"),
        ));
    }
    let splits: Vec<Vec<Fen>> =
        (0..samples).map(|k| Splitter::new(&terms, &seed.sample(k.into())).collect()).collect();
    crate::to_js(&splits)
}
