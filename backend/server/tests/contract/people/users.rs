//! People: names, pictures, passwords.

use super::{Store, add, add_group, entry, new_account, new_session, user};
use hongbao_domain::store::people::{
    NewAccount, PasswordDraft, PeopleError, ProfileDraft, TokenHash,
};
use hongbao_shared::UserId;
use std::sync::Arc;

on_every_store! {
    an_id_is_given_once,
    account_names_are_unique_and_guests_share,
    a_profile_changes_and_the_login_name_stays,
    login_names_that_look_the_same_are_one,
    a_hash_is_replaced_by_one_of_the_same_password,
    a_guest_becomes_an_account_once,
    a_password_changes_once,
}

async fn an_id_is_given_once(store: Store) {
    add(&store, 1, None).await.unwrap();
    assert!(matches!(add(&store, 1, None).await, Err(PeopleError::IdTaken)));
    assert!(matches!(add(&store, 1, Some("key")).await, Err(PeopleError::IdTaken)));
    add_group(&store, 1, 1).await.unwrap();
    assert!(matches!(add_group(&store, 1, 1).await, Err(PeopleError::IdTaken)));
    let person = store.person(user(1)).await.unwrap().unwrap();
    assert!(person.is_guest && !person.is_admin);
    assert!(store.make_admin(user(1), entry()).await.unwrap());
    assert!(store.person(user(1)).await.unwrap().unwrap().is_admin);
    assert!(!store.make_admin(user(2), entry()).await.unwrap());
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
    let login = store.login("ann", "ann").await.unwrap().unwrap();
    assert_eq!(Some(login.profile.id.get()), winner);
    assert!(store.login("Ann", "Ann").await.unwrap().is_some(), "whatever the case");
    assert!(store.login("Ann ", "Ann").await.unwrap().is_none());
    // Whoever lost the race is nobody, session included.
    let lost = (winner.unwrap() + 1) % 30;
    assert!(store.person(user(lost)).await.unwrap().is_none());
    add(&store, lost, None).await.unwrap();
}

fn named(user_id: UserId, name: &str) -> ProfileDraft {
    ProfileDraft { user_id, name: Some(name.to_owned()), avatar: None }
}

async fn login_name(store: &Store, number: i64) -> Option<String> {
    store.person(user(number)).await.unwrap().unwrap().login_name
}

/// R-PEOPLE-1, R-PEOPLE-4
async fn a_profile_changes_and_the_login_name_stays(store: Store) {
    add(&store, 1, Some("ann")).await.unwrap();
    add(&store, 2, Some("bob")).await.unwrap();
    add(&store, 3, None).await.unwrap();
    store.change_profile(named(user(1), "Bob")).await.unwrap();
    store.change_profile(named(user(1), "Anna")).await.unwrap();
    let login = store.login("ann", "ann").await.unwrap().unwrap();
    assert_eq!((login.profile.id, login.profile.name.as_str()), (user(1), "Anna"));
    assert_eq!(login_name(&store, 1).await.as_deref(), Some("ann"));
    assert!(store.login("Anna", "anna").await.unwrap().is_none());
    store.change_profile(named(user(3), "ann")).await.unwrap();
    assert_eq!(login_name(&store, 3).await, None);
    let login = store.login("ann", "ann").await.unwrap().unwrap();
    assert_eq!(login.profile.id, user(1), "a guest's name signs nobody in");
    let picture = ProfileDraft { user_id: user(3), name: None, avatar: Some("a07".to_owned()) };
    store.change_profile(picture).await.unwrap();
    let profile = store.person(user(3)).await.unwrap().unwrap().profile;
    assert_eq!((profile.name.as_str(), profile.avatar.as_str()), ("ann", "a07"));
}

/// R-PEOPLE-4: one account for whatever looks the same, and for each name but for case.
async fn login_names_that_look_the_same_are_one(store: Store) {
    let account = |login_name: &str, key: &str| NewAccount {
        login_name: login_name.to_owned(),
        ..new_account(key, "h")
    };
    add(&store, 1, None).await.unwrap();
    add(&store, 2, None).await.unwrap();
    store.make_account(user(1), "Ann".to_owned(), account("Ann\u{200b}", "ann")).await.unwrap();
    for (login_name, key) in [("Ann", "ann"), ("ANN\u{200b}", "other")] {
        let taken = store.make_account(user(2), "n".to_owned(), account(login_name, key)).await;
        assert!(matches!(taken, Err(PeopleError::NameTaken)), "{taken:?}");
    }
    let found = async |name, key| {
        let login = store.login(name, key).await.unwrap();
        login.map(|login| login.profile.id)
    };
    assert_eq!(found("x", "ann").await, Some(user(1)));
    assert_eq!(found("ANN\u{200b}", "x").await, Some(user(1)));
    assert_eq!(found("x", "x").await, None);
    assert_eq!(login_name(&store, 1).await.as_deref(), Some("Ann\u{200b}"));
    // Exactly a name goes before one that looks like it.
    store.make_account(user(2), "B".to_owned(), account("b", "b")).await.unwrap();
    assert_eq!(found("B", "ann").await, Some(user(2)));
}

/// R-PEOPLE-4: only as long as it is the hash that was checked, and no session ends.
async fn a_hash_is_replaced_by_one_of_the_same_password(store: Store) {
    add(&store, 1, Some("ann")).await.unwrap();
    let old = store.password_hash(user(1)).await.unwrap().unwrap();
    assert!(!store.rehash_password(user(1), "another", "new").await.unwrap());
    assert_eq!(store.password_hash(user(1)).await.unwrap().as_ref(), Some(&old));
    assert!(store.rehash_password(user(1), &old, "new").await.unwrap());
    assert_eq!(store.password_hash(user(1)).await.unwrap().as_deref(), Some("new"));
    assert_eq!(store.sessions_of(user(1), super::at(0), 10).await.unwrap().len(), 1);
    add(&store, 2, None).await.unwrap();
    assert!(!store.rehash_password(user(2), &old, "new").await.unwrap());
}

/// R-PEOPLE-1
async fn a_guest_becomes_an_account_once(store: Store) {
    add(&store, 0, Some("taken")).await.unwrap();
    add(&store, 1, None).await.unwrap();
    let taken = store.make_account(user(1), "Taken".to_owned(), new_account("taken", "h")).await;
    assert!(matches!(taken, Err(PeopleError::NameTaken)));
    assert!(store.person(user(1)).await.unwrap().unwrap().is_guest);
    assert_eq!(store.password_hash(user(1)).await.unwrap(), None);
    let tasks: Vec<_> = (0..10)
        .map(|number| {
            let (store, hash) = (Arc::clone(&store), format!("hash {number}"));
            let account = new_account("ann", &hash);
            tokio::spawn(async move {
                let made = store.make_account(user(1), "Ann".to_owned(), account).await;
                made.map(|()| hash)
            })
        })
        .collect();
    let mut winner = None;
    for task in tasks {
        match task.await.unwrap() {
            Ok(hash) => assert_eq!(winner.replace(hash), None),
            Err(error) => assert!(matches!(error, PeopleError::AlreadyAccount), "{error}"),
        }
    }
    assert_eq!(store.password_hash(user(1)).await.unwrap(), winner);
    let session = new_session(user(1), 9, 0);
    store.add_session(session, winner).await.unwrap();
}

/// R-PEOPLE-1: whoever knows only the old password is out.
async fn a_password_changes_once(store: Store) {
    add(&store, 1, Some("ann")).await.unwrap();
    add(&store, 2, Some("bob")).await.unwrap();
    let old = store.password_hash(user(1)).await.unwrap().unwrap();
    for token in [1, 2] {
        store.add_session(new_session(user(1), token, 0), Some(old.clone())).await.unwrap();
    }
    let change = |from: &str, to: &str| PasswordDraft {
        user_id: user(1),
        from_hash: from.to_owned(),
        to_hash: to.to_owned(),
        keep: TokenHash([2; 32]),
    };
    let ended = store.change_password(change(&old, "new")).await.unwrap();
    assert_eq!(ended.len(), 2);
    assert!(ended.contains(&TokenHash([1; 32])));
    let again = store.change_password(change(&old, "newer")).await;
    assert!(matches!(again, Err(PeopleError::PasswordChanged)));
    // Checked against the old one, and too late.
    let late = store.add_session(new_session(user(1), 3, 0), Some(old)).await;
    assert!(matches!(late, Err(PeopleError::PasswordChanged)));
    let left = store.sessions_of(user(1), super::at(0), 10).await.unwrap();
    assert_eq!(left.len(), 1);
    assert_eq!(left[0].token_hash, TokenHash([2; 32]));
    assert_eq!(store.sessions_of(user(2), super::at(0), 10).await.unwrap().len(), 1);
}
