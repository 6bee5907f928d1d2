//! Groups, members and invitations.

use super::{Store, add_group, add_guests, at, group, invite, join, log, text, user};
use hongbao_domain::store::people::{
    InvitationDraft, JoinDraft, ListedInvitation, PeopleError, Removal, Revocation, StoredBody,
    TextDraft,
};
use std::sync::Arc;

on_every_store! {
    a_full_group_stays_full,
    nobody_is_in_too_many_groups,
    a_refused_join_leaves_nothing_behind,
    a_clock_that_is_ahead_ends_no_invitation,
    invitations_are_few_and_end,
}

async fn a_full_group_stays_full(store: Store) {
    add_guests(&store, 60).await;
    add_group(&store, 0, 0).await.unwrap();
    let code = invite(&store, 0, 0).await;
    let tasks: Vec<_> = (1..60)
        .map(|number| {
            let (store, draft) = (Arc::clone(&store), join(&code, number, 10));
            tokio::spawn(async move { store.join(draft).await })
        })
        .collect();
    let mut joined = 0;
    for task in tasks {
        match task.await.unwrap() {
            Ok(_) => joined += 1,
            Err(error) => assert!(matches!(error, PeopleError::GroupFull), "{error}"),
        }
    }
    assert_eq!(joined, 9);
    let members = store.member_ids(group(0), 100).await.unwrap();
    assert_eq!((members.len(), members[0]), (10, user(0)));
    assert_eq!(store.group(group(0)).await.unwrap().unwrap().member_count, 10);
    // Members come again even where the group is full.
    let again = store.join(join(&code, members[9].get(), 10)).await.unwrap();
    assert_eq!((again.group_id, again.message), (group(0), None));
    let faces = store.faces(&[group(1), group(0)], 3).await.unwrap();
    let expected: Vec<_> = members[..3].iter().map(|member| (group(0), *member)).collect();
    assert_eq!(faces, expected);
}

async fn nobody_is_in_too_many_groups(store: Store) {
    add_guests(&store, 2).await;
    let mut codes = Vec::new();
    for number in 0..3 {
        add_group(&store, number, 0).await.unwrap();
        codes.push(invite(&store, number, 0).await);
    }
    assert!(matches!(add_group(&store, 3, 0).await, Err(PeopleError::TooManyGroups)));
    assert!(store.group(group(3)).await.unwrap().is_none());
    let tasks: Vec<_> = (10..15)
        .map(|number| {
            let store = Arc::clone(&store);
            tokio::spawn(async move { add_group(&store, number, 1).await })
        })
        .collect();
    let mut made = 0;
    for task in tasks {
        match task.await.unwrap() {
            Ok(()) => made += 1,
            Err(error) => assert!(matches!(error, PeopleError::TooManyGroups), "{error}"),
        }
    }
    assert_eq!(made, 3);
    assert_eq!(store.groups_of(user(1), 100).await.unwrap().len(), 3);
    assert_eq!(store.groups_of(user(1), 2).await.unwrap().len(), 2);
    assert!(matches!(store.join(join(&codes[0], 1, 10)).await, Err(PeopleError::TooManyGroups)));
}

async fn a_refused_join_leaves_nothing_behind(store: Store) {
    add_guests(&store, 2).await;
    add_group(&store, 0, 0).await.unwrap();
    let code = invite(&store, 0, 0).await;
    for number in 1..=3 {
        add_group(&store, number, 1).await.unwrap();
    }
    assert!(matches!(store.join(join(&code, 1, 10)).await, Err(PeopleError::TooManyGroups)));
    let stored = store.group(group(0)).await.unwrap().unwrap();
    assert_eq!((stored.member_count, stored.newest_id.get()), (1, 1));
    assert!(!store.is_member(group(0), user(1)).await.unwrap());
    let intruder = TextDraft { sender_id: user(1), ..text(0, "hi", None) };
    assert!(matches!(store.post_text(intruder).await, Err(PeopleError::GroupNotFound)));
    let log: Vec<_> = log(&store).await.into_iter().map(|message| message.body).collect();
    assert_eq!(log, [StoredBody::Created]);
}

/// A clock that is ahead, once, takes nobody's valid invitation (R-CTRL-5).
async fn a_clock_that_is_ahead_ends_no_invitation(store: Store) {
    add_guests(&store, 1).await;
    add_group(&store, 0, 0).await.unwrap();
    let draft = |code: &str, now_s| InvitationDraft {
        code: format!("{code:0>16}"),
        group_id: group(0),
        inviter_id: user(0),
        at: at(now_s),
        expires_at: at(now_s + 100),
        per_member_max: 3,
    };
    let first = store.invite(draft("1", 0)).await.unwrap();
    store.invite(draft("2", 5_000)).await.unwrap();
    assert!(store.invitation(&first.code, at(1)).await.unwrap().is_some());
    // They are as few as before: the oldest give way.
    store.invite(draft("3", 10_000)).await.unwrap();
    store.invite(draft("4", 10_001)).await.unwrap();
    assert!(store.invitation(&first.code, at(1)).await.unwrap().is_none());
}

async fn invitations_are_few_and_end(store: Store) {
    add_guests(&store, 3).await;
    add_group(&store, 0, 0).await.unwrap();
    let draft = |code: &str, inviter, now_s| InvitationDraft {
        code: format!("{code:0>16}"),
        group_id: group(0),
        inviter_id: user(inviter),
        at: at(now_s),
        expires_at: at(now_s + 100),
        per_member_max: 2,
    };
    let first = store.invite(draft("1", 0, 0)).await.unwrap();
    let second = store.invite(draft("2", 0, 10)).await.unwrap();
    assert_ne!(second, first);
    // The oldest gives way.
    store.invite(draft("3", 0, 11)).await.unwrap();
    assert!(store.invitation(&first.code, at(11)).await.unwrap().is_none());
    let code = |invitation: &ListedInvitation| invitation.code.clone();
    let listed = store.invitations(group(0), user(0), at(11), 10).await.unwrap();
    assert_eq!(
        listed.iter().map(code).collect::<Vec<_>>(),
        [format!("{:0>16}", 3), second.code.clone()]
    );
    let revocation = |code: &str, by: i64| Revocation {
        code: format!("{code:0>16}"),
        group_id: group(0),
        by: user(by),
        at: at(11),
    };
    let strange = store.revoke(revocation("3", 1)).await;
    assert!(matches!(strange, Err(PeopleError::GroupNotFound)));
    store.revoke(revocation("3", 0)).await.unwrap();
    let again = store.revoke(revocation("3", 0)).await;
    assert!(matches!(again, Err(PeopleError::InvitationInvalid)));
    let first = second;
    let outsider = store.invite(draft("4", 1, 11)).await;
    assert!(matches!(outsider, Err(PeopleError::GroupNotFound)));
    let late = JoinDraft { at: at(110), ..join(&first.code, 1, 10) };
    assert!(matches!(store.join(late).await, Err(PeopleError::InvitationInvalid)));
    let in_time = JoinDraft { at: at(99), ..join(&first.code, 1, 10) };
    let joined = store.join(in_time).await.unwrap();
    assert_eq!(joined.message.map(|message| message.body), Some(StoredBody::Joined));
    let theirs = store.invite(draft("6", 1, 99)).await.unwrap();
    assert!(matches!(
        store.revoke(Revocation { at: at(99), ..revocation("6", 2) }).await,
        Err(PeopleError::GroupNotFound)
    ));
    assert_eq!(store.invitations(group(0), user(0), at(99), 10).await.unwrap().len(), 2);
    assert_eq!(store.invitations(group(0), user(1), at(99), 10).await.unwrap().len(), 1);
    let still = JoinDraft { at: at(99), ..join(&theirs.code, 2, 10) };
    store.join(still).await.unwrap();
    let not_theirs = store.revoke(Revocation { at: at(99), ..revocation("6", 2) }).await;
    assert!(matches!(not_theirs, Err(PeopleError::NotOwner)));
    // Whoever is removed may know any code.
    store
        .remove(Removal { group_id: group(0), user_id: user(2), by: user(0), at: at(99) })
        .await
        .unwrap();
    assert!(store.invitation(&theirs.code, at(99)).await.unwrap().is_none());
}
