//! The rules of the send form, before anything is sent (R-WEB-2).

use hongbao_shared::draft::Draft;
use hongbao_shared::{ErrorCode, Fen, Kind, Limits, UserId};
use serde::Serialize;
use wasm_bindgen::prelude::*;

use crate::input::Fields;
use crate::refusal::Refusal;

#[wasm_bindgen(typescript_custom_section)]
const TYPES: &str = r#"
/** A packet that somebody is about to send. */
export interface Draft {
  kind: Kind;
  total_fen: number;
  shares: number;
  greeting?: string;
  cover?: string;
  /** The user id of the one whom an exclusive packet is for. */
  recipient_id?: string;
}

/** What `GET /api/v1/limits` answers; what is absent has its default. */
export interface Limits {
  max_share_fen?: number;
  max_shares?: number;
  max_total_fen?: number;
  greeting_chars_max?: number;
  [name: string]: number | undefined;
}

/** A draft that the server will accept, if sender and recipient are in the group. */
export interface CheckedDraft {
  kind: Kind;
  total_fen: number;
  shares: number;
  max_share_fen: number;
  /** Trimmed; empty for the default greeting. */
  greeting: string;
  cover: string;
  recipient_id: string | null;
  /** The smallest amount that the first share can have. */
  first_share_fen_min: number;
  /** The largest amount that the first share can have. */
  first_share_fen_max: number;
}
"#;

#[derive(Serialize)]
struct Checked {
    kind: Kind,
    total_fen: Fen,
    shares: u32,
    max_share_fen: Fen,
    greeting: String,
    cover: &'static str,
    recipient_id: Option<UserId>,
    first_share_fen_min: Fen,
    first_share_fen_max: Fen,
}

/// Runs the server's own rules over a draft and answers it cleaned. Throws the code of the first rule that
/// is broken, in the order in which a person fills the form.
#[wasm_bindgen(js_name = validateDraft, unchecked_return_type = "CheckedDraft")]
pub fn validate_draft(
    #[wasm_bindgen(unchecked_param_type = "Draft")] draft: &JsValue,
    #[wasm_bindgen(unchecked_optional_param_type = "Limits")] limits: &JsValue,
) -> Result<JsValue, JsValue> {
    Ok(validate(draft, limits)?)
}

/// The limits of a server that nobody configured.
#[wasm_bindgen(js_name = defaultLimits, unchecked_return_type = "Required<Limits>")]
pub fn default_limits() -> Result<JsValue, JsValue> {
    Ok(crate::to_js(&Limits::default())?)
}

fn validate(draft: &JsValue, limits: &JsValue) -> Result<JsValue, Refusal> {
    let known = ["kind", "total_fen", "shares", "greeting", "cover", "recipient_id"];
    let fields = Fields::of(draft, &known)?;
    let limits = read_limits(limits)?;
    let recipient_id = fields
        .text("recipient_id")?
        .map(|id| id.parse().map_err(|_| ErrorCode::RecipientInvalid))
        .transpose()?;
    let (greeting, cover) = (fields.text("greeting")?, fields.text("cover")?);
    let draft = Draft {
        kind: fields.kind()?,
        total_fen: fields.whole("total_fen")?,
        shares: fields.whole("shares")?,
        greeting: greeting.as_deref(),
        cover: cover.as_deref(),
        recipient_id,
    };
    let checked = draft.check(&limits)?;
    let (least, most) = checked.terms.first_share_range();
    crate::to_js(&Checked {
        kind: checked.terms.kind(),
        total_fen: checked.terms.total(),
        shares: checked.terms.shares(),
        max_share_fen: checked.terms.max_share(),
        greeting: checked.greeting,
        cover: checked.cover,
        recipient_id: checked.recipient_id,
        first_share_fen_min: least,
        first_share_fen_max: most,
    })
}

fn read_limits(limits: &JsValue) -> Result<Limits, Refusal> {
    if limits.is_undefined() || limits.is_null() {
        return Ok(Limits::default());
    }
    let text = js_sys::JSON::stringify(limits)
        .ok()
        .and_then(|text| text.as_string())
        .ok_or_else(|| Refusal::argument("the limits must be an object"))?;
    serde_json::from_str(&text).map_err(|error| Refusal::argument(format!("limits: {error}")))
}
