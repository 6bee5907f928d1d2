//! `hongbao-shared` for plain JavaScript: the very code that splits packets on the server and in the
//! web app, as a small package with types.
//!
//! This crate only translates. Every number that comes in is checked before it is used, because
//! JavaScript has one number type and money has none of its fractions; whatever is wrong becomes an
//! `Error` with a stable `code`, never a panic, which would leave the module unusable.

pub mod draft;
mod input;
pub mod order_number;
pub mod preview;
mod refusal;
pub mod verify;

use serde::Serialize;
use wasm_bindgen::prelude::*;

use crate::refusal::Refusal;

/// A result as JavaScript has it. Money is exact on the way: an amount never exceeds 2^53 − 1.
fn to_js<T: Serialize>(value: &T) -> Result<JsValue, Refusal> {
    let text =
        serde_json::to_string(value).map_err(|error| Refusal::internal(error.to_string()))?;
    js_sys::JSON::parse(&text).map_err(|_| Refusal::internal("the result is not JSON"))
}
