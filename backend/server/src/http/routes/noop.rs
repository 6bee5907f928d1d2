//! The yardstick of `cargo xtask bench`: what every call costs, whatever it does. Only
//! in builds with the feature `bench`.

use crate::http::session::Session;
use axum::{
    body::Bytes,
    http::header::CONTENT_TYPE,
    response::{IntoResponse, Response},
};

/// As long as the answer to an open.
const ANSWER: &str = r#"{"order_no":"S00000000000000","seq":10000,"amount_fen":100,"opened_at":"2026-01-01T00:00:00.000Z"}"#;

/// Takes the body, reads none of it, and answers.
pub(in crate::http) async fn noop(_session: Session, _body: Bytes) -> Response {
    ([(CONTENT_TYPE, "application/json")], ANSWER).into_response()
}
