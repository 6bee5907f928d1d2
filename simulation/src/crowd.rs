//! Hundreds who open one packet at once, in one batch of its lane if they come together.

use crate::{
    Dice, client::Client, fault::WorldFault, laws, people::People, plan::CROWD, world::World,
};
use std::{
    sync::{Arc, atomic::AtomicU64},
    time::Duration,
};
use tokio::time::sleep;

/// A packet with a share for each of them, sooner or later.
pub(crate) async fn comes(world: Arc<World>, people: Arc<People>) {
    let mut dice = Dice::new(world.plan.seed, "crowd");
    sleep(Duration::from_millis(dice.range(100, 15_000))).await;
    let mut client = Client {
        name: "crowd".to_owned(),
        world: Arc::clone(&world),
        people: Arc::clone(&people),
        in_crowd: true,
        // They come on top of all others.
        calls: Arc::new(AtomicU64::new(0)),
        dice,
    };
    let Some(order_no) = client.send_to_many(u64::from(CROWD)).await else { return };
    world.chaos.befell(WorldFault::Crowd);
    client.all_open(&[order_no], people.crowd.clone()).await;
    laws::after_step(&world, Some(order_no)).await;
}
