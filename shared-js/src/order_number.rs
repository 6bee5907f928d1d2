//! Order numbers: where a packet lives, out of its 15 symbols (R-ORDER).

use hongbao_shared::{ErrorCode, OrderNo};
use serde::Serialize;
use wasm_bindgen::prelude::*;

use crate::refusal::Refusal;

#[wasm_bindgen(typescript_custom_section)]
const TYPES: &str = r#"
/** Where a packet lives. */
export interface OrderNumber {
  /** Letter of the site. */
  site: "S" | "N";
  /** Logical shard within the site, 0 to 1023. */
  shard: number;
  /** Day of the 31-day cycle, 0 to 30. */
  day: number;
  /** Numbered by the local generator, that is, while the shared cache was down? */
  local: boolean;
  /** Sequence within the site, below 2^45. */
  sequence: number;
}
"#;

#[derive(Serialize)]
struct Parts {
    site: char,
    shard: u16,
    day: u8,
    local: bool,
    sequence: u64,
}

/// Takes an order number apart. Only the canonical text is accepted: 15 symbols, upper case, with the
/// right check symbol. Throws `order_no_invalid` otherwise.
#[wasm_bindgen(js_name = parseOrderNumber, unchecked_return_type = "OrderNumber")]
pub fn parse_order_number(
    #[wasm_bindgen(unchecked_param_type = "string")] text: &JsValue,
) -> Result<JsValue, JsValue> {
    Ok(parse(text)?)
}

fn parse(text: &JsValue) -> Result<JsValue, Refusal> {
    let order_no: OrderNo =
        text.as_string().and_then(|text| text.parse().ok()).ok_or(ErrorCode::OrderNoInvalid)?;
    crate::to_js(&Parts {
        site: order_no.site().letter(),
        shard: order_no.shard().get(),
        day: order_no.day().get(),
        local: order_no.is_local(),
        sequence: order_no.sequence(),
    })
}
