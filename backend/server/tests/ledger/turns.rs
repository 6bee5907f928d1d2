//! On schedule one node at a time reconciles, however long that takes (R-MONEY-3).

use crate::{
    contract::{at, order},
    faulty::Faulty,
};
use hongbao_config::Config;
use hongbao_domain::{
    runtime::{Clock, SystemEntropy, Tasks},
    store::{ledger::LedgerStore, reconciled::Reconciled},
};
use hongbao_engine::{
    keys::{Keys, seal::Sealer},
    ledger::Ledger,
    reconcile::Reconciler,
    stores::Stores,
};
use hongbao_memory::{MemoryControl, MemoryKeys, MemoryLedger, MemoryLists, MemoryPeople};
use hongbao_shared::Timestamp;
use std::{collections::BTreeMap, sync::Arc, time::Duration};
use tokio::time::{Instant, sleep};

const MINUTE: Duration = Duration::from_mins(1);

/// Shows the time that the test's runtime makes up.
#[derive(Debug)]
struct Passing(Instant);

impl Clock for Passing {
    fn now(&self) -> Timestamp {
        at(0).plus(self.0.elapsed())
    }
}

/// Goes by these books, and by nothing else.
fn reconciler(store: &Faulty, clock: &Arc<Passing>) -> Arc<Reconciler> {
    let (store, clock): (Arc<dyn LedgerStore>, Arc<dyn Clock>) =
        (Arc::new(store.clone()), clock.clone());
    let stores = Stores::of(
        BTreeMap::new(),
        BTreeMap::new(),
        Arc::clone(&store),
        Arc::new(MemoryPeople::default()),
        Arc::new(MemoryLists::default()),
        Arc::new(MemoryControl::default()),
        Arc::new(MemoryKeys::default()),
    );
    let folder = tempfile::tempdir().unwrap();
    let mut config = Config::default();
    config.storage.data = folder.path().to_path_buf();
    let sealer = Sealer::new(&Keys::obtain(&config, &SystemEntropy).unwrap());
    let ledger = Arc::new(Ledger::start(store, Arc::clone(&clock), &Tasks::new()));
    let (zone, lifetime) = (config.zone().unwrap(), config.packet_lifetime());
    Arc::new(Reconciler::new(stores, ledger, sealer, zone, lifetime, clock))
}

/// The first pass of a long history takes longer than a turn.
#[tokio::test(start_paused = true)]
async fn a_pass_is_one_nodes_for_as_long_as_it_takes() {
    let (books, clock) = (Faulty::new(MemoryLedger::default()), Arc::new(Passing(Instant::now())));
    let slow = reconciler(&books.slow(60 * MINUTE), &clock);
    let pass = tokio::spawn(async move { slow.go_on(1, Duration::ZERO).await });
    let other = reconciler(&books, &clock);
    for minute in 1..60 {
        sleep(MINUTE).await;
        let second = other.go_on(2, Duration::ZERO).await;
        assert!(second.is_none(), "another pass was begun after {minute} minutes");
    }
    assert!(pass.await.unwrap().is_some());
    sleep(MINUTE).await;
    assert!(other.go_on(2, Duration::ZERO).await.is_some(), "it is over");
}

/// A node that stood still for longer has lost its turn: it stops, and notes nothing.
#[tokio::test(start_paused = true)]
async fn a_lost_turn_ends_the_pass() {
    let (books, clock) = (Faulty::new(MemoryLedger::default()), Arc::new(Passing(Instant::now())));
    let slow = reconciler(&books.slow(60 * MINUTE), &clock);
    let pass = tokio::spawn(async move { slow.go_on(1, Duration::ZERO).await });
    sleep(MINUTE).await;
    // Much later by the clock of another.
    let later = clock.now().plus(30 * MINUTE);
    let taken = books.begin_reconciliation(2, later, later.plus(10 * MINUTE), later).await;
    assert!(taken.unwrap().is_some());
    assert!(pass.await.unwrap().is_none());
    assert!(clock.now() < at(0).plus(10 * MINUTE), "it went on until {}", clock.now());
    let seen = Reconciled { since: Some(later), transfer_id: 7, again: vec![order(1)] };
    books.end_reconciliation(2, later, seen.clone()).await.unwrap();
    assert_eq!(books.begin_reconciliation(2, later, later, later).await.unwrap(), Some(seen));
}
