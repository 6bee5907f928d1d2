//! What administrators and services did (R-API-6).

use super::{Store, add_guests, at, entry, user};
use hongbao_domain::store::people::{
    ACTS_PER_SEAL_MAX, Act, By, JournalHead, NewEntry, NewService, NewToken, Scopes, Sealing,
    TokenHash, What,
};
use hongbao_shared::{ServiceId, api::services::Scope};
use serde_json::json;

on_every_store! {
    entries_follow_each_other,
    an_act_and_its_entry_are_one,
    all_at_once_are_one_chain,
    acts_are_covered_and_go,
}

fn bot() -> ServiceId {
    ServiceId::new(1).unwrap()
}

fn service(name: &str) -> NewService {
    NewService {
        id: bot(),
        name: name.to_owned(),
        scopes: Scopes::of([Scope::Act]),
        calls_per_minute: 1,
        token: NewToken { hash: TokenHash([1; 32]), at: at(0), expires_at: at(9) },
    }
}

/// Each entry from the first on, followed by hand up to the head.
async fn whole(store: &Store) -> Vec<String> {
    let (head, entries) =
        (store.journal_head().await.unwrap(), store.journal_after(0, 1_000).await.unwrap());
    let mut before = JournalHead::default();
    for entry in &entries {
        assert_eq!((entry.seq, entry.hash), (before.seq + 1, entry.hash_after(&before.hash)));
        (before.seq, before.hash) = (entry.seq, entry.hash);
    }
    assert_eq!((head.seq, head.hash), (before.seq, before.hash));
    entries.into_iter().map(|entry| entry.what).collect()
}

async fn entries_follow_each_other(store: Store) {
    assert_eq!(store.journal_head().await.unwrap(), JournalHead::default());
    let by = [
        By::HOUSE,
        By { service: None, user: Some(user(7)) },
        By { service: Some(bot()), user: Some(user(7)) },
    ];
    for (by, number) in by.into_iter().zip(0_i64..) {
        let detail = json!({ "number": number, "text": "红包" });
        store.enter(NewEntry::new(at(number), by, What::GrantMoney, &detail)).await.unwrap();
    }
    assert_eq!(whole(&store).await, ["grant_money"; 3]);
    let newest = store.journal(None, 2).await.unwrap();
    assert_eq!(newest.iter().map(|entry| entry.seq).collect::<Vec<_>>(), [3, 2]);
    assert_eq!((newest[0].at, newest[0].by), (at(2), by[2]));
    assert_eq!(newest[0].detail, json!({ "number": 2, "text": "红包" }).to_string());
    assert_eq!(store.journal(Some(2), 9).await.unwrap()[0].by, By::HOUSE);
    assert_eq!(store.journal_after(2, 9).await.unwrap(), newest[..1]);
    // What is too long is nowhere; of a detail that is, its length is kept.
    let long = NewEntry { detail: "x".repeat(4_001), ..entry() };
    assert!(store.enter(long).await.is_err());
    assert_eq!(whole(&store).await.len(), 3);
    let long = json!("x".repeat(3_999));
    store.enter(NewEntry::new(at(3), by[0], What::GrantMoney, &long)).await.unwrap();
    assert_eq!(store.journal(None, 1).await.unwrap()[0].detail, r#"{"cut":4001}"#);
    assert_eq!(whole(&store).await.len(), 4);
}

async fn an_act_and_its_entry_are_one(store: Store) {
    add_guests(&store, 1).await;
    store.add_service(service("bot"), entry()).await.unwrap();
    assert_eq!(whole(&store).await.len(), 1);
    store.add_service(service("bot"), entry()).await.unwrap_err();
    let token = |byte| NewToken { hash: TokenHash([byte; 32]), at: at(1), expires_at: at(9) };
    assert!(!store.rotate_service("nobody", token(2), at(1), entry()).await.unwrap());
    store.rotate_service("bot", token(1), at(1), entry()).await.unwrap_err();
    assert!(!store.make_admin(user(5), entry()).await.unwrap());
    assert_eq!(whole(&store).await.len(), 1, "what was refused is no entry");
    assert!(store.rotate_service("bot", token(2), at(1), entry()).await.unwrap());
    assert!(store.revoke_service("bot", at(2), entry()).await.unwrap());
    assert!(!store.revoke_service("bot", at(2), entry()).await.unwrap());
    assert!(store.make_admin(user(0), entry()).await.unwrap());
    assert_eq!(whole(&store).await.len(), 4);
    // And an act whose entry cannot be made is not done.
    let long = NewEntry { detail: "x".repeat(4_001), ..entry() };
    store.rotate_service("bot", token(3), at(9), long).await.unwrap_err();
    assert!(store.service(TokenHash([3; 32]), at(3)).await.unwrap().is_none());
}

async fn all_at_once_are_one_chain(store: Store) {
    let all = (0..20).map(|number| {
        let store = store.clone();
        tokio::spawn(async move {
            let new = NewEntry::new(at(number), By::HOUSE, What::Reconcile, &json!({}));
            store.enter(new).await.unwrap();
        })
    });
    for one in all.collect::<Vec<_>>() {
        one.await.unwrap();
    }
    assert_eq!(whole(&store).await.len(), 20);
}

async fn acts_are_covered_and_go(store: Store) {
    store.add_service(service("bot"), entry()).await.unwrap();
    let act =
        |second| Act { service: bot(), user: None, call: "PUT /a".to_owned(), at: at(second) };
    let sealing = |now| Sealing { at: at(now), settled: at(now - 100), waited: at(now - 1_000) };
    assert!(!store.seal_acts(sealing(9_999)).await.unwrap(), "there is nothing to cover");
    for second in [0, 1, 950] {
        store.record_act(act(second)).await.unwrap();
    }
    assert!(!store.seal_acts(sealing(999)).await.unwrap(), "more may come");
    assert!(store.seal_acts(sealing(1_000)).await.unwrap());
    let acts = store.acts_after(0, 9).await.unwrap();
    let head = store.journal_head().await.unwrap();
    assert_eq!((head.acts_sealed, head.seals_removed), (acts[1].id, 0), "not what is too new");
    let seal = store.journal(None, 1).await.unwrap()[0].seal().unwrap().unwrap();
    assert_eq!((seal.after, seal.to, seal.acts), (0, acts[1].id, 2));
    assert!(!store.seal_acts(sealing(1_000)).await.unwrap());
    assert!(store.seal_acts(sealing(2_000)).await.unwrap());

    // Blocks go one by one, the oldest first, once they are old.
    assert!(!store.remove_acts(at(1_000), at(3_000)).await.unwrap());
    assert!(store.remove_acts(at(1_001), at(3_000)).await.unwrap());
    assert!(!store.remove_acts(at(1_001), at(3_000)).await.unwrap());
    assert_eq!(store.acts_after(0, 9).await.unwrap(), acts[2..]);
    let newest = store.journal(None, 1).await.unwrap().remove(0);
    let removed = newest.removed().unwrap().unwrap();
    assert_eq!((removed.acts, newest.at), (2, at(3_000)));
    assert_eq!(store.journal_head().await.unwrap().seals_removed, removed.seal);
    assert!(store.remove_acts(at(9_999), at(9_999)).await.unwrap());
    assert!(store.acts_after(0, 9).await.unwrap().is_empty());
    assert!(!store.remove_acts(at(9_999), at(9_999)).await.unwrap());
    let expected = ["add_service", "seal_acts", "seal_acts", "remove_acts", "remove_acts"];
    assert_eq!(whole(&store).await, expected);

    // A full block does not wait.
    for _ in 0..ACTS_PER_SEAL_MAX / 100 {
        let some = (0..100).map(|_| store.record_act(act(5_000)));
        futures::future::try_join_all(some).await.unwrap();
    }
    store.record_act(act(5_000)).await.unwrap();
    assert!(store.seal_acts(sealing(5_100)).await.unwrap());
    assert!(!store.seal_acts(sealing(5_100)).await.unwrap());
    let seal = store.journal(None, 1).await.unwrap()[0].seal().unwrap().unwrap();
    assert_eq!(seal.acts, u64::from(ACTS_PER_SEAL_MAX));
}
