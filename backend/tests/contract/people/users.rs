//! People and their sessions.

use super::{Store, add, add_group, add_guests, at, new_session, user};
use hongbao::store::people::{PeopleError, TokenHash};
use std::sync::Arc;

on_every_store! {
    an_id_is_given_once,
    account_names_are_unique_and_guests_share,
    sessions_end,
    old_sessions_give_way,
}

async fn an_id_is_given_once(store: Store) {
    add(&store, 1, None).await.unwrap();
    assert!(matches!(add(&store, 1, None).await, Err(PeopleError::IdTaken)));
    assert!(matches!(add(&store, 1, Some("key")).await, Err(PeopleError::IdTaken)));
    add_group(&store, 1, 1).await.unwrap();
    assert!(matches!(add_group(&store, 1, 1).await, Err(PeopleError::IdTaken)));
    let person = store.person(user(1)).await.unwrap().unwrap();
    assert!(person.is_guest && !person.is_admin);
    assert!(store.make_admin(user(1)).await.unwrap());
    assert!(store.person(user(1)).await.unwrap().unwrap().is_admin);
    assert!(!store.make_admin(user(2)).await.unwrap());
    assert!(store.person(user(2)).await.unwrap().is_none());
    assert_eq!(store.profiles(&[user(2), user(1), user(1)]).await.unwrap(), [person.profile]);
}

async fn account_names_are_unique_and_guests_share(store: Store) {
    let tasks: Vec<_> = (0..30)
        .map(|number| {
            let store = Arc::clone(&store);
            tokio::spawn(async move { add(&store, number, Some("ann")).await.map(|()| number) })
        })
        .collect();
    let mut winner = None;
    for task in tasks {
        match task.await.unwrap() {
            Ok(number) => assert_eq!(winner.replace(number), None),
            Err(error) => assert!(matches!(error, PeopleError::NameTaken), "{error}"),
        }
    }
    let login = store.login("ann").await.unwrap().unwrap();
    assert_eq!(Some(login.profile.id.get()), winner);
    assert!(store.login("Ann").await.unwrap().is_none());
    // Whoever lost the race is nobody, session included.
    let lost = (winner.unwrap() + 1) % 30;
    assert!(store.person(user(lost)).await.unwrap().is_none());
    add(&store, lost, None).await.unwrap();
}

async fn sessions_end(store: Store) {
    add_guests(&store, 1).await;
    let token = TokenHash([7; 32]);
    store.add_session(new_session(user(0), 7, 0)).await.unwrap();
    let session = store.session(token, at(99)).await.unwrap().unwrap();
    assert_eq!((session.user_id, session.seen_at, session.expires_at), (user(0), at(0), at(100)));
    assert!(session.is_guest && !session.is_admin);
    assert!(store.session(token, at(100)).await.unwrap().is_none());
    // Never back: another node's clock may be behind.
    store.touch_session(token, at(50), at(150)).await.unwrap();
    store.touch_session(token, at(40), at(140)).await.unwrap();
    let session = store.session(token, at(149)).await.unwrap().unwrap();
    assert_eq!((session.seen_at, session.expires_at), (at(50), at(150)));
    store.end_session(token).await.unwrap();
    store.end_session(token).await.unwrap();
    store.touch_session(token, at(60), at(160)).await.unwrap();
    assert!(store.session(token, at(0)).await.unwrap().is_none());
    // What has expired goes when something comes.
    store.add_session(new_session(user(0), 8, 0)).await.unwrap();
    store.add_session(new_session(user(0), 9, 1000)).await.unwrap();
    assert!(store.session(TokenHash([8; 32]), at(0)).await.unwrap().is_none());
}

async fn old_sessions_give_way(store: Store) {
    add_guests(&store, 2).await;
    for token in 1..=3 {
        store.add_session(new_session(user(0), token, i64::from(token))).await.unwrap();
    }
    store.touch_session(TokenHash([1; 32]), at(20), at(120)).await.unwrap();
    store.add_session(new_session(user(0), 4, 30)).await.unwrap();
    let mut live = Vec::new();
    for token in 1..=4 {
        live.push(store.session(TokenHash([token; 32]), at(30)).await.unwrap().is_some());
    }
    assert_eq!(live, [true, false, true, true]);
    let mut other = TokenHash([0; 32]);
    other.0[..8].copy_from_slice(&1_i64.to_be_bytes());
    assert!(store.session(other, at(30)).await.unwrap().is_some());
}
