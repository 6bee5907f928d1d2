//! Beside a running server nothing is taken for lost that is merely on its way.

use crate::{
    common::end_due,
    files::{one_shard, until},
    world::World,
};
use hongbao_config::CreditMode;
use hongbao_engine::reconcile::{Mode, Report};
use hongbao_shared::Kind;
use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};
use tokio::time::timeout;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_on_its_way_is_left_alone() {
    for mode in [CreditMode::Split, CreditMode::Queue, CreditMode::Deferred] {
        let world = Arc::new(one_shard(|config| config.credit.mode = mode).await);
        let enough = Arc::new(AtomicBool::new(false));
        let work = tokio::spawn(busy(Arc::clone(&world), Arc::clone(&enough)));
        let mut reports: Vec<Report> = Vec::new();
        while !work.is_finished() {
            let config = &world.app.config;
            reports.push(crate::files::reconcile(config, &world.clock, Mode::Mend).await);
            let something = reports.iter().any(|report| report.on_the_way.count > 0);
            enough.store(something && reports.len() > 2, Ordering::Release);
        }
        work.await.unwrap();
        for report in &reports {
            assert!(report.mends.is_empty() && report.is_clean(), "{report}");
        }
        assert!(enough.load(Ordering::Acquire), "{} ran beside the work", reports.len());
        let world = Arc::try_unwrap(world).ok().unwrap();
        world.end_and_audit().await;
    }
}

/// Sends, opens, finishes and expires, until that was seen often enough.
async fn busy(world: Arc<World>, enough: Arc<AtomicBool>) {
    const ROUNDS_MIN: u32 = 12;
    const ROUNDS_MAX: u32 = 500;
    let party = world.party(6).await;
    for round in 0..ROUNDS_MAX {
        if round >= ROUNDS_MIN && enough.load(Ordering::Acquire) {
            break;
        }
        let finished = world.send(&party, Kind::Lucky, 400, 4).await;
        let expiring = world.send(&party, Kind::Lucky, 50_000, 6).await;
        for member in &party.members[1..5] {
            world.open(*member, finished).await.unwrap();
            world.open(*member, expiring).await.unwrap();
        }
        if round % 4 == 3 {
            world.clock.advance_s(24 * 60 * 60 + 1);
            end_due(&world.app).await;
        }
    }
}

/// On its schedule it runs by itself, soon after the start, and what it found is kept.
#[tokio::test]
async fn it_runs_on_a_schedule_and_on_demand() {
    let world = one_shard(|config| config.reconcile.interval_s = 1).await;
    let party = world.party(2).await;
    let order_no = world.send(&party, Kind::Lucky, 300, 2).await;
    world.open(party.members[1], order_no).await.unwrap();
    let state = || world.app.reconciliation.state();
    until("it has seen the packet", async || {
        state().last.is_some_and(|report| report.packets == 1 && report.claims == 1)
    })
    .await;
    assert!(state().last.unwrap().is_clean);
    // From then on it leaves the packet out, unless somebody asks, whatever is under way.
    world.open(party.members[0], order_no).await.unwrap();
    until("it leaves out what it has seen", async || {
        world.clock.advance_s(60);
        state().last.is_some_and(|report| report.packets == 0)
    })
    .await;
    let under_way = async {
        while !state().running {
            tokio::task::yield_now().await;
        }
    };
    timeout(Duration::from_mins(1), under_way).await.expect("it runs every second");
    world.app.reconciliation.ask();
    until("it has gone through everything", async || {
        state().last.is_some_and(|report| report.packets == 1)
    })
    .await;
    world.end_and_audit().await;

    // Without a schedule, only if asked.
    let world = one_shard(|_| {}).await;
    assert_eq!(world.app.reconciliation.state().last, None);
    for _ in 0..3 {
        world.app.reconciliation.ask();
        assert!(world.app.reconciliation.state().running);
        until("it has run", async || !world.app.reconciliation.state().running).await;
    }
    assert_eq!(world.app.reconciliation.state().last.unwrap().packets, 0);
    world.end_and_audit().await;
}
