//! The handlers, a file per group of routes.

pub(super) mod accounts;
pub(super) mod groups;
pub(super) mod me;
#[cfg(feature = "bench")]
pub(super) mod noop;
pub(super) mod packets;
pub(super) mod wallet;

use serde::Deserialize;
use utoipa::IntoParams;

/// Which part of a list.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Part {
    /// `next_cursor` of the part before; absent for the first.
    cursor: Option<String>,
}
