//! Errors as `application/problem+json` (RFC 9457, R-API-2).

use crate::error::ErrorCode;
use serde::{Deserialize, Serialize};

/// The body of every refusal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Problem {
    /// `urn:hongbao:error:{code}`.
    #[serde(rename = "type")]
    #[cfg_attr(
        feature = "openapi",
        schema(format = "uri", example = "urn:hongbao:error:packet_finished")
    )]
    pub kind: String,
    /// One sentence, the same for every refusal with this code.
    pub title: String,
    /// The HTTP status.
    #[cfg_attr(feature = "openapi", schema(minimum = 400, maximum = 599, example = 409))]
    pub status: u16,
    /// What is wrong with this request.
    pub detail: String,
    /// What a client branches on.
    pub code: ErrorCode,
}

impl Problem {
    /// A refusal with this code and detail.
    pub fn new(code: ErrorCode, detail: impl Into<String>) -> Self {
        Self {
            kind: format!("urn:hongbao:error:{code}"),
            title: code.title().to_owned(),
            status: code.status(),
            detail: detail.into(),
            code,
        }
    }
}
