//! Leaving, being removed, reading, muting and pinning.

use super::{Store, add_full_group, add_group, at, group, invite, join, log, text, user};
use hongbao_domain::store::people::{InvitationDraft, PeopleError, Place, Removal, StoredBody};
use hongbao_shared::MessageId;
use std::sync::Arc;

on_every_store! {
    members_leave_and_are_removed,
    an_owner_is_followed_by_the_earliest,
    everyone_may_leave_at_once,
    whoever_has_left_invites_nobody,
    reading_never_goes_back,
    muting_is_ones_own,
    pins_are_ones_own_and_stand_first,
}

fn removal(by: i64, number: i64) -> Removal {
    Removal { group_id: group(0), user_id: user(number), by: user(by), at: at(9) }
}

/// R-PEOPLE-2
async fn members_leave_and_are_removed(store: Store) {
    add_full_group(&store, 4).await;
    for (by, number) in [(9, 9), (9, 1), (9, 0)] {
        let refused = store.remove(removal(by, number)).await;
        assert!(matches!(refused, Err(PeopleError::GroupNotFound)), "{by} {number}");
    }
    for number in [0, 2, 9] {
        let refused = store.remove(removal(1, number)).await;
        assert!(matches!(refused, Err(PeopleError::NotOwner)), "{number}");
    }
    assert!(matches!(store.remove(removal(0, 9)).await, Err(PeopleError::MemberNotFound)));
    assert_eq!(log(&store).await.len(), 4, "refusals say nothing");

    let left = store.remove(removal(1, 1)).await.unwrap();
    assert_eq!((left.sender_id, left.body.clone()), (user(1), StoredBody::Left));
    let removed = store.remove(removal(0, 2)).await.unwrap();
    assert_eq!((removed.sender_id, removed.at), (user(2), at(9)));
    assert_eq!(removed.body, StoredBody::Removed { by: user(0) });
    assert_eq!(log(&store).await[..2], [removed, left]);

    assert_eq!(store.member_ids(group(0), 10).await.unwrap(), [user(0), user(3)]);
    assert_eq!(store.group(group(0)).await.unwrap().unwrap().member_count, 2);
    assert!(!store.is_member(group(0), user(1)).await.unwrap());
    assert!(store.groups_of(user(1), 10).await.unwrap().is_empty());
    let said = store.post_text(text(1, "hi", None)).await;
    assert!(matches!(said, Err(PeopleError::GroupNotFound)));
    assert!(matches!(store.remove(removal(1, 1)).await, Err(PeopleError::GroupNotFound)));
    assert!(matches!(store.remove(removal(0, 2)).await, Err(PeopleError::MemberNotFound)));

    // They may come again, to a place of their own, and into three groups in all.
    let code = invite(&store, 0, 3).await;
    store.join(join(&code, 1, 10)).await.unwrap();
    assert_eq!(store.member_ids(group(0), 10).await.unwrap(), [user(0), user(3), user(1)]);
    add_group(&store, 1, 1).await.unwrap();
    add_group(&store, 2, 1).await.unwrap();
    assert!(matches!(add_group(&store, 3, 1).await, Err(PeopleError::TooManyGroups)));
    store.remove(removal(1, 1)).await.unwrap();
    add_group(&store, 3, 1).await.unwrap();
}

async fn an_owner_is_followed_by_the_earliest(store: Store) {
    add_full_group(&store, 4).await;
    store.remove(removal(0, 1)).await.unwrap();
    store.remove(removal(0, 0)).await.unwrap();
    assert_eq!(store.group(group(0)).await.unwrap().unwrap().owner_id, user(2));
    store.remove(removal(2, 3)).await.unwrap();
    // The last one leaves an empty group with its log behind.
    store.remove(removal(2, 2)).await.unwrap();
    let stored = store.group(group(0)).await.unwrap().unwrap();
    assert_eq!((stored.member_count, stored.owner_id, stored.newest_id.get()), (0, user(2), 8));
    assert!(store.member_ids(group(0), 10).await.unwrap().is_empty());
}

async fn everyone_may_leave_at_once(store: Store) {
    add_full_group(&store, 20).await;
    let tasks: Vec<_> = (0..20)
        .flat_map(|number| [(number, number), (0, number)])
        .map(|(by, number)| {
            let store = Arc::clone(&store);
            tokio::spawn(async move { store.remove(removal(by, number)).await })
        })
        .collect();
    let mut gone = 0;
    for task in tasks {
        match task.await.unwrap() {
            Ok(_) => gone += 1,
            Err(PeopleError::GroupNotFound | PeopleError::MemberNotFound) => {}
            Err(error) => panic!("{error}"),
        }
    }
    assert_eq!(gone, 20);
    let stored = store.group(group(0)).await.unwrap().unwrap();
    assert_eq!((stored.member_count, stored.newest_id.get()), (0, 40));
}

async fn whoever_has_left_invites_nobody(store: Store) {
    add_full_group(&store, 3).await;
    let theirs = invite(&store, 0, 1).await;
    let valid = store.invitation(&theirs, at(99)).await.unwrap().unwrap();
    assert_eq!((valid.group_id, valid.inviter_id, valid.expires_at), (group(0), user(1), at(100)));
    assert!(store.invitation(&theirs, at(100)).await.unwrap().is_none());
    assert!(store.invitation("nonsense", at(0)).await.unwrap().is_none());
    store.remove(removal(0, 1)).await.unwrap();
    assert!(store.invitation(&theirs, at(1)).await.unwrap().is_none());
    let back = store.join(join(&theirs, 1, 10)).await;
    assert!(matches!(back, Err(PeopleError::InvitationInvalid)));
    let draft = InvitationDraft {
        code: "c".repeat(16),
        group_id: group(0),
        inviter_id: user(1),
        at: at(1),
        expires_at: at(100),
        per_member_max: 3,
    };
    assert!(matches!(store.invite(draft).await, Err(PeopleError::GroupNotFound)));
}

async fn reading_never_goes_back(store: Store) {
    add_full_group(&store, 2).await;
    let read_up_to = async |number: i64| {
        store.place(group(0), user(number)).await.unwrap().unwrap().read_up_to.unwrap().get()
    };
    let id = |number| MessageId::new(number).unwrap();
    // From their own arrival on.
    assert_eq!([read_up_to(0).await, read_up_to(1).await], [1, 2]);
    for _ in 0..5 {
        store.post_text(text(1, "hi", None)).await.unwrap();
    }
    for (up_to, expected, moves) in
        [(5, 5, true), (3, 5, false), (0, 5, false), (i64::MAX, 7, true), (7, 7, false)]
    {
        assert_eq!(store.set_read(group(0), user(0), id(up_to)).await.unwrap(), moves);
        assert_eq!(read_up_to(0).await, expected);
    }
    for (place, number) in [(0, 9), (9, 0)] {
        let refused = store.set_read(group(place), user(number), id(1)).await;
        assert!(matches!(refused, Err(PeopleError::GroupNotFound)));
        assert!(store.place(group(place), user(number)).await.unwrap().is_none());
    }
}

async fn muting_is_ones_own(store: Store) {
    add_full_group(&store, 2).await;
    store.set_muted(group(0), user(1), true).await.unwrap();
    store.set_muted(group(0), user(1), true).await.unwrap();
    let muted = Place { muted: true, pinned: false, read_up_to: MessageId::new(2) };
    assert_eq!(store.place(group(0), user(1)).await.unwrap(), Some(muted));
    assert!(store.groups_of(user(1), 10).await.unwrap()[0].muted);
    assert!(!store.groups_of(user(0), 10).await.unwrap()[0].muted);
    store.set_muted(group(0), user(1), false).await.unwrap();
    assert!(!store.groups_of(user(1), 10).await.unwrap()[0].muted);
    for (place, number) in [(0, 9), (9, 0)] {
        let refused = store.set_muted(group(place), user(number), true).await;
        assert!(matches!(refused, Err(PeopleError::GroupNotFound)));
    }
}

/// R-WEB-1
async fn pins_are_ones_own_and_stand_first(store: Store) {
    add_full_group(&store, 2).await;
    for number in [1, 2] {
        add_group(&store, number, 0).await.unwrap();
    }
    let pinned = async |reader, limit| -> Vec<_> {
        let listed = store.groups_of(user(reader), limit).await.unwrap();
        listed.into_iter().map(|listed| (listed.group.id, listed.pinned)).collect()
    };
    let (first, second, third) = (group(0), group(1), group(2));
    let unpinned = [(first, false), (second, false), (third, false)];
    assert_eq!(pinned(0, 10).await, unpinned);
    for _ in 0..2 {
        store.set_pinned(third, user(0), true).await.unwrap();
    }
    assert!(store.place(third, user(0)).await.unwrap().unwrap().pinned);
    // A word in a group that is not pinned moves it among those alone.
    store.post_text(text(1, "hi", None)).await.unwrap();
    assert_eq!(pinned(0, 10).await, [(third, true), (first, false), (second, false)]);
    // A short list is what stands at the top.
    assert_eq!(pinned(0, 1).await, [(third, true)]);
    // Of those that are pinned, the one with the newest word.
    store.set_pinned(first, user(0), true).await.unwrap();
    assert_eq!(pinned(0, 10).await, [(first, true), (third, true), (second, false)]);
    assert_eq!(pinned(1, 10).await, [(first, false)]);
    store.set_pinned(third, user(0), false).await.unwrap();
    assert_eq!(pinned(0, 10).await, [(first, true), (second, false), (third, false)]);
    // Whoever comes back begins anew.
    let code = invite(&store, 0, 1).await;
    store.remove(removal(0, 0)).await.unwrap();
    store.join(join(&code, 0, 10)).await.unwrap();
    assert!(!store.place(first, user(0)).await.unwrap().unwrap().pinned);
    for (place, number) in [(0, 9), (9, 0), (1, 1)] {
        let refused = store.set_pinned(group(place), user(number), true).await;
        assert!(matches!(refused, Err(PeopleError::GroupNotFound)));
    }
}
