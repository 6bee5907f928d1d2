//! Ends need no key (R-MONEY-4, R-MONEY-6): neither the seed nor anything but the packet's
//! own row.

use crate::files::{ORDERS, one_shard, sql, until};
use hongbao_shared::{Kind, OrderNo, api::groups::MessageBody};

/// As many as end in one page, and one more.
const UNREADABLE: usize = 256;

/// Packets whose seals do not open, as many as end in one page, end before one that is in
/// order; all of them go back, and their sender is told.
#[tokio::test]
async fn packets_whose_seals_do_not_open_end_and_hold_up_nobody() {
    let world = one_shard(|_| {}).await;
    let party = world.party(2).await;
    let sender = party.members[0];
    let before = world.balance(sender).await;
    let mut orders = Vec::new();
    for _ in 0..UNREADABLE {
        orders.push(world.send(&party, Kind::Equal, 20, 2).await);
    }
    let day = orders[0].day().get() + 1;
    let spoil = format!("UPDATE packets_{day:02} SET sealed_server_seed = zeroblob(60)");
    assert_eq!(sql(world.folder.path(), ORDERS, &spoil).await, 256);
    orders.push(world.send(&party, Kind::Equal, 20, 2).await);
    // A node that remembers nothing has to read what it ends.
    let world = world.restart().await;
    world.clock.advance_s(24 * 60 * 60 + 1);
    until("all of it went back", async || world.balance(sender).await == before).await;
    let told = async || {
        let mut told: Vec<OrderNo> = Vec::new();
        let mut cursor: Option<String> = None;
        loop {
            let groups = &world.app.groups;
            let (cursor_now, cards) = (cursor.as_deref(), &*world.app.packets);
            let page = groups.messages(sender, party.group, cursor_now, Some(100), cards).await;
            let page = page.unwrap();
            told.extend(page.items.iter().filter_map(|message| match message.body {
                MessageBody::Expired { order_no, .. } => Some(order_no),
                _ => None,
            }));
            cursor = page.next_cursor;
            if cursor.is_none() {
                told.sort_unstable();
                return told;
            }
        }
    };
    until("the sender is told", async || told().await.len() == orders.len()).await;
    orders.sort_unstable();
    assert_eq!(told().await, orders);
    world.app.shutdown().await;
}
