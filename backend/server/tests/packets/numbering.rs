//! Order numbers never repeat (R-ORDER-2), and say where a packet lives (R-ORDER-1).

use crate::{
    common::fragile::Fragile,
    world::{World, request},
};
use hongbao_domain::{
    runtime::SystemEntropy,
    store::{
        ledger::{LedgerReads, LedgerStore},
        marks::Mark,
    },
};
use hongbao_engine::packets::{Paid, skip_numbers};
use hongbao_memory::MemoryLedger;
use hongbao_shared::{
    Kind, OrderNo, Site, Timestamp, api::packets::PayRequest, order_no::SEQUENCE_END,
};
use std::{collections::BTreeSet, sync::Arc};

async fn numbers(world: &World, count: usize) -> Vec<OrderNo> {
    let party = world.party(1).await;
    let mut orders = Vec::new();
    for _ in 0..count {
        orders.push(world.send(&party, Kind::Lucky, 100, 1).await);
    }
    orders
}

#[tokio::test]
async fn restarts_wiped_caches_and_clocks_set_back_repeat_no_number() {
    let mut seen = BTreeSet::new();
    let mut world = World::new().await;
    for step in 0..4 {
        for order_no in numbers(&world, 6).await {
            assert!(seen.insert(order_no), "{order_no} was given before");
        }
        // A restart wipes the in-process shared tier.
        world = world.restart().await;
        world.clock.advance_s(if step % 2 == 0 { -3_600 } else { 86_400 });
    }
    let sites: BTreeSet<_> = seen.iter().map(|order_no| order_no.site()).collect();
    assert_eq!(sites, BTreeSet::from(Site::ALL), "the weights reach both sites");
    let shards: BTreeSet<_> = seen.iter().map(|order_no| order_no.shard()).collect();
    assert!(shards.len() > 2, "packets are spread over shards");
    world.end_and_audit().await;
}

#[tokio::test]
async fn the_local_generator_takes_over_in_a_range_of_its_own() {
    let shared = Arc::new(Fragile::new());
    let world = World::with(|_| {}, Some(Arc::clone(&shared) as _)).await;
    let mut seen = BTreeSet::new();
    for round in 0..4 {
        let down = round % 2 == 1;
        shared.set_down(down);
        for order_no in numbers(&world, 5).await {
            assert_eq!(order_no.is_local(), down);
            assert!(seen.insert(order_no), "{order_no} was given before");
        }
    }
    shared.set_down(true);
    let world = world.restart().await;
    for order_no in numbers(&world, 5).await {
        assert!(seen.insert(order_no), "{order_no} was given before");
    }
    world.end_and_audit().await;
}

/// R-ORDER-3: the databases of a site's shards go back to an earlier moment, the ledger does
/// not, and no number is given again.
#[tokio::test]
async fn restored_shards_repeat_no_number() {
    let mut seen = BTreeSet::new();
    let world = World::new().await;
    seen.extend(numbers(&world, 6).await);
    world.app.shutdown().await;
    let db = world.folder.path().join("db");
    let shards = || {
        let files = std::fs::read_dir(&db).unwrap().map(|file| file.unwrap().path());
        files.filter(|file| {
            file.file_name().unwrap().to_str().unwrap().starts_with("orders-")
                && file.extension().is_some_and(|extension| extension == "sqlite")
        })
    };
    let copies = tempfile::tempdir().unwrap();
    for file in shards() {
        std::fs::copy(&file, copies.path().join(file.file_name().unwrap())).unwrap();
    }
    let world = world.restart().await;
    for order_no in numbers(&world, 12).await {
        assert!(seen.insert(order_no), "{order_no} was given before");
    }
    world.app.shutdown().await;
    for file in shards() {
        std::fs::copy(copies.path().join(file.file_name().unwrap()), &file).unwrap();
    }
    let world = world.restart().await;
    for order_no in numbers(&world, 12).await {
        assert!(seen.insert(order_no), "{order_no} was given before");
    }
    world.app.shutdown().await;
}

/// Where a site's marks stand after a restore of a ledger at `at`, at `now`.
async fn skipped(at: u64, now: Timestamp) -> anyhow::Result<[u64; 2]> {
    let marks = [Mark::Sequence(Site::S), Mark::LocalLease(Site::S)];
    let ledger = MemoryLedger::default();
    for mark in marks {
        ledger.raise(mark, at).await?;
    }
    skip_numbers(&ledger, [Site::S], now, &SystemEntropy).await?;
    Ok([ledger.mark(marks[0]).await?, ledger.mark(marks[1]).await?])
}

/// R-ORDER-2, R-STORE-6: a restore knows nothing of another one of the same backup. Two of one
/// moment are kept apart by chance, later ones by the clock; a clock that is wrong takes nothing
/// away; and when no numbers are left, none are given.
#[tokio::test]
async fn restores_of_one_backup_go_different_ways() {
    let now = Timestamp::from_millis(1_795_824_000_000);
    let mut sequences = BTreeSet::new();
    let mut leases = Vec::new();
    for _ in 0..64 {
        let [sequence, lease] = skipped(7, now).await.unwrap();
        sequences.insert(sequence);
        leases.push(lease);
    }
    // 64 of a thousand million.
    assert_eq!(sequences.len(), 64);
    let [later, later_lease] = skipped(7, now.plus_seconds(31 * 24 * 3_600)).await.unwrap();
    assert!(sequences.iter().all(|sequence| *sequence < later), "{later} {sequences:?}");
    assert!(leases.iter().all(|lease| *lease < later_lease), "{later_lease} {leases:?}");
    let [sequence, _] = skipped(7, Timestamp::from_millis(0)).await.unwrap();
    assert!(sequence > 7 + (1 << 30) - 1, "{sequence}");
    let none = skipped(SEQUENCE_END - (1 << 30), now).await.unwrap_err().to_string();
    assert!(none.starts_with("no order numbers are left"), "{none}");
}

/// The day follows the configured zone, not UTC (R-ORDER-4).
#[tokio::test]
async fn the_day_is_that_of_the_configured_zone() {
    let world = World::new().await;
    // 2026-02-16T12:00Z is the 16th in Shanghai; nine hours later it is the 17th there.
    let before = numbers(&world, 1).await[0];
    world.clock.advance_s(9 * 3_600);
    let after = numbers(&world, 1).await[0];
    assert_eq!((before.day().get() + 1) % 31, after.day().get());
    world.end_and_audit().await;
}

/// A zone that is changed between pre-order and landing: the day in the number decides,
/// or the packet would have no table (R-ORDER-4).
#[tokio::test]
async fn a_changed_zone_refuses_no_landing() {
    let shared = Arc::new(Fragile::new());
    let mut world = World::with(|_| {}, Some(Arc::clone(&shared) as _)).await;
    let party = world.party(2).await;
    let sender = party.members[0];
    // The 17th in Shanghai, the 16th everywhere west of it; and the 17th in Kiritimati, too.
    world.clock.advance_s(9 * 3_600);
    for zone in ["America/Los_Angeles", "Pacific/Kiritimati", "UTC", "Asia/Shanghai"] {
        let packets = &world.app.packets;
        let ordered = packets.pre_order(sender, request(&party, Kind::Lucky, 200, 2)).await;
        let order_no = ordered.unwrap().order_no;
        world = world
            .restart_with(|config| zone.clone_into(&mut config.time.zone), Arc::clone(&shared) as _)
            .await;
        let paid = world.app.packets.pay(sender, order_no, PayRequest::default()).await.unwrap();
        assert!(matches!(paid, Paid::Landed(_)), "{zone}: {paid:?}");
        world.open(party.members[1], order_no).await.unwrap();
    }
    world.end_and_audit().await;
}
