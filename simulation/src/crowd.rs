//! Hundreds of calls at once, in one batch of a lane if they come together: all for one packet,
//! or for many, one of which spoils the batch for nobody else (R-CTRL-6).

use crate::{
    Dice, client::Client, fault::WorldFault, laws, people::People, plan::CROWD, world::World,
};
use std::{
    sync::{Arc, atomic::AtomicU64},
    time::Duration,
};
use tokio::time::sleep;

/// Packets that everybody in a group opens at once.
const PACKETS: usize = 24;
/// How long one of them cannot be written.
const SPOILT: Duration = Duration::from_secs(5);

/// A packet with a share for each of them, sooner or later.
pub(crate) async fn comes(world: Arc<World>, people: Arc<People>) {
    let mut client = client(&world, &people, "crowd").await;
    let Some(order_no) = client.send_to_many(u64::from(CROWD)).await else { return };
    world.chaos.befell(WorldFault::Crowd);
    client.all_open(&[order_no], people.crowd.clone()).await;
    laws::after_step(&world, Some(order_no)).await;
}

/// Many packets with a share for everybody in the first group, who all come at once.
pub(crate) async fn rushes(world: Arc<World>, people: Arc<People>) {
    let mut client = client(&world, &people, "rush").await;
    let members = &people.groups[0].members;
    let mut packets = Vec::new();
    for _ in 0..PACKETS {
        packets.extend(client.send_to_many(members.len() as u64).await);
    }
    let Some(first) = packets.first() else { return };
    world.chaos.befell(WorldFault::Rush);
    world.chaos.spoil(*first, SPOILT);
    // Each of them opens each packet.
    let openers = members.iter().flat_map(|member| packets.iter().map(|_| *member));
    client.all_open(&packets, openers.collect()).await;
    for order_no in &packets {
        laws::after_step(&world, Some(*order_no)).await;
    }
}

/// Somebody who comes sooner or later, on top of all others.
async fn client(world: &Arc<World>, people: &Arc<People>, name: &str) -> Client {
    let mut dice = Dice::new(world.plan.seed, name);
    sleep(Duration::from_millis(dice.range(100, 15_000))).await;
    Client {
        name: name.to_owned(),
        world: Arc::clone(world),
        people: Arc::clone(people),
        in_crowd: true,
        calls: Arc::new(AtomicU64::new(0)),
        dice,
    }
}
