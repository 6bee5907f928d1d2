//! Somebody leaves, or has to, while packets are open (R-PEOPLE-2, R-OPEN-1).

use crate::world::World;
use hongbao_engine::packets::Paid;
use hongbao_shared::{
    ErrorCode, Fen, Kind,
    api::{
        groups::{JoinRequest, MessageBody},
        packets::PayRequest,
    },
};

#[tokio::test]
async fn whoever_is_removed_keeps_their_share_and_sees_nothing_more() {
    let world = World::new().await;
    let party = world.party(4).await;
    let [owner, keeper, holder, witness] = party.members[..] else { panic!("four") };
    let order_no = world.send(&party, Kind::Equal, 100, 4).await;
    let opened = world.open(keeper, order_no).await.unwrap();
    let ticket = world.ticket(holder, order_no).await;
    let groups = &world.app.groups;
    for member in [keeper, holder] {
        groups.remove(owner, party.group, member).await.unwrap();
    }

    let packets = &world.app.packets;
    let no_packet = ErrorCode::PacketNotFound;
    for gone in [keeper, holder] {
        assert_eq!(packets.grab(gone, order_no).await.unwrap_err().code, no_packet);
        assert_eq!(packets.details(gone, order_no).await.unwrap_err().code, no_packet);
        assert_eq!(packets.claims(gone, order_no, None).await.unwrap_err().code, no_packet);
    }
    // Grabbed in time, removed before it was opened.
    let late = packets.open(holder, order_no, &ticket).await;
    assert_eq!(late.unwrap_err().code, no_packet);
    let details = world.details(witness, order_no).await;
    assert_eq!(details.claimed, 1);

    // By invitation, the ticket holds again.
    let code = groups.invite(witness, party.group).await.unwrap().code;
    let request = JoinRequest { code };
    groups.join(holder, &request).await.unwrap();
    let second = packets.open(holder, order_no, &ticket).await.unwrap();
    let amounts = [opened.amount_fen, second.amount_fen];
    let world = world.restart().await;
    assert_eq!(world.balance(keeper).await, amounts[0]);
    assert_eq!(world.balance(holder).await, amounts[1]);
    assert_eq!(amounts, [Fen::new(25).unwrap(); 2]);
    world.end_and_audit().await;
}

/// A packet that is paid lands and is posted, whoever is in its group by then.
#[tokio::test]
async fn a_paid_packet_lands_in_a_group_that_its_sender_has_left() {
    let world = World::new().await;
    let party = world.party(2).await;
    let [sender, other] = party.members[..] else { panic!("two") };
    let unpaid = {
        let request = crate::world::request(&party, Kind::Lucky, 100, 2);
        world.app.packets.pre_order(sender, request).await.unwrap().order_no
    };
    let order_no = world.send(&party, Kind::Lucky, 100, 2).await;
    let before = world.balance(sender).await;
    world.app.groups.remove(sender, party.group, sender).await.unwrap();
    let pay = world.app.packets.pay(sender, unpaid, PayRequest::default()).await;
    assert_eq!(pay.unwrap_err().code, ErrorCode::GroupNotFound);
    assert_eq!(world.balance(sender).await, before);

    world.open(other, order_no).await.unwrap();
    let world = world.restart().await;
    let groups = &world.app.groups;
    let page = groups.messages(other, party.group, None, None, &*world.app.packets).await.unwrap();
    let posted = page.items.iter().any(|message| match &message.body {
        MessageBody::Packet { packet } => packet.order_no == order_no,
        _ => false,
    });
    assert!(posted, "{page:?}");
    assert_eq!(groups.get(other, party.group).await.unwrap().owner_id, other);
    world.end_and_audit().await;
}

/// What is paid is paid: whoever pays again after they were removed hears that it is on its way, not
/// that there is no such packet.
#[tokio::test]
async fn a_payment_is_not_denied_to_whoever_was_removed() {
    let world = World::new().await;
    let party = world.party(2).await;
    let sender = party.members[0];
    let request = crate::world::request(&party, Kind::Lucky, 100, 2);
    let order_no = world.app.packets.pre_order(sender, request).await.unwrap().order_no;
    let pay = async || world.app.packets.pay(sender, order_no, PayRequest::default()).await;
    assert!(matches!(pay().await.unwrap(), Paid::Landed(_)));
    world.app.groups.remove(sender, party.group, sender).await.unwrap();
    let again = pay().await.unwrap();
    assert!(matches!(again, Paid::Landing(_)), "{again:?}");
    world.end_and_audit().await;
}
