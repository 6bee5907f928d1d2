//! History is reconciled once, by one node at a time; from then on what is new, open, or was
//! not over or not as it should be (R-MONEY-3).

use crate::{
    files::{LEDGER, ORDERS, antidote, go_on, one_shard, poison, reconcile, sql, until_dead},
    lost::all_open,
    world::{Party, World},
};
use hongbao::node::open_stores;
use hongbao_domain::runtime::Clock;
use hongbao_engine::reconcile::{Mode, Repair, Report};
use hongbao_shared::{Kind, OrderNo};
use std::time::Duration;

const HOUR_S: i64 = 60 * 60;

/// An hour later, a node goes on.
async fn seen(world: &World) -> Report {
    world.clock.advance_s(HOUR_S);
    go_on(&world.app.config, &world.clock, 1).await.unwrap()
}

/// A packet of three shares ends, and nothing brings them home; lists and chat are told.
async fn lose_credits(world: World, party: &Party, order_no: OrderNo) -> World {
    let data = world.folder.path();
    poison(data, LEDGER, "transfers", &format!("NEW.key LIKE 'credit:{order_no}:%'")).await;
    // One after the other, so that each is a commit of its own.
    for member in &party.members[1..] {
        world.open(*member, order_no).await.unwrap();
    }
    until_dead(&world.app, 3).await;
    assert_eq!(sql(data, ORDERS, "DELETE FROM outbox WHERE due_at IS NULL").await, 3);
    antidote(data, LEDGER).await;
    world.restart().await
}

#[tokio::test]
async fn history_is_seen_once_and_what_is_new_each_time() {
    let world = one_shard(|_| {}).await;
    let party = world.party(4).await;
    for _ in 0..5 {
        let order_no = world.send(&party, Kind::Lucky, 300, 3).await;
        all_open(&world, &party, order_no).await;
    }
    let open = world.send(&party, Kind::Lucky, 300, 3).await;
    let world = world.restart().await;
    assert_eq!(seen(&world).await.packets, 6, "all there is");
    assert_eq!(seen(&world).await.packets, 1, "what is open");

    let world = lose_credits(world, &party, open).await;
    let report = seen(&world).await;
    assert_eq!(report.packets, 1, "what has ended since: {report}");
    let mended: Vec<_> = report.mends.iter().map(|one| (one.repair, one.order_no)).collect();
    assert_eq!(mended, [(Repair::Credit, open); 3], "{report}");
    assert_eq!(seen(&world).await.packets, 1, "once more, because it was not over");
    assert_eq!(seen(&world).await.packets, 0);

    // Whoever asks has everything looked at; so has who comes back after a long time.
    let report = reconcile(&world.app.config, &world.clock, Mode::Mend).await;
    assert_eq!(report.packets, 6);
    world.clock.advance_s(24 * HOUR_S);
    assert_eq!(seen(&world).await.packets, 6);
    world.end_and_audit().await;
}

/// One packet that cannot be read keeps no other of its shard from what is lost (R-MONEY-3).
#[tokio::test]
async fn a_packet_that_cannot_be_read_hides_no_other() {
    let world = one_shard(|_| {}).await;
    let party = world.party(4).await;
    let unreadable = world.send(&party, Kind::Lucky, 300, 3).await;
    let open = world.send(&party, Kind::Lucky, 300, 3).await;
    assert!(unreadable < open, "it comes first");
    let world = world.restart().await;
    assert_eq!(seen(&world).await.packets, 2, "all there is");

    let world = lose_credits(world, &party, open).await;
    let day = open.day().get() + 1;
    let kind = async |kind: u8| {
        let set = format!("UPDATE packets_{day:02} SET kind = {kind} WHERE order_no = $");
        let set = set.replace('$', &unreadable.to_bits().to_string());
        assert_eq!(sql(world.folder.path(), ORDERS, &set).await, 1);
    };
    kind(9).await;
    let report = seen(&world).await;
    let mended: Vec<_> = report.mends.iter().map(|one| (one.repair, one.order_no)).collect();
    assert_eq!(mended, [(Repair::Credit, open); 3], "{report}");
    assert!(report.left_count > 0 && report.unread.is_empty(), "{report}");
    // Nor does it keep later runs from going on from where this one ended, or one that looks at
    // everything from what stands behind it.
    for _ in 0..2 {
        let report = seen(&world).await;
        assert!(report.left_count > 0 && report.unread.is_empty(), "{report}");
        assert!(report.packets <= 2, "{report}");
    }
    let report = reconcile(&world.app.config, &world.clock, Mode::Mend).await;
    assert!(report.left_count > 0 && report.unread.is_empty(), "{report}");
    kind(1).await;
    seen(&world).await;
    world.end_and_audit().await;
}

/// What differs is found as often as it is looked for.
#[tokio::test]
async fn what_is_left_to_somebody_is_reported_again() {
    let world = one_shard(|_| {}).await;
    let party = world.party(4).await;
    let order_no = world.send(&party, Kind::Lucky, 300, 3).await;
    all_open(&world, &party, order_no).await;
    let world = world.restart().await;
    let day = order_no.day().get() + 1;
    let wrong = format!("UPDATE claims_{day:02} SET amount_fen = amount_fen + 1 WHERE seq = 0");
    assert_eq!(sql(world.folder.path(), ORDERS, &wrong).await, 1);
    for _ in 0..3 {
        world.clock.advance_s(HOUR_S);
        let report = go_on(&world.app.config, &world.clock, 1).await.unwrap();
        assert_eq!((report.packets, report.is_clean()), (1, false), "{report}");
        assert!(report.left_count > 0, "{report}");
    }
    world.app.shutdown().await;
}

#[tokio::test]
async fn one_node_at_a_time() {
    let world = one_shard(|_| {}).await;
    let (config, clock) = (&world.app.config, &world.clock);
    let is_its_turn = async |node| go_on(config, clock, node).await.is_some();
    assert!(is_its_turn(1).await);
    assert!(!is_its_turn(2).await, "within the hour another has done it");
    assert!(is_its_turn(1).await, "its own schedule says when");
    clock.advance_s(HOUR_S);
    assert!(is_its_turn(2).await);
    assert!(!is_its_turn(1).await);

    clock.advance_s(HOUR_S);
    let stores = open_stores(config).await.unwrap();
    let now = clock.now();
    let until = now.plus(Duration::from_mins(10));
    let begun = stores.ledger.begin_reconciliation(3, now, until, now).await.unwrap();
    assert!(begun.is_some());
    stores.close().await;
    assert!(!is_its_turn(1).await, "one is under way");
    clock.advance_s(10 * 60);
    assert!(is_its_turn(1).await, "it has died of something");
    world.end_and_audit().await;
}
