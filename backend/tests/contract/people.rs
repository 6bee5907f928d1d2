//! What every store of people must hold to, whatever it is made of.

use super::order_no;
use hongbao::store::{
    people::{
        Dress, GroupDraft, InvitationDraft, JoinDraft, NewAccount, NewSession, NewUser, PacketPost,
        PeopleError, PeopleStore, StoredBody, StoredMessage, TextDraft, TokenHash,
    },
    sqlite::{Database, Schema, SqlitePeople},
};
use hongbao_shared::{GroupId, Kind, MessageId, Timestamp, UserId, api::accounts::Profile};
use std::sync::Arc;

type Store = Arc<dyn PeopleStore>;

/// Runs each law on a fresh store of each kind.
macro_rules! on_every_store {
    ($($law:ident),* $(,)?) => {
        mod sqlite {
            $(
                #[tokio::test(flavor = "multi_thread")]
                async fn $law() {
                    let folder = tempfile::tempdir().unwrap();
                    let file = folder.path().join("people.db");
                    let database =
                        super::Database::open(&file, super::Schema::People).await.unwrap();
                    super::$law(std::sync::Arc::new(super::SqlitePeople::new(database))).await;
                }
            )*
        }
    };
}

on_every_store! {
    an_id_is_given_once,
    account_names_are_unique_and_guests_share,
    sessions_end,
    old_sessions_give_way,
    message_ids_are_dense_under_concurrency,
    a_key_posts_once,
    a_packet_posts_once,
    a_full_group_stays_full,
    nobody_is_in_too_many_groups,
    a_refused_join_leaves_nothing_behind,
    invitations_are_few_and_end,
}

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_millis(1_454_846_400_000).plus_seconds(seconds)
}

fn user(number: i64) -> UserId {
    UserId::new(number).unwrap()
}

fn group(number: i64) -> GroupId {
    GroupId::new(number).unwrap()
}

fn new_session(user_id: UserId, token: u8, seen_s: i64) -> NewSession {
    NewSession {
        token_hash: TokenHash([token; 32]),
        user_id,
        at: at(seen_s),
        expires_at: at(seen_s + 100),
        per_user_max: 3,
    }
}

async fn add(store: &Store, number: i64, account: Option<&str>) -> Result<(), PeopleError> {
    let id = user(number);
    let profile =
        Profile { id, name: format!("name {number}"), avatar: "a00".to_owned(), is_demo: false };
    let account = account
        .map(|key| NewAccount { key: key.to_owned(), password_hash: "$argon2id$…".to_owned() });
    let mut session = new_session(id, 0, 0);
    session.token_hash.0[..8].copy_from_slice(&number.to_be_bytes());
    store.add_user(NewUser { profile, account, at: at(0) }, session).await
}

/// Guests 0 to `count - 1`.
async fn add_guests(store: &Store, count: i64) {
    for number in 0..count {
        add(store, number, None).await.unwrap();
    }
}

async fn add_group(store: &Store, number: i64, owner: i64) -> Result<(), PeopleError> {
    let draft = GroupDraft {
        id: group(number),
        name: "group".to_owned(),
        owner_id: user(owner),
        at: at(0),
        groups_per_user_max: 3,
    };
    store.add_group(draft).await
}

async fn invite(store: &Store, group_id: i64, inviter: i64) -> String {
    let draft = InvitationDraft {
        code: format!("invitation-{group_id:020}-{inviter:020}"),
        group_id: group(group_id),
        inviter_id: user(inviter),
        at: at(0),
        expires_at: at(100),
        reuse_since: at(-10),
    };
    store.invite(draft).await.unwrap().code
}

fn join(code: &str, number: i64, group_members_max: u32) -> JoinDraft {
    JoinDraft {
        code: code.to_owned(),
        user_id: user(number),
        at: at(1),
        group_members_max,
        groups_per_user_max: 3,
    }
}

/// Group 0 with `count` members.
async fn add_full_group(store: &Store, count: i64) {
    add_guests(store, count).await;
    add_group(store, 0, 0).await.unwrap();
    let code = invite(store, 0, 0).await;
    for number in 1..count {
        store.join(join(&code, number, 1000)).await.unwrap();
    }
}

fn text(sender: i64, words: &str, key: Option<&str>) -> TextDraft {
    TextDraft {
        group_id: group(0),
        sender_id: user(sender),
        text: words.to_owned(),
        key: key.map(str::to_owned),
        at: at(2),
    }
}

async fn log(store: &Store) -> Vec<StoredMessage> {
    store.messages(group(0), None, 10_000).await.unwrap()
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

async fn message_ids_are_dense_under_concurrency(store: Store) {
    add_full_group(&store, 10).await;
    let tasks: Vec<_> = (0..200)
        .map(|number| {
            let store = Arc::clone(&store);
            tokio::spawn(async move {
                let words = number.to_string();
                store.post_text(text(number % 10, &words, Some(&words))).await.unwrap()
            })
        })
        .collect();
    let mut posted = Vec::new();
    for task in tasks {
        posted.push(task.await.unwrap());
    }
    let log = log(&store).await;
    let ids: Vec<_> = log.iter().map(|message| message.id.get()).collect();
    assert_eq!(ids, (1..=209).rev().collect::<Vec<_>>());
    posted.sort_by_key(|message| std::cmp::Reverse(message.id));
    assert_eq!(posted, log[..200]);
    let page = store.messages(group(0), MessageId::new(50), 20).await.unwrap();
    assert_eq!(page, log[160..180]);
    assert!(store.messages(group(1), None, 20).await.unwrap().is_empty());
}

async fn a_key_posts_once(store: Store) {
    add_full_group(&store, 2).await;
    let tasks: Vec<_> = (0..20)
        .map(|_| {
            let store = Arc::clone(&store);
            tokio::spawn(async move { store.post_text(text(0, "hi", Some("k"))).await.unwrap() })
        })
        .collect();
    let mut ids = Vec::new();
    for task in tasks {
        ids.push(task.await.unwrap().id);
    }
    ids.dedup();
    assert_eq!(ids.len(), 1);
    let other = store.post_text(text(0, "other", Some("k"))).await;
    assert!(matches!(other, Err(PeopleError::KeyReused)));
    // Keys are each sender's own; without one, the same words are said twice.
    store.post_text(text(1, "other", Some("k"))).await.unwrap();
    store.post_text(text(0, "hi", None)).await.unwrap();
    store.post_text(text(0, "hi", None)).await.unwrap();
    assert_eq!(log(&store).await.len(), 5);
}

async fn a_packet_posts_once(store: Store) {
    add_full_group(&store, 2).await;
    let post = PacketPost {
        order_no: order_no(5),
        group_id: group(0),
        sender_id: user(0),
        kind: Kind::Exclusive,
        greeting: "for you".to_owned(),
        cover: "classic".to_owned(),
        recipient_id: Some(user(1)),
        at: at(3),
    };
    let tasks: Vec<_> = (0..20)
        .map(|delay| {
            let (store, post) = (Arc::clone(&store), PacketPost { at: at(delay), ..post.clone() });
            tokio::spawn(async move { store.post_packet(post).await.unwrap() })
        })
        .collect();
    let mut messages = Vec::new();
    for task in tasks {
        messages.push(task.await.unwrap());
    }
    messages.dedup();
    assert_eq!(messages.len(), 1);
    assert_eq!(log(&store).await[0], messages[0]);
    assert_eq!(log(&store).await.len(), 2);
    let StoredBody::Packet(packet) = &messages[0].body else { panic!("{messages:?}") };
    assert_eq!((packet.order_no, packet.kind), (order_no(5), Kind::Exclusive));
    assert_eq!(packet.recipient_id, Some(user(1)));
    let dress = Dress { greeting: "for you".to_owned(), cover: "classic".to_owned() };
    assert_eq!(store.packet_dress(order_no(5)).await.unwrap(), Some(dress));
    assert_eq!(store.packet_dress(order_no(6)).await.unwrap(), None);
    for differing in [
        PacketPost { sender_id: user(1), ..post.clone() },
        PacketPost { greeting: "no".to_owned(), ..post.clone() },
        PacketPost { group_id: group(1), ..post.clone() },
    ] {
        assert!(matches!(store.post_packet(differing).await, Err(PeopleError::KeyReused)));
    }
    let lost = PacketPost { order_no: order_no(6), group_id: group(1), ..post };
    assert!(matches!(store.post_packet(lost).await, Err(PeopleError::GroupNotFound)));
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
    assert_eq!((stored.member_count, stored.last_message), (1, None));
    assert!(!store.is_member(group(0), user(1)).await.unwrap());
    let intruder = TextDraft { sender_id: user(1), ..text(0, "hi", None) };
    assert!(matches!(store.post_text(intruder).await, Err(PeopleError::GroupNotFound)));
    assert!(log(&store).await.is_empty());
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
        reuse_since: at(now_s - 10),
    };
    let first = store.invite(draft("1", 0, 0)).await.unwrap();
    assert_eq!(store.invite(draft("2", 0, 10)).await.unwrap(), first);
    let second = store.invite(draft("3", 0, 11)).await.unwrap();
    assert_ne!(second, first);
    let outsider = store.invite(draft("4", 1, 11)).await;
    assert!(matches!(outsider, Err(PeopleError::GroupNotFound)));
    let late = JoinDraft { at: at(100), ..join(&first.code, 1, 10) };
    assert!(matches!(store.join(late).await, Err(PeopleError::InvitationInvalid)));
    let in_time = JoinDraft { at: at(99), ..join(&first.code, 1, 10) };
    let joined = store.join(in_time).await.unwrap();
    assert_eq!(joined.message.map(|message| message.body), Some(StoredBody::Joined));
    let still = JoinDraft { at: at(110), ..join(&second.code, 2, 10) };
    store.join(still).await.unwrap();
}
