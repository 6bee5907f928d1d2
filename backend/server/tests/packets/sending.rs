//! Pre-order, pay, land (R-SEND).

use crate::{
    common::fragile::Fragile,
    world::{World, request},
};
use hongbao_engine::packets::Paid;
use hongbao_shared::{
    ErrorCode, Fen, Kind, Timestamp,
    api::packets::{PacketState, PayRequest},
    fairness::{ClientSeed, Commitment},
};
use std::sync::Arc;

fn seed(hex: &str) -> PayRequest {
    PayRequest { client_seed: Some(hex.to_owned()) }
}

#[tokio::test]
async fn paying_again_answers_the_same_and_moves_nothing() {
    let world = World::new().await;
    let party = world.party(2).await;
    let sender = party.members[0];
    let packets = &world.app.packets;
    let before = world.balance(sender).await;
    let order = packets.pre_order(sender, request(&party, Kind::Lucky, 1_000, 2)).await.unwrap();
    assert_eq!(world.balance(sender).await, before, "a pre-order moves nothing");
    let first = packets.pay(sender, order.order_no, seed("00ff")).await.unwrap();
    let Paid::Landed(first) = first else { panic!("landed at once") };
    assert_eq!(first.state, PacketState::Open);
    assert_eq!(first.fairness.commitment, order.commitment);
    assert_eq!(first.fairness.client_seed, ClientSeed::from_hex("00ff").unwrap());
    for again in [seed("00ff"), PayRequest::default()] {
        let Paid::Landed(again) = packets.pay(sender, order.order_no, again).await.unwrap() else {
            panic!("landed before")
        };
        assert_eq!(again, first);
    }
    let other = packets.pay(sender, order.order_no, seed("00fe")).await.unwrap_err();
    assert_eq!(other.code, ErrorCode::ClientSeedDiffers);
    let stranger = packets.pay(party.members[1], order.order_no, seed("00ff")).await.unwrap_err();
    assert_eq!(stranger.code, ErrorCode::PreOrderExpired);
    assert_eq!(before.checked_sub(world.balance(sender).await), Fen::new(1_000));
    world.end_and_audit().await;
}

/// R-API-4, R-WEB-7: what was told is what is taken, whatever the setting says by then.
#[tokio::test]
async fn a_fee_is_that_of_the_pre_order() {
    let shared = Arc::new(Fragile::new());
    let world =
        World::with(|config| config.treasury.fee_bp = 100, Some(Arc::clone(&shared) as _)).await;
    let party = world.party(2).await;
    let sender = party.members[0];
    let before = world.balance(sender).await;
    let packets = &world.app.packets;
    let asked = request(&party, Kind::Lucky, 750, 2);
    let order = packets.pre_order(sender, asked.clone()).await.unwrap();
    assert_eq!(order.fee_fen, Fen::new(8).unwrap());
    let world = world.restart_with(|config| config.treasury.fee_bp = 0, shared).await;
    let packets = &world.app.packets;
    let free = packets.pre_order(sender, asked).await.unwrap();
    for (order_no, fee) in [(order.order_no, 8), (order.order_no, 8), (free.order_no, 0)] {
        let Paid::Landed(paid) = packets.pay(sender, order_no, seed("aa")).await.unwrap() else {
            panic!("landed at once")
        };
        assert_eq!(paid.fee_fen, Fen::new(fee));
    }
    assert_eq!(before.checked_sub(world.balance(sender).await), Fen::new(2 * 750 + 8));
    world.end_and_audit().await;
}

#[tokio::test]
async fn paying_twice_at_once_pays_once() {
    let world = World::new().await;
    let party = world.party(1).await;
    let sender = party.members[0];
    let packets = &world.app.packets;
    let before = world.balance(sender).await;
    let order = packets.pre_order(sender, request(&party, Kind::Lucky, 500, 5)).await.unwrap();
    let (one, two, three) = tokio::join!(
        packets.pay(sender, order.order_no, seed("aa")),
        packets.pay(sender, order.order_no, seed("aa")),
        packets.pay(sender, order.order_no, seed("bb")),
    );
    let outcomes = [one, two, three];
    let differs = |outcome: &&Result<Paid, hongbao_domain::Refusal>| {
        outcome.as_ref().is_err_and(|refusal| refusal.code == ErrorCode::ClientSeedDiffers)
    };
    let refused = outcomes.iter().filter(differs).count();
    assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count() + refused, 3);
    assert!((1..=2).contains(&refused), "one of the two seeds won");
    assert_eq!(before.checked_sub(world.balance(sender).await), Fen::new(500));
    world.end_and_audit().await;
}

#[tokio::test]
async fn a_wallet_that_is_too_small_pays_nothing() {
    let world = World::new().await;
    let party = world.party(2).await;
    let poor = party.members[1];
    let packets = &world.app.packets;
    let order = packets.pre_order(poor, request(&party, Kind::Lucky, 100, 1)).await.unwrap();
    let refused = packets.pay(poor, order.order_no, PayRequest::default()).await.unwrap_err();
    assert_eq!(refused.code, ErrorCode::InsufficientBalance);
    assert_eq!(
        packets.details(poor, order.order_no).await.unwrap_err().code,
        ErrorCode::PacketNotFound
    );
    // With money, the same pre-order can be paid.
    let limits = hongbao_shared::Limits::default();
    world.app.ledger.top_up(poor, 100, "k", &limits).await.unwrap();
    packets.pay(poor, order.order_no, PayRequest::default()).await.unwrap();
    world.end_and_audit().await;
}

#[tokio::test]
async fn a_pre_order_ends_after_a_quarter_of_an_hour() {
    let world = World::new().await;
    let party = world.party(1).await;
    let sender = party.members[0];
    let packets = &world.app.packets;
    let order = packets.pre_order(sender, request(&party, Kind::Lucky, 100, 1)).await.unwrap();
    world.clock.advance_s(15 * 60);
    let refused = packets.pay(sender, order.order_no, PayRequest::default()).await.unwrap_err();
    assert_eq!(refused.code, ErrorCode::PreOrderExpired);
    assert!(order.expires_at > Timestamp::from_millis(0));
    assert_ne!(order.commitment, Commitment::from_bytes([0; 32]));
    world.end_and_audit().await;
}

#[tokio::test]
async fn only_members_send_and_only_to_members() {
    let world = World::new().await;
    let party = world.party(2).await;
    let outsider = world.app.accounts.guest("outsider", "").await.unwrap().user.id;
    let packets = &world.app.packets;
    let lucky = request(&party, Kind::Lucky, 100, 1);
    let refused = packets.pre_order(outsider, lucky).await.unwrap_err();
    assert_eq!(refused.code, ErrorCode::GroupNotFound);
    for recipient in [outsider, party.members[0]] {
        let mut exclusive = request(&party, Kind::Exclusive, 100, 1);
        exclusive.recipient_id = Some(recipient);
        let refused = packets.pre_order(party.members[0], exclusive).await.unwrap_err();
        assert_eq!(refused.code, ErrorCode::RecipientInvalid);
    }
    world.end_and_audit().await;
}

/// Giving up and landing exclude each other for ever, whichever comes first
/// (R-SEND-2).
#[tokio::test]
async fn a_tombstone_sends_the_money_back_and_stays() {
    let world = World::new().await;
    let party = world.party(2).await;
    let sender = party.members[0];
    let before = world.balance(sender).await;
    let landed = world.send(&party, Kind::Lucky, 300, 2).await;
    let payment = world.app.ledger.payment(landed).await.unwrap().unwrap();
    world.app.packets.give_up(&payment).await.unwrap();
    assert_eq!(world.details(sender, landed).await.state, PacketState::Open, "it had landed");

    let packets = &world.app.packets;
    let order = packets.pre_order(sender, request(&party, Kind::Lucky, 700, 2)).await.unwrap();
    let record = packets.sending.pre_order(order.order_no, packets.clock.now()).await;
    let payment = hongbao_domain::record::Payment {
        record: record.unwrap().unwrap(),
        client_seed: vec![7],
        paid_at: packets.clock.now(),
    };
    // Given up before it could land: as if the shard had been away for long.
    packets.give_up(&payment).await.unwrap();
    world.app.ledger.pay(payment).await.unwrap();
    let refused = packets.pay(sender, order.order_no, PayRequest::default()).await.unwrap_err();
    assert_eq!(refused.code, ErrorCode::PacketGivenUp);
    let world = world.restart().await;
    let refused =
        world.app.packets.pay(sender, order.order_no, PayRequest::default()).await.unwrap_err();
    assert_eq!(refused.code, ErrorCode::PacketGivenUp);
    assert_eq!(before.checked_sub(world.balance(sender).await), Fen::new(300));
    world.end_and_audit().await;
}
