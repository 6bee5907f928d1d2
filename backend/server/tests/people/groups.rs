use super::{EvenIsOpen, World, order_no, refused, settings};
use hongbao_domain::store::{Database as _, people::PacketPost};
use hongbao_shared::{
    ErrorCode, GroupId, Kind, Limits, MessageId, UserId,
    api::groups::{
        CardProgress, CardState, JoinRequest, Message, MessageBody, NewGroup, NewMessage,
    },
};
use std::sync::Arc;

fn words(text: &str) -> NewMessage {
    NewMessage { text: text.to_owned(), key: None }
}

fn packet(sequence: u64, group_id: GroupId, sender_id: UserId) -> PacketPost {
    PacketPost {
        order_no: order_no(sequence),
        group_id,
        sender_id,
        kind: Kind::Lucky,
        greeting: "恭喜发财".to_owned(),
        cover: "lantern".to_owned(),
        recipient_id: None,
        at: "2016-02-07T12:00:01.000Z".parse().unwrap(),
    }
}

/// The whole log, the newest first, in pages of `limit`.
async fn log(world: &World, user: UserId, group: GroupId, limit: u32) -> Vec<Message> {
    let mut all = Vec::new();
    let mut cursor: Option<String> = None;
    loop {
        let page = world
            .groups
            .messages(user, group, cursor.as_deref(), Some(limit), &EvenIsOpen)
            .await
            .unwrap();
        assert!(page.items.len() <= limit as usize);
        all.extend(page.items);
        cursor = page.next_cursor;
        if cursor.is_none() {
            return all;
        }
    }
}

#[tokio::test]
async fn a_group_grows_by_invitation() {
    let world = World::new().await;
    let (ann, bob) = (world.guest("Ann").await, world.guest("Bob").await);
    let group = world.group(ann).await;
    assert_eq!((group.owner_id, group.members.len()), (ann, 1));
    let invitation = world.groups.invite(ann, group.id).await.unwrap();
    let join = JoinRequest { code: invitation.code.clone() };
    let joined = world.groups.join(bob, &join).await.unwrap();
    let names: Vec<_> = joined.members.iter().map(|member| member.name.as_str()).collect();
    assert_eq!(names, ["Ann", "Bob"]);
    // Again: the same group, and no second line in the log.
    assert_eq!(world.groups.join(bob, &join).await.unwrap(), joined);
    assert_eq!(world.groups.get(bob, group.id).await.unwrap(), joined);
    let log = log(&world, bob, group.id, 10).await;
    assert_eq!(log.len(), 2);
    assert_eq!((log[0].id.get(), log[0].user.id, &log[0].body), (2, bob, &MessageBody::Joined));
    assert_eq!((log[1].id.get(), log[1].user.id, &log[1].body), (1, ann, &MessageBody::Created));
    // Every invitation is a new code, so that each can be revoked (R-PEOPLE-5).
    assert_ne!(world.groups.invite(ann, group.id).await.unwrap(), invitation);
    assert_ne!(world.groups.invite(bob, group.id).await.unwrap().code, invitation.code);
}

#[tokio::test]
async fn an_invitation_ends_after_seven_days() {
    let world = World::new().await;
    let (ann, bob) = (world.guest("Ann").await, world.guest("Bob").await);
    let group = world.group(ann).await.id;
    let code = world.groups.invite(ann, group).await.unwrap().code;
    for wrong in ["", "nonsense", "\0", &"x".repeat(100_000)] {
        let join = JoinRequest { code: wrong.to_owned() };
        refused(world.groups.join(bob, &join).await, ErrorCode::InvitationInvalid);
    }
    world.clock.advance_s(7 * 24 * 60 * 60);
    let join = JoinRequest { code };
    refused(world.groups.join(bob, &join).await, ErrorCode::InvitationInvalid);
    let fresh = world.groups.invite(ann, group).await.unwrap();
    assert_ne!(fresh.code, join.code);
    world.groups.join(bob, &JoinRequest { code: fresh.code }).await.unwrap();
}

#[tokio::test]
async fn whoever_is_not_in_a_group_finds_none() {
    let world = World::new().await;
    let (ann, eve) = (world.guest("Ann").await, world.guest("Eve").await);
    let real = world.group(ann).await.id;
    world.groups.post_text(ann, real, words("secret")).await.unwrap();
    let imaginary = GroupId::new(7).unwrap();
    let groups = &world.groups;
    for group in [real, imaginary] {
        refused(groups.get(eve, group).await, ErrorCode::GroupNotFound);
        refused(groups.invite(eve, group).await, ErrorCode::GroupNotFound);
        refused(groups.post_text(eve, group, words("hi")).await, ErrorCode::GroupNotFound);
        let page = groups.messages(eve, group, None, None, &EvenIsOpen).await;
        refused(page, ErrorCode::GroupNotFound);
        assert!(!groups.is_member(group, eve).await.unwrap());
    }
    refused(groups.members(imaginary).await, ErrorCode::GroupNotFound);
    assert!(groups.list(eve, &EvenIsOpen).await.unwrap().is_empty());
    // Heard "no" a moment ago, in a moment a member.
    world.join(eve, ann, real).await;
    assert!(groups.is_member(real, eve).await.unwrap());
    assert_eq!(groups.members(real).await.unwrap().ids().len(), 2);
}

#[tokio::test]
async fn members_are_known_without_the_database() {
    let world = World::new().await;
    let (group, people) = world.group_of(3).await;
    assert!(world.groups.is_member(group, people[0]).await.unwrap());
    let late = world.guest("Late").await;
    world.join(late, people[0], group).await;
    world.database.close().await;
    for member in people.into_iter().chain([late]) {
        assert!(world.groups.is_member(group, member).await.unwrap());
    }
    let stranger = UserId::new(1).unwrap();
    refused(world.groups.is_member(group, stranger).await, ErrorCode::Unavailable);
}

#[tokio::test(flavor = "multi_thread")]
async fn five_hundred_join_at_once_and_the_limit_holds() {
    let limits = Limits { group_members_max: 100, ..Limits::default() };
    let world = World::with(limits, settings()).await;
    let owner = world.guest("Owner").await;
    let group = world.group(owner).await.id;
    let code = world.groups.invite(owner, group).await.unwrap().code;
    let mut guests = Vec::new();
    for number in 0..500 {
        guests.push(world.guest(&format!("guest {number}")).await);
    }
    let tasks: Vec<_> = guests
        .into_iter()
        .map(|guest| {
            let (groups, code) = (Arc::clone(&world.groups), code.clone());
            tokio::spawn(async move { (guest, groups.join(guest, &JoinRequest { code }).await) })
        })
        .collect();
    let mut joined = Vec::new();
    for task in tasks {
        let (guest, result) = task.await.unwrap();
        match result {
            Ok(_) => joined.push(guest),
            Err(refusal) => assert_eq!(refusal.code, ErrorCode::GroupFull),
        }
    }
    assert_eq!(joined.len(), 99);
    let members = world.groups.get(owner, group).await.unwrap().members;
    assert_eq!((members.len(), members[0].id), (100, owner));
    let mut expected = joined;
    expected.push(owner);
    expected.sort_unstable();
    assert_eq!(world.groups.members(group).await.unwrap().ids(), expected);
    // One line each, without gaps.
    let log = log(&world, owner, group, 7).await;
    let ids: Vec<_> = log.iter().map(|message| message.id.get()).collect();
    assert_eq!(ids, (1..=100).rev().collect::<Vec<_>>());
}

#[tokio::test]
async fn names_and_words_that_are_not_ones_are_refused() {
    let world = World::new().await;
    let ann = world.guest("Ann").await;
    for name in ["", " ", "a\nb", &"长".repeat(31)] {
        let new = NewGroup { name: name.to_owned() };
        refused(world.groups.create(ann, new).await, ErrorCode::GroupNameInvalid);
    }
    let group = world.group(ann).await.id;
    for text in ["", " \n ", "a\u{0}b", "a\u{202e}b", &"长".repeat(1001)] {
        let posted = world.groups.post_text(ann, group, words(text)).await;
        refused(posted, ErrorCode::MessageInvalid);
    }
    for key in ["", "with space", "键", &"k".repeat(65)] {
        let new = NewMessage { text: "hi".to_owned(), key: Some(key.to_owned()) };
        refused(world.groups.post_text(ann, group, new).await, ErrorCode::KeyInvalid);
    }
    assert_eq!(log(&world, ann, group, 10).await.len(), 1);
}

#[tokio::test]
async fn a_log_is_read_in_pages_and_foreign_cursors_are_refused() {
    let world = World::new().await;
    let (group, people) = world.group_of(2).await;
    for number in 0..10 {
        let posted = world.groups.post_text(people[1], group, words(&format!("{number}"))).await;
        assert_eq!(posted.unwrap().id.get(), number + 3);
    }
    let whole = log(&world, people[0], group, 100).await;
    assert_eq!(whole.len(), 12);
    for limit in [1, 3, 12] {
        assert_eq!(log(&world, people[0], group, limit).await, whole);
    }
    let page = world.groups.messages(people[0], group, None, Some(0), &EvenIsOpen).await.unwrap();
    assert_eq!(page.items.len(), 1);
    for cursor in ["", "5", "bQAAAAAAAAAB=", "cwAAAAAAAAAB", "bf__________", "…"] {
        let page = world.groups.messages(people[0], group, Some(cursor), None, &EvenIsOpen).await;
        refused(page, ErrorCode::InvalidCursor);
    }
}

#[tokio::test]
async fn a_packet_is_posted_once_and_shown_as_its_reader_may_see_it() {
    let world = World::new().await;
    let (group, people) = world.group_of(3).await;
    let (_listener, mut growth) = world.groups.wakes().listen(people[2], Some(group)).unwrap();
    let lucky = packet(2, group, people[0]);
    world.groups.post_packets(vec![lucky.clone()]).await.unwrap();
    world.groups.post_packets(vec![lucky.clone()]).await.unwrap();
    growth.grown().await;
    assert_eq!(growth.newest(), MessageId::new(4));
    let exclusive = PacketPost {
        kind: Kind::Exclusive,
        greeting: String::new(),
        recipient_id: Some(people[2]),
        ..packet(3, group, people[1])
    };
    world.groups.post_packets(vec![exclusive]).await.unwrap();
    let other = PacketPost { greeting: "other".to_owned(), ..lucky.clone() };
    refused(world.groups.post_packets(vec![other]).await, ErrorCode::KeyReused);
    let lost = packet(4, GroupId::new(7).unwrap(), people[0]);
    refused(world.groups.post_packets(vec![lost]).await, ErrorCode::GroupNotFound);

    let log = log(&world, people[2], group, 100).await;
    let cards: Vec<_> = log
        .iter()
        .filter_map(|message| match &message.body {
            MessageBody::Packet { packet } => Some((message, packet)),
            _ => None,
        })
        .collect();
    assert_eq!(cards.len(), 2);
    let (message, card) = cards[1];
    assert_eq!((message.id.get(), message.user.id), (4, people[0]));
    assert_eq!((card.order_no, card.state), (lucky.order_no, CardState::Open));
    assert_eq!(card.progress, Some(CardProgress { shares: 100, claimed: 2 }));
    assert_eq!((card.greeting.as_str(), card.cover.as_str()), ("恭喜发财", "lantern"));
    assert_eq!(card.recipient, None);
    let (message, card) = cards[0];
    assert_eq!((message.id.get(), message.user.id), (5, people[1]));
    assert_eq!(card.recipient.as_ref().unwrap().name, "guest 2");
    assert_eq!(card.state, CardState::Finished);

    let dress = world.groups.packet_dress(lucky.order_no).await.unwrap().unwrap();
    assert_eq!((dress.greeting, dress.cover), (lucky.greeting, lucky.cover));
    assert!(world.groups.packet_dress(order_no(99)).await.unwrap().is_none());
}

#[tokio::test]
async fn ones_groups_are_listed_with_faces_and_the_newest_message() {
    let world = World::new().await;
    let (large, people) = world.group_of(12).await;
    world.clock.advance_s(10);
    let quiet = world.group(people[0]).await.id;
    world.clock.advance_s(10);
    let busy = world.group(people[0]).await.id;
    world.join(people[5], people[0], busy).await;
    world.groups.post_packets(vec![packet(2, large, people[3])]).await.unwrap();

    let list = world.groups.list(people[0], &EvenIsOpen).await.unwrap();
    let ids: Vec<_> = list.iter().map(|group| group.id).collect();
    assert_eq!(ids, [busy, quiet, large]);
    let counts: Vec<_> = list.iter().map(|g| (g.member_count, g.faces.len())).collect();
    assert_eq!(counts, [(2, 2), (1, 1), (12, 9)]);
    let faces: Vec<_> = list[2].faces.iter().map(|face| face.id).collect();
    assert_eq!(faces, people[..9]);
    assert_eq!(list[0].last_message.as_ref().unwrap().body, MessageBody::Joined);
    assert_eq!(list[1].last_message.as_ref().unwrap().body, MessageBody::Created);
    let newest = list[2].last_message.as_ref().unwrap();
    assert_eq!((newest.id.get(), newest.user.id), (13, people[3]));
    assert!(matches!(newest.body, MessageBody::Packet { .. }));
    assert_eq!(world.groups.list(people[1], &EvenIsOpen).await.unwrap().len(), 1);
}
