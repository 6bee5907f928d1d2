//! Databases that take no writes, against the real server: disks that are full under SQLite, and
//! PostgreSQL that refuses (R-STORE-4, R-MONEY-6). Whatever is refused has a code, there is full
//! service as soon as they take them again, and nothing dies of it.

#![expect(clippy::unwrap_used, reason = "helpers of tests, which Clippy does not take for tests")]

#[path = "../common/mod.rs"]
mod common;
mod disk;
#[path = "../common/fleet.rs"]
mod fleet;
mod full;
mod postgres;
mod traffic;

/// One shard for each site; a packet goes to the site of its node.
const SETTINGS: [(&str, &str); 4] = [
    ("HONGBAO_SITES_SHARDS", "1"),
    ("HONGBAO_CREDIT_LARGE_SHARE_FEN", "100"),
    ("HONGBAO_LIMITS_MAX_TOP_UP_FEN", "2000000"),
    ("HONGBAO_FLOW_PER_PERSON", "false"),
];
