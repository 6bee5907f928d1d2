//! The laws of `hongbao-shared`, checked through its public interface alone. The same tests run
//! natively and in WASM (R-SPLIT-6):
//!
//! ```text
//! cargo test -p hongbao-shared
//! cargo test -p hongbao-shared --target wasm32-unknown-unknown
//! ```
//!
//! Everything here is deterministic: each property draws its cases from a fixed seed. To look
//! further, give `PROPTEST_RNG_SEED` and `PROPTEST_CASES`.
//!
//! It is one test binary on purpose: one to link, and one to start in Node.

// The lints that keep floats and overflow away from money bind the library. Here, a panic on
// overflow fails a test as it should, statistics need floats, and expectations may be unwrapped.
#![allow(
    clippy::arithmetic_side_effects,
    clippy::as_conversions,
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    clippy::float_arithmetic,
    clippy::unwrap_used,
    reason = "the lints of money are for the library; a test may panic and compute with floats"
)]

mod api;
mod common;
mod draft;
mod fairness;
mod ids;
mod later;
mod money;
mod order_no;
mod proof;
mod rejection;
#[cfg(feature = "openapi")]
mod schemas;
mod split;
mod split_edges;
mod statistics;
mod text;
mod timestamp;
mod unit;
