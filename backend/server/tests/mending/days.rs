//! Days that cannot be moved to cold storage (R-STORE-5).

use crate::{
    files::{LEDGER, antidote, one_shard, poison, sql},
    world::World,
};
use hongbao_domain::store::outbox::Destination;
use hongbao_shared::{Kind, Site};
use std::collections::BTreeSet;
use tokio_util::sync::CancellationToken;

const DAY_S: i64 = 24 * 60 * 60;

/// The cold database of the first site refuses what it is given: the day of the other site is
/// emptied all the same, and the one that stays is shown 20 days before its tables are needed.
#[tokio::test]
async fn a_cold_database_that_refuses_holds_up_no_other_site() {
    let world = World::with(|config| config.sites.shards = 1, None).await;
    let party = world.party(2).await;
    let mut sites = BTreeSet::new();
    while sites.len() < Site::ALL.len() {
        let order_no = world.send(&party, Kind::Equal, 20, 2).await;
        for member in &party.members {
            world.open(*member, order_no).await.unwrap();
        }
        sites.insert(order_no.site());
    }
    let broken = *sites.first().unwrap();
    let cold = format!("cold-{broken}.sqlite");
    poison(world.folder.path(), &cold, "packets", "TRUE").await;
    world.clock.advance_s(10 * DAY_S);
    // Drains what is on its way.
    let world = world.restart().await;
    let stop = CancellationToken::new();
    let emptied = async || {
        let mut emptied = BTreeSet::new();
        for ((site, _), hot) in &world.app.mover.hot {
            if hot.hot().days().await.unwrap().iter().all(|table| table.is_empty) {
                emptied.insert(*site);
            }
        }
        emptied
    };
    let shown = || -> Vec<String> {
        let all = world.app.degraded().into_iter();
        all.filter(|one| one.name == "days_not_emptied").map(|one| one.place).collect()
    };
    assert!(world.app.mover.round(&stop).await.is_err());
    sites.remove(&broken);
    assert_eq!(emptied().await, sites);
    assert!(shown().is_empty(), "there is time");
    world.clock.advance_s(DAY_S);
    assert!(world.app.mover.round(&stop).await.is_err());
    assert_eq!(shown(), [format!("{broken}0")]);
    antidote(world.folder.path(), &cold).await;
    world.app.mover.round(&stop).await.unwrap();
    assert_eq!(emptied().await.len(), Site::ALL.len());
    assert!(shown().is_empty());
    world.end_and_audit().await;
}

/// A dead landing row is for an administrator. It holds no day up: by the time that a day is
/// moved nothing of it lands any more, and what is paid and did not land goes back by a tombstone.
#[tokio::test]
async fn a_dead_landing_row_holds_up_nothing() {
    let world = one_shard(|_| {}).await;
    let party = world.party(2).await;
    let order_no = world.send(&party, Kind::Equal, 20, 2).await;
    for member in &party.members {
        world.open(*member, order_no).await.unwrap();
    }
    let dead = format!(
        "INSERT INTO outbox (order_no, destination, payload, created_at, attempts, died_at)
         VALUES ({}, {}, 'unreadable', {now}, 1, {now})",
        order_no.to_bits(),
        Destination::Land.number(),
        now = world.app.packets.clock.now().millis(),
    );
    sql(world.folder.path(), LEDGER, &dead).await;
    world.clock.advance_s(10 * DAY_S);
    let world = world.restart().await;
    let moved = world.app.mover.round(&CancellationToken::new()).await.unwrap();
    assert_eq!((moved.days, moved.waiting), (1, 0));
    sql(world.folder.path(), LEDGER, "DELETE FROM outbox WHERE payload = 'unreadable'").await;
    world.end_and_audit().await;
}
