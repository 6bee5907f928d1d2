//! Leaving, removing, looking at invitations, reading, muting (R-PEOPLE-2).

use super::{EvenIsOpen, World, refused};
use hongbao_shared::{
    ErrorCode, GroupId, MessageId,
    api::groups::{JoinRequest, MessageBody, NewMessage},
};
use std::sync::Arc;

#[tokio::test]
async fn whoever_is_removed_is_no_member_at_once() {
    let world = World::new().await;
    let (group, people) = world.group_of(3).await;
    let [owner, first, second] = people[..] else { panic!("three") };
    let groups = &world.groups;
    let held = groups.members(group).await.unwrap();
    for member in &people {
        assert!(groups.is_member(group, *member).await.unwrap());
    }
    refused(groups.remove(first, group, second).await, ErrorCode::NotOwner);
    let eve = world.guest("Eve").await;
    refused(groups.remove(eve, group, second).await, ErrorCode::GroupNotFound);
    refused(groups.remove(owner, group, eve).await, ErrorCode::MemberNotFound);
    refused(groups.remove(owner, GroupId::new(7).unwrap(), owner).await, ErrorCode::GroupNotFound);

    let (_ear, mut growth) = groups.wakes().listen(owner, Some(group)).unwrap();
    let (removed, _) = groups.wakes().listen(first, None).unwrap();
    groups.remove(owner, group, first).await.unwrap();
    growth.grown().await;
    assert_eq!(growth.newest(), MessageId::new(4));
    removed.hinted().await;
    assert!(removed.take_hints().contains(&group), "whoever was removed looks again");
    assert!(!held.contains(first), "also for those who held the list");
    assert!(!groups.is_member(group, first).await.unwrap());
    refused(groups.get(first, group).await, ErrorCode::GroupNotFound);
    refused(groups.messages(first, group, None, None, &EvenIsOpen).await, ErrorCode::GroupNotFound);
    let words = NewMessage { text: "hi".to_owned(), key: None };
    refused(groups.post_text(first, group, words).await, ErrorCode::GroupNotFound);
    refused(groups.read(first, group, MessageId::new(1).unwrap()).await, ErrorCode::GroupNotFound);
    refused(groups.mute(first, group, true).await, ErrorCode::GroupNotFound);
    groups.remove(second, group, second).await.unwrap();

    let page = groups.messages(owner, group, None, Some(2), &EvenIsOpen).await.unwrap();
    let by = world.accounts.profile(owner).await;
    let bodies: Vec<_> = page.items.iter().map(|m| (m.user.id, &m.body)).collect();
    assert_eq!(bodies, [(second, &MessageBody::Left), (first, &MessageBody::Removed { by })]);

    // By invitation only, and then at once.
    world.join(first, owner, group).await;
    assert!(groups.is_member(group, first).await.unwrap());
    let members: Vec<_> =
        groups.get(first, group).await.unwrap().members.iter().map(|member| member.id).collect();
    assert_eq!(members, [owner, first]);
    groups.remove(owner, group, owner).await.unwrap();
    assert_eq!(groups.get(first, group).await.unwrap().owner_id, first);
}

/// However joining and leaving interleave, this node's memory agrees with the database
/// in the end.
#[tokio::test(flavor = "multi_thread")]
async fn memory_follows_those_who_come_and_go_at_once() {
    let world = World::new().await;
    let (group, people) = world.group_of(8).await;
    let code = world.groups.invite(people[0], group).await.unwrap().code;
    for _ in 0..20 {
        let mut tasks = Vec::new();
        for member in people[1..].iter().copied() {
            let groups = Arc::clone(&world.groups);
            tasks.push(tokio::spawn(
                async move { drop(groups.remove(member, group, member).await) },
            ));
            let (groups, code) = (Arc::clone(&world.groups), code.clone());
            tasks.push(tokio::spawn(async move {
                // Whoever leaves before the answer is made finds no group any more.
                if let Err(refusal) = groups.join(member, &JoinRequest { code }).await {
                    assert_eq!(refusal.code, ErrorCode::GroupNotFound);
                }
            }));
            let groups = Arc::clone(&world.groups);
            tasks.push(tokio::spawn(async move { drop(groups.is_member(group, member).await) }));
        }
        for task in tasks {
            task.await.unwrap();
        }
        let mut stored: Vec<_> = world
            .groups
            .get(people[0], group)
            .await
            .unwrap()
            .members
            .iter()
            .map(|member| member.id)
            .collect();
        stored.sort_unstable();
        assert_eq!(world.groups.members(group).await.unwrap().ids(), stored);
    }
}

#[tokio::test]
async fn an_invitation_can_be_looked_at() {
    let world = World::new().await;
    let (group, people) = world.group_of(12).await;
    let invitation = world.groups.invite(people[3], group).await.unwrap();
    let seen = world.groups.preview(None, &invitation.code).await.unwrap();
    assert_eq!((seen.group_name.as_str(), seen.member_count), ("新年", 12));
    let faces: Vec<_> = seen.faces.iter().map(|face| face.id).collect();
    assert_eq!(faces, people[..9]);
    assert_eq!((seen.inviter.id, seen.expires_at), (people[3], invitation.expires_at));
    assert_eq!(seen.group_id, None);
    let eve = world.guest("Eve").await;
    assert_eq!(world.groups.preview(Some(eve), &invitation.code).await.unwrap(), seen);
    let member = world.groups.preview(Some(people[5]), &invitation.code).await.unwrap();
    assert_eq!(member.group_id, Some(group));
    for wrong in ["", "nonsense", "\0", &"x".repeat(100_000)] {
        refused(world.groups.preview(Some(eve), wrong).await, ErrorCode::InvitationInvalid);
    }
    world.groups.remove(people[3], group, people[3]).await.unwrap();
    refused(world.groups.preview(None, &invitation.code).await, ErrorCode::InvitationInvalid);
}

#[tokio::test]
async fn what_is_read_is_not_unread() {
    let world = World::new().await;
    let (group, people) = world.group_of(2).await;
    let [ann, bob] = people[..] else { panic!("two") };
    let unread = async |reader| world.groups.list(reader, &EvenIsOpen).await.unwrap()[0].unread;
    for number in 0..3 {
        let new = NewMessage { text: format!("{number}"), key: None };
        world.groups.post_text(ann, group, new).await.unwrap();
    }
    assert_eq!([unread(ann).await, unread(bob).await], [0, 3]);
    world.groups.read(bob, group, MessageId::new(4).unwrap()).await.unwrap();
    world.groups.read(bob, group, MessageId::new(1).unwrap()).await.unwrap();
    assert_eq!(unread(bob).await, 1);
    let seen = world.groups.get(bob, group).await.unwrap();
    assert_eq!((seen.read_up_to, seen.muted), (MessageId::new(4), false));
    world.groups.mute(bob, group, true).await.unwrap();
    assert!(world.groups.get(bob, group).await.unwrap().muted);
    assert!(!world.groups.get(ann, group).await.unwrap().muted);
}
