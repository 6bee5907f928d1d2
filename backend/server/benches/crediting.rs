//! What crediting a claim costs in the SQLite ledger: `cargo bench -p hongbao --bench
//! crediting`.

#![expect(clippy::print_stdout, reason = "the figures are the answer")]
#![expect(clippy::unwrap_used, reason = "a measurement that fails is none")]

#[path = "../tests/contract/ledger.rs"]
#[allow(
    dead_code,
    unused_imports,
    unused_macros,
    reason = "the contract's laws; this takes its helpers alone"
)]
mod contract;

use contract::{fen, order, payment, user};
use hongbao_domain::store::ledger::{LedgerStore, Posting};
use hongbao_shared::Timestamp;
use hongbao_storage::SqlLedger;
use std::time::Instant;

const BATCH: u32 = 1_000;

/// The processor time of this process so far, in µs; what a busy machine does not blur.
fn cpu_us() -> u64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap();
    let fields: Vec<_> = stat.rsplit(')').next().unwrap().split_whitespace().collect();
    let ticks: u64 = [fields[11], fields[12]].iter().map(|n| n.parse::<u64>().unwrap()).sum();
    ticks * 10_000
}

/// Batches of a thousand claims of `packets` packets each, by `users` people.
async fn credit(batches: u32, packets: u32, users: i64) {
    let folder = tempfile::tempdir().unwrap();
    let store = SqlLedger::open(&folder.path().join("ledger.sqlite")).await.unwrap();
    let now = Timestamp::from_millis(1);
    let setup = (0..packets)
        .flat_map(|n| {
            [
                Posting::top_up(user(1), fen(1_000_000), &n.to_string()),
                Posting::pay(payment(n.into(), user(1), 1_000_000, 100_000, &[])),
            ]
        })
        .collect();
    store.post(setup, now).await.unwrap();
    let mut took = Vec::new();
    let cpu_before = cpu_us();
    for batch in 0..batches {
        let postings = (0..BATCH)
            .map(|n| {
                let nth = batch * BATCH + n;
                let who = i64::from(nth).wrapping_mul(7_919) % users;
                // Ids are random in production, so neighbours must not be near.
                let who = user(who.wrapping_mul(0x5851_f42d_4c95_7f2d) & i64::MAX);
                Posting::credit(order((nth % packets).into()), nth / packets, who, fen(3))
            })
            .collect();
        let started = Instant::now();
        let outcomes = store.post(postings, now).await.unwrap();
        took.push(started.elapsed());
        assert!(outcomes.iter().all(Result::is_ok));
    }
    let cpu = (cpu_us() - cpu_before) / u64::from(batches * BATCH);
    took.sort();
    let median = took[took.len() / 2];
    let mean = took.iter().sum::<std::time::Duration>() / batches;
    println!(
        "{packets} packets, {users} people, batches of {BATCH}, each claim: median {:?}, mean {:?}, \
         processor {cpu} µs",
        median / BATCH,
        mean / BATCH
    );
    store.close().await;
}

#[tokio::main]
async fn main() {
    credit(50, 1, 1_000).await;
    credit(50, 10, 100_000).await;
    credit(50, 500, 1_000_000).await;
}
