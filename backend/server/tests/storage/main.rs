//! Disks that are full, against the real server on SQLite files (R-STORE-4, R-MONEY-6): a
//! refusal with a code, full service as soon as there is room, and nothing dies of it.

#![expect(clippy::unwrap_used, reason = "helpers of tests, which Clippy does not take for tests")]

#[path = "../common/mod.rs"]
mod common;
mod disk;
mod full;
mod traffic;

/// One shard for each site; a packet goes to the site of its node.
const SETTINGS: [(&str, &str); 4] = [
    ("HONGBAO_SITES_SHARDS", "1"),
    ("HONGBAO_CREDIT_LARGE_SHARE_FEN", "100"),
    ("HONGBAO_LIMITS_MAX_TOP_UP_FEN", "2000000"),
    ("HONGBAO_FLOW_PER_PERSON", "false"),
];
