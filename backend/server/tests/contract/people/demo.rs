//! Demo members and their groups (R-WEB-6).

use super::{Store, add, add_group, add_guests, at, group, invite, join, log, new_account, user};
use hongbao_domain::store::people::{
    DemoGroupDraft, DemoMember, GroupDraft, JoinedGroup, PeopleError, Removal, StoredBody,
};
use hongbao_shared::{
    UserId,
    api::{accounts::Profile, groups::Language},
};
use hongbao_storage::{Database, Schema, SqlPeople};
use sqlx::{Connection, SqliteConnection, sqlite::SqliteConnectOptions};
use std::sync::Arc;

on_every_store! {
    a_demo_member_is_made_once,
    a_person_has_one_demo_group,
    a_demo_group_belongs_to_people,
}

fn member(key: &str, number: i64, name: &str) -> DemoMember {
    DemoMember {
        key: key.to_owned(),
        id: user(number),
        name: name.to_owned(),
        avatar: "a01".to_owned(),
        at: at(0),
    }
}

/// Demo members 100 to `100 + count - 1`.
async fn add_cast(store: &Store, count: i64) -> Vec<UserId> {
    for number in 100..100 + count {
        let added = member(&format!("zh/{number}"), number, "demo");
        store.put_demo_member(added).await.unwrap();
    }
    (100..100 + count).map(user).collect()
}

fn draft(number: i64, owner: i64, members: &[UserId]) -> DemoGroupDraft {
    DemoGroupDraft {
        group: GroupDraft {
            id: group(number),
            name: "demo".to_owned(),
            owner_id: user(owner),
            at: at(0),
            groups_per_user_max: 3,
        },
        language: Language::Zh,
        members: members.to_vec(),
    }
}

async fn a_demo_member_is_made_once(store: Store) {
    add(&store, 1, None).await.unwrap();
    let taken = store.put_demo_member(member("zh/aunt", 1, "Aunt")).await;
    assert!(matches!(taken, Err(PeopleError::IdTaken)));
    let aunt = store.put_demo_member(member("zh/aunt", 2, "Aunt")).await.unwrap();
    let expected =
        Profile { id: user(2), name: "Aunt".to_owned(), avatar: "a01".to_owned(), is_demo: true };
    assert_eq!(aunt, expected);
    let again = store.put_demo_member(member("zh/aunt", 3, "Auntie")).await.unwrap();
    assert_eq!((again.id, again.name.as_str()), (user(2), "Auntie"));
    assert!(store.person(user(3)).await.unwrap().is_none());
    let seen = store.profiles(&[user(1), user(2)]).await.unwrap();
    assert!(seen.iter().all(|profile| profile.is_demo == (profile.id == user(2))), "{seen:?}");
    assert!(store.person(user(2)).await.unwrap().unwrap().profile.is_demo);
    // Nobody ever signs in as one.
    let account = new_account("aunt", "h");
    let made = store.make_account(user(2), "Aunt".to_owned(), account).await;
    assert!(matches!(made, Err(PeopleError::Store(_))), "{made:?}");
}

async fn a_person_has_one_demo_group(store: Store) {
    add_guests(&store, 2).await;
    let cast = add_cast(&store, 5).await;
    let tasks: Vec<_> = (0..10)
        .map(|number| {
            let (store, draft) = (Arc::clone(&store), draft(number, 0, &cast));
            tokio::spawn(async move { store.add_demo_group(draft).await.unwrap() })
        })
        .collect();
    let mut joined = Vec::new();
    for task in tasks {
        joined.push(task.await.unwrap());
    }
    let made: Vec<_> = joined.iter().filter(|joined| joined.message.is_some()).collect();
    assert_eq!(made.len(), 1);
    let id = made[0].group_id;
    assert!(joined.iter().all(|joined| joined.group_id == id));
    let stored = store.group(id).await.unwrap().unwrap();
    assert_eq!((stored.member_count, stored.owner_id), (6, user(0)));
    assert_eq!(stored.demo_language, Some(Language::Zh));
    let members = store.member_ids(id, 10).await.unwrap();
    assert_eq!((members[0], &members[1..]), (user(0), cast.as_slice()));
    assert_eq!(store.demo_member_ids(id).await.unwrap(), cast);
    let page = store.messages(id, user(0), None, 10).await.unwrap();
    let bodies: Vec<_> = page.messages.into_iter().map(|message| message.body).collect();
    assert_eq!(bodies, [StoredBody::Created]);

    // A demo member is in more groups than a person may be; a person is not.
    for number in 10..15 {
        add(&store, number, None).await.unwrap();
        store.add_demo_group(draft(number, number, &cast)).await.unwrap();
    }
    for number in 20..23 {
        add_group(&store, number, 1).await.unwrap();
    }
    let refused = store.add_demo_group(draft(30, 1, &cast)).await;
    assert!(matches!(refused, Err(PeopleError::TooManyGroups)));
    assert!(store.group(group(30)).await.unwrap().is_none());

    // Whoever has left gets a new one; the old one stays what it is.
    let leave = Removal { group_id: id, user_id: user(0), by: user(0), at: at(1) };
    store.remove(leave).await.unwrap();
    let JoinedGroup { group_id, message } =
        store.add_demo_group(draft(40, 0, &cast)).await.unwrap();
    assert_eq!((group_id, message.is_some()), (group(40), true));
    let stored = store.group(id).await.unwrap().unwrap();
    assert_eq!(stored.demo_language, Some(Language::Zh));
}

async fn a_demo_group_belongs_to_people(store: Store) {
    add_guests(&store, 2).await;
    let cast = add_cast(&store, 2).await;
    store.add_demo_group(draft(0, 0, &cast)).await.unwrap();
    let code = invite(&store, 0, 0).await;
    store.join(join(&code, 1, 10)).await.unwrap();
    assert_eq!(log(&store).await.len(), 2);
    let leave = |number| Removal { group_id: group(0), user_id: number, by: number, at: at(1) };
    store.remove(leave(user(0))).await.unwrap();
    // Though the demo members were there before.
    assert_eq!(store.group(group(0)).await.unwrap().unwrap().owner_id, user(1));
    store.remove(leave(cast[0])).await.unwrap();
    assert_eq!(store.demo_member_ids(group(0)).await.unwrap(), cast[1..]);
    store.remove(leave(user(1))).await.unwrap();
    assert_eq!(store.group(group(0)).await.unwrap().unwrap().owner_id, cast[1]);
}

/// R-CTRL-6: a group that speaks a language of a later version is still a demo group, and takes
/// nobody's other groups away.
#[tokio::test(flavor = "multi_thread")]
async fn a_language_of_a_later_version_is_english() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("people.db");
    let database = Database::open_file(&file, Schema::People).await.unwrap();
    let store: Store = Arc::new(SqlPeople::new(database));
    add_guests(&store, 1).await;
    let cast = add_cast(&store, 1).await;
    store.add_demo_group(draft(0, 0, &cast)).await.unwrap();
    let options = SqliteConnectOptions::new().filename(&file);
    let mut later = SqliteConnection::connect_with(&options).await.unwrap();
    let wrote = "PRAGMA ignore_check_constraints = ON;
         UPDATE chat_groups SET demo_language = 'ja'";
    sqlx::raw_sql(wrote).execute(&mut later).await.unwrap();
    later.close().await.unwrap();
    let found = store.group(group(0)).await.unwrap().unwrap();
    assert_eq!(found.demo_language, Some(Language::En));
}
