//! Many who come, go and invite.

use super::{
    super::{
        Store, add_full_group, add_group, add_guests, at, group, invite, join, log, text, user,
    },
    all,
};
use hongbao_domain::store::people::{InvitationDraft, PeopleError, Removal, StoredBody};
use std::sync::Arc;

on_every_store! {
    words_come_before_the_removal_of_who_says_them,
    a_person_joins_once,
    an_invitation_ends_with_who_gave_it,
    invitations_stay_few,
    nobody_joins_too_many_groups,
}

fn removal(by: i64, number: i64) -> Removal {
    Removal { group_id: group(0), user_id: user(number), by: user(by), at: at(9) }
}

/// R-PEOPLE-2
async fn words_come_before_the_removal_of_who_says_them(store: Store) {
    add_full_group(&store, 5).await;
    let posts = (0..40).map(|number| {
        let (store, sender) = (Arc::clone(&store), 1 + number % 4);
        async move {
            if (16..20).contains(&number) {
                return store.remove(removal(0, sender)).await;
            }
            store.post_text(text(sender, &number.to_string(), None)).await
        }
    });
    let mut posted = 0;
    for answer in all(posts).await {
        match answer {
            Ok(_) => posted += 1,
            Err(error) => assert!(matches!(error, PeopleError::GroupNotFound), "{error}"),
        }
    }
    let log = log(&store).await;
    assert_eq!(log.len(), 5 + posted);
    for gone in (1..5).map(user) {
        let newest = log.iter().find(|message| message.sender_id == gone).unwrap();
        assert_eq!(newest.body, StoredBody::Removed { by: user(0) });
    }
}

async fn a_person_joins_once(store: Store) {
    add_guests(&store, 3).await;
    add_group(&store, 0, 0).await.unwrap();
    let code = invite(&store, 0, 0).await;
    let joins = (0..30).map(|number| {
        let (store, draft) = (Arc::clone(&store), join(&code, 1 + number % 2, 10));
        async move { store.join(draft).await.unwrap().message.is_some() }
    });
    let joined = all(joins).await;
    assert_eq!(joined.iter().filter(|is_new| **is_new).count(), 2);
    let stored = store.group(group(0)).await.unwrap().unwrap();
    assert_eq!((stored.member_count, stored.newest_id.get()), (3, 3));
    assert_eq!(store.member_ids(group(0), 10).await.unwrap().len(), 3);
}

async fn an_invitation_ends_with_who_gave_it(store: Store) {
    add_guests(&store, 30).await;
    add_group(&store, 0, 0).await.unwrap();
    store.join(join(&invite(&store, 0, 0).await, 1, 100)).await.unwrap();
    let code = invite(&store, 0, 1).await;
    let joins = (2..30).map(|number| {
        let (store, draft) = (Arc::clone(&store), join(&code, number, 100));
        async move {
            if number == 8 {
                return store.remove(removal(0, 1)).await.map(|_| 0);
            }
            store.join(draft).await.map(|_| 1)
        }
    });
    let mut joined = 0;
    for answer in all(joins).await {
        match answer {
            Ok(count) => joined += count,
            Err(error) => assert!(matches!(error, PeopleError::InvitationInvalid), "{error}"),
        }
    }
    let log = log(&store).await;
    assert_eq!(log.len(), 3 + joined);
    assert_eq!(log[0].body, StoredBody::Removed { by: user(0) }, "nobody comes after");
}

/// However many devices invite at once, each has a code of its own, and few are valid.
async fn invitations_stay_few(store: Store) {
    add_full_group(&store, 5).await;
    for number in 0..5 {
        let invitations = (0..20).map(|attempt| {
            let draft = InvitationDraft {
                code: format!("{number}{attempt:0>16}"),
                group_id: group(0),
                inviter_id: user(number),
                at: at(20),
                expires_at: at(100),
                per_member_max: 3,
            };
            let store = Arc::clone(&store);
            async move { store.invite(draft).await.unwrap().code }
        });
        let mut codes = all(invitations).await;
        codes.sort_unstable();
        codes.dedup();
        assert_eq!(codes.len(), 20);
        let mut valid = 0;
        for code in codes {
            valid += i32::from(store.invitation(&code, at(20)).await.unwrap().is_some());
        }
        assert_eq!(valid, 3);
    }
}

async fn nobody_joins_too_many_groups(store: Store) {
    add_guests(&store, 6).await;
    let mut codes = Vec::new();
    for number in 0..12 {
        let owner = number % 4;
        add_group(&store, number, owner).await.unwrap();
        codes.push(invite(&store, number, owner).await);
    }
    let joins = codes.iter().flat_map(|code| [join(code, 4, 10), join(code, 5, 10)]).map(|draft| {
        let store = Arc::clone(&store);
        async move { store.join(draft).await }
    });
    let mut joined = 0;
    for answer in all(joins).await {
        match answer {
            Ok(_) => joined += 1,
            Err(error) => assert!(matches!(error, PeopleError::TooManyGroups), "{error}"),
        }
    }
    assert_eq!(joined, 6);
    for number in 4..6 {
        assert_eq!(store.groups_of(user(number), 100).await.unwrap().len(), 3);
    }
    let mut members = 0;
    for number in 0..12 {
        members += store.group(group(number)).await.unwrap().unwrap().member_count;
    }
    assert_eq!(members, 12 + 6, "a refused join leaves nothing behind");
}
