//! Tags of what is the same for everybody, so that whoever has it need not fetch it again.

use axum::http::{HeaderMap, header};
use data_encoding::HEXLOWER;

/// Of what has this SHA-256.
pub(super) fn tag(hash: &[u8; 32]) -> String {
    format!("\"{}\"", HEXLOWER.encode(&hash[..16]))
}

/// Does the client say that it has this?
pub(super) fn is_known(headers: &HeaderMap, tag: &str) -> bool {
    let known = headers.get(header::IF_NONE_MATCH).and_then(|tags| tags.to_str().ok());
    known.is_some_and(|tags| {
        tags.split(',')
            .map(|known| known.trim().trim_start_matches("W/"))
            .any(|known| known == tag || known == "*")
    })
}
