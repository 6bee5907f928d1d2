//! The audit finds what is wrong, names it, and finds nothing where nothing is
//! (R-MONEY-5). Tests corrupt stored data by the smallest amount.

#![expect(clippy::unwrap_used, reason = "helpers of tests, which Clippy does not take for tests")]

mod corruptions;
mod entries;
mod on_the_way;
mod scene;
mod twice;
