//! What is wrong, as an `Error` that JavaScript can branch on.

use hongbao_shared::ErrorCode;
use wasm_bindgen::prelude::*;

#[wasm_bindgen(typescript_custom_section)]
const TYPES: &str = r#"
/** What every function of this package throws. */
export interface HongbaoError extends Error {
  /**
   * Stable and machine-readable. The codes of the REST API (`order_no_invalid`, `share_too_large`, …), and
   * `invalid_argument`, `invalid_details`, `packet_still_open`, `seed_withheld`, `unknown_algorithm`, `amounts_hidden`,
   * `claims_incomplete`, `impossible_terms`, `too_large`.
   */
  code: string;
}
"#;

/// Thrown as an `Error` with `message` and `code`.
#[derive(Debug)]
pub(crate) struct Refusal {
    code: &'static str,
    message: String,
}

impl Refusal {
    pub(crate) fn new(code: &'static str, message: impl Into<String>) -> Self {
        Self { code, message: message.into() }
    }

    /// An argument of the wrong type, or a field that nobody knows.
    pub(crate) fn argument(message: impl Into<String>) -> Self {
        Self::new("invalid_argument", message)
    }

    pub(crate) fn internal(message: impl Into<String>) -> Self {
        Self::new(ErrorCode::Internal.as_str(), message)
    }
}

impl From<ErrorCode> for Refusal {
    fn from(code: ErrorCode) -> Self {
        Self::new(code.as_str(), code.title())
    }
}

impl From<Refusal> for JsValue {
    fn from(refusal: Refusal) -> Self {
        let error = js_sys::Error::new(&refusal.message);
        // Setting a property of an object that was made here cannot fail.
        let _ = js_sys::Reflect::set(&error, &"code".into(), &refusal.code.into());
        error.into()
    }
}
