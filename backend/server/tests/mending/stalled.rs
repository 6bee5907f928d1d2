//! A database that does not answer keeps those who need it, and nobody else (R-CTRL-6).

use crate::tampered::{Tamper, tampered_world};
use async_trait::async_trait;
use futures::future::join_all;
use hongbao_domain::store::{
    StoreError,
    orders::{OrderStore, PacketRow},
};
use hongbao_shared::{Day, ErrorCode, OrderNo, Shard, Site};
use std::{sync::Arc, time::Duration};
use tokio::sync::Semaphore;

/// Nothing is read while no permit is there.
#[derive(Debug)]
struct Stalled {
    asked: Semaphore,
    answers: Semaphore,
}

#[async_trait]
impl Tamper for Stalled {
    async fn packet(
        &self,
        store: &dyn OrderStore,
        order_no: OrderNo,
    ) -> Result<Option<PacketRow>, StoreError> {
        self.asked.add_permits(1);
        drop(self.answers.acquire().await);
        store.packet(order_no).await
    }
}

#[derive(Debug)]
struct Untouched;

impl Tamper for Untouched {}

#[tokio::test]
async fn a_shard_that_stalls_holds_up_no_other() {
    let stalled = Arc::new(Stalled { asked: Semaphore::new(0), answers: Semaphore::new(0) });
    let (world, _folder) = tampered_world(2, |shard| match shard.get() {
        1 => Arc::clone(&stalled) as _,
        _ => Arc::new(Untouched) as _,
    })
    .await;
    let at_once = world.app.control.lookups_max();
    let user = world.party(1).await.members[0];
    let number = |shard, sequence| {
        let (shard, day) = (Shard::new(shard).unwrap(), Day::new(16).unwrap());
        OrderNo::new(Site::S, shard, day, false, sequence).unwrap()
    };
    let there = (0..2 * u64::from(at_once)).map(|n| {
        let app = Arc::clone(&world.app);
        tokio::spawn(async move { app.packets.grab(user, number(1, n)).await })
    });
    let there: Vec<_> = there.collect();
    // As many as may are at work, and wait.
    drop(stalled.asked.acquire_many(at_once).await.unwrap());
    let elsewhere = world.app.packets.grab(user, number(0, 7));
    let elsewhere = tokio::time::timeout(Duration::from_mins(1), elsewhere).await;
    let elsewhere = elsewhere.expect("it waits for another shard").unwrap_err();
    assert_eq!(elsewhere.code, ErrorCode::PacketNotFound);
    assert_eq!(stalled.asked.available_permits(), usize::try_from(at_once).unwrap(), "limited");
    stalled.answers.add_permits(1);
    for grabbed in join_all(there).await {
        assert_eq!(grabbed.unwrap().unwrap_err().code, ErrorCode::PacketNotFound);
    }
    world.app.shutdown().await;
}
