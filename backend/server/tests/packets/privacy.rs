//! While a packet is open, nobody learns more than they may (R-OPEN-5, R-FAIR-5).

use crate::world::World;
use hongbao_shared::{ErrorCode, Fen, Kind, api::packets::GrabState};

#[tokio::test]
async fn amounts_are_for_those_who_opened() {
    let world = World::new().await;
    let party = world.party(4).await;
    let order_no = world.send(&party, Kind::Lucky, 77_777, 4).await;
    let (sender, lucky, other) = (party.members[0], party.members[1], party.members[2]);
    let opened = world.open(lucky, order_no).await.unwrap();

    let details = world.details(lucky, order_no).await;
    assert_eq!(details.claims.unwrap()[0].amount_fen, opened.amount_fen);
    assert_eq!(details.claimed_fen, Some(opened.amount_fen));
    assert_eq!(details.total_fen, Fen::new(77_777));
    assert_eq!((details.openers, details.fairness.server_seed), (None, None));

    // What is left would tell a sender whether it is worth to open now, so they see who.
    let details = world.details(sender, order_no).await;
    assert_eq!((details.claims, details.claimed_fen), (None, None));
    assert_eq!((details.claimed, details.total_fen), (1, Fen::new(77_777)));
    let openers = details.openers.unwrap();
    assert_eq!((openers.len(), openers[0].seq, openers[0].user.id), (1, 0, lucky));
    let claims = world.app.packets.claims(sender, order_no, None).await;
    assert_eq!(claims.unwrap_err().code, ErrorCode::Forbidden);

    let details = world.details(other, order_no).await;
    assert_eq!((details.claims, details.claimed_fen, details.total_fen), (None, None, None));
    assert_eq!((details.claimed, details.openers), (1, None));
    let text = serde_json::to_string(&world.details(other, order_no).await).unwrap();
    let amount = opened.amount_fen.get().to_string();
    assert!(!text.contains("77777") && !text.contains(&format!(":{amount}")), "{text}");
    let claims = world.app.packets.claims(other, order_no, None).await;
    assert_eq!(claims.unwrap_err().code, ErrorCode::Forbidden);
    let messages =
        world.app.groups.messages(other, party.group, None, None, &*world.app.packets).await;
    let text = serde_json::to_string(&messages.unwrap()).unwrap();
    assert!(!text.contains("_fen"), "{text}");

    // After the end, everyone in the group.
    for member in [sender, other, party.members[3]] {
        world.open(member, order_no).await.unwrap();
    }
    for reader in [sender, other] {
        let details = world.details(reader, order_no).await;
        assert_eq!((details.claims.unwrap().len(), details.openers), (4, None));
    }
    let details = world.details(other, order_no).await;
    assert!(details.fairness.server_seed.is_some());
    world.end_and_audit().await;
}

/// To whoever is not in the group, there is no such packet (R-OPEN-1).
#[tokio::test]
async fn outsiders_see_nothing() {
    let world = World::new().await;
    let party = world.party(2).await;
    let order_no = world.send(&party, Kind::Lucky, 200, 2).await;
    let ticket = world.ticket(party.members[1], order_no).await;
    let outsider = world.app.accounts.guest("outsider", "").await.unwrap().user.id;
    let packets = &world.app.packets;
    let no_packet = ErrorCode::PacketNotFound;
    assert_eq!(packets.grab(outsider, order_no).await.unwrap_err().code, no_packet);
    assert_eq!(packets.details(outsider, order_no).await.unwrap_err().code, no_packet);
    assert_eq!(packets.claims(outsider, order_no, None).await.unwrap_err().code, no_packet);
    let stolen = packets.open(outsider, order_no, &ticket).await;
    assert_eq!(stolen.unwrap_err().code, ErrorCode::TicketInvalid);
    world.end_and_audit().await;
}

#[tokio::test]
async fn an_exclusive_packet_is_for_one() {
    let world = World::new().await;
    let party = world.party(3).await;
    let order_no = world.send(&party, Kind::Exclusive, 520, 1).await;
    let packets = &world.app.packets;
    for stranger in [party.members[0], party.members[2]] {
        let grabbed = packets.grab(stranger, order_no).await.unwrap();
        assert_eq!(grabbed.state, GrabState::NotForYou);
        let forged = packets.tickets.issue(order_no, stranger, packets.clock.now());
        let refused = packets.open(stranger, order_no, &forged).await.unwrap_err();
        assert_eq!(refused.code, ErrorCode::PacketNotForYou);
    }
    let opened = world.open(party.members[1], order_no).await.unwrap();
    assert_eq!(opened.amount_fen, Fen::new(520).unwrap());
    world.end_and_audit().await;
}

/// A stolen database or cache tells nothing of what is still to come.
#[tokio::test]
async fn seeds_are_sealed_at_rest() {
    let world = World::new().await;
    let party = world.party(2).await;
    let order_no = world.send(&party, Kind::Lucky, 200, 2).await;
    for member in &party.members {
        world.open(*member, order_no).await.unwrap();
    }
    let details = world.details(party.members[0], order_no).await;
    let seed = details.fairness.server_seed.unwrap();
    let folder = world.folder.path().join("db");
    world.app.shutdown().await;
    let mut files = 0;
    for file in std::fs::read_dir(folder).unwrap() {
        let bytes = std::fs::read(file.unwrap().path()).unwrap();
        let hex = seed.to_hex();
        assert!(!bytes.windows(32).any(|window| window == seed.bytes()));
        assert!(!bytes.windows(64).any(|window| window == hex.as_bytes()));
        files += 1;
    }
    assert!(files >= 11, "all databases were searched");
}
