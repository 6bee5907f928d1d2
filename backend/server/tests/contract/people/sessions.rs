//! Sessions.

use super::{Store, add_guests, at, new_session, user};
use hongbao_domain::store::people::{EXPIRED_KEPT_FOR, TokenHash};

on_every_store! {
    sessions_end,
    old_sessions_give_way,
    ones_sessions_are_listed,
}

async fn sessions_end(store: Store) {
    add_guests(&store, 1).await;
    let token = TokenHash([7; 32]);
    store.add_session(new_session(user(0), 7, 0), None).await.unwrap();
    let session = store.session(token, at(99)).await.unwrap().unwrap();
    assert_eq!((session.user_id, session.seen_at, session.expires_at), (user(0), at(0), at(100)));
    assert!(session.is_guest && !session.is_admin);
    assert!(store.session(token, at(100)).await.unwrap().is_none());
    // Its end never goes back: another node's clock may be behind. When it was seen does, for a
    // clock may have been ahead (R-CTRL-5).
    store.touch_session(token, at(50), at(150)).await.unwrap();
    store.touch_session(token, at(40), at(140)).await.unwrap();
    let session = store.session(token, at(149)).await.unwrap().unwrap();
    assert_eq!((session.seen_at, session.expires_at), (at(40), at(150)));
    store.end_session(token).await.unwrap();
    store.end_session(token).await.unwrap();
    store.touch_session(token, at(60), at(160)).await.unwrap();
    assert!(store.session(token, at(0)).await.unwrap().is_none());
    // What expired long ago goes when something comes; a clock that is ahead ends nothing for good.
    let kept = i64::try_from(EXPIRED_KEPT_FOR.as_secs()).unwrap();
    store.add_session(new_session(user(0), 8, 0), None).await.unwrap();
    store.add_session(new_session(user(0), 9, kept + 99), None).await.unwrap();
    assert!(store.session(TokenHash([8; 32]), at(0)).await.unwrap().is_some());
    store.add_session(new_session(user(0), 10, kept + 100), None).await.unwrap();
    assert!(store.session(TokenHash([8; 32]), at(0)).await.unwrap().is_none());
}

async fn old_sessions_give_way(store: Store) {
    add_guests(&store, 2).await;
    for token in 1..=3 {
        store.add_session(new_session(user(0), token, i64::from(token)), None).await.unwrap();
    }
    store.touch_session(TokenHash([1; 32]), at(20), at(120)).await.unwrap();
    store.add_session(new_session(user(0), 4, 30), None).await.unwrap();
    let mut live = Vec::new();
    for token in 1..=4 {
        live.push(store.session(TokenHash([token; 32]), at(30)).await.unwrap().is_some());
    }
    assert_eq!(live, [true, false, true, true]);
    let mut other = TokenHash([0; 32]);
    other.0[..8].copy_from_slice(&1_i64.to_be_bytes());
    assert!(store.session(other, at(30)).await.unwrap().is_some());
}

/// R-PEOPLE-1
async fn ones_sessions_are_listed(store: Store) {
    add_guests(&store, 2).await;
    for token in 1..=2 {
        let session = new_session(user(0), token, i64::from(token));
        store.add_session(session, None).await.unwrap();
    }
    store.touch_session(TokenHash([1; 32]), at(20), at(120)).await.unwrap();
    let sessions = store.sessions_of(user(0), at(100), 10).await.unwrap();
    let seen: Vec<_> = sessions
        .iter()
        .map(|session| (session.agent.as_str(), session.created_at, session.seen_at))
        .collect();
    // The one from the beginning has expired.
    assert_eq!(seen, [("agent 1", at(1), at(20)), ("agent 2", at(2), at(2))]);
    assert_eq!(store.sessions_of(user(0), at(0), 1).await.unwrap().len(), 1);
    let mut ended = store.end_other_sessions(user(0), TokenHash([2; 32])).await.unwrap();
    ended.sort_by_key(|token| token.0);
    assert_eq!(ended, [TokenHash([0; 32]), TokenHash([1; 32])]);
    assert_eq!(store.sessions_of(user(0), at(0), 10).await.unwrap(), sessions[1..]);
    assert!(store.end_other_sessions(user(0), TokenHash([2; 32])).await.unwrap().is_empty());
    assert_eq!(store.sessions_of(user(1), at(0), 10).await.unwrap().len(), 1);
    let mut long = new_session(user(0), 7, 0);
    long.agent = "a".repeat(201);
    assert!(store.add_session(long, None).await.is_err());
}
