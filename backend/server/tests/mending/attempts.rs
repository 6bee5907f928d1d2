//! A lane's batch of which one packet can never commit (R-OPEN-3, R-CTRL-6).

use crate::files::{ORDERS, one_shard, sql};
use futures::future::join_all;
use hongbao_shared::Kind;

/// Opens of 61 packets come in one batch, and the row of one of them is broken: the others are
/// answered with their shares.
#[tokio::test]
async fn one_packet_that_cannot_commit_takes_no_attempts_from_the_others() {
    let world = one_shard(|_| {}).await;
    let party = world.party(2).await;
    let mut orders = Vec::new();
    for _ in 0..61 {
        orders.push(world.send(&party, Kind::Equal, 20, 2).await);
    }
    let bad = orders[0];
    let table = format!("packets_{:02}", bad.day().get() + 1);
    let spoil = format!("UPDATE {table} SET total_fen = 3 WHERE order_no = {}", bad.to_bits());
    assert_eq!(sql(world.folder.path(), ORDERS, &spoil).await, 1);
    // All of them are in the lane's queue before it can look.
    let lanes = &world.app.packets.lanes;
    let opens = orders.iter().map(|order_no| lanes.open(*order_no, party.members[1]));
    let opened = join_all(opens).await;
    for (order_no, opened) in orders.iter().zip(&opened) {
        assert_eq!(opened.is_ok(), *order_no != bad, "{order_no}: {opened:?}");
    }
    world.app.shutdown().await;
}
