//! Calls that may come twice (R-API-5).

use super::{Store, add_guests, at, entry, user};
use hongbao_domain::store::people::{
    ANSWER_BYTES_MAX, CallAnswer, CallDraft, CallId, CallState, Caller, NewService, NewToken,
    PeopleError, Scopes, TokenHash,
};
use hongbao_shared::{ServiceId, api::services::Scope};
use std::sync::Arc;

on_every_store! {
    a_call_is_begun_once_and_answered_the_same,
    a_call_that_is_lost_is_told_or_done_again,
    keys_end_and_are_few,
    of_many_at_once_one_begins,
}

fn of(number: i64) -> Caller {
    Caller { service: None, user: Some(user(number)) }
}

fn draft(request: u8, now_s: i64) -> CallDraft {
    CallDraft {
        request: [request; 32],
        at: at(now_s),
        expires_at: at(now_s + 100),
        lost_before: at(now_s - 10),
        is_repeatable: false,
        keys_max: 3,
    }
}

fn id(number: i64, key: &str, now_s: i64) -> CallId {
    CallId { caller: of(number), key: key.to_owned(), at: at(now_s) }
}

fn answer(status: u16, body: &str) -> CallAnswer {
    CallAnswer { status, body: body.as_bytes().to_vec() }
}

async fn begin(store: &Store, number: i64, key: &str, draft: CallDraft) -> CallState {
    store.begin_call(of(number), key.to_owned(), draft).await.unwrap()
}

async fn a_call_is_begun_once_and_answered_the_same(store: Store) {
    add_guests(&store, 2).await;
    let token = NewToken { hash: TokenHash([9; 32]), at: at(0), expires_at: at(100) };
    let service = ServiceId::new(7).unwrap();
    let scopes = Scopes::of([Scope::Act]);
    let bot =
        NewService { id: service, name: "bot".to_owned(), scopes, calls_per_minute: 9, token };
    store.add_service(bot, entry()).await.unwrap();

    assert_eq!(begin(&store, 0, "k", draft(1, 0)).await, CallState::Begun);
    assert_eq!(begin(&store, 0, "k", draft(1, 1)).await, CallState::OnItsWay);
    assert_eq!(begin(&store, 0, "k", draft(2, 1)).await, CallState::Differs);
    // Of others, and of a program for the same person, it is another key.
    assert_eq!(begin(&store, 1, "k", draft(2, 1)).await, CallState::Begun);
    for user in [None, Some(user(0))] {
        let caller = Caller { service: Some(service), user };
        let begun = store.begin_call(caller, "k".to_owned(), draft(3, 1)).await.unwrap();
        assert_eq!(begun, CallState::Begun);
        let again = store.begin_call(caller, "k".to_owned(), draft(3, 1)).await.unwrap();
        assert_eq!(again, CallState::OnItsWay);
    }

    assert!(!store.answer_call(id(0, "k", 5), answer(200, "x")).await.unwrap(), "another time");
    assert!(store.answer_call(id(0, "k", 0), answer(201, "{}")).await.unwrap());
    assert!(!store.answer_call(id(0, "k", 0), answer(200, "x")).await.unwrap(), "once");
    store.free_call(id(0, "k", 0)).await.unwrap();
    store.lose_call(id(0, "k", 0)).await.unwrap();
    for now_s in [2, 50, 99] {
        let state = begin(&store, 0, "k", draft(1, now_s)).await;
        assert_eq!(state, CallState::Answered(answer(201, "{}")), "{now_s}");
        assert_eq!(begin(&store, 0, "k", draft(2, now_s)).await, CallState::Differs);
    }
    assert_eq!(begin(&store, 0, "empty", draft(1, 0)).await, CallState::Begun);
    assert!(store.answer_call(id(0, "empty", 0), answer(204, "")).await.unwrap());
    let state = begin(&store, 0, "empty", draft(1, 1)).await;
    assert_eq!(state, CallState::Answered(answer(204, "")));

    // What the schema refuses.
    let nobody = Caller { service: None, user: None };
    assert!(store.begin_call(nobody, "k".to_owned(), draft(1, 0)).await.is_err());
    assert!(store.begin_call(of(9), "k".to_owned(), draft(1, 0)).await.is_err());
    for key in [String::new(), "k".repeat(65)] {
        assert!(store.begin_call(of(0), key, draft(1, 0)).await.is_err());
    }
    assert_eq!(begin(&store, 1, "long", draft(1, 0)).await, CallState::Begun);
    let long = "x".repeat(ANSWER_BYTES_MAX);
    for refused in [answer(500, ""), answer(199, ""), answer(200, &format!("{long}x"))] {
        assert!(store.answer_call(id(1, "long", 0), refused).await.is_err());
    }
    assert!(store.answer_call(id(1, "long", 0), answer(200, &long)).await.unwrap());
}

async fn a_call_that_is_lost_is_told_or_done_again(store: Store) {
    add_guests(&store, 1).await;
    let again = |now_s| CallDraft { is_repeatable: true, ..draft(1, now_s) };
    assert_eq!(begin(&store, 0, "k", draft(1, 0)).await, CallState::Begun);
    assert_eq!(begin(&store, 0, "k", again(10)).await, CallState::OnItsWay);
    assert_eq!(begin(&store, 0, "k", draft(1, 11)).await, CallState::Lost);
    assert_eq!(begin(&store, 0, "k", draft(2, 11)).await, CallState::Differs);
    let other = CallDraft { is_repeatable: true, ..draft(2, 11) };
    assert_eq!(begin(&store, 0, "k", other).await, CallState::Differs);
    assert_eq!(begin(&store, 0, "k", again(12)).await, CallState::Begun);
    // It is another one by now: that of before ends nothing.
    assert!(!store.answer_call(id(0, "k", 0), answer(200, "late")).await.unwrap());
    store.free_call(id(0, "k", 0)).await.unwrap();
    assert_eq!(begin(&store, 0, "k", again(13)).await, CallState::OnItsWay);
    assert!(store.answer_call(id(0, "k", 12), answer(200, "{}")).await.unwrap());
    let state = begin(&store, 0, "k", again(90)).await;
    assert_eq!(state, CallState::Answered(answer(200, "{}")));

    // Lost at once, or free again.
    assert_eq!(begin(&store, 0, "lost", draft(1, 0)).await, CallState::Begun);
    store.lose_call(id(0, "lost", 0)).await.unwrap();
    assert_eq!(begin(&store, 0, "lost", draft(1, 0)).await, CallState::Lost);
    assert_eq!(begin(&store, 0, "free", draft(1, 0)).await, CallState::Begun);
    store.free_call(id(0, "free", 0)).await.unwrap();
    assert_eq!(begin(&store, 0, "free", draft(2, 0)).await, CallState::Begun);
}

async fn keys_end_and_are_few(store: Store) {
    add_guests(&store, 2).await;
    for key in ["a", "b", "c"] {
        assert_eq!(begin(&store, 0, key, draft(1, 0)).await, CallState::Begun);
    }
    let full = store.begin_call(of(0), "d".to_owned(), draft(1, 99)).await;
    assert!(matches!(full, Err(PeopleError::TooManyKeys)), "{full:?}");
    // Those that are known are answered, and others have theirs.
    assert_eq!(begin(&store, 0, "a", draft(2, 99)).await, CallState::Differs);
    assert_eq!(begin(&store, 1, "d", draft(1, 50)).await, CallState::Begun);
    // Over: free for something else, whether it was cleared away or not.
    assert_eq!(begin(&store, 0, "a", draft(2, 100)).await, CallState::Begun);
    assert_eq!(store.forget_calls(at(99), 10).await.unwrap(), 0);
    assert_eq!(store.forget_calls(at(100), 1).await.unwrap(), 1);
    assert_eq!(store.forget_calls(at(100), 10).await.unwrap(), 1);
    for key in ["b", "c"] {
        assert_eq!(begin(&store, 0, key, draft(3, 100)).await, CallState::Begun);
    }
    assert_eq!(begin(&store, 1, "d", draft(1, 100)).await, CallState::Lost);
}

async fn of_many_at_once_one_begins(store: Store) {
    add_guests(&store, 1).await;
    for key in ["a", "b"] {
        let tasks = (0..16_u8).map(|number| {
            let (store, key) = (Arc::clone(&store), key.to_owned());
            let draft = CallDraft { request: [number / 8; 32], ..draft(0, 0) };
            tokio::spawn(async move { store.begin_call(of(0), key, draft).await.unwrap() })
        });
        let states = futures::future::join_all(tasks).await.into_iter().map(Result::unwrap);
        let states: Vec<_> = states.collect();
        let count = |state| states.iter().filter(|it| **it == state).count();
        assert_eq!(count(CallState::Begun), 1, "{states:?}");
        assert_eq!((count(CallState::OnItsWay), count(CallState::Differs)), (7, 8), "{states:?}");
    }
}
