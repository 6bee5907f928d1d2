//! A landing is given up by a tombstone alone, and the money goes back only because of it
//! (R-SEND-2).

use crate::{
    files::{ORDERS, one_shard, sql, until},
    world::{Party, World, request},
};
use hongbao_domain::{
    record::Payment,
    store::{
        ledger::TransferKind,
        orders::{Landed, StoredState},
        outbox::OutboxRow,
    },
};
use hongbao_engine::{
    delivery::{Deliver, Delivered, LandPaid},
    packets::Paid,
};
use hongbao_shared::{ErrorCode, Fen, Kind, OrderNo, api::packets::PayRequest};
use std::{sync::Arc, time::Duration};

/// From now on nothing lands in the tables that are in use: they are another month's, as it seems.
pub(crate) async fn block_the_day(world: &World) {
    let another = "UPDATE days SET epoch_day = epoch_day - 31";
    sql(&world.app.config.storage.data, ORDERS, another).await;
}

/// They are this month's again.
pub(crate) async fn unblock_the_day(world: &World) {
    let its_own = "UPDATE days SET epoch_day = epoch_day + 31";
    sql(&world.app.config.storage.data, ORDERS, its_own).await;
}

/// Pays 700 fen for a packet that cannot land.
pub(crate) async fn pay_without_landing(world: &World, party: &Party) -> OrderNo {
    let (packets, sender) = (&world.app.packets, party.members[0]);
    let request = request(party, Kind::Lucky, 700, 2);
    let order_no = packets.pre_order(sender, request).await.unwrap().order_no;
    let paid = packets.pay(sender, order_no, PayRequest::default()).await.unwrap();
    assert!(matches!(paid, Paid::Landing(_)), "{paid:?}");
    order_no
}

/// Pays without anybody trying to land the packet.
async fn pay_only(world: &World, party: &Party) -> Payment {
    let packets = &world.app.packets;
    let request = request(party, Kind::Lucky, 700, 2);
    let order = packets.pre_order(party.members[0], request).await.unwrap();
    let record = packets.sending.pre_order(order.order_no, packets.clock.now()).await;
    let record = record.unwrap().unwrap();
    let payment = Payment { record, client_seed: vec![7], paid_at: packets.clock.now() };
    world.app.ledger.pay(payment).await.unwrap().payment
}

async fn kinds(world: &World, order_no: OrderNo) -> Vec<TransferKind> {
    let lines = world.app.ledger.store().transfers_of(order_no, 0, 10).await.unwrap();
    lines.into_iter().map(|line| line.transfer.kind).collect()
}

async fn state(world: &World, order_no: OrderNo) -> Option<StoredState> {
    let hot = &world.app.mover.hot[&(order_no.site(), order_no.shard())];
    hot.packet(order_no).await.unwrap().map(|packet| packet.progress.state)
}

/// It is given up exactly once, by whichever node comes first, and not before its time.
#[tokio::test]
async fn what_can_never_land_is_given_up_once() {
    let world = one_shard(|config| {
        config.landing.give_up_after_s = 600;
        config.treasury.fee_bp = 50;
    })
    .await;
    let party = world.party(2).await;
    let sender = party.members[0];
    world.send(&party, Kind::Lucky, 300, 2).await;
    block_the_day(&world).await;
    let other = world.second_node().await;
    let before = world.balance(sender).await;
    let order_no = pay_without_landing(&world, &party).await;
    let created_at = world.app.packets.clock.now();
    let lander = LandPaid {
        packets: Arc::clone(&other.packets),
        clock: Arc::clone(&world.clock) as _,
        give_up_after: Duration::from_mins(10),
    };
    let payload = format!("{{\"order_no\":\"{order_no}\"}}");
    let row = OutboxRow { id: 1, payload, created_at, attempts: 3 };
    let deliver = async || lander.deliver(std::slice::from_ref(&row)).await.remove(0);

    world.clock.advance_s(600);
    let early = deliver().await;
    assert!(matches!(&early, Delivered::Again(why) if why.contains(&order_no.to_string())));
    assert_eq!(state(&world, order_no).await, None);
    assert_eq!(kinds(&world, order_no).await, [TransferKind::Pay]);
    // R-API-4: 3.5 fen are 4.
    assert_eq!(before.checked_sub(world.balance(sender).await), Fen::new(704));

    world.clock.advance_s(1);
    for _ in 0..3 {
        assert_eq!(deliver().await, Delivered::Done);
    }
    assert_eq!(state(&world, order_no).await, Some(StoredState::GivenUp));
    until("the money is back", async || world.balance(sender).await == before).await;
    assert_eq!(kinds(&world, order_no).await, [TransferKind::Pay, TransferKind::Refund]);
    let packets = &world.app.packets;
    let again = packets.pay(sender, order_no, PayRequest::default()).await.unwrap_err();
    assert_eq!(again.code, ErrorCode::PacketGivenUp);
    let payment = world.app.ledger.payment(order_no).await.unwrap().unwrap();
    let late = packets.land(&payment).await.unwrap();
    assert_eq!(late, Landed::Already(StoredState::GivenUp));
    other.shutdown().await;
    unblock_the_day(&world).await;
    world.end_and_audit().await;
}

/// After its time a landing is not tried any more, even if it could succeed now; a packet
/// that has landed meanwhile stays.
#[tokio::test]
async fn too_late_is_too_late() {
    let world = one_shard(|config| config.landing.give_up_after_s = 600).await;
    let party = world.party(2).await;
    let there = world.send(&party, Kind::Lucky, 300, 2).await;
    let lander = LandPaid {
        packets: Arc::clone(&world.app.packets),
        clock: Arc::clone(&world.clock) as _,
        give_up_after: Duration::from_mins(10),
    };
    let created_at = world.app.packets.clock.now();
    let row = |order_no| OutboxRow {
        id: 1,
        payload: format!("{{\"order_no\":\"{order_no}\"}}"),
        created_at,
        attempts: 0,
    };
    world.clock.advance_s(601);
    assert_eq!(lander.deliver(&[row(there)]).await, [Delivered::Done]);
    assert_eq!(state(&world, there).await, Some(StoredState::Open));
    let waiting = pay_only(&world, &party).await.record.order_no;
    assert_eq!(lander.deliver(&[row(waiting)]).await, [Delivered::Done]);
    // Unless the application's own worker, for whom it was early, came first.
    let state = state(&world, waiting).await.unwrap();
    let world = world.restart().await;
    let expected = match state {
        StoredState::GivenUp => vec![TransferKind::Pay, TransferKind::Refund],
        _ => vec![TransferKind::Pay],
    };
    assert_eq!(kinds(&world, waiting).await, expected);
    world.end_and_audit().await;
}

/// A give-up that races a late landing from another node never gives both, nor neither.
#[tokio::test(flavor = "multi_thread")]
async fn giving_up_races_a_late_landing() {
    let world = one_shard(|_| {}).await;
    let party = world.party(2).await;
    let other = world.second_node().await;
    let before = world.balance(party.members[0]).await;
    let mut payments = Vec::new();
    for _ in 0..40 {
        payments.push(pay_only(&world, &party).await);
    }
    let races = payments.iter().cloned().enumerate().map(|(n, payment)| {
        let (here, there) = (Arc::clone(&world.app), Arc::clone(&other));
        tokio::spawn(async move {
            let given_up = here.packets.give_up(&payment);
            let landed = there.packets.land(&payment);
            if n % 2 == 0 {
                let (given_up, landed) = tokio::join!(given_up, landed);
                (given_up.unwrap(), landed.unwrap())
            } else {
                let (landed, given_up) = tokio::join!(landed, given_up);
                (given_up.unwrap(), landed.unwrap())
            }
        })
    });
    let outcomes = futures::future::join_all(races.collect::<Vec<_>>()).await;
    for (payment, outcome) in payments.iter().zip(outcomes) {
        let (given_up, landed) = outcome.unwrap();
        let order_no = payment.record.order_no;
        // The application's own worker may have been quicker than both.
        assert!((given_up, landed) != (Landed::New, Landed::New), "{order_no}");
        match state(&world, order_no).await.unwrap() {
            StoredState::GivenUp => {
                assert_eq!(landed, Landed::Already(StoredState::GivenUp), "{order_no}");
            }
            state => assert_eq!(given_up, Landed::Already(state), "{order_no}"),
        }
    }
    other.shutdown().await;
    let world = world.restart().await;
    let mut lost = 0;
    for payment in &payments {
        let order_no = payment.record.order_no;
        let refunded = kinds(&world, order_no).await.contains(&TransferKind::Refund);
        let given_up = state(&world, order_no).await == Some(StoredState::GivenUp);
        assert_eq!(refunded, given_up, "{order_no}");
        lost += if given_up { 0 } else { 700 };
    }
    let spent = before.checked_sub(world.balance(party.members[0]).await);
    assert_eq!(spent, Fen::new(lost));
    world.end_and_audit().await;
}
