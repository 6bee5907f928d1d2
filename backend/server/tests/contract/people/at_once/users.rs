//! Many who sign in and register.

use super::{
    super::{Store, add, add_guests, at, new_account, new_session, user},
    all,
};
use hongbao_domain::store::people::{PasswordDraft, PeopleError, TokenHash};
use std::sync::Arc;

on_every_store! {
    sessions_stay_few,
    an_old_password_begins_no_session,
    an_account_name_is_given_once,
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
            let account = new_account("ann", "h");
            store.make_account(user(number), "Ann".to_owned(), account).await
        }
    });
    let answers = all(tasks).await;
    assert_eq!(answers.iter().filter(|answer| answer.is_ok()).count(), 1);
    for error in answers.into_iter().filter_map(Result::err) {
        assert!(matches!(error, PeopleError::NameTaken), "{error}");
    }
    let winner = store.login("ann", "ann").await.unwrap().unwrap().profile.id;
    for number in (0..20).map(user) {
        let person = store.person(number).await.unwrap().unwrap();
        assert_eq!(person.is_guest, number != winner);
    }
}
