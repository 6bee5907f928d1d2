//! Many at the same moment, as from several nodes: on one log, one group, one person.

use super::{
    Store, add, add_full_group, add_group, add_guests, at, group, invite, join, log, new_session,
    text, user,
};
use crate::order_no;
use hongbao::store::people::{
    InvitationDraft, Line, LinePost, NewAccount, PacketPost, PasswordDraft, PeopleError, Removal,
    StoredBody, TokenHash,
};
use hongbao_shared::{Fen, Kind, MessageId};
use std::{
    future::Future,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

on_every_store! {
    a_log_is_followed_without_gaps,
    keys_post_once_among_others,
    words_come_before_the_removal_of_who_says_them,
    lines_of_several_groups_do_not_stop_each_other,
    a_packet_stands_in_one_group,
    a_person_joins_once,
    an_invitation_ends_with_who_gave_it,
    an_invitation_is_made_once,
    nobody_joins_too_many_groups,
    sessions_stay_few,
    an_old_password_begins_no_session,
    an_account_name_is_given_once,
}

/// All at once; the answers in the order of the tasks.
async fn all<T: Send + 'static>(
    tasks: impl Iterator<Item = impl Future<Output = T> + Send + 'static>,
) -> Vec<T> {
    let tasks: Vec<_> = tasks.map(tokio::spawn).collect();
    let mut answers = Vec::with_capacity(tasks.len());
    for task in tasks {
        answers.push(task.await.unwrap());
    }
    answers
}

fn id(number: i64) -> MessageId {
    MessageId::new(number).unwrap()
}

/// Whoever reads on after the newest entry that they know misses none: an entry is there
/// before the next one is (R-WEB-1).
async fn a_log_is_followed_without_gaps(store: Store) {
    add_full_group(&store, 8).await;
    let writing = Arc::new(AtomicBool::new(true));
    let follower = {
        let (store, writing) = (Arc::clone(&store), Arc::clone(&writing));
        tokio::spawn(async move {
            let mut seen = 8;
            loop {
                let is_last = !writing.load(Ordering::SeqCst);
                let part = store.messages_after(group(0), user(0), id(seen), 1000).await.unwrap();
                for entry in part {
                    seen += 1;
                    assert_eq!(entry.message.id, id(seen));
                }
                if is_last {
                    return seen;
                }
            }
        })
    };
    let writers = (0..8).map(|number| {
        let store = Arc::clone(&store);
        async move {
            for word in 0..20 {
                store.post_text(text(number, &word.to_string(), None)).await.unwrap();
            }
        }
    });
    all(writers).await;
    writing.store(false, Ordering::SeqCst);
    assert_eq!(follower.await.unwrap(), 168);
}

/// R-PEOPLE-3
async fn keys_post_once_among_others(store: Store) {
    add_full_group(&store, 4).await;
    let posts = (0..80).map(|number| {
        let (sender, key) = (number % 4, (number / 4 % 2).to_string());
        let store = Arc::clone(&store);
        async move { store.post_text(text(sender, "hi", Some(&key))).await.unwrap() }
    });
    let mut posted = all(posts).await;
    posted.sort_by_key(|message| message.id);
    posted.dedup();
    let ids: Vec<_> = posted.iter().map(|message| message.id).collect();
    assert_eq!(ids, (5..=12).map(id).collect::<Vec<_>>(), "two keys of four people");
    posted.reverse();
    assert_eq!(log(&store).await[..8], posted);
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
            if number >= 16 && number < 20 {
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

async fn lines_of_several_groups_do_not_stop_each_other(store: Store) {
    add_guests(&store, 1).await;
    for number in 0..3 {
        add_group(&store, number, 0).await.unwrap();
    }
    let line = |place: i64, key: i64| LinePost {
        group_id: group(place),
        key: format!("expired:{key}"),
        at: at(5),
        line: Line::Expired {
            order_no: order_no(5),
            sender_id: user(0),
            refunded_fen: Fen::new(7).unwrap(),
        },
    };
    // The same four lines, in another order each time.
    let batches = (0..24).map(|number| {
        let mut lines = vec![line(0, 1), line(1, 1), line(2, 1), line(2, 2)];
        lines.rotate_left(number % 4);
        if number % 8 >= 4 {
            lines.reverse();
        }
        let store = Arc::clone(&store);
        async move {
            let stored = store.post_lines(lines.clone()).await.unwrap();
            let places = lines.iter().map(|line| (line.group_id, line.key.clone()));
            let mut stored: Vec<_> = places.zip(stored).collect();
            stored.sort_by(|one, other| one.0.cmp(&other.0));
            stored
        }
    });
    let mut answers = all(batches).await;
    answers.dedup();
    assert_eq!(answers.len(), 1);
    for (place, newest) in [(0, 2), (1, 2), (2, 3)] {
        assert_eq!(store.group(group(place)).await.unwrap().unwrap().newest_id, id(newest));
    }
}

async fn a_packet_stands_in_one_group(store: Store) {
    add_guests(&store, 1).await;
    add_group(&store, 0, 0).await.unwrap();
    add_group(&store, 1, 0).await.unwrap();
    for number in 0..10 {
        let posts = [0, 1, 0, 1].into_iter().map(|place| {
            let post = PacketPost {
                order_no: order_no(number),
                group_id: group(place),
                sender_id: user(0),
                kind: Kind::Lucky,
                greeting: "for all".to_owned(),
                cover: "classic".to_owned(),
                recipient_id: None,
                at: at(3),
            };
            let store = Arc::clone(&store);
            async move { store.post_packet(post).await.map(|_| place) }
        });
        let mut places = Vec::new();
        for answer in all(posts).await {
            match answer {
                Ok(place) => places.push(place),
                Err(error) => assert!(matches!(error, PeopleError::KeyReused), "{error}"),
            }
        }
        assert!(places == [0, 0] || places == [1, 1], "{places:?}");
    }
    let mut entries = 0;
    for place in 0..2 {
        entries += store.group(group(place)).await.unwrap().unwrap().newest_id.get();
    }
    assert_eq!(entries, 2 + 10);
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
    assert_eq!((stored.member_count, stored.newest_id), (3, id(3)));
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

/// Tapping "invite" on two devices gives one code.
async fn an_invitation_is_made_once(store: Store) {
    add_guests(&store, 1).await;
    add_group(&store, 0, 0).await.unwrap();
    let invitations = (0..20).map(|number| {
        let draft = InvitationDraft {
            code: format!("{number:0>16}"),
            group_id: group(0),
            inviter_id: user(0),
            at: at(0),
            expires_at: at(100),
            reuse_since: at(-10),
        };
        let store = Arc::clone(&store);
        async move { store.invite(draft).await.unwrap().code }
    });
    let mut codes = all(invitations).await;
    codes.dedup();
    assert_eq!(codes.len(), 1);
    assert!(store.invitation(&codes[0], at(0)).await.unwrap().is_some());
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

async fn sessions_stay_few(store: Store) {
    add_guests(&store, 2).await;
    let sessions = (1..60_u8).map(|token| {
        let (store, owner) = (Arc::clone(&store), i64::from(token % 2));
        // Those from the beginning have expired by then, and so have the first of these.
        let session = new_session(user(owner), token, 100 + 5 * i64::from(token));
        async move { store.add_session(session, None).await.unwrap() }
    });
    all(sessions).await;
    for owner in 0..2 {
        assert_eq!(store.sessions_of(user(owner), at(-1000), 100).await.unwrap().len(), 3);
    }
}

/// R-PEOPLE-1: a sign-in is checked against the password as it is when the session
/// begins.
async fn an_old_password_begins_no_session(store: Store) {
    for number in 0..5 {
        add(&store, number, Some(&format!("name {number}"))).await.unwrap();
        let old = store.password_hash(user(number)).await.unwrap().unwrap();
        let tasks = (1..12_u8).map(|token| {
            let (store, old) = (Arc::clone(&store), old.clone());
            let mut session = new_session(user(number), token, 0);
            session.token_hash.0[1] = u8::try_from(number).unwrap();
            session.per_user_max = 100;
            async move {
                if token != 4 {
                    return store.add_session(session, Some(old)).await;
                }
                let change = PasswordDraft {
                    user_id: user(number),
                    from_hash: old,
                    to_hash: "new".to_owned(),
                    keep: TokenHash([0; 32]),
                };
                store.change_password(change).await.map(drop)
            }
        });
        for answer in all(tasks).await {
            let is_late = matches!(answer, Err(PeopleError::PasswordChanged));
            assert!(answer.is_ok() || is_late, "{answer:?}");
        }
        // Person 0's first session is the one that is kept.
        let left = store.sessions_of(user(number), at(0), 100).await.unwrap();
        assert_eq!(left.len(), usize::from(number == 0));
    }
}

/// Whether somebody registers, gives a guest an account, or changes a name.
async fn an_account_name_is_given_once(store: Store) {
    add_guests(&store, 20).await;
    let tasks = (0..20).map(|number| {
        let store = Arc::clone(&store);
        async move {
            if number % 2 == 0 {
                return add(&store, 100 + number, Some("ann")).await;
            }
            let account = NewAccount { key: "ann".to_owned(), password_hash: "h".to_owned() };
            store.make_account(user(number), "Ann".to_owned(), account).await
        }
    });
    let answers = all(tasks).await;
    assert_eq!(answers.iter().filter(|answer| answer.is_ok()).count(), 1);
    for error in answers.into_iter().filter_map(Result::err) {
        assert!(matches!(error, PeopleError::NameTaken), "{error}");
    }
    let winner = store.login("ann").await.unwrap().unwrap().profile.id;
    for number in (0..20).map(user) {
        let person = store.person(number).await.unwrap().unwrap();
        assert_eq!(person.is_guest, number != winner);
    }
}
